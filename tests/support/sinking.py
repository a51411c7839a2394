"""What every kind of destination is given, with real files and documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.clock import FakeClock

from faxdaemon.contracts.sink import SinkTools
from faxdaemon.documents import open_documents
from faxdaemon.files import open_files


def sink_tools(work: Path, **others: Any) -> SinkTools:
    """`others` replace some of them."""
    parts: dict[str, Any] = {"files": open_files(), "documents": open_documents(), "clock": FakeClock()}
    return SinkTools(**{**parts, **others}, work=work)
