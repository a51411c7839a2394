"""What Concord tells by itself: the end of a fax, and a received fax, in the five forms that an account can be set to.

    GET            tokens in the address
    form           POST, urlencoded; multipart as soon as a document is part of it
    octet-stream   POST, free text: one `Name=%{Token}` a line; or the received document itself, with the rest in the
                   address
    XML            POST, elements of any nesting, each value in one named like its field (a received fax: `faxDetails`)
    SOAP           POST, `FaxDeliveryNotification` in C3FDNS, `FaxReceiveNotify` in CFRNNS

Promise   a status names its job or our reference, or is not understood.  A document is taken only whole, and as one.
          The credentials inside of a push are kept nowhere.
Needs     templates with the fields' names of Concord's own pages (the form is set up by Concord, see docs/push.md).
Crash     keeps nothing.

The forms, names and tokens are those of Concord's pages on status push and inbound push; what the answer should be they
do not say.  `FaxMessageId` is the name of a received fax; without one, its content is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from faxdaemon.contracts.provider import JobStatus, Progress
from faxdaemon.contracts.push import Kind, NotUnderstood, Push, PushedFax, Understood
from faxdaemon.core.model import Listed
from faxdaemon.providers._forms import BadForm, form_of, media_of, text_of, urlencoded
from faxdaemon.providers._words import shown
from faxdaemon.providers.concord import values
from faxdaemon.xmlsafe import BadXml, Node, Reader

if TYPE_CHECKING:
    from faxdaemon.providers.concord.options import Options

#: The names of fields, and of the tokens that fill them where a template names its fields so.
_JOB = ("faxjobid", "fullmessageid", "messageid")
_REFERENCE = ("referenceid",)
_STATUS = ("faxjobstatusid", "statusid")
_WORDS = ("statusdescription", "status")
_TIMES = ("faxreceivedatetimeutciso8601", "faxreceivedatetimeiso8601", "faxreceivedatetime")
_PROGRESS = {"1": Progress.SENT, "2": Progress.FAILED, "success": Progress.SENT, "failure": Progress.FAILED}
_SECRET = frozenset({"authuser", "authpassword"})
_LARGE = ("FileData", "FaxFileData", "FaxFile", "DeliveredImage", "FaxFiles")
"""Elements that may hold a document, the inner ones first."""
_LINES = 5000
_DOCUMENT = (b"%PDF-", b"II*\0", b"MM\0*")
_ID = re.compile(r"[\w.:@+-]{1,100}", re.ASCII)

SOAP_REPLY = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    '<r:{name}Response xmlns:r="{namespace}"/></s:Body></s:Envelope>'
)
_SOAP = {"FaxDeliveryNotification": "C3FDNS", "FaxReceiveNotify": "CFRNNS"}


@dataclass(frozen=True, slots=True)
class Said:
    """A push, whatever its form."""

    fields: Mapping[str, str]
    """By name as written."""
    documents: tuple[bytes, ...] = ()
    soap: str = ""
    """The name of the message, where it was SOAP."""

    def first(self, *names: str) -> str:
        """The first of these fields (lower case) that has a value."""
        known = {name.lower(): value.strip() for name, value in self.fields.items()}
        return next((known[name] for name in names if known.get(name)), "")


def understand(options: Options, request: Push) -> Understood | NotUnderstood:
    """Either kind, in any form."""
    try:
        said = _said(request)
    except (BadForm, BadXml) as error:
        return NotUnderstood(str(error))
    return _fax(options, said) if request.kind == Kind.FAX else _status(options, said)


def _status(options: Options, said: Said) -> Understood | NotUnderstood:
    job, reference = said.first(*_JOB), said.first(*_REFERENCE)
    if not (job and _ID.fullmatch(job)):
        job = ""
    if not (reference and _ID.fullmatch(reference)):
        reference = ""
    # A job that was found by its reference alone is followed under this name.
    names = [name for name in (job, f"JRI-{reference}" if reference else "") if name]
    if not names:
        return NotUnderstood("it names neither job nor reference")
    progress = _PROGRESS.get((said.first(*_STATUS) or said.first(*_WORDS)).lower(), Progress.PENDING)
    text = said.first("errorstring") if progress is Progress.FAILED else ""
    ended_at = values.moment(said.first("faxdeliverydatetime"), ZoneInfo(options.timezone))
    statuses = tuple(JobStatus(name, progress, shown(text or said.first(*_WORDS)), ended_at=ended_at) for name in names)
    return _with_reply(said, Understood(statuses=statuses, references={names[0]: reference} if reference else {}))


def _fax(options: Options, said: Said) -> Understood | NotUnderstood:
    documents = [document for document in said.documents if document]
    if len(documents) > 1:
        return NotUnderstood("it holds more than one document")
    name = said.first("faxmessageid")
    if not documents and not name:
        return NotUnderstood("it names no received fax and holds none")
    document = documents[0] if documents else None
    zone = ZoneInfo(options.timezone)
    listed = Listed(
        provider_id=name or f"sha256:{hashlib.sha256(document or b'').hexdigest()}",
        called=values.number(said.first("callednumber")),
        caller=values.number(said.first("callernumber")),
        csid=said.first("faxsendercsid") or None,
        received_at=next((at for at in (values.moment(said.first(t), zone) for t in _TIMES) if at), None),
        pages=values.whole(said.first("faxpages")),
        metadata={name: value for name, value in said.fields.items() if name.lower() not in _SECRET},
        duration_s=values.count(said.first("faxduration")),
        resolution=values.resolution(said.first("faxresolution")),
        speed=values.count(said.first("faxspeed")),
        partial=values.truth(said.first("faxpartialflag")),
    )
    return _with_reply(said, Understood(faxes=(PushedFax(listed, document),)))


def _with_reply(said: Said, understood: Understood) -> Understood:
    if not said.soap:
        return understood
    reply = SOAP_REPLY.format(name=said.soap, namespace=_SOAP[said.soap]).encode()
    return Understood(understood.statuses, understood.references, understood.faxes, reply, "text/xml")


# -- the forms


def _said(request: Push) -> Said:
    """Raises `BadForm` and `BadXml`."""
    media, body = media_of(request.headers), request.body
    if request.method == "GET" or not body:
        return Said(dict(request.query))
    if "xml" in media or body.lstrip()[:1] == b"<":
        fields, documents, soap = _xml(body)
        return Said({**request.query, **fields}, documents, soap)
    if body.startswith(_DOCUMENT):
        return Said(dict(request.query), (body,))
    if media in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        form = form_of(request.headers, body)
        return Said({**request.query, **form.fields}, form.files)
    return Said({**request.query, **_text(body)})


def _text(body: bytes) -> Mapping[str, str]:
    """Free text: lines `name=value` or `name: value`; or all in one line with `&`."""
    if b"\n" not in body.strip() and b"&" in body:
        return urlencoded(body)
    found = {}
    lines = text_of(body).splitlines()
    if len(lines) > _LINES:
        raise BadForm(f"it has more than {_LINES} lines")
    for line in lines:
        match = re.match(r"\s*([A-Za-z][\w .-]{0,60}?)\s*[=:\t]\s*(.*?)\s*$", line)
        if match:
            found[match[1].replace(" ", "")] = match[2]
    return found


def _xml(body: bytes) -> tuple[Mapping[str, str], tuple[bytes, ...], str]:
    pieces: list[bytes] = []
    large = next((n for n in _LARGE if re.search(rb"<(?:[\w.-]+:)?" + n.encode() + rb"[\s>]", body)), None)
    # beside the document no more than what a form would have
    reader = Reader(large=large, write=pieces.append, limit=1024 * 1024)
    reader.feed(body)
    root = reader.close()
    soap = next((node.name for node in _all(root) if node.name in _SOAP), "") if root.name == "Envelope" else ""
    fields = {node.name: node.text.strip() for node in _all(root) if not node.children and node.name != large}
    image = large == "DeliveredImage"  # what was sent: nobody asked for it
    return fields, (() if image or not pieces else (b"".join(pieces),)), soap


def _all(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _all(child)
