"""STATURL: the address that FAX.de calls when a job has ended, and what such a call says.

Promise   a call is a hint: it makes the job due for asking, and tells the id of a job whose answer was lost.
Needs     a web server that passes it on.
Crash     keeps nothing.

The document names neither method nor encoding nor whether a call is repeated.  Its times are German local time and are
not used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from faxdaemon.contracts.provider import JobStatus, Progress
from faxdaemon.contracts.push import NotUnderstood, Push, Understood
from faxdaemon.providers._forms import BadForm, urlencoded

TOKENS = "j=$JID&c=$CID&s=$STAT"

#: By the call's word: what it means, in words for people.
RESULTS: Mapping[str, tuple[Progress, str, bool]] = MappingProxyType(
    {
        "OK": (Progress.SENT, "OK", False),
        "BUSY": (Progress.FAILED, "Busy", False),
        "NOANSWER": (Progress.FAILED, "No Answer", False),
        "VOICE": (Progress.FAILED, "Voice", True),
        "NORING": (Progress.FAILED, "Call failed: it did not ring", True),
        "ISDNERR": (Progress.FAILED, "Call failed: the network turned it away", True),
        "NOSERVICE": (Progress.FAILED, "No Service", True),
        "BLACKLIST": (Progress.FAILED, "Black-List", True),
        "SENDFAIL": (Progress.FAILED, "Send-Fail", False),
    }
)


def address(url: str) -> str:
    """`url` with the tokens that FAX.de replaces."""
    return f"{url}{'&' if '?' in url else '?'}{TOKENS}"


def understand(request: Push) -> Understood | NotUnderstood:
    """A call with our tokens; by POST they may be in the body."""
    fields = dict(request.query)
    if "j" not in fields:
        try:
            fields |= urlencoded(request.body)
        except BadForm as error:
            return NotUnderstood(str(error))
    job, reference, word = (fields.get(name, "").strip() for name in "jcs")
    if not re.fullmatch(r"[0-9]{1,18}", job):
        return NotUnderstood("the call names no job")
    progress, text, permanent = RESULTS.get(word.upper(), (Progress.PENDING, "ended in a way not documented", False))
    known = {job: reference} if re.fullmatch(r"[0-9A-Za-z-]{8,32}", reference) else {}
    return Understood(statuses=(JobStatus(job, progress, text, permanent=permanent),), references=known)
