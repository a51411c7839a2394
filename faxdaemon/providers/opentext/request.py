"""The body of a submission: JSON with the documents as base64 inside of it, made while they leave.

Promise   the length is exact, memory does not grow with a document, and the same submission gives the same bytes.
          Every document is open before the first byte is made; one that is longer or shorter than it was said to be
          breaks the exchange instead of being sent wrongly.
Needs     the size of each document.
Crash     keeps nothing.

Documents travel under neutral names (`1.pdf`): the service goes by `type`, and a file name may name a patient.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, Literal

from faxdaemon.contracts.provider import Content
from faxdaemon.core.model import Submission
from faxdaemon.core.wishes import moment
from faxdaemon.http import SizedStream
from faxdaemon.providers._envelope import encoded_document

#: The service's word by suffix; the letter case is the document's.
TYPES: Mapping[str, str] = MappingProxyType(
    {
        ".bmp": "BMP",
        ".doc": "MSW",
        ".gif": "GIF",
        ".htm": "HTML",
        ".html": "HTML",
        ".jpeg": "JPEG",
        ".jpg": "JPEG",
        ".mpp": "MPP",
        ".pcl": "PCL",
        ".pdf": "PDF",
        ".png": "PNG",
        ".ppt": "PPT",
        ".ps": "PS",
        ".pub": "PUB",
        ".rtf": "RTF",
        ".tif": "TIFF",
        ".tiff": "TIFF",
        ".txt": "text",
        ".vsd": "VSD",
        ".xls": "XLS",
    }
)
_MODES = {"standard": "standard", "fine": "fine", "hyperfine": "fine"}

WISHES = frozenset(
    {"resolution", "orientation", "header", "cover", "subject", "sender_name"}
    | {"customer_reference", "billing_code", "expire_at"}
)
"""What one fax may ask for (`core.wishes`)."""


@dataclass(frozen=True, slots=True)
class Sending:
    """An account's wishes for every fax; the words are explained at its settings."""

    number_form: Literal["us", "digits", "plus"] = "us"
    resolution: str | None = None
    orientation: str | None = None
    pilot_line: str | None = None
    cover: str | None = None
    cover_from: str | None = None
    cover_subject: str | None = None
    customer_reference: str | None = None
    billing_code: str | None = None
    stop_after: float | None = None
    reports: str | None = None
    report_to: tuple[str, ...] = ()
    report_form: Literal["flat", "nested"] = "flat"

    def written(self, number: str) -> str:
        """A number (E.164) as the service is given it."""
        if self.number_form == "plus":
            return number
        digits = number.removeprefix("+")
        if self.number_form == "digits":
            return digits
        return digits[1:] if digits.startswith("1") and len(digits) == 11 else f"011{digits}"

    def options(self, submission: Submission) -> dict[str, Any]:
        """`options`; what nobody wished for is left out."""

        def wish(name: str, usual: str | None) -> str | None:
            return submission.options.get(name) or usual

        mode = _MODES.get(wish("resolution", self.resolution) or "")
        header, cover = wish("header", self.pilot_line), wish("cover", self.cover)
        shown = {"subject": wish("subject", self.cover_subject), "from": wish("sender_name", self.cover_from)}
        end = self._end(submission)
        return _present(
            message_id=submission.reference,
            customer_reference=wish("customer_reference", self.customer_reference) or submission.reference,
            billing_code=wish("billing_code", self.billing_code),
            end_time=end.strftime("%Y-%m-%dT%H:%M:%S.000Z") if end else None,
            coversheet={"enabled": True, **_present(name=cover, **shown)} if cover else None,
            translation_options=_present(fax_mode=mode, page_orientation=wish("orientation", self.orientation)) or None,
            pilot_line={"text": header} if header else None,
        )

    def _end(self, submission: Submission) -> datetime | None:
        """Until when the service may try."""
        wanted = moment(submission.options, "expire_at")
        if wanted is None and self.stop_after:
            wanted = submission.accepted_by + timedelta(seconds=self.stop_after)
        return wanted.astimezone(UTC) if wanted else None

    def report(self) -> dict[str, Any]:
        """`reports`, if any are wanted."""
        if not self.reports:
            return {}
        wanted = {"type": self.reports, "report_destinations": [{"email": address} for address in self.report_to]}
        return {"reports": wanted if self.report_form == "flat" else {"delivery_report": wanted}}


def body(submission: Submission, contents: Sequence[Content], sending: Sending) -> SizedStream:
    """The request.  Each document's suffix must be one of `TYPES`."""
    asked = {
        "destinations": [{"fax": sending.written(submission.number), "ref": submission.reference}],
        "options": sending.options(submission),
        **sending.report(),
    }
    frame = [json.dumps(asked).encode("ascii")[:-1] + b', "documents": [']
    for number, content in enumerate(contents, 1):
        kind = suffix(content.name)
        about = json.dumps({"name": f"{number}{kind}", "type": TYPES[kind]}).encode("ascii")
        frame[-1] += about[:-1] + b', "data": "'
        frame.append(b'"}, ' if number < len(contents) else b'"}]}')
    size = sum(map(len, frame)) + sum(_length(content) for content in contents)
    return SizedStream(size, lambda: _chunks(frame, contents))


def suffix(name: str) -> str:
    """The file name's suffix, lower case with dot."""
    return PurePath(name).suffix.lower()


def _chunks(frame: Sequence[bytes], contents: Sequence[Content]) -> Iterator[bytes]:
    with ExitStack() as stack:
        streams = [stack.enter_context(content.open()) for content in contents]
        yield frame[0]
        for content, stream, text in zip(contents, streams, frame[1:], strict=True):
            left = content.size
            for piece in encoded_document(stream):
                left -= len(piece) // 4 * 3 - piece[-2:].count(b"=")
                if left < 0:
                    break
                yield piece
            if left:
                raise OSError("a document changed its size while it was sent")
            yield text


def _length(content: Content) -> int:
    return (content.size + 2) // 3 * 4


def _present(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
