"""What a fax looks like to Concord: `SendFaxEx` and `SendFaxBroadcast`.

Promise   one recipient per call, and our reference in every call: jobs of one call would share it, and a job without
          it could not be found again.  Every field of the WSDL is filled; empty means the account's own setting.
Needs     the account's options.
Crash     the same submission gives the same message, except for the times.

What one fax may ask for goes before the account's own settings; a resolution finer than fine is sent as fine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from faxdaemon.contracts.provider import Content
from faxdaemon.core.model import Submission
from faxdaemon.core.numbers import masked
from faxdaemon.core.wishes import moment
from faxdaemon.providers._documents import suffix
from faxdaemon.providers.concord import values
from faxdaemon.providers.concord.options import Options

_RESOLUTION = MappingProxyType({"standard": "Low", "fine": "High", "hyperfine": "High"})
_NOTIFY = MappingProxyType({"none": 0, "email": 1, "get": 2, "post": 3})
_AT_ONCE, _SCHEDULED = 0, 1
_TIFF = (b"II*\0", b"MM\0*")
"""How a TIFF begins (TIFF 6.0, section 2)."""
_USER_FIELDS = {f"UserField{n}": f"user_field{n}" for n in range(1, 13)}

WISHES = frozenset(
    {"resolution", "cover", "subject", "cover_text", "recipient_company", "recipient_title"}
    | {"sender_name", "sender_company", "sender_phone", "sender_fax", "sender_csid"}
    | {"notify", "notify_to", "notify_image", "send_at", "expire_at", *_USER_FIELDS.values()}
)
"""What one fax may ask for (`core.wishes`)."""


class Unfit(ValueError):
    """Concord could never take this; the reason is for people."""


def fitting(number: str, contents: Sequence[Content]) -> None:
    """Raises `Unfit`."""
    digits = number.removeprefix("+")
    if not (number.startswith("+") and digits.isascii() and digits.isdigit()):
        raise Unfit(f"{masked(number)} is no number that can be dialled")
    if not contents:
        raise Unfit("there is no document to fax")
    odd = {suffix(content.name) for content in contents} - set(values.FILE_TYPES)
    if odd:
        kind = next(iter(odd)) or "without a suffix"
        raise Unfit(f"Concord does not take files {kind}; it takes {', '.join(sorted(values.FILE_TYPES))}")


def single(
    options: Options, submission: Submission, reference: str, contents: Sequence[Content], now: datetime
) -> dict[str, Any]:
    """`SendFaxEx` without the identity.  Raises `Unfit`, and what opening a document raises."""
    fitting(submission.number, contents)
    return {
        "Recipients": [_recipient(options, submission.number, submission.name, submission.options)],
        "FaxJobFiles": files(contents),
        "JobDetails": _job(options, submission.options, reference, now),
    }


def several(options: Options, numbers: Sequence[str], contents: Sequence[Content], now: datetime) -> dict[str, Any]:
    """`SendFaxBroadcast` without the identity: it carries no reference.  Raises as `single`."""
    if not numbers:
        raise Unfit("there is nobody to send it to")
    for number in numbers:
        fitting(number, contents)
    job = _job(options, {}, "", now)
    shared = {name: value for name, value in job.items() if not name.startswith("Notify") and name != "ReferenceId"}
    empty = ("SenderAddress1", "SenderAddress2", "SenderCity", "SenderState", "SenderZip", "SenderCountry")
    return {
        "Recipients": [_recipient(options, number, None, {}) for number in numbers],
        "FaxJobFiles": files(contents),
        "JobDetails": {**shared, **dict.fromkeys(empty, ""), "ExceptionDestination": ""},
    }


def simple(options: Options, number: str, name: str, tiff: Content) -> dict[str, Any]:
    """`SimpleSendFax` without the identity.  Raises as `single`."""
    fitting(number, [tiff])
    with tiff.open() as stream:
        if stream.read(4) not in _TIFF:
            raise Unfit("Concord's SimpleSendFax takes a TIFF and nothing else")
    return {
        "RecipientName": " ".join(name.split()),
        "FaxNumber": values.dialled(number, options.numbers),
        "TIFFJobFile": tiff,
    }


def files(contents: Sequence[Content]) -> list[dict[str, Any]]:
    """The documents, counted from 1.  Their names stay here: a file name may name a patient."""
    return [
        {"FileIndex": index, "FileTypeId": values.file_type(content), "FileData": content}
        for index, content in enumerate(contents, 1)
    ]


def _recipient(options: Options, number: str, name: str | None, wishes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "RecipFaxNumber": values.dialled(number, options.numbers),
        "RecipCompany": values.said(wishes.get("recipient_company")),
        "RecipTitle": values.said(wishes.get("recipient_title")),
        "RecipName": " ".join((name or "").split()),
        "RecipSecureCSID": "",
    }


def _job(options: Options, wishes: Mapping[str, Any], reference: str, now: datetime) -> dict[str, Any]:
    zone = ZoneInfo(options.timezone)
    start, expiry = moment(wishes, "send_at"), moment(wishes, "expire_at")
    if start and start <= now:
        start = None
    if expiry is None and options.expiry:
        expiry = (start or now) + timedelta(seconds=options.expiry)

    def wish(name: str, usual: str) -> str:
        return values.said(wishes.get(name)) or usual

    cover, sender, notify = options.cover, options.sender, options.notify
    how = wish("notify", notify.how)
    if how not in _NOTIFY:
        raise Unfit(f"there is no notice by “{how[:20]}”; there are: {', '.join(_NOTIFY)}")
    fields = {
        "JobScheduleStartType": _SCHEDULED if start else _AT_ONCE,
        "JobScheduleStartDate": values.told(start, zone) if start else "",
        "JobExpiryDate": values.told(expiry, zone) if expiry else "",
        "SenderCSID": wish("sender_csid", sender.csid),
        "SenderName": wish("sender_name", sender.name),
        "SenderCompany": wish("sender_company", sender.company),
        "SenderPhone": wish("sender_phone", sender.phone),
        "CoverText": wish("cover_text", cover.text),
        "CoverName": wish("cover", cover.name),
        "CoverSubject": wish("subject", cover.subject),
        "ReferenceId": reference,
        "Resolution": _RESOLUTION.get(wish("resolution", options.resolution or ""), ""),
        "SenderFax": wish("sender_fax", sender.fax),
        "SoftwareClient": "faxdaemon",
        "NotifyType": _NOTIFY[how],
        "NotifyIncludeDeliveredImage": int(wishes.get("notify_image", notify.image)),
        "NotifyDestination": wish("notify_to", notify.to),
        "NotifyAuthUser": notify.user,
        "NotifyAuthPassword": notify.password.get_secret_value(),
    }
    own = {
        field: wish(asked, options.user_fields.get(n, "")) for n, (field, asked) in enumerate(_USER_FIELDS.items(), 1)
    }
    return {**fields, **{name: value for name, value in own.items() if value}}
