"""What an answer to `SendFaxEx`, or to `SimpleSendFax`, means.

Promise   *refused* and *not now* are concluded only from what cannot come after the work: `return` false, a SOAP fault
          that blames the message, statuses as `_statuses` has them, and requests that never left.
Needs     nothing but the answer; for an unknown error number, the control question of `talk`.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from faxdaemon.contracts.provider import Accepted, AccountRefused, Answer, NotNow, Refused, Unknown
from faxdaemon.core.errors import CredentialsRefused, NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.providers._statuses import answer_of
from faxdaemon.providers.concord import values
from faxdaemon.providers.concord.errors import Kind
from faxdaemon.providers.concord.talk import CUT_OFF, UNREADABLE, Talk, code_of, fault_of
from faxdaemon.providers.concord.voice import Spoken

#: SOAP 1.1, 4.4.1: the message itself was wrong, so that nothing was done.  Of `Server` nobody can tell.  The
#: mistake is ours, the WSDL's or the address's, hardly this fax's: the next one would be told the same.
_NOT_UNDERSTOOD = frozenset({"Client", "VersionMismatch", "MustUnderstand"})
_JOB = re.compile("[!-~]{1,100}")
_SIMPLE_JOB = re.compile("br[0-9A-Za-z-]{1,98}", re.IGNORECASE)
"""A job's id, to be told from other texts (getting-started guide: it starts with `br`)."""


def unanswered(error: NotSent | OutcomeUnknown | ProviderTrouble) -> Answer:
    """When there is no answer.  `ProviderTrouble` comes from before the request: no token, or no message."""
    if isinstance(error, OutcomeUnknown):
        return Unknown(str(error))
    if isinstance(error, NotSent):
        return NotNow(f"Concord could not be reached: {error}")
    return (
        AccountRefused(str(error)) if isinstance(error, CredentialsRefused) else NotNow(str(error), error.retry_after)
    )


def taken(spoken: Spoken, talk: Talk) -> Answer:
    """The answer to a submission."""
    if (answer := _unsaid(spoken)) is not None:
        return answer
    said = spoken.said or {}
    done = values.truth(said.get("return"))
    if done is None:
        return Unknown(UNREADABLE)
    return _accepted(said) if done else _not_taken(spoken, talk, code_of(said), "SendFaxEx")


def simply_taken(spoken: Spoken, talk: Talk) -> Answer:
    """The answer to `SimpleSendFax`: `return` is the job's id.  How it says no is not public; a negative number is read
    as that of an error, and what is neither tells nothing."""
    if (answer := _unsaid(spoken)) is not None:
        return answer
    told = values.said((spoken.said or {}).get("return"))
    code = values.whole(told)
    if code is not None and code < 0:
        return _not_taken(spoken, talk, code, "SimpleSendFax")
    return Accepted(told) if _SIMPLE_JOB.fullmatch(told) else Unknown(UNREADABLE)


def _unsaid(spoken: Spoken) -> Answer | None:
    """An answer that says nothing by its fields; None when these are to be read."""
    reply = spoken.reply
    if spoken.fault in _NOT_UNDERSTOOD:
        return AccountRefused(
            f"Concord does not understand our requests (SOAP fault {fault_of(spoken)}); check `url` and `wsdl`"
        )
    if spoken.fault:
        return Unknown(f"Concord answered HTTP {reply.status} with a SOAP fault ({fault_of(spoken)})")
    if reply.status != 200:
        return answer_of("Concord", reply.status, reply.retry_after)
    return None if reply.framed else Unknown(CUT_OFF)  # half a job id looks like a job id


def _accepted(said: Mapping[str, Any]) -> Answer:
    jobs = [values.said(entry.get("JobId")) for entry in values.items(said.get("FaxJobIds"))]
    if len(jobs) == 1 and _JOB.fullmatch(jobs[0]):
        return Accepted(jobs[0])
    return Unknown("Concord took the fax and told no job id")


def _not_taken(spoken: Spoken, talk: Talk, code: int | None, operation: str) -> Answer:
    """It said no: certainly not taken, unless the site knows better of this number.

    A number that nobody knows refuses the fax, so that a person sees it with its number: offering it again and again
    would only hide it.  If the control question shows that it is the account, its faxes wait instead.
    """
    reason = talk.errors.sentence(code)
    try:
        kind = talk.kind(code, operation, spoken.reply)
    except CredentialsRefused as error:
        return AccountRefused(str(error))
    except (ProviderTrouble, NotSent, OutcomeUnknown) as error:  # of the control question
        return NotNow(f"{reason}; whether it is the account could not be told: {error}")
    answers: dict[Kind, Answer] = {
        Kind.CREDENTIALS: AccountRefused(reason),
        Kind.LATER: NotNow(reason),
        Kind.UNCLEAR: Unknown(reason),
    }
    return answers.get(kind, Refused(reason))
