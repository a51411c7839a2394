"""What an answer may tell, made up for tests; the same each time, so that answers can be compared byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from support.dialects import ASKS, opened

from faxdaemon.contracts.format import FolderAsks, ReportFacts
from faxdaemon.core.model import Outcome
from faxdaemon.core.states import Outbound

ENDED = datetime(2026, 11, 20, 9, 1, 2, 345678, tzinfo=UTC)
SENT, FAILED, HELD, CANCELLED = Outbound.SENT, Outbound.FAILED, Outbound.HELD, Outbound.CANCELLED


def ended(recipient: int, state: Outbound, **changes: Any) -> Outcome:
    """How one recipient ended."""
    values: dict[str, Any] = {
        "recipient": recipient,
        "number": f"+1303555012{2 + recipient}",
        "name": "Dr. Lee",
        "state": state,
        "reason": None if state is SENT else "busy",
        "account": "main",
        "provider_id": f"job-{recipient}",
        "reference": f"01jd0000000000000000000001-{recipient}-1",
        "pages": 2 if state is SENT else None,
        "ended_at": None if state is HELD else ENDED,
        "submissions": 1,
        "remote_csid": None,
        "duration_s": 61 if state is SENT else None,
    }
    return Outcome(**(values | changes))


def told(name: str, *outcomes: Outcome, control: bytes | None = None, **changes: Any) -> ReportFacts:
    """What there is to tell of a drop of that name."""
    states = {each.state for each in outcomes}
    overall = next(state for state in (HELD, FAILED, CANCELLED, SENT) if state in states)
    values: dict[str, Any] = {
        "fax_id": "01jd0000000000000000000001",
        "name": name,
        "received_at": "2026-11-20T09:00:00.000+00:00",
        "documents": ({"name": "a.pdf", "bytes": 9, "sha256": "00", "pages": 2},),
        "outcomes": outcomes,
        "overall": overall.value,
        "fields": {},
        "control": control,
    }
    return ReportFacts(**(values | changes))


def unread(name: str, control: bytes, reason: str) -> ReportFacts:
    """What there is to tell of a control file that could not be followed."""
    nobody = ended(1, FAILED, number=None, name=None, account=None, provider_id=None, reference=None, reason=reason)
    return told(name, nobody, control=control)


def in_folder(dialect: str, facts: ReportFacts, asks: FolderAsks = ASKS, *, encoding: str = "utf-8") -> dict[str, str]:
    """What comes into the drop folder itself, by its ending."""
    files = opened(dialect, asks).answer(facts)
    return {(each.stem or "") + each.suffix: each.content.decode(encoding) for each in files if each.in_folder}


def beside(dialect: str, facts: ReportFacts) -> dict[str, str]:
    """What comes beside the document, by its ending."""
    return {each.suffix: each.content.decode() for each in opened(dialect).answer(facts) if not each.in_folder}
