"""What FAXAGE tells by itself: `url_notify` when a job has ended, and a received fax (later revisions).

Promise   a call of either kind names its job or its fax, or is not understood.  The token in the recipient's name is
          our reference: it tells the id of a job whose answer was lost.
Needs     nothing.
Crash     keeps nothing.

The call-back is posted once and never again (section "Call-back URLs" of the document), so polling goes on.  The push
of a received fax carries no document, only that there is one; it may come as a form or as JSON (one public handler).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from faxdaemon.contracts.provider import JobStatus, Progress
from faxdaemon.contracts.push import Kind, NotUnderstood, Push, PushedFax, Understood
from faxdaemon.core.model import Listed
from faxdaemon.providers._forms import BadForm, form_of, media_of
from faxdaemon.providers._json import BadJson, parse
from faxdaemon.providers._words import shown

_PROGRESS = {"pending": Progress.PENDING, "success": Progress.SENT, "failure": Progress.FAILED}
_TOKEN = re.compile(r"\[([0-9a-z]{12})\]\s*$", re.IGNORECASE)


def understand(request: Push) -> Understood | NotUnderstood:
    """Either kind of call."""
    try:
        fields = _fields(request)
    except (BadForm, BadJson) as error:
        return NotUnderstood(str(error))
    return _fax(fields) if request.kind == Kind.FAX else _status(fields)


def _fields(request: Push) -> dict[str, str]:
    """By name, in lower case."""
    found: Mapping[str, Any] = request.query
    if "json" in media_of(request.headers):
        said = parse(request.body)
        if not isinstance(said, dict):
            raise BadForm("it is no JSON object")
        found = {**found, **said}
    elif request.body:
        found = {**found, **form_of(request.headers, request.body).fields}
    return {name.lower(): str(value).strip() for name, value in found.items() if isinstance(value, str | int)}


def _status(fields: Mapping[str, str]) -> Understood | NotUnderstood:
    job = fields.get("jobid", "")
    if not re.fullmatch(r"[0-9]{1,18}", job):
        return NotUnderstood("it names no job")
    progress = _PROGRESS.get(fields.get("shortstatus", "").lower(), Progress.PENDING)
    status = JobStatus(job, progress, shown(fields.get("longstatus", "")))
    token = _TOKEN.search(fields.get("destname", ""))
    return Understood(statuses=(status,), references={job: token[1].lower()} if token else {})


def _fax(fields: Mapping[str, str]) -> Understood | NotUnderstood:
    fax = fields.get("recvid", "")
    if not re.fullmatch(r"[0-9]{1,18}", fax):
        return NotUnderstood("it names no received fax")
    # the list tells the rest, in one form for all
    return Understood(faxes=(PushedFax(Listed(fax, None, None, None, None, None, {})),))
