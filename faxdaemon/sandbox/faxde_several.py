"""FAX.de: jobs with several recipients, by `RecipientFile` or by a `Recipient` with commas.

One job id, that of the first call, stands for all; the protocol is there when the last call has ended.  Where the
document is silent the choice is ours: a recipient that is no number is left out and not counted; a double is the same
recipients with the same references, documents and options.  `faxde.several` False: the account is not activated (1).
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import re

from faxdaemon.sandbox.faxde_soap import Call, Misread
from faxdaemon.sandbox.model import Job

Recipient = tuple[str, str]
"""Number (E.164) or address, and reference."""

_RECIPIENT = re.compile(r"\s*([^\[\],]+?)\s*(?:\[([^\]]*)\])?\s*")


def recipients_of(call: Call) -> list[Recipient]:
    """All of a request, as they are written.  Raises `Misread`."""
    if call.text("RecipientFile").strip():
        try:
            text = base64.b64decode("".join(call.text("RecipientFile").split()), validate=True).decode("utf-8-sig")
        except (binascii.Error, UnicodeDecodeError):
            raise Misread("RecipientFile is not base64, or no text") from None
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
        return [(row[0].strip(), row[1].strip() if len(row) > 1 else "") for row in rows]
    found = [_RECIPIENT.fullmatch(one) for one in call.text("Recipient").split(",")]
    return [(match[1], match[2] or "") if match else ("", "") for match in found]


class Groups:
    """Which jobs of the network are one job of FAX.de's; gone after a restart, as the options are."""

    def __init__(self) -> None:
        self._jobs: dict[int, list[Job]] = {}
        self._known: dict[object, int] = {}

    def double(self, key: object) -> int | None:
        """The job that was made of the same request."""
        return self._known.get(key)

    def add(self, key: object, jobs: list[Job]) -> None:
        """A request became these jobs."""
        self._known[key] = jobs[0].number
        self._jobs[jobs[0].number] = jobs

    def of(self, job: Job) -> list[Job]:
        """The jobs that share this one's id: itself alone, mostly."""
        return self._jobs.get(job.number, [job])
