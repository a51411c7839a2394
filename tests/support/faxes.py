"""Submissions and contents for tests that talk to a provider."""

from __future__ import annotations

import hashlib
import io
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from faxdaemon.contracts.provider import Content
from faxdaemon.core import ids
from faxdaemon.core.model import Submission
from faxdaemon.core.states import Outbound

_chance = random.Random(4711)


def new_submission(number: str = "+13035550123", *, reference: str | None = None, **changes: Any) -> Submission:
    """One recipient on its way, under a reference of its own."""
    now = datetime.now(UTC)
    fax_id = ids.new_fax_id(int(now.timestamp() * 1000), _chance.randbytes(10))
    values: dict[str, Any] = {
        "fax_id": fax_id,
        "recipient": 1,
        "epoch": 1,
        "state": Outbound.SUBMITTING,
        "reference": reference or ids.reference(fax_id, 1, 1),
        "number": number,
        "name": "Dr. Smith",
        "account": "main",
        "accounts": ("main",),
        "submission": 1,
        "attempts": 0,
        "asked": 0,
        "options": {},
        "documents": (),
        "pages": 1,
        "accepted_by": now,
        "intended_at": now,
        "expires_at": now + timedelta(days=1),
        "provider_id": None,
    }
    return Submission(**{**values, **changes})


@dataclass
class Paper:
    """A document in memory; `opened` counts."""

    data: bytes
    name: str = "letter.pdf"
    opened: int = field(default=0)

    @property
    def sha256(self) -> str:
        """As the sandbox's ledger has it."""
        return hashlib.sha256(self.data).hexdigest()

    def open(self) -> io.BytesIO:
        """A fresh stream."""
        self.opened += 1
        return io.BytesIO(self.data)

    @property
    def content(self) -> Content:
        """As it is handed to a provider."""
        return Content(self.name, len(self.data), self.open)
