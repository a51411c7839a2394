"""Received faxes that are no good documents, from an inbox with a list and from one that shows one fax at a time.

Whatever came: it is delivered, byte for byte and with a warning beside it, or a person is told and it is still at the
provider; and the provider is told that it may forget it only when its bytes are safe here.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import random
import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import ModuleType

import pytest
from support.office import Office
from support.papers import make_tiff, pdf_bytes

from faxdaemon import plugins
from faxdaemon.contracts.journal import Filter
from faxdaemon.sandbox import Sandbox

ANNOUNCED = 2


def _tiff(pages: int = ANNOUNCED) -> bytes:
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"bad-material-{os.getpid()}.tif"
    try:
        return make_tiff(path, pages).read_bytes()
    finally:
        path.unlink()


def _noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)


def _scrambled() -> bytes:
    """Every strip is there, and none of them is a picture."""
    content = bytearray(_tiff())
    content[8:400] = _noise(392)
    return bytes(content)


def _zip() -> bytes:
    room = BytesIO()
    with zipfile.ZipFile(room, "w") as archive:
        archive.writestr("fax.txt", "no fax")
    return room.getvalue()


def _locked() -> bytes:
    head, _, tail = pdf_bytes(pages=ANNOUNCED).rpartition(b"trailer")
    lock = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O (%s) /U (%s) >> /ID [(a) (a)] " % (b"o" * 32, b"u" * 32)
    return head + b"trailer" + tail.replace(b"<<", b"<< " + lock, 1)


#: What came, whether it is a document at all (delivered from either inbox), and a word of the warning.
MATERIAL: dict[str, tuple[Callable[[], bytes], bool, str | None]] = {
    "a whole PDF": (lambda: pdf_bytes(pages=ANNOUNCED), True, None),
    "a whole TIFF": (_tiff, True, None),
    "fewer pages in a PDF": (lambda: pdf_bytes(pages=1), True, "1 pages came, 2 were announced"),
    "more pages in a TIFF": (lambda: _tiff(3), True, "3 pages came, 2 were announced"),
    "strips that are noise": (_scrambled, True, None),
    "a PDF cut in the middle": (lambda: pdf_bytes(pages=ANNOUNCED, size=9000)[:5000], False, "cut off"),
    "a TIFF cut in the middle": (lambda: _tiff()[: len(_tiff()) // 2], False, "cut off"),
    "a TIFF without its last byte": (lambda: _tiff()[:-1], False, "cut off"),
    "a TIFF of no pages": (lambda: struct.pack("<2sHI", b"II", 42, 0), False, "no page"),
    "a PDF of no pages": (
        lambda: (
            b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
            b"trailer<</Root 1 0 R>>\n%%EOF\n"
        ),
        False,
        "",
    ),
    "a PDF with a password": (_locked, False, "password"),
    "an error page": (lambda: b"<!DOCTYPE html><html><body>Service unavailable</body></html>", False, "text/html"),
    "noise": (lambda: b"\x01" + _noise(4000), False, ""),
    "an archive": (_zip, False, ""),
}


def arrives(box: Sandbox, rig: ModuleType, content: bytes) -> None:
    """A fax of `ANNOUNCED` pages as which the provider hands out this."""
    box.inject(rig.LINE, pages=ANNOUNCED)
    box.inbox(rig.ACCOUNT)[-1].path.write_bytes(content)


def sidecars(office: Office) -> list[dict[str, object]]:
    return [json.loads(path.read_bytes()) for path in sorted(office.desk.glob("*.json"))]


def delivered(office: Office) -> list[bytes]:
    return [path.read_bytes() for path in sorted(office.desk.iterdir()) if path.suffix in {".pdf", ".tif", ".bin"}]


def row(office: Office) -> tuple[str, str]:
    (only,) = office.site.journal.find(Filter(direction="in"))
    return only.state, only.reason or ""


@pytest.fixture
def start(box: Sandbox, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[ModuleType], Office]:
    def begin(rig: ModuleType) -> Office:
        options = rig.options(box)
        office = Office(tmp_path, box, options, plugins.load("faxdaemon.providers", options.provider).open_account)
        request.addfinalizer(office.close)
        return office

    return begin


@pytest.mark.parametrize("what", MATERIAL)
@pytest.mark.parametrize("provider", ["faxage", "faxde"])
def test_bad_material_is_never_lost_and_never_silent(
    start: Callable[[ModuleType], Office], box: Sandbox, provider: str, what: str
) -> None:
    rig = importlib.import_module(f"support.provider_rigs.{provider}")
    made, is_document, words = MATERIAL[what]
    content = made()
    office = start(rig)
    arrives(box, rig, content)
    for _ in range(30):
        office.receive(after=3600.0)
        kept = {hashlib.sha256(path.read_bytes()).hexdigest() for path in office.site.spool.root.rglob("*-1.*")}
        safe = hashlib.sha256(content).hexdigest() in kept
        assert safe or box.inbox(rig.ACCOUNT), "acknowledged before it was safe"
        if row(office)[0] in {"acknowledged", "held"}:
            break
    if is_document or provider == "faxde":
        assert delivered(office) == [content]
        (told,) = sidecars(office)
        assert told["sha256"] == hashlib.sha256(content).hexdigest()
        assert (words in str(told["warning"])) if words is not None else told["warning"] is None
        assert row(office)[0] == "acknowledged"
        assert box.inbox(rig.ACCOUNT) == []
    else:
        state, reason = row(office)
        assert (state, words is not None and words in reason) == ("held", True), reason
        assert delivered(office) == []
        assert len(box.inbox(rig.ACCOUNT)) == 1, "it stays at the provider, for a person"
    if not is_document:
        assert any(key.startswith("fax:") for key in office.site.alerts.open), "a person is told"


@pytest.mark.parametrize("provider", ["faxage", "faxde"])
def test_of_nothing_nothing_is_kept_and_nothing_is_forgotten(
    start: Callable[[ModuleType], Office], box: Sandbox, provider: str
) -> None:
    rig = importlib.import_module(f"support.provider_rigs.{provider}")
    office = start(rig)
    arrives(box, rig, b"")
    for _ in range(30):
        office.receive(after=3600.0)
    assert row(office)[0] == "seen", "it is asked for again"
    assert delivered(office) == []
    assert len(box.inbox(rig.ACCOUNT)) == 1
    assert office.site.alerts.open != {}


@pytest.mark.parametrize("provider", ["faxage", "faxde"])
def test_what_follows_bad_material_arrives(start: Callable[[ModuleType], Office], box: Sandbox, provider: str) -> None:
    rig = importlib.import_module(f"support.provider_rigs.{provider}")
    office = start(rig)
    arrives(box, rig, b"\x01" + _noise(4000))
    box.inject(rig.LINE, pages=1)
    good = box.inbox(rig.ACCOUNT)[-1].path.read_bytes()
    for _ in range(30):
        office.receive(after=3600.0)
    assert good in delivered(office)
