"""What an answer to `SendFaxEx` means.

Promise   *refused* and *not now* are concluded only from what cannot come after the work: `return` false, a SOAP fault
          that blames the message, statuses that a web server gives before a service runs, and requests that never left.
Needs     nothing but the answer; for an unknown error number, the control question of `talk`.
Crash     keeps nothing.
"""

from __future__ import annotations

from faxdaemon.contracts.provider import Accepted, AccountRefused, Answer, NotNow, Refused, Unknown
from faxdaemon.core.errors import CredentialsRefused, NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.providers.concord import values
from faxdaemon.providers.concord.errors import Kind
from faxdaemon.providers.concord.talk import CUT_OFF, Talk, code_of, fault_of
from faxdaemon.providers.concord.voice import Spoken

#: By HTTP status: what a person must put right; what is wrong with this request; what is only for now.
_ADDRESS = frozenset({301, 307, 308, 401, 403, 404, 405, 407, 410, 451})
_REQUEST = frozenset({400, 411, 413, 414, 415, 417, 431})
_LATER = frozenset({408, 421, 425, 429})
#: SOAP 1.1, 4.4.1: the message itself was wrong, so that nothing was done.  Of `Server` nobody can tell.
_NOT_UNDERSTOOD = frozenset({"Client", "VersionMismatch", "MustUnderstand"})


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
    if spoken.fault in _NOT_UNDERSTOOD:
        return Refused(f"Concord did not understand the request (SOAP fault {fault_of(spoken)}); see `wsdl`")
    if spoken.reply.status != 200 or spoken.fault:
        return _by_status(spoken)
    if not spoken.reply.framed:  # half a job id looks like a job id
        return Unknown(CUT_OFF)
    said = spoken.said or {}
    done = values.truth(said.get("return"))
    if done is None:
        return Unknown("Concord's answer could not be read")
    if not done:
        return _not_taken(spoken, talk, code_of(said))
    jobs = [values.said(entry.get("JobId")) for entry in values.items(said.get("FaxJobIds"))]
    return Accepted(jobs[0]) if len(jobs) == 1 and jobs[0] else Unknown("Concord took the fax and told no job id")


def _not_taken(spoken: Spoken, talk: Talk, code: int | None) -> Answer:
    """`return` false: certainly not taken, unless the site knows better of this number.

    A number that nobody knows refuses the fax, so that a person sees it with its number: offering it again and again
    would only hide it.  If the control question shows that it is the account, its faxes wait instead.
    """
    reason = talk.errors.sentence(code)
    try:
        kind = talk.kind(code, "SendFaxEx", spoken.reply)
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


def _by_status(spoken: Spoken) -> Answer:
    reply = spoken.reply
    text = f"Concord answered HTTP {reply.status}"
    if spoken.fault:
        return Unknown(f"{text} with a SOAP fault ({fault_of(spoken)})")
    if reply.status in _ADDRESS:
        return AccountRefused(f"{text}: the address, the credentials or the network are wrong")
    if reply.status in _REQUEST:
        why = "the document is too large" if reply.status == 413 else "it does not take such a request"
        return Refused(f"{text}: {why}")
    return NotNow(f"{text}: not now", reply.retry_after) if reply.status in _LATER else Unknown(text)
