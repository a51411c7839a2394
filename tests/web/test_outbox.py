"""The outbox on a real folder."""

import os
from pathlib import Path

import pytest

from faxdaemon.core.errors import UserError
from faxdaemon.core.naming import is_temporary
from faxdaemon.core.patterns import compile_pattern
from faxdaemon.core.places import DropPlaces
from faxdaemon.files import open_files
from faxdaemon.web.outbox import PATTERN, Outbox


@pytest.fixture
def outbox(tmp_path):
    box = Outbox(DropPlaces(tmp_path / "outbox", "here"), files=open_files(), region="US", entropy=os.urandom)
    box.prepare()
    return box


def lying(folder: Path):
    return sorted(p.name for p in folder.iterdir() if p.is_file())


def uploads(outbox):
    return list((outbox.folder / ".faxdaemon" / "staged").iterdir())


def test_a_document_becomes_a_drop_that_intake_understands(outbox):
    name = outbox.drop("(303) 555-0100", "invoice 4711.pdf", [b"one", b"two"])
    assert name == "+13035550100_invoice 4711.pdf"
    assert (outbox.folder / name).read_bytes() == b"onetwo"
    read = compile_pattern(PATTERN).match(Path(name).stem)
    assert read == {"number": "+13035550100", "document": "invoice 4711"}
    assert not uploads(outbox)


@pytest.mark.parametrize("number", ["", "911x", "0", "+1303555", "five"])
def test_a_wrong_number_is_refused_before_anything_is_read(outbox, number):
    def chunks():
        raise AssertionError("read")
        yield b""

    with pytest.raises(UserError, match="country code"):
        outbox.drop(number, "a.pdf", chunks())
    assert not lying(outbox.folder) and not uploads(outbox)


def test_an_empty_document_is_refused(outbox):
    with pytest.raises(UserError, match="empty"):
        outbox.drop("+13035550100", "a.pdf", [])
    assert not lying(outbox.folder) and not uploads(outbox)


def test_a_document_that_breaks_off_leaves_nothing(outbox):
    def chunks():
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        outbox.drop("+13035550100", "a.pdf", chunks())
    assert not lying(outbox.folder) and not uploads(outbox)


def test_names_are_never_given_twice_even_after_intake_took_the_first(outbox):
    first = outbox.drop("+13035550100", "a.pdf", [b"1"])
    (outbox.folder / first).unlink()
    second = outbox.drop("+13035550100", "a.pdf", [b"2"])
    assert (first, second) == ("+13035550100_a.pdf", "+13035550100_a-2.pdf")


def test_a_name_that_lies_there_already_is_left_alone(outbox):
    (outbox.folder / "+13035550100_a.pdf").write_bytes(b"other")
    name = outbox.drop("+13035550100", "a.pdf", [b"mine"])
    assert (outbox.folder / "+13035550100_a.pdf").read_bytes() == b"other"
    assert (outbox.folder / name).read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/x.pdf", "a\\b.pdf", "con.pdf", "\x00\n.pdf", "…" * 300])
def test_no_name_leads_out_of_the_folder(outbox, name):
    dropped = outbox.drop("+13035550100", name, [b"x"])
    assert lying(outbox.folder) == [dropped]
    assert dropped.startswith("+13035550100_") and not is_temporary(dropped)


@pytest.mark.parametrize("name", ["a." + "b" * 250, "a" * 300 + ".pdf", "a." + "é" * 120])
def test_the_number_is_never_cut(outbox, name):
    assert outbox.drop("+13035550100", name, [b"x"]).startswith("+13035550100_a")


@pytest.mark.parametrize("name", ["draft.tmp", "letter.docx~", "x.part", "/tmp/x.CRDOWNLOAD"])
def test_what_intake_would_leave_lying_is_refused(outbox, name):
    with pytest.raises(UserError, match="rename it"):
        outbox.drop("+13035550100", name, [b"x"])
    assert not lying(outbox.folder)


def test_uploads_of_an_earlier_life_are_removed_and_nothing_else(outbox):
    staged = outbox.folder / ".faxdaemon" / "staged"
    (staged / "upload-0123").write_bytes(b"half")
    (staged / "01jd0000000000000000000000-1").write_bytes(b"an answer")
    outbox.prepare()
    assert [p.name for p in uploads(outbox)] == ["01jd0000000000000000000000-1"]
