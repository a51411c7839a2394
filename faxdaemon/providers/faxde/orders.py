"""What FAX.de is asked to send: the parameters of SendJob, made of a submission and its documents.

Promise   the same submission gives the same parameters at any time; what FAX.de could never take is `Unfit`, with the
          reason for people.
Needs     a text document is read as a whole (64 KiB at most); all others are only passed on.
Crash     keeps nothing.

Documents travel under neutral names (`1.pdf`): FAX.de goes by the suffix, and a file name may name a patient.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from types import MappingProxyType
from typing import Any

from faxdaemon.contracts.provider import Content
from faxdaemon.core import ids
from faxdaemon.core.model import Submission
from faxdaemon.core.wishes import moment
from faxdaemon.providers._documents import suffix
from faxdaemon.providers.faxde.wire import Parameter

FORM = 1
"""Raised when the same submission makes another request than before: its repeat would be no double."""
FILES = 3
REFERENCE = 32
"""Characters of our reference; the document names no limit."""
AT_ONCE = "2000-01-01T00:00:00Z"
"""A time in the past means "now"; always the same one, so that a repeated request is the same request."""
TEXT_LIMIT = 64 * 1024

#: The suffix FAX.de is told, by ours.  `.txt` becomes the text parameter.
SUFFIXES: Mapping[str, str] = MappingProxyType(
    {
        ".tif": ".tif",
        ".tiff": ".tif",
        ".bmp": ".bmp",
        ".html": ".html",
        ".htm": ".html",
        ".doc": ".doc",
        ".xls": ".xls",
        ".pdf": ".pdf",
    }
)
TEXT = ".txt"


class Unfit(Exception):
    """FAX.de could never take it."""


@dataclass(frozen=True, slots=True)
class Service:
    """A job type."""

    job_type: int
    name: str
    text: bool = True
    """Whether it carries a text."""
    files: bool = True
    addressed: bool = False
    """Whether it goes to an e-mail address."""


SERVICES: Mapping[str, Service] = MappingProxyType(
    {
        "fax": Service(0, "a fax"),
        "sms": Service(1, "a text message", files=False),
        "email": Service(2, "an e-mail", addressed=True),
        "letter": Service(3, "a letter", text=False),
        "letter-color": Service(4, "a letter in colour", text=False),
        "qsign": Service(8, "a signed invoice", addressed=True),
    }
)

#: Options by our name: FAX.de's name and the form of the value.
OPTIONS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "callerid": ("CALLERID", r"\+?[0-9]{3,20}", "a number"),
        "stationid": ("STATIONID", r"[^;\x00-\x1f]{1,20}", "at most 20 characters and no semicolon"),
        "faxheader": ("FAXHEADER", r"[^;\x00-\x1f]{1,30}", "at most 30 characters and no semicolon"),
        "faxretry": ("FAXRETRY", r"[0-9]{1,2}", "a number below 100"),
        "mailfrom": ("MAILFROM", r"[^;,\s@]+@[^;,\s@]+", "an e-mail address"),
        "smsfrom": ("SMSFROM", r"\+?[0-9]{1,16}|[0-9A-Za-z ]{1,11}", "at most 16 digits, or 11 letters and digits"),
        "staturl": ("STATURL", r"[^;\s\x00-\x1f]{1,128}", "at most 128 characters with the tokens, and no semicolon"),
    }
)
_NUMBER = re.compile(r"\+[1-9][0-9]{3,18}")
_ADDRESS = re.compile(r"[^;,\[\]\s@]+@[^;,\[\]\s@]+")
_FLAGS = {"flash": "FLASHSMS"}
_WISHED = MappingProxyType(
    {
        "callerid": "sender_fax",
        "stationid": "sender_csid",
        "faxheader": "header",
        "faxretry": "retries",
        "mailfrom": "sender_email",
        "smsfrom": "sender_sms",
    }
)
"""By what name one fax asks for an option."""

WISHES = frozenset({"service", "address", "send_at", *_FLAGS, *_WISHED.values()})
"""What one fax may ask for (`core.wishes`)."""


def problem_of(name: str, value: str, shown: str | None = None) -> str | None:
    """What is wrong with an option, for people, who may know it by another name."""
    _, form, words = OPTIONS[name]
    return None if re.fullmatch(form, value) else f"{shown or name}: “{value}” cannot be used; it must be {words}"


def token_of(submission: Submission) -> str:
    """Our reference as FAX.de carries it."""
    return ids.token(submission.reference, REFERENCE)


def parameters(submission: Submission, contents: Sequence[Content], account: Mapping[str, str]) -> list[Parameter]:
    """SendJob's, after the credentials, in the documented order.  Raises `Unfit`, and what opening a text raises."""
    service = _service(submission)
    recipient = f"{_recipient(service, submission)}[{token_of(submission)}]"
    start = moment(submission.options, "send_at")
    at = start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if start else AT_ONCE
    return _job(service, recipient, "", contents, at=at, options=_options(submission.options, account))


def several(numbers: Sequence[str], content: Content, account: Mapping[str, str]) -> list[Parameter]:
    """As `parameters`, of one fax to several recipients, each numbered from 1 by its reference."""
    if not numbers:
        raise Unfit("there is no recipient")
    if bad := [number for number in numbers if not _NUMBER.fullmatch(number)]:
        raise Unfit(f"FAX.de takes international numbers only, and {len(bad)} of these are none")
    rows = "".join(f"{number},{n}\r\n" for n, number in enumerate(numbers, 1)).encode()
    recipients = Content("recipients.csv", len(rows), lambda: io.BytesIO(rows))
    return _job(SERVICES["fax"], "", recipients, [content], at=AT_ONCE, options=_options({}, account))


def _job(
    service: Service, recipient: str, recipients: str | Content, contents: Sequence[Content], *, at: str, options: str
) -> list[Parameter]:
    text, files = _sorted(service, contents)
    found: list[Parameter] = [
        ("JobType", "int", str(service.job_type)),
        ("Recipient", "string", recipient),
        ("RecipientFile", "base64Binary", recipients),
        ("SendText", "string", _read(text) if text else ""),
    ]
    for number in range(1, FILES + 1):
        content = files[number - 1] if number <= len(files) else None
        name = f"{number}{SUFFIXES[suffix(content.name)]}" if content else ""
        found.append((f"SendFilename{number}", "string", name))
        found.append((f"SendFile{number}", "base64Binary", replace(content, name=name) if content else ""))
    found.append(("SendDateTime", "dateTime", at))
    found.append(("Options", "string", options))
    return found


def _service(submission: Submission) -> Service:
    wanted = str(submission.options.get("service") or "fax")
    service = SERVICES.get(wanted)
    if service is None:
        raise Unfit(f"FAX.de knows no service “{wanted[:30]}”; there are: {', '.join(SERVICES)}")
    return service


def _recipient(service: Service, submission: Submission) -> str:
    if service.addressed:
        address = str(submission.options.get("address") or "")
        if not _ADDRESS.fullmatch(address):
            raise Unfit(f"{service.name} needs the option `address`, an e-mail address")
        return address
    if not _NUMBER.fullmatch(submission.number):
        raise Unfit("FAX.de takes international numbers only")
    return submission.number


def _sorted(service: Service, contents: Sequence[Content]) -> tuple[Content | None, Sequence[Content]]:
    """The text and the files among the documents."""
    if not contents:
        raise Unfit("there is no document to send")
    text = contents[0] if suffix(contents[0].name) == TEXT else None
    files = contents[1:] if text else contents
    if any(suffix(content.name) == TEXT for content in files):
        raise Unfit("FAX.de puts a text before all other documents; a .txt file can only be the first")
    odd = {suffix(content.name) for content in files} - set(SUFFIXES)
    if odd:
        kind = next(iter(odd)) or "without a suffix"
        raise Unfit(f"FAX.de does not take files {kind}; it takes {', '.join(sorted({*SUFFIXES, TEXT}))}")
    if text and not service.text:
        raise Unfit(f"{service.name} is made of documents, and a .txt file is none")
    if not service.files and (files or not text):
        raise Unfit(f"{service.name} is made of one .txt file")
    if len(files) > FILES:
        raise Unfit(f"FAX.de takes at most {FILES} files, and these are {len(files)}")
    return text, files


def _read(content: Content) -> str:
    if content.size > TEXT_LIMIT:
        raise Unfit(f"the .txt file is longer than {TEXT_LIMIT // 1024} KiB; send it as a .pdf")
    with content.open() as stream:
        raw = b"".join(iter(lambda: stream.read(TEXT_LIMIT), b""))
    if not raw.strip():
        raise Unfit("the .txt file is empty")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _options(wishes: Mapping[str, Any], account: Mapping[str, str]) -> str:
    """`KEY=value;KEY=value`, those of the request before those of the account."""
    made = []
    for name, (key, _, _) in OPTIONS.items():
        asked = _WISHED.get(name, "")
        wish = wishes.get(asked)
        value = str(wish) if wish not in (None, "") else account.get(name)
        if value is None:
            continue
        if name == "callerid":
            value = re.sub(r"[ ().\-/]", "", value)
        if problem := problem_of(name, value, asked if wish else None):
            raise Unfit(problem)
        made.append(f"{key}={value}")
    made += [key for name, key in _FLAGS.items() if wishes.get(name)]
    return ";".join(made)
