"""FAXAGE's receiving operations on the wire."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image
from support.papers import make_tiff, pdf_bytes

from faxdaemon.sandbox import Sandbox

LINE, SECOND, LAB = "+13035550100", "+13035550101", "+13035550199"


def ids(listing: str) -> list[str]:
    return [line.split("\t")[0] for line in listing.splitlines()]


def test_an_empty_inbox_is_err11(clinic: Any) -> None:
    assert clinic.ask("listfax") == "ERR11: No incoming faxes available"


def test_a_fax_from_outside_is_listed(sandbox: Sandbox, clinic: Any, lab: Any) -> None:
    number = sandbox.inject(LINE, caller="+12125550142", csid="DR WHO", pages=3)
    line = clinic.ask("listfax").removesuffix("\n")
    assert re.fullmatch(rf"{number}\t\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\t\(212\)555-0142\t\(303\)555-0100", line)
    full = (
        clinic.ask("listfax", filename="1", starttime="1", pagecount="1", showtsid="1").removesuffix("\n").split("\t")
    )
    assert full[3:] == ["(212)555-0142", "(303)555-0100", f"fax{number}.pdf", "3", "DR WHO"]
    assert full[2] <= full[1]
    assert lab.ask("listfax").startswith("ERR11")


def test_a_caller_who_hides_is_unavailable(sandbox: Sandbox, clinic: Any) -> None:
    sandbox.inject(LINE, pages=1)
    assert clinic.ask("listfax").split("\t")[2] == "Unavailable"


def test_the_order_of_the_list(sandbox: Sandbox, clinic: Any) -> None:
    one, two, three = (sandbox.inject(line, pages=1) for line in (LINE, SECOND, LINE))
    assert ids(clinic.ask("listfax")) == [three, one, two]
    assert ids(clinic.ask("listfax", idasc="1")) == [one, two, three]
    assert ids(clinic.ask("listfax", idasc="1", idgt=one)) == [two, three]
    assert ids(clinic.ask("listfax", didnumber="3035550101")) == [two]
    assert clinic.ask("listfax", idgt=three).startswith("ERR11")
    assert clinic.ask("listfax", begin="2999-01-01 00:00:00").startswith("ERR11")


def test_a_fax_is_downloaded_as_pdf(sandbox: Sandbox, clinic: Any) -> None:
    number = sandbox.inject(LINE, pages=2)
    answer = clinic.post(operation="getfax", faxid=number)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == f'attachment; filename="fax{number}.pdf"'
    document = pypdfium2.PdfDocument(answer.content)
    assert len(document) == 2
    document.close()
    (entry,) = sandbox.ledger()
    assert entry.documents == (hashlib.sha256(answer.content).hexdigest(),)
    assert (entry.direction, entry.destination, entry.fetched, entry.deleted_at) == ("in", LINE, 1, None)


def test_a_fax_is_downloaded_as_tiff(sandbox: Sandbox, lab: Any) -> None:
    number = sandbox.inject(LAB, pages=2)
    with Image.open(io.BytesIO(lab.post(operation="getfax", faxid=number).content)) as image:
        assert (image.format, image.n_frames, image.width) == ("TIFF", 2, 1728)


def test_a_fax_is_deleted_once(sandbox: Sandbox, clinic: Any) -> None:
    number = sandbox.inject(LINE, pages=1)
    assert "Deleted" in clinic.ask("delfax", faxid=number)
    assert clinic.ask("delfax", faxid=number).startswith("ERR14")
    assert clinic.ask("getfax", faxid=number).startswith("ERR12")
    assert clinic.ask("listfax").startswith("ERR11")
    assert sandbox.ledger()[0].deleted_at is not None
    assert sandbox.inbox("clinic") == []


def test_somebody_elses_fax_is_not_there(sandbox: Sandbox, lab: Any) -> None:
    number = sandbox.inject(LINE, pages=1)
    assert lab.ask("getfax", faxid=number).startswith("ERR12")
    assert lab.ask("delfax", faxid=number).startswith("ERR14")
    assert len(sandbox.inbox("clinic")) == 1


def test_a_fax_can_be_marked_instead_of_deleted(sandbox: Sandbox, clinic: Any) -> None:
    number = sandbox.inject(LINE, pages=1)
    assert "marked handled" in clinic.ask("handled", recvid=number, handled="1")
    assert clinic.ask("listfax", unhandled="1").startswith("ERR11")
    assert ids(clinic.ask("listfax")) == [number]
    assert sandbox.ledger()[0].deleted_at is not None


def test_a_file_that_cannot_be_opened_is_err13(sandbox: Sandbox, clinic: Any) -> None:
    number = sandbox.inject(LINE, pages=1)
    sandbox.inbox("clinic")[0].path.unlink()
    assert clinic.ask("getfax", faxid=number).startswith("ERR13")


@pytest.mark.parametrize("pages", [1, 4])
def test_a_fax_to_an_own_line_arrives_there(sandbox: Sandbox, clinic: Any, lab: Any, pages: int) -> None:
    job = clinic.sent("3035550199", content=pdf_bytes(pages))
    (fax,) = sandbox.wait(lambda: sandbox.inbox("lab"))
    assert (fax.line, fax.caller, fax.pages) == (LAB, LINE, pages)
    with Image.open(io.BytesIO(lab.post(operation="getfax", faxid=str(fax.number)).content)) as image:
        assert image.n_frames == pages
        for n in range(pages):
            image.seek(n)
            assert image.convert("L").histogram()[0] > 500  # not blank
    assert clinic.record(job)[4] == "success"


def test_a_document_that_cannot_be_drawn_becomes_a_page_that_says_so(sandbox: Sandbox, clinic: Any) -> None:
    contents = [pdf_bytes(2), rb"{\rtf1 Hello}", pdf_bytes(1)]
    files = {
        "faxfilenames[]": ["a.pdf", "b.rtf", "c.pdf"],
        "faxfiledata[]": [base64.b64encode(content).decode() for content in contents],
    }
    clinic.ask("sendfax", faxno="3035550199", recipname="x", **files)
    (fax,) = sandbox.wait(lambda: sandbox.inbox("lab"))
    assert fax.pages == sandbox.sent()[0].pages == 4


def test_a_call_that_fails_arrives_nowhere(sandbox: Sandbox, clinic: Any) -> None:
    assert clinic.ask("disabledid", didnumber="3035550101") == "Disabled"
    job = clinic.sent("3035550101")
    assert clinic.ended(job)[5] == "Busy"
    assert clinic.ask("enabledid", didnumber="3035550101") == "Enabled"
    clinic.ended(clinic.sent("3035550101"))
    sandbox.wait(lambda: sandbox.inbox("clinic"))
    assert len([entry for entry in sandbox.ledger() if entry.direction == "in"]) == 1


def test_lines_of_others_cannot_be_disabled(clinic: Any) -> None:
    assert clinic.ask("disabledid", didnumber="3035550199").startswith("ERR17")
    assert clinic.ask("disabledid", didnumber="12").startswith("ERR16")
    assert (clinic.ask("portable", didnumber="3035550000"), clinic.ask("portable", didnumber="9995550000")) == (
        "1",
        "0",
    )


def test_a_given_document_arrives(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.inject(LAB, document=make_tiff(tmp_path / "a.tif", 3))
    (fax,) = sandbox.inbox("lab")
    assert fax.pages == 3


def test_a_line_of_nobody_receives_nothing(sandbox: Sandbox) -> None:
    with pytest.raises(KeyError):
        sandbox.inject("+13035559999")
