"""XML that others put together by hand: read in the encoding that it has, mended where it is told to be, and refused
where anything in it is not known."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dialects import dirty, opened, sample

from faxdaemon.core.markup import element
from faxdaemon.formats._control import Refused
from faxdaemon.formats._text import Undecided
from faxdaemon.formats._xml import ELEMENTS, children, foreign, one, texts
from faxdaemon.outbound.dialects import Asked, Dialects

HEAD = '<?xml version="1.0" encoding="{}"?>\r\n'


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        ("<a>Müller</a>".encode(), "utf-8"),
        (codecs.BOM_UTF8 + "<a>Müller</a>".encode(), "utf-8-sig"),
        ("<a>Müller</a>".encode("utf-16"), "utf-16"),
        ("<a>Müller</a>".encode("utf-16-be"), "utf-16 without a mark"),
        ((HEAD.format("utf-16") + "<a>Müller</a>").encode("utf-16"), "utf-16"),
        ((HEAD.format("utf-16") + "<a>Müller</a>").encode(), "utf-8"),
        ("<a>Müller</a>".encode("cp1252"), "cp1252"),
        ((HEAD.format("ISO-8859-1") + "<a>Müller</a>").encode("latin-1"), "iso-8859-1"),
        ((HEAD.format("CP850") + "<a>Müller</a>").encode("cp850"), "cp850"),
        ((HEAD.format("utf-8") + "<a>Müller</a>").encode("cp1252"), "cp1252, though it says utf-8"),
        (("\r\n" + HEAD.format("utf-8") + "<a>Müller</a>\x1a").encode(), "utf-8"),
    ],
)
def test_it_is_read_in_the_encoding_that_it_has(raw: bytes, encoding: str) -> None:
    read = foreign(raw)
    assert (read.root.text, read.encoding) == ("Müller", encoding)


def test_what_the_folder_says_comes_before_what_the_file_says() -> None:
    read = foreign((HEAD.format("utf-8") + "<a>Müller 1</a>").encode("cp037"), "cp037")
    assert (read.root.text, read.encoding) == ("Müller 1", "cp037")


@pytest.mark.parametrize("name", ["unicode_escape", "idna", "zlib", "EBCDIC-CP-US"])
def test_an_encoding_that_nobody_means_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="`encoding` of the folder"):
        foreign(f'<?xml version="1.0" encoding="{name}"?><a/>'.encode())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("<a>Lee & Sons</a>", "Lee & Sons"),
        ("<a>R&D &amp; more &lt; &#65;&#x42;</a>", "R&D & more < AB"),
        ("<a><![CDATA[x & y &amp; z]]> & <!-- a & b -->t</a>", "x & y &amp; z & t"),
        ("<a>& &; &#; &1;</a>", "& &; &#; &1;"),
    ],
)
def test_a_bare_ampersand_is_mended_and_that_is_recorded(written: str, meant: str) -> None:
    read = foreign(written.encode(), mend=True)
    assert read.root.text == meant
    assert read.encoding == "utf-8, with & written as it is"
    with pytest.raises(Refused, match="well-formed"):
        foreign(written.encode())


@pytest.mark.parametrize("written", ["<a>1 < 2 & 3</a>", "<a>&nbsp;</a>", "<a & b='1'/>", "<a><![CDATA[ & </a>"])
def test_nothing_else_is_mended(written: str) -> None:
    with pytest.raises(Refused, match="well-formed"):
        foreign(written.encode(), mend=True)


def test_a_correct_file_is_not_touched() -> None:
    assert foreign(b"<a>&amp;amp;</a>", mend=True).root.text == "&amp;"


def test_the_line_of_a_mistake_is_told() -> None:
    with pytest.raises(Refused, match="line 4"):
        foreign(b'\n<?xml version="1.0"?>\n<a>\n<b></a>')


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "document type"),
        ("<a>" * 100 + "</a>" * 100, "deep"),
        ("<a>" + "<b/>" * ELEMENTS + "</a>", "elements"),
        ("", "as XML"),
    ],
)
def test_bombs_are_refused(written: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        foreign(written.encode())


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("<a><b/><x/></a>", "a: <x> is not known here; there are: b, c"),
        ("<a y='1'/>", "attribute y of <a>"),
        ("<a><b y='1'>t</b></a>", "attribute y of <b>"),
        ("<a>text<b/></a>", "text where only elements"),
        ("<a><b><c/></b></a>", "<b> holds elements"),
        ("<a><b>1</b><B>1</B></a>", "<B> is there 2 times"),
    ],
)
def test_what_is_not_known_is_refused(written: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        texts(foreign(written.encode()).root, "a", {"b", "c"})
    assert why in str(refused.value)


def test_what_is_known_is_found_in_any_letter_case_and_namespace() -> None:
    root = foreign(b"<A xmlns='urn:x' xmlns:i='urn:i'><B i:nil='true'/><c> t </c></A>").root
    assert texts(root, "a", {"b", "c"}) == {"c": "t"}
    assert one(children(root, "a", {"b", "c"}), "d", "a") is None


def test_any_text_can_be_answered() -> None:
    assert element("a", "x < y & z \x00\ufffe") == "<a>x &lt; y &amp; z ??</a>"
    assert element("a", None) == "<a></a>"


@given(st.binary(max_size=300) | st.text("<>&;![]CDAT-?/a b\x00ü", max_size=200).map(str.encode), st.booleans())
def test_no_bytes_crash_it(raw: bytes, mend: bool) -> None:
    try:
        read = foreign(raw, mend=mend)
    except (Refused, Undecided) as error:
        assert str(error)
    else:
        assert read.encoding


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("name", ["concord", "gfi_xml", "retarus"])
def test_xml_is_told_apart_where_several_write_it(name: str, order: int) -> None:
    made = sample(name)
    for content in dirty(made.asks.decode()).values():
        dialects = Dialects([(each, opened(each)) for each in ["concord", "gfi_xml", "retarus"][::order]])
        found = dialects.control(made.lead, content)
        assert isinstance(found, Asked)
        assert found.format == name
