"""What OpenText is asked, byte for byte, and what its documented answers become."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support import golden
from support.faxes import Paper, new_submission
from support.wire import FixedClock

from faxdaemon.contracts.provider import Accepted, AccountRefused, JobStatus, NotNow, Progress, Provider, Refused
from faxdaemon.core.model import Listed
from faxdaemon.http import Http
from faxdaemon.providers import opentext

NOW = datetime(2026, 11, 20, 9, 45, tzinfo=UTC)
PLACE = Path(__file__).parent / "golden" / "opentext"
SUBMISSION = new_submission(
    reference="01jd0000000000000000000000-1-1", accepted_by=datetime(2026, 11, 20, 9, 31, tzinfo=UTC)
)
PAPERS = [Paper(b"%PDF-1.4 first \xfb\xff\xfe>>>???").content, Paper(b"second", name="Übung.TIF").content]
WISHES: dict[str, Any] = {
    "number_form": "plus",
    "resolution": "fine",
    "orientation": "portrait",
    "pilot_line": "Clinic Süd",
    "cover": "f2m_default",
    "cover_from": "Desk",
    "cover_subject": "Results",
    "customer_reference": "CLINIC",
    "billing_code": "B-7",
    "stop_after": "4h",
    "reports": "conditional",
    "report_to": ["desk@clinic.example"],
}
LISTED = Listed(
    "xsi-2222222222:fax1-005000421-20200507", None, None, None, None, None, {"doc_id": "eHNpcWEzfTh8+/xMDQ5NDg3=="}
)
SENT = JobStatus(
    "xsi-1111111111", Progress.SENT, "Sent", 1, datetime(2020, 5, 8, 3, 35, 34, tzinfo=UTC), 8, "011919164813456"
)
FAILED = JobStatus(
    "xsi-1111111112",
    Progress.FAILED,
    "OpenText says that this is not a fax number (gamma code 2004)",
    ended_at=datetime(2026, 11, 20, 9, 40, 1, tzinfo=UTC),
    permanent=True,
)
RECEIVED = (
    "xsi-2222222222:fax1-005000421-20200507",
    "+13035550140",
    "+12125550142",
    "011919164813456",
    datetime(2020, 5, 8, 3, 48, 22, tzinfo=UTC),
    1,
)


def received(provider: Provider) -> object:
    (one,) = provider.inbox()
    pieces: list[bytes] = []
    provider.fetch(one, pieces.append)
    told = (one.provider_id, one.called, one.caller, one.csid, one.received_at, one.pages)
    assert (one.duration_s, one.resolution, one.speed, one.partial) == (8, "standard", 31200, None)
    return told, b"".join(pieces)


CASES: dict[str, tuple[golden.Act, object]] = {
    "submit": (lambda p: p.submit(SUBMISSION, PAPERS), Accepted("xsi-1111111111")),
    "submit-wishes": (lambda p: p.submit(SUBMISSION, PAPERS[:1]), Accepted("xsi-1111111112")),
    "submit-refused": (
        lambda p: p.submit(SUBMISSION, PAPERS[:1]),
        Refused(
            "OpenText answered HTTP 400: it does not take this fax: number, document or a setting of the account is not"
            " as it wants them"
        ),
    ),
    "submit-unauthorized": (
        lambda p: p.submit(SUBMISSION, PAPERS[:1]),
        AccountRefused(
            "OpenText answered HTTP 401: the address, the credentials, the permission or the network are wrong"
        ),
    ),
    "submit-busy": (lambda p: p.submit(SUBMISSION, PAPERS[:1]), NotNow("OpenText answered HTTP 429: not now", 30)),
    "status": (lambda p: p.status(["xsi-1111111111"]), [SENT]),
    "status-failed": (lambda p: p.status(["xsi-1111111112"]), [FAILED]),
    "status-delivering": (
        lambda p: p.status(["xsi-1111111113"]),
        [JobStatus("xsi-1111111113", Progress.PENDING, "InProcess")],
    ),
    "status-purged": (
        lambda p: p.status(["xsi-1111111114"]),
        [
            JobStatus(
                "xsi-1111111114", Progress.UNKNOWN_JOB, "OpenText no longer knows the job; it forgets after some days"
            )
        ],
    ),
    "next-none": (lambda p: p.inbox(), []),
    "next": (received, (RECEIVED, b"%PDF-1.4 a received fax %%EOF")),
    "submit-token": (lambda p: p.submit(SUBMISSION, PAPERS), Accepted("xsi-1111111111")),
    "delete": (lambda p: p.acknowledge(LISTED), None),
    "check": (lambda p: p.check(), "OpenText accepts these credentials"),
}


def opened(case: str) -> golden.Open:
    def make(url: str, http: Http, clock: FixedClock) -> Provider:
        who = {"auth": "client_credentials", "token_url": f"{url}/token", "client_id": "the-user"}
        basic = {"username": "the-user", "password": "the-password"}
        options = opentext.Options(
            provider="opentext",
            url=url,
            **(who | {"client_secret": "the-password"} if "token" in case else basic),
            **(WISHES if case.endswith("wishes") else {}),
        )
        return opentext.open_account(options, http, clock)

    return make


def test_every_golden_file_has_a_case() -> None:
    golden.complete(PLACE, CASES)


@pytest.mark.parametrize("case", CASES)
def test_golden_exchange(case: str) -> None:
    # the header is base64 of user id and password
    hide = {"dGhlLXVzZXI6dGhlLXBhc3N3b3Jk": "BASE64(USER:PASSWORD)", "the-user": "USER", "the-password": "PASSWORD"}
    golden.exchange(PLACE / f"{case}.http", opened(case), *CASES[case], hide, FixedClock(NOW))
