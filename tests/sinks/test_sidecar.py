"""Sidecars: every form says the same, can be read by who reads such files, and nothing in it is obeyed."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from support.hostile import HOSTILE

from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import InboundFax, Listed, StoredDocument
from faxdaemon.sinks import _sidecar

ZONE = ZoneInfo("Europe/Berlin")
WHEN = datetime(2011, 9, 28, 11, 22, 4, tzinfo=UTC)
LISTED = Listed(
    provider_id="p=1",
    called="+4912504001703",
    caller="+491234567890",
    csid="Retarus GmbH",
    received_at=WHEN,
    pages=3,
    metadata={"A b": "ü=1", "Nested": {"x": [1]}},
    name=" Dr: Lee #1",
    duration_s=85,
    resolution="fine",
    speed=14400,
    partial=None,
)
STORED = StoredDocument("in/x", 9, "0" * 64, "image/tiff", 3)
FAX = InboundFax(FaxId("01jd0000000000000000000001"), "main", 1, LISTED, WHEN, 0, STORED)
FILES = [_sidecar.Delivered(f"a_p{n}.tif", "image/tiff", n, str(n) * 64) for n in (1, 2)]


def told(**changes: Any) -> dict[str, Any]:
    fax = replace(FAX, listed=replace(LISTED, **changes))
    return _sidecar.told(fax, FILES, service="faxage", lossless=True)


def properties(content: bytes) -> dict[str, str]:
    """As java.util.Properties reads them."""
    found = {}
    for line in content.decode("ascii").splitlines():
        match = re.fullmatch(r"((?:[^\\=]|\\.)*)=(.*)", line)
        assert match, line
        key, value = (_unescaped(part) for part in match.groups())
        found[key] = value
    return found


def _unescaped(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        return chr(int(match[1], 16)) if match[1] else match[2]

    units = re.sub(r"\\(?:u([0-9a-f]{4})|(.))", one, text.lstrip(" "))
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


def test_json() -> None:
    content = _sidecar.render("json", told(), ZONE)
    assert json.loads(content) == told()
    assert content == _sidecar.render("json", json.loads(json.dumps(told())), ZONE)


def test_xml_has_every_key() -> None:
    root = ElementTree.fromstring(_sidecar.render("xml", told(), ZONE))
    facts = told()
    assert (root.tag, root.get("schema")) == ("fax", "1")
    assert {child.tag for child in root} == facts.keys() - {"schema"}
    assert root.findtext("csid") == "Retarus GmbH"
    assert root.findtext("partial") == ""
    assert root.findtext("lossless") == "true"
    assert root.findtext("original/sha256") == "0" * 64
    files = root.findall("files/file")
    assert [each.text for each in files] == ["a_p1.tif", "a_p2.tif"]
    assert files[1].attrib == {"media": "image/tiff", "size": "2", "sha256": "2" * 64}
    fields = {each.get("name"): each.text for each in root.findall("provider/field")}
    assert fields == {"A b": "ü=1", "Nested": '{"x": [1]}'}


def test_properties_has_every_key() -> None:
    found = properties(_sidecar.render("properties", told(), ZONE))
    assert found["name"] == " Dr: Lee #1"
    assert found["provider.A b"] == "ü=1"
    assert found["files.2.file"] == "a_p2.tif"
    assert found["original.media"] == "image/tiff"
    assert (found["partial"], found["duration_s"]) == ("", "85")
    assert told().keys() - {"files", "original", "provider"} <= found.keys()


def test_idx_is_as_the_example_of_retarus() -> None:
    assert _sidecar.render("idx", told(), ZONE).decode() == (
        "RECEIPT.ID=+4912504001703\nSENDER.FAXNO=00491234567890\nSENDER.ID=Retarus GmbH\nRECEIPT.DATE=2011-09-28\n"
        "TIMESTAMP=2011-09-28-13.22.04\nRESOLUTION=HHH\nPAGES=3\nSTATUS=OK\n"
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"resolution": "standard"}, "RESOLUTION=LLL"),
        ({"resolution": None}, "RESOLUTION="),
        ({"partial": True}, "STATUS=PARTIAL"),
        ({"caller": None}, "SENDER.FAXNO="),
        ({"csid": "two\r\nSTATUS=ERROR"}, "SENDER.ID=two STATUS=ERROR"),
        ({"received_at": None}, "TIMESTAMP=2011-09-28-13.22.04"),
    ],
)
def test_idx_of_other_faxes(changes: dict[str, Any], line: str) -> None:
    assert line in _sidecar.render("idx", told(**changes), ZONE).decode().splitlines()


def test_a_row_has_a_cell_for_each_column() -> None:
    (head,), (row,) = rows(_sidecar.header()), rows(_sidecar.row(told()))
    assert tuple(head) == _sidecar.COLUMNS
    cells = dict(zip(head, row, strict=True))
    assert (cells["id"], cells["line"], cells["pages"], cells["file"]) == (
        FAX.fax_id,
        "+4912504001703",
        "3",
        "a_p1.tif",
    )
    assert told().keys() - set(head) == {"schema", "files", "original", "provider"}


def test_other_names_are_told_everywhere() -> None:
    facts = _sidecar.renamed(told(), ["b.tif", "c.tif"])
    assert facts["file"] == "b.tif"
    assert [each["file"] for each in facts["files"]] == ["b.tif", "c.tif"]
    assert [each["size"] for each in facts["files"]] == [1, 2]


# -- hostile callers


def calculated(cells: list[str]) -> Iterator[str]:
    for text in cells:
        bare = text.lstrip()
        if bare[:1] in tuple("=+-@＝＋－＠") and not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text):
            yield text


@pytest.mark.parametrize("form", ["json", "xml", "properties", "idx", "csv"])
def test_whatever_a_caller_calls_itself(form: str) -> None:
    for text in HOSTILE:
        facts = told(csid=text, name=text, caller=text, metadata={text: text})
        if form == "csv":
            content = _sidecar.row(facts)
            (row,) = rows(content)
            assert len(row) == len(_sidecar.COLUMNS)
            assert list(calculated(row)) == [], text
            assert len(content.decode("utf-8").splitlines()) == 1, text
            continue
        content = _sidecar.render(form, facts, ZONE)
        if form == "json":
            assert json.loads(content)["csid"] == text
        elif form == "xml":
            assert len(ElementTree.fromstring(content)) == len(facts) - 1
        elif form == "properties":
            found = properties(content)
            assert (found["csid"], found[f"provider.{text}"]) == (text, text)
        else:
            assert [line.partition("=")[0] for line in content.decode("utf-8").splitlines()][2] == "SENDER.ID"
            assert len(content.decode("utf-8").splitlines()) == 8, text
