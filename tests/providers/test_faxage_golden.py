"""What FAXAGE is asked, byte for byte, and what its documented answers become."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support import golden
from support.faxes import Paper, new_submission
from support.wire import FixedClock

from faxdaemon.contracts.provider import Absent, Accepted, Cancelled, Found, JobStatus, Progress, Provider
from faxdaemon.core.model import Listed
from faxdaemon.http import Http
from faxdaemon.providers import faxage

NOW = datetime(2026, 11, 20, 9, 45, tzinfo=UTC)
PLACE = Path(__file__).parent / "golden" / "faxage"
SUBMISSION = new_submission(
    reference="01jd0000000000000000000000-1-1", intended_at=datetime(2026, 11, 20, 9, 31, tzinfo=UTC)
)
PAPERS = [Paper(b"%PDF-1.4 first \xfb\xff\xfe>>>???").content, Paper(b"second", name="Übung.TIF").content]
LISTED = Listed("88001", None, None, None, None, None, {})

FIRST = Listed(
    "88001",
    "+13035550100",
    "+12125550142",
    None,
    datetime(2026, 11, 20, 8, 10, 30, tzinfo=UTC),
    3,
    {
        "recvid": "88001",
        "recvdate": "2026-11-20 01:10:30",
        "starttime": "2026-11-20 01:09:05",
        "CID": "(212)555-0142",
        "DNIS": "(303)555-0100",
        "filename": "fax88001.pdf",
        "pagecount": "3",
    },
    duration_s=85,
)
STATUSES = [
    JobStatus("1234567", Progress.SENT, "Success", 4, datetime(2026, 11, 20, 9, 33, tzinfo=UTC), 70),
    JobStatus("1234568", Progress.FAILED, "Busy", None, datetime(2026, 11, 20, 9, 50, tzinfo=UTC), 0),
    JobStatus(
        "1234569",
        Progress.UNKNOWN_JOB,
        "FAXAGE no longer lists the job; its record may have been cleared",
    ),
]


OURS, NUMBER = "+13035550100", "+13035550123"
PAGE = "https://clinic.example/results?id=1&form=a"
SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC)


def written(get: Callable[..., object], *what: object) -> bytes:
    pieces: list[bytes] = []
    get(*what, pieces.append)
    return b"".join(pieces)


WISHES: dict[str, Any] = {
    "tagname": "Clinic Süd",
    "tagnumber": "+1 (303) 555-0100",
    "resolution": "fine",
    "priority": "low",
}
CASES: dict[str, tuple[golden.Act, object]] = {
    "sendfax": (lambda p: p.submit(SUBMISSION, PAPERS), Accepted("1234567")),
    "sendfax-wishes": (
        lambda p: p.submit(
            new_submission(reference=SUBMISSION.reference, name="Łukasz Müller", options={"resolution": "hyperfine"}),
            PAPERS[:1],
        ),
        Accepted("1234568"),
    ),
    "find": (lambda p: p.find(SUBMISSION), Found("1234567")),
    "find-none": (lambda p: p.find(SUBMISSION), Absent()),
    "status": (lambda p: p.status(["1234567", "1234568", "1234569"]), STATUSES),
    "stopfax": (lambda p: p.cancel("1234567"), Cancelled.DONE),
    "listfax": (lambda p: p.inbox()[0], FIRST),
    "listfax-none": (lambda p: p.inbox(), []),
    "getfax": (lambda p: written(p.fetch, LISTED), b"%PDF-1.4 a received fax %%EOF"),
    "delfax": (lambda p: p.acknowledge(LISTED), None),
    "check": (lambda p: p.check(), "FAXAGE accepts these credentials"),
    "sendfax-web": (lambda p: p.send_addresses(NUMBER, "Dr. Lee", [PAGE], [], wait=False), "1234570"),
    "sendfax-web-kinds": (
        lambda p: p.send_addresses(NUMBER, "Dr. Lee", [PAGE, f"{PAGE}?id=2"], ["html", "doc"], wait=True),
        "1234571",
    ),
    "dlstatus": (lambda p: written(p.sent_image, "1234567", "tiff"), b"II* the pages as sent"),
    "dltrans": (lambda p: written(p.transmittal, "1234567"), b"%PDF-1.4 the transmittal page %%EOF"),
    "clear": (lambda p: p.forget("1234567"), "FAXAGE has forgotten job 1234567"),
    "resend": (lambda p: p.send_again("1234567", NUMBER), "1234572"),
    "disabledid": (lambda p: p.set_line(OURS, enabled=False), f"{OURS} is disabled"),
    "enabledid": (lambda p: p.set_line(OURS, enabled=True), f"{OURS} is enabled"),
    "portable": (lambda p: p.portable("+13035551212"), True),
    "listlines": (lambda p: p.lines().rows, (("+13035550100",), ("+13035550101",))),
    "getcdr": (
        lambda p: p.records(SINCE, UNTIL, OURS).rows,
        (
            ("2026-11-02 10:15:00", "IN", "2125550142", "3035550100", "61"),
            ("2026-11-02 10:17:00", "OUT", "3035550100", "3035550123", "118"),
        ),
    ),
    "getcdr-after": (
        lambda p: [row[0] for row in p.records_after(4710, None).rows],
        ["4712", "4711"],
    ),
    "listac": (lambda p: p.area_codes().rows, (("202",), ("303",), ("415",))),
    "listnpanxx": (
        lambda p: p.exchanges("303").rows,
        (("303991", "Denver", "CO"), ("800555", "Toll-Free", "Toll-Free")),
    ),
    "listdids": (lambda p: p.free_numbers(None, "303555").rows, (("+13035551212",), ("+13035551234",))),
    "provdid": (lambda p: p.order_number("+13035551212"), "+13035551212 is the account's now"),
    "deprovdid": (lambda p: p.return_number("+13035551212"), "+13035551212 was given back"),
}


def opened(case: str) -> golden.Open:
    def make(url: str, http: Http, clock: FixedClock) -> Provider:
        options = faxage.Options(
            provider="faxage",
            url=url,
            username="the-user",
            company="the-company",
            password="the-password",
            **(WISHES if case.endswith("wishes") else {}),
        )
        return faxage.open_account(options, http, clock)

    return make


def test_every_golden_file_has_a_case() -> None:
    golden.complete(PLACE, CASES)


@pytest.mark.parametrize("case", CASES)
def test_golden_exchange(case: str) -> None:
    hide = {"the-user": "USER", "the-company": "COMPANY", "the-password": "PASSWORD"}
    golden.exchange(PLACE / f"{case}.http", opened(case), *CASES[case], hide, FixedClock(NOW))
