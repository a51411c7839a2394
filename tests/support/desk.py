"""A folder of received faxes for a test: one fax, its sink, what a reader sees, and files that crash."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from PIL import Image
from support.sinking import sink_tools

from faxdaemon.contracts.files import Files
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import InboundFax, Listed, StoredDocument
from faxdaemon.files import open_files
from faxdaemon.sinks.folder import FolderSink, Options, open_sink

ID = FaxId("01jd0000000000000000000001")
OTHER_ID = FaxId("01jd0000000000000000000002")
CONTENT = b"%PDF-1.7 the document"
DENVER = ZoneInfo("America/Denver")
"""Where the site is: seven hours back in November."""
WHEN = datetime(2026, 11, 20, 16, 31, 5, tzinfo=UTC)


def fax(content: bytes = CONTENT, *, media: str = "application/pdf", fax_id: FaxId = ID) -> InboundFax:
    listed = Listed(
        provider_id="p-4711",
        called="+13035550100",
        caller="+13035550177",
        csid="DR. WEISS ®",
        received_at=WHEN,
        pages=3,
        metadata={"RecvID": 4711, "Note": "für Büro"},
        name="Dr Weiss",
        duration_s=85,
        resolution="fine",
        speed=14400,
        partial=False,
    )
    document = StoredDocument("in/x", len(content), hashlib.sha256(content).hexdigest(), media, 3)
    return InboundFax(fax_id, "main", 1, listed, WHEN, 0, document)


def sink(desk: Path, files: Files | None = None, **options: Any) -> FolderSink:
    return open_sink(
        "main:desk",
        Options.model_validate({"path": desk, **options}),
        sink_tools(desk.parent / "work", files=files or open_files(), zone=DENVER, services={"main": "faxage"}),
    )


def seen(desk: Path) -> list[str]:
    """What a reader of the folder sees."""
    return sorted(path.name for path in desk.iterdir() if not path.name.startswith("."))


def staged(desk: Path) -> list[str]:
    return sorted(path.name for path in (desk / ".faxdaemon").iterdir() if not path.name.startswith("mark-"))


def sidecar(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


NAME = "2026-11-20_0931_from_+13035550177_3p"


def tiff(pages: int = 2) -> bytes:
    images = [Image.new("1", (1728, 1100), 1) for _ in range(pages)]
    for number, image in enumerate(images):
        image.putpixel((number, 7), 0)
    room = io.BytesIO()
    images[0].save(room, "TIFF", compression="group4", dpi=(204, 98), save_all=True, append_images=images[1:])
    return room.getvalue()


class Crash(Exception):
    """The process ends here."""


class Crashing:
    """Files whose changing operation number `at` is the last: done, or not even begun."""

    def __init__(self, at: int, *, done: bool) -> None:
        self._files = open_files()
        self._left = at
        self._done = done

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._files, name)
        if name not in {"write_new", "copy_new", "move", "remove", "make_dirs", "sync", "replace", "grant"}:
            return method

        def act(*arguments: Any) -> Any:
            if name == "move":  # each rename is a step of its own
                for step in arguments[0]:
                    self._count(method, [step])
                return None
            return self._count(method, *arguments)

        return act

    def _count(self, method: Callable[..., Any], *arguments: Any) -> Any:
        self._left -= 1
        if self._left == 0 and not self._done:
            raise Crash
        result = method(*arguments)
        if self._left == 0:
            raise Crash
        return result
