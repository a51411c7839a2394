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


def fetched(provider: Provider) -> bytes:
    pieces: list[bytes] = []
    provider.fetch(LISTED, pieces.append)
    return b"".join(pieces)


WISHES: dict[str, Any] = {
    "tagname": "Clinic Süd",
    "tagnumber": "+1 (303) 555-0100",
    "resolution": "fine",
    "priority": "low",
}
Act = Callable[[Provider], object]
CASES: dict[str, tuple[Act, object]] = {
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
    "getfax": (fetched, b"%PDF-1.4 a received fax %%EOF"),
    "delfax": (lambda p: p.acknowledge(LISTED), None),
    "check": (lambda p: p.check(), "FAXAGE accepts these credentials"),
}


def test_every_golden_file_has_a_case() -> None:
    assert {path.stem for path in PLACE.glob("*.http")} == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_golden_exchange(case: str) -> None:
    act, expected = CASES[case]
    clock = FixedClock(NOW)
    http = Http(timeout=20, clock=clock)

    def run(url: str) -> None:
        options = faxage.Options(
            provider="faxage",
            url=url,
            username="the-user",
            company="the-company",
            password="the-password",
            **(WISHES if case.endswith("wishes") else {}),
        )
        try:
            assert act(faxage.open_account(options, http, clock)) == expected
        finally:
            http.close()

    hide = {"the-user": "USER", "the-company": "COMPANY", "the-password": "PASSWORD"}
    golden.play(PLACE / f"{case}.http", run, hide)
