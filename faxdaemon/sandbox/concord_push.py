"""Concord's pushes: the end of a fax and a received fax, in all forms that its pages name.

Status forms: `get`, `form` (the usual; multipart with the delivered image where the job wants one), `octet-stream`,
`xml`, `soap`.  Forms of received faxes: `form` (the usual; multipart), `octet-stream`, `xml`, `soap`.  Which texts the
free forms hold is up to the account's template: here, the names of the default fields.  `JobDetails` of a fax may name
another address (`NotifyDestination` with `NotifyType` 2 or 3).

What a template puts around a document, and how often a push is sent again, Concord's pages do not say.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from faxdaemon.sandbox import numbering
from faxdaemon.sandbox.concord_send import STAMP
from faxdaemon.sandbox.dialect import Push
from faxdaemon.sandbox.model import Job, Received, SandboxAccount
from faxdaemon.sandbox.pushes import Setup, setup

_BOUNDARY = "----sandbox-7MA4YWxkTrZu0gW"
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = f"multipart/form-data; boundary={_BOUNDARY}"


def ended(job: Job, account: SandboxAccount, switches: Mapping[str, Any], zone: tzinfo) -> Push | None:
    """The push of a job's end, if there is one."""
    wanted = setup(switches, "concord", account.name)
    form, url = wanted.status_form or "form", wanted.status
    own = str(job.extra.get("NotifyDestination") or "")
    kind = str(job.extra.get("NotifyType") or "0")
    if own.startswith("http") and kind in {"2", "3"}:
        url, form = own, "get" if kind == "2" else "form"
    if url is None:
        return None
    fields = _status(job, account, zone)
    if form == "get":
        address = f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}"
        return _push(wanted, address, (b"", ""), job.destination, method="GET")
    if form == "form" and str(job.extra.get("NotifyIncludeDeliveredImage") or "0") == "1":
        image = ("DeliveredImage", "image.tif", b"II*\0 what was sent")
        return _push(wanted, url, (_multipart(fields, image), _MULTIPART), job.destination)
    written = _written(form, fields, ("C3FDNS", "FaxDeliveryNotification", ""), {"DeliveredImage": ""})
    return _push(wanted, url, written, job.destination)


def arrived(
    fax: Received, account: SandboxAccount, switches: Mapping[str, Any], zone: tzinfo, taken: Callable[[], object]
) -> Push | None:
    """The push of a received fax, if there is one; `taken` is called when the push was."""
    wanted = setup(switches, "concord", account.name)
    if wanted.fax is None:
        return None
    fields, content = _received(fax, account, zone), fax.path.read_bytes()
    form, url = wanted.fax_form or "form", wanted.fax
    if form == "form":
        written = _multipart(fields, ("FaxFile", fax.path.name, content)), _MULTIPART
    elif form == "octet-stream":
        url = f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}"
        written = content, "application/octet-stream"
    else:
        files = {"FaxFiles": f"<FaxFile><FileData>{base64.b64encode(content).decode()}</FileData></FaxFile>"}
        written = _written(form, fields, ("CFRNNS", "FaxReceiveNotify", "faxDetails"), files)
    return _push(wanted, url, written, fax.line, taken=(lambda: None) if wanted.keep else taken)


def _push(
    wanted: Setup,
    url: str,
    written: tuple[bytes, str],
    number: str,
    *,
    method: str = "POST",
    taken: Callable[[], object] = lambda: None,
) -> Push:
    body, media = written
    action = {"C3FDNS": "C3FDNS/FaxDeliveryNotification", "CFRNNS": "CFRNNS/FaxReceiveNotify"}
    soap = next((value for name, value in action.items() if f'xmlns="{name}"'.encode() in body[:400]), None)
    headers = wanted.headers + ((("soapaction", f'"{soap}"'),) if soap else ())
    return Push(url, body, media, method, headers, number, wanted.again, taken)


def _status(job: Job, account: SandboxAccount, zone: tzinfo) -> dict[str, str]:
    good = job.result == "success"
    ended_at = job.ended_at or job.accepted_at
    return {
        "AccountId": account.username,
        "ReferenceId": job.reference,
        "FaxJobId": job.id,
        "FaxJobStatusId": "1" if good else "2",
        "StatusDescription": "Success" if good else "Failure",
        "PageCount": str(job.pages_sent),
        "FaxDeliveryDateTime": ended_at.astimezone(zone).strftime(STAMP),
        "FaxDeliveryDuration": str(round((ended_at - job.accepted_at) / timedelta(seconds=1))),
        "RemoteFaxCSID": numbering.CSID if good else "",
        "ErrorCode": "0" if good else "9",
        "ErrorString": "" if good else job.text,
    }


def _received(fax: Received, account: SandboxAccount, zone: tzinfo) -> dict[str, str]:
    return {
        "AuthUser": "push-user",
        "AuthPassword": "push-password",
        "Account": account.username,
        "CalledNumber": fax.line,
        "CallerNumber": fax.caller or "",
        "FaxReceiveDateTime": fax.received_at.astimezone(zone).strftime(STAMP),
        "FaxDuration": str(round((fax.received_at - fax.started_at) / timedelta(seconds=1))),
        "FaxPartialFlag": "0",
        "FaxPages": str(fax.pages),
        "FaxSpeed": "14400",
        "FaxFormat": "PDF" if fax.path.suffix == ".pdf" else "TIF",
        "FaxMessageId": f"in{fax.number}",
        "FaxResolution": "Fine",
        "FaxSenderCSID": fax.csid or "",
        "FaxRecipientTimeZone": "UTC",
    }


def _written(
    form: str, fields: Mapping[str, str], soap: tuple[str, str, str], raw: Mapping[str, str]
) -> tuple[bytes, str]:
    """`raw` is XML already, and only for the forms in XML."""
    namespace, message, inner = soap
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    inside += "".join(f"<{name}>{value}</{name}>" for name, value in raw.items())
    inside = f"<{inner}>{inside}</{inner}>" if inner else inside
    if form == "xml":
        whole = inside if inner else f"<status>{inside}</status>"
        return f'<?xml version="1.0" encoding="utf-8"?>{whole}'.encode(), "text/xml"
    if form == "soap":
        envelope = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            f'<{message} xmlns="{namespace}">{inside}</{message}></s:Body></s:Envelope>'
        )
        return envelope.encode(), "text/xml; charset=utf-8"
    if form == "octet-stream":
        return "".join(f"{name}={value}\r\n" for name, value in fields.items()).encode(), "application/octet-stream"
    return urlencode(fields).encode(), _FORM


def _multipart(fields: Mapping[str, str], file: tuple[str, str, bytes]) -> bytes:
    name, file_name, content = file
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in fields.items()
    ]
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return b"".join([*parts, head.encode(), content, f"\r\n--{_BOUNDARY}--\r\n".encode()])
