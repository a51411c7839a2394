"""What FAX.de's result codes mean; each method has its own.

Promise   *refused* and *not now* are concluded only from a result that says why the job was not taken, or from what
          cannot come after the work.  A code that is not documented, a server's fault, any other 5xx: unknown.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from enum import Enum
from types import MappingProxyType

from faxdaemon.contracts.provider import Accepted, AccountRefused, Answer, NotNow, Refused, Unknown
from faxdaemon.core.errors import CredentialsRefused, ProviderTrouble
from faxdaemon.providers._statuses import LETS_NOBODY_IN, answer_of
from faxdaemon.providers.faxde.wire import Told


class Kind(Enum):
    """What follows from a result of SendJob."""

    ACCOUNT = "a person must put the account right"
    REFUSED = "never"
    LATER = "not now"
    UNCLEAR = "it may have been taken"


_ACCOUNT, _REFUSED, _LATER, _UNCLEAR = Kind.ACCOUNT, Kind.REFUSED, Kind.LATER, Kind.UNCLEAR
_PREMIUM = (_REFUSED, "FAX.de does not dial premium numbers")
_CONVERSION = (_REFUSED, "FAX.de could not convert the document")

DUPLICATE = -77

SEND: Mapping[int, tuple[Kind, str]] = MappingProxyType(
    {
        -1: (_ACCOUNT, "FAX.de does not accept the password"),
        -2: (_ACCOUNT, "FAX.de does not know the customer id"),
        -3: (_REFUSED, "FAX.de found no document in the request; this is a bug of ours"),
        -4: (_UNCLEAR, "FAX.de has trouble with its server"),
        -5: (_REFUSED, "FAX.de has blocked the recipient's number"),
        -6: (_REFUSED, "FAX.de does not take documents of this type"),
        -7: _CONVERSION,
        -8: (_REFUSED, "the account may not send abroad, or not use this service; FAX.de can allow it"),
        -14: _CONVERSION,
        -65: (_LATER, "FAX.de has trouble reading its list of recipients"),
        -66: (_LATER, "FAX.de has trouble handling the document"),
        -1309: (_REFUSED, "FAX.de takes at most 3 pages from an account on trial"),
        1: (_ACCOUNT, "FAX.de says that the account may not do this"),
        2: (_ACCOUNT, "FAX.de was given no customer id"),
        3: (_ACCOUNT, "the trial of the account is over"),
        4: (_REFUSED, "FAX.de does not know the job type; this is a bug of ours"),
        6: (_ACCOUNT, "the account's credit is not available yet (14 days after the first debit)"),
        7: (_ACCOUNT, "the account's credit does not suffice for a letter"),
        8: (_REFUSED, "FAX.de says that this is no valid recipient"),
        9: (_REFUSED, "FAX.de has the recipient on its black list"),
        10: (_REFUSED, "FAX.de's signing service failed"),
        11: (_REFUSED, "FAX.de sends a signed letter to one recipient only"),
        15: (_REFUSED, "FAX.de found no document in the request; this is a bug of ours"),
        45: _PREMIUM,
        46: _PREMIUM,
        47: _PREMIUM,
        54: (_ACCOUNT, "FAX.de waits for a payment of the account"),
        58: _CONVERSION,
        61: (_ACCOUNT, "the account's prepaid quantity does not suffice"),
        75: (_REFUSED, "FAX.de was given neither text nor documents; this is a bug of ours"),
    }
)

_CUSTOMER = "FAX.de does not know the customer id"
_PASSWORD = "FAX.de does not accept the password"  # noqa: S105 - a sentence
_TRIAL = "the trial of the account is over"
_LOCKED = "FAX.de has locked the account"

#: JobStatus, RequestReceived and DeleteReceived; their 5 and 6 are theirs.
ACCESS: Mapping[int, str] = MappingProxyType({1: _CUSTOMER, 2: _PASSWORD, 3: _TRIAL, 4: _LOCKED})
CANCEL_ACCESS: Mapping[int, str] = MappingProxyType({-1: "FAX.de does not accept customer id or password", -3: _LOCKED})

#: Faults that SOAP 1.1 defines as "not processed".
_NOT_PROCESSED = frozenset({"Client", "VersionMismatch", "MustUnderstand"})
_CANNOT_READ = "FAX.de does not understand our requests; check `url` and `namespace`"


def taken(told: Told, *, doubt: bool, is_ours: Callable[[int], bool]) -> Answer:
    """The answer to SendJob.  `doubt`: an earlier attempt under the same reference got no answer; `is_ours` tells
    whether a job that FAX.de names as the earlier one may be that attempt."""
    code, job = told.code, told.number("JobId")
    if code is None:
        return _without_result(told)
    if code == 0:
        return Accepted(str(job)) if job else Unknown("FAX.de took it, but did not tell the job's id")
    if code == DUPLICATE:
        return _double(job, doubt=doubt, is_ours=is_ours)
    kind, words = SEND.get(code, (_UNCLEAR, "FAX.de answered with a result that is not documented"))
    words = f"{words} ({code})"
    if kind is Kind.ACCOUNT:
        return AccountRefused(words)
    if kind is Kind.LATER:
        return NotNow(words)
    return Refused(words) if kind is Kind.REFUSED else Unknown(words)


def _double(job: int | None, *, doubt: bool, is_ours: Callable[[int], bool]) -> Answer:
    """-77.  `Refused` is true of this attempt; while an earlier one is in doubt it makes the fax wait for a person,
    where `Unknown` would offer the same request again and again until FAX.de has forgotten the first."""
    if not doubt:
        name = f"job {job}" if job else "an earlier job"
        return Refused(f"FAX.de takes this fax for a double of {name} and did not send it again ({DUPLICATE})")
    if not job:
        return Refused(
            f"FAX.de has this fax already, but did not tell the job's id ({DUPLICATE}): it was taken, and only "
            "FAX.de's own list of jobs tells what became of it"
        )
    if is_ours(job):
        return Accepted(str(job))
    return Refused(f"FAX.de takes this fax for a double of job {job}, which is another fax of ours ({DUPLICATE})")


def _without_result(told: Told) -> Answer:
    if told.fault in _NOT_PROCESSED:
        return AccountRefused(_CANNOT_READ)
    if told.fault or told.status == 200:
        return Unknown("FAX.de answered with a fault" if told.fault else "FAX.de's answer could not be read")
    return answer_of("FAX.de", told.status, told.retry_after)


def read(told: Told, expected: Collection[int], access: Mapping[int, str] = ACCESS) -> int:
    """The result of a method that changes nothing, one of `expected`; every other one is raised."""
    code = told.code
    if code in expected and code is not None:
        return code
    if told.status in LETS_NOBODY_IN:
        raise CredentialsRefused(f"FAX.de answered HTTP {told.status}: it does not let us in")
    if told.fault in _NOT_PROCESSED:
        raise ProviderTrouble(_CANNOT_READ)
    if code is None:
        said = "with a fault" if told.fault else f"HTTP {told.status}" if told.status != 200 else "what cannot be read"
        raise ProviderTrouble(f"FAX.de answered {said}", told.retry_after)
    if code in access:
        raise CredentialsRefused(f"{access[code]} ({code})")
    raise ProviderTrouble(f"FAX.de answered with a result that is not documented ({code})")
