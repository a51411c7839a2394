"""What FAX.de is asked, byte for byte, and what its documented answers become."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support import golden
from support.faxes import Paper, new_submission
from support.wire import FixedClock

from faxdaemon.contracts.provider import Accepted, Cancelled, JobStatus, Progress, Provider, Refused
from faxdaemon.core.model import Listed
from faxdaemon.http import Http
from faxdaemon.providers import faxde
from faxdaemon.providers.faxde import orders

NOW = datetime(2026, 11, 20, 9, 45, tzinfo=UTC)
PLACE = Path(__file__).parent / "golden" / "faxde"
REFERENCE = "01jd0000000000000000000000-1-1"
PAPERS = [Paper(b"%PDF-1.4 first \xfb\xff\xfe>>>???").content, Paper(b"second", name="Übung.TIFF").content]
LISTED = Listed("88001", None, None, None, None, None, {})

FIRST = Listed(
    "88001",
    "+494055500130",
    "+494012345678",
    "NORTH LAB",
    datetime(2026, 11, 20, 8, 10, 30, tzinfo=UTC),
    3,
    {
        "FaxId": "88001",
        "CalledNumber": "+494055500130",
        "ReceiveDate": "2026-11-20T08:10:30.000Z",
        "Originator": "04012345678",
        "RemoteId": "NORTH LAB",
        "Pages": "3",
    },
)
DONE = JobStatus(
    "123456", Progress.SENT, "OK", 2, datetime(2017, 6, 1, 15, 53, 6, tzinfo=UTC), 19, remote_csid="John Doe"
)
WISHES: dict[str, Any] = {
    "callerid": "+494055500130",
    "stationid": "Praxis Süd <1>",
    "faxheader": "Befund & Brief",
    "faxretry": 5,
    "staturl": "https://fax.example.org/push/8Zx1",
}


def fetched(provider: Provider) -> bytes:
    pieces: list[bytes] = []
    provider.fetch(LISTED, pieces.append)
    return b"".join(pieces)


def double(provider: Provider) -> object:
    answer = provider.submit(new_submission("+4940123456789", reference=REFERENCE, doubt=True, intended_at=NOW), PAPERS)
    return isinstance(answer, Refused) and "was taken" in answer.reason


def submission(**changes: Any) -> Any:
    return new_submission("+4940123456789", reference=REFERENCE, **changes)


SEVERAL = (
    ("+4940123456789", "FAX", "OK", "John Doe", "2", "2017-06-01 15:53:06", "19", "1"),
    ("+12125550142", "FAX", "No Answer", "", "0", "2017-06-01 15:55:00", "0", "2"),
)
TEXT = [Paper("Termin morgen 9 Uhr, Gruß".encode("cp1252"), name="sms.txt").content]
CASES: dict[str, tuple[golden.Act, object]] = {
    "sendjob": (lambda p: p.submit(submission(), PAPERS), Accepted("123456")),
    "sendjob-double": (double, True),
    "sendjob-wishes": (lambda p: p.submit(submission(options={"retries": 9}), PAPERS[:1]), Accepted("123457")),
    "sendjob-sms": (lambda p: p.submit(submission(options={"service": "sms"}), TEXT), Accepted("123458")),
    "sendjob-several": (lambda p: p.broadcast(["+4940123456789", "+12125550142"], "news.pdf", b"%PDF-1.4"), "123459"),
    "jobstatus-several": (lambda p: p.broadcast_status("123459").rows, SEVERAL),
    "jobstatus": (lambda p: p.status(["123456"]), [DONE]),
    "jobstatus-running": (lambda p: p.status(["123456"])[0].progress, Progress.PENDING),
    "canceljob": (lambda p: p.cancel("123456"), Cancelled.DONE),
    "requestreceived": (lambda p: p.inbox(), [FIRST]),
    "requestreceived-none": (lambda p: p.inbox(), []),
    "requestreceived-fetch": (fetched, b"II*\0 a received fax"),
    "deletereceived": (lambda p: p.acknowledge(LISTED), None),
    "check": (lambda p: p.check(), "FAX.de accepts these credentials"),
}


def opened(case: str) -> golden.Open:
    def make(url: str, http: Http, clock: FixedClock) -> Provider:
        options = faxde.Options(
            provider="faxde",
            url=url,
            customer="the-customer",
            password="the-password",
            **(WISHES if case.endswith("wishes") else {}),
        )
        return faxde.open_account(options, http, clock)

    return make


def test_every_golden_file_has_a_case() -> None:
    golden.complete(PLACE, CASES)


@pytest.mark.parametrize("case", CASES)
def test_golden_exchange(case: str) -> None:
    hide = {"the-customer": "CUSTOMER", "the-password": "PASSWORD"}
    golden.exchange(PLACE / f"{case}.http", opened(case), *CASES[case], hide, FixedClock(NOW))


FORMS = ("sendjob.http", "sendjob-wishes.http", "sendjob-sms.http")


def test_a_request_of_another_form_has_another_number() -> None:
    """What was sent by the version before may be repeated by this one: if this fails, raise `orders.FORM` and write the
    new digest here."""
    requests = [(PLACE / name).read_bytes().partition(b"-- reply --")[0] for name in FORMS]
    assert (orders.FORM, hashlib.sha256(b"".join(requests)).hexdigest()[:16]) == (1, "b98acdd034ab352f")
