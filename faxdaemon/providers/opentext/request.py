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
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from faxdaemon.contracts.provider import Content
from faxdaemon.core.model import Submission
from faxdaemon.core.wishes import moment
from faxdaemon.http import SizedStream
from faxdaemon.providers._documents import between, suffix
from faxdaemon.providers.opentext.options import Options

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


def body(submission: Submission, contents: Sequence[Content], options: Options) -> SizedStream:
    """The request.  Each document's suffix must be one of `TYPES`."""
    asked = {
        "destinations": [{"fax": written(submission.number, options.number_form), "ref": submission.reference}],
        "options": _wanted(submission, options),
        **_report(options),
    }
    frame = [json.dumps(asked).encode("ascii")[:-1] + b', "documents": [']
    for number, content in enumerate(contents, 1):
        kind = suffix(content.name)
        about = json.dumps({"name": f"{number}{kind}", "type": TYPES[kind]}).encode("ascii")
        frame[-1] += about[:-1] + b', "data": "'
        frame.append(b'"}, ' if number < len(contents) else b'"}]}')
    return between(frame, contents)


def written(number: str, form: str) -> str:
    """A number (E.164) as the service is given it."""
    if form == "plus":
        return number
    digits = number.removeprefix("+")
    if form == "digits":
        return digits
    return digits[1:] if digits.startswith("1") and len(digits) == 11 else f"011{digits}"


def _wanted(submission: Submission, options: Options) -> dict[str, Any]:
    """`options`: what the fax asks for before what the account does; what nobody wished for is left out."""

    def wish(name: str, usual: str | None) -> str | None:
        return submission.options.get(name) or usual

    mode = _MODES.get(wish("resolution", options.resolution) or "")
    header, cover = wish("header", options.pilot_line), wish("cover", options.cover)
    shown = {"subject": wish("subject", options.cover_subject), "from": wish("sender_name", options.cover_from)}
    pages = _present(fax_mode=mode, page_orientation=wish("orientation", options.orientation))
    end = _end(submission, options)
    return _present(
        message_id=submission.reference,
        customer_reference=wish("customer_reference", options.customer_reference) or submission.reference,
        billing_code=wish("billing_code", options.billing_code),
        end_time=end.strftime("%Y-%m-%dT%H:%M:%S.000Z") if end else None,
        coversheet={"enabled": True, **_present(name=cover, **shown)} if cover else None,
        translation_options=pages or None,
        pilot_line={"text": header} if header else None,
    )


def _end(submission: Submission, options: Options) -> datetime | None:
    """Until when the service may try."""
    wanted = moment(submission.options, "expire_at")
    if wanted is None and options.stop_after:
        wanted = submission.accepted_by + timedelta(seconds=options.stop_after)
    return wanted.astimezone(UTC) if wanted else None


def _report(options: Options) -> dict[str, Any]:
    """`reports`, if any are wanted."""
    if not options.reports:
        return {}
    wanted = {"type": options.reports, "report_destinations": [{"email": address} for address in options.report_to]}
    return {"reports": wanted if options.report_form == "flat" else {"delivery_report": wanted}}


def _present(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
