"""What Concord is asked, byte for byte, in SOAP and in JSON, and what its answers become."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support import golden
from support.faxes import Paper, new_submission
from support.papers import make_tiff
from support.wire import FixedClock

from faxdaemon.contracts.provider import Absent, Accepted, Cancelled, Content, Found, JobStatus, Progress, Provider
from faxdaemon.contracts.services import Table
from faxdaemon.core.model import Listed
from faxdaemon.http import Http
from faxdaemon.providers import concord
from faxdaemon.providers.concord.wsdl import BUNDLED

NOW = datetime(2026, 11, 20, 9, 45, tzinfo=UTC)
PLACE = Path(__file__).parent / "golden" / "concord"
SUBMISSION = new_submission(
    reference="01jd0000000000000000000000-1-1",
    name=" Dr. Łukasz\nMüller & <Co> ",
    intended_at=datetime(2026, 11, 20, 9, 31, tzinfo=UTC),
)
PAPERS = [Paper(b"%PDF-1.4 first \xfb\xff\xfe>>>???").content, Paper(b"second", name="Übung.TXT").content]
LISTED = Listed("88001", None, None, None, None, None, {})
UNKNOWN = "Concord does not know the job (error -5019)"

STATUSES = [
    JobStatus("br7731046255", Progress.SENT, "Success", 4, datetime(2026, 11, 20, 9, 33, tzinfo=UTC), 70, "NORTH LAB"),
    JobStatus("br7731046263", Progress.FAILED, "Busy", 0, datetime(2026, 11, 20, 9, 50, tzinfo=UTC), 0),
    JobStatus("br1", Progress.UNKNOWN_JOB, UNKNOWN),
    JobStatus("br7731046271", Progress.PENDING, "Sending"),
]
SUCCESS = (Progress.SENT, "Success")
DELIVERED = JobStatus("br7731046255", *SUCCESS, 4, datetime(2026, 11, 20, 1, 33, tzinfo=UTC), 70, "NORTH LAB")
ABOUT = {
    "ItemId": "88001",
    "CalledNumber": "3035550120",
    "CallerNumber": "2125550142",
    "FaxReceiveDateTime": "2026/11/20 08:10:30",
    "FaxDuration": "85",
    "FaxPartialFlag": "0",
    "FaxPages": "3",
    "FaxFormat": "PDF",
    "FaxMessageId": "m-88001",
    "FaxSenderCSID": "NORTH LAB",
}
RECEIVED = Listed(
    "88001",
    "+13035550120",
    "+12125550142",
    "NORTH LAB",
    datetime(2026, 11, 20, 8, 10, 30, tzinfo=UTC),
    3,
    ABOUT,
    duration_s=85,
    partial=False,
)
RECIPIENT = {
    "RecipientId": "1",
    "FaxNumber": "+13035550123",
    "RecipientStatusId": "1",
    "RecipientStatusDescription": "Success",
    "RecipientName": "",
    "RecipientCompanyName": "",
    "DeliveryAttempts": "1",
    "DeliveryDuration": "41",
    "DeliverySpeed": "14400",
    "ReceiveCSID": "LAB",
    "PageCount": "2",
    "StartDate": "2026/11/20 09:31:02",
    "EndDate": "2026/11/20 09:32:02",
    "FaxJobId": "br99",
}
RECIPIENTS = Table(tuple(RECIPIENT), (tuple(RECIPIENT.values()),))
LINES = Table(
    ("did", "PortNumber", "DefaultCSID", "SendDeliveryConfirmation", "ProcessInbound"),
    (("3035550120", "1", "CLINIC", "0", "true"),),
)
COVERS = Table(("FaxCoverName",), (("Standard",), ("Vertraulich/Ärzte",)))
ACTIVITY = Table(("id", "stat", "FaxNumber"), (("br7731046255-1", "Success", "3035550123"),))

WISHES: dict[str, Any] = {
    "media": "text/xml",
    "resolution": "standard",
    "numbers": "national",
    "cover": {"name": "Standard", "subject": "Befund", "text": "two\nlines"},
    "sender": {"name": "Clinic Süd", "company": "Clinic", "phone": "+1 303 555 0100", "fax": "3", "csid": "CLINIC"},
    "notify": {
        "how": "post",
        "to": "https://clinic.example/done",
        "image": True,
        "user": "u",
        "password": "NOTIFYPASS",
    },
    "expiry": 7200.0,
    "user_fields": {1: "ward 7", 12: "last"},
    "timezone": "America/Los_Angeles",
}
ASKED = {
    "resolution": "hyperfine",
    "subject": "Own subject",
    "send_at": "2026-11-21T16:15:00+00:00",
    "user_field2": "two",
    "recipient_company": "Lab",
}


def fetched(provider: Any) -> bytes:
    pieces: list[bytes] = []
    provider.fetch(LISTED, pieces.append)
    return b"".join(pieces)


SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC)
CASES: dict[str, tuple[golden.Act, object]] = {
    "sendfaxex": (lambda p: p.submit(SUBMISSION, PAPERS), Accepted("br7731046255")),
    "sendfaxex-wishes": (
        lambda p: p.submit(new_submission(reference=SUBMISSION.reference, name=None, options=ASKED), PAPERS[:1]),
        Accepted("br7731046255"),
    ),
    "find": (lambda p: p.find(SUBMISSION), Found("br7731046255")),
    "find-none": (lambda p: p.find(SUBMISSION), Absent()),
    "status": (lambda p: p.status(["br7731046255", "br7731046263", "br1", "br7731046271"]), STATUSES),
    "cancelfax": (lambda p: p.cancel("br7731046255"), Cancelled.DONE),
    "getfaxcoverlist": (lambda p: p.covers(), COVERS),
    "getfaxaccountsettings": (lambda p: p.lines(), LINES),
    "sendfaxbroadcast": (lambda p: p.broadcast(["+13035550123", "+494055500130"], "a.pdf", b"%PDF-1.4"), "br99"),
    "getfaxbroadcaststatus": (lambda p: p.broadcast_status("br99"), RECIPIENTS),
    "simplesendfax": (
        lambda p: p.send_simple("+13035550123", " Dr. Müller\n& <Co> ", b"II*\0 a page \xfb\xff\xfe>>>"),
        "br7731046255",
    ),
    "simplegetfaxstatus": (
        lambda p: p.simple_status("br7731046255"),
        Table(("JobId", "Status", "Meaning"), (("br7731046255", "3", "being processed"),)),
    ),
    "getinboundlist-none": (lambda p: p.inbox(), []),
    "getinboundbyid": (fetched, b"%PDF-1.4 a received fax %%EOF"),
    "removeinboundbyid": (lambda p: p.acknowledge(LISTED), None),
    "listoutboundactivity": (lambda p: p.records(SINCE, UNTIL, "+13035550123"), ACTIVITY),
    "json-sendfaxex": (lambda p: p.submit(SUBMISSION, PAPERS), Accepted("br7731046255")),
    "json-find": (lambda p: p.find(SUBMISSION), Found("br7731046255")),
    "json-status": (
        lambda p: p.status(["br7731046255", "br1"]),
        [
            JobStatus("br7731046255", Progress.SENT, "Success", None, datetime(2026, 11, 20, 9, 33, tzinfo=UTC)),
            JobStatus("br1", Progress.UNKNOWN_JOB, UNKNOWN),
        ],
    ),
    "json-cancelfax": (lambda p: p.cancel("br1"), Cancelled.TOO_LATE),
    "checkservice": (lambda p: p.check(), "Concord accepts these credentials"),
    "json-checkservice": (lambda p: p.check(), "Concord accepts these credentials"),
    "json-getfaxcoverlist": (lambda p: p.covers(), COVERS),
    "json-sendfaxbroadcast": (lambda p: p.broadcast(["+13035550123"], "a.pdf", b"%PDF-1.4"), "br99"),
    "getfaxbroadcastreport": (lambda p: p.broadcast_report("br99", "desk@clinic.example"), None),
    "status-getfaxstatus": (lambda p: p.status(["br7731046255"]), [JobStatus("br7731046255", *SUCCESS)]),
    "status-realtime": (lambda p: p.status(["br7731046255"]), [JobStatus("br7731046255", *SUCCESS, 4)]),
    "status-realtime-ex": (lambda p: p.status(["br7731046255"]), [DELIVERED]),
    "status-realtime-ex2": (lambda p: p.status(["br7731046255"]), [DELIVERED]),
    "getinboundlist": (lambda p: p.inbox(), [RECEIVED]),
    "sendfaxex-token": (lambda p: p.submit(SUBMISSION, PAPERS), Accepted("br7731046255")),
    "json-token-renewed": (lambda p: p.submit(SUBMISSION, PAPERS), Accepted("br7731046255")),
}
#: Which method asks.
STATUS: dict[str, Any] = {
    "status-getfaxstatus": "GetFaxStatus",
    "status-realtime": "GetRealTimeFaxStatus",
    "status-realtime-ex": "GetRealTimeFaxStatusEx",
    "status-realtime-ex2": "GetRealTimeFaxStatusEx2",
}
OAUTH = {"client_id": "the-user", "client_secret": "the-password"}


def opened(case: str) -> golden.Open:
    def make(url: str, http: Http, clock: FixedClock) -> Provider:
        options = concord.Options(
            provider="concord",
            url=url,
            user_id="the-user",
            wsdl=str(BUNDLED),
            password=None if "token" in case else "the-password",
            oauth=OAUTH | {"token_url": f"{url}/token"} if "token" in case else None,
            protocol="json" if case.startswith("json") else "soap",
            reports={"url": f"{url}/reports", "username": "reporter", "password": "their-password", "customer_id": "7"},
            **(WISHES if case.endswith("wishes") else {}),
            status=STATUS.get(case, "GetFaxStatus" if case.startswith("json") else "GetRealTimeFaxStatusEx3"),
        )
        return concord.open_account(options, http, clock)

    return make


def test_every_golden_file_has_a_case() -> None:
    golden.complete(PLACE, CASES)


@pytest.mark.parametrize("case", CASES)
def test_golden_exchange(case: str) -> None:
    hide = {"the-user": "USER", "the-password": "PIN", "their-password": "PASSWORD"}
    golden.exchange(PLACE / f"{case}.http", opened(case), *CASES[case], hide, FixedClock(NOW))


@pytest.mark.parametrize(
    ("compression", "expected"), [("group3", 1), ("group4", 2), ("tiff_lzw", 109), ("tiff_adobe_deflate", 109)]
)
def test_the_type_of_a_tiff_goes_by_its_compression(tmp_path: Path, compression: str, expected: int) -> None:
    from PIL import Image

    from faxdaemon.providers.concord import values

    path = make_tiff(tmp_path / "a.tif")
    with Image.open(path) as image:
        image.save(tmp_path / "b.tif", compression=compression)
    content = Content("b.tif", 1, lambda: (tmp_path / "b.tif").open("rb"))
    assert values.file_type(content) == expected
    for cut in (b"", b"II", b"II*\0\xff\xff\0\0", b"MM\0*\0\0\0\x08\0\x05"):
        assert values.file_type(Paper(cut, name="x.tiff").content) == 2
