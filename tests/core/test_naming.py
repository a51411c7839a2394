"""Names: which are never taken, what is safe, and that cutting never breaks a name."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from faxdaemon.core.naming import fit, is_temporary, safe_name, stem_suffix

#: Text as it comes from providers and from people, with everything that is dangerous in a file name.
nasty = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from('\\/:*?"<>|. \u202e\u200f\u2066\ufeff\x00\n\t\u0301e\u00a0\u2028~'),
    ),
    max_size=80,
)
DEVICES = {"con", "prn", "aux", "nul", "com1", "lpt9", "com0", "conin$", "com¹"}


@pytest.mark.parametrize(
    "name",
    [
        "scan.tmp",
        "SCAN.TMP",
        "x.pdf.part",
        "x.partial",
        "x.pdf.1a2b3c4d.partial",
        "x.crdownload",
        "x.filepart",
        "x.download",
        "~$letter.docx",
        "letter.doc~",
        ".hidden",
        ".syncthing.x.pdf.tmp",
        "~syncthing~x.pdf.tmp",
        ".goutputstream-AB12",
        ".x.pdf.Xy12Zq",
        ".~lock.x.odt#",
        "x.swp",
        "#x#",
        "Thumbs.db",
        "Desktop.ini",
        ".DS_Store",
        "@eaDir",
    ],
)
def test_unfinished_and_private_names_are_never_taken(name: str) -> None:
    assert is_temporary(name)


@pytest.mark.parametrize(
    "name", ["x.pdf", "3035550100.pdf", "~x.pdf", "$x.pdf", "#4711.pdf", "x.tmp.pdf", "template.doc", "party"]
)
def test_documents_are_not_taken_for_temporaries(name: str) -> None:
    assert not is_temporary(name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a/b\\c:d", "a_b_c_d"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("  .x. ", "x"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("LPT1 .foo", "_LPT1 .foo"),
        ("COM¹", "_COM¹"),
        ("console", "console"),
        ("fax\u202efdp.exe", "faxfdp.exe"),
        ("a\u0000b\nc", "abc"),
        ("e\u0301", "é"),
        ("+13035550100", "+13035550100"),
    ],
)
def test_safe_names(text: str, name: str) -> None:
    assert safe_name(text) == name


@settings(deadline=None)
@given(nasty, st.integers(8, 60))
@example("CON.", 8)
@example(". . .", 8)
@example("nul\u200b.pdf", 8)
def test_a_safe_name_is_safe_everywhere(text: str, limit: int) -> None:
    name = safe_name(text, limit)
    assert 0 < len(name.encode("utf-8")) <= limit
    assert not set(name) & set('\\/:*?"<>|')
    assert all(unicodedata.category(c) not in {"Cc", "Cf", "Cs"} for c in name)
    assert name[0] not in ". " and name[-1] not in ". "
    assert name.partition(".")[0].rstrip().lower() not in DEVICES
    assert unicodedata.is_normalized("NFC", name)
    assert safe_name(name, limit) == name


def test_cutting_does_not_split_a_character_or_strip_its_accent() -> None:
    assert safe_name("é" * 10, 9) == "é" * 4
    assert safe_name("xq\u0323\u0301", 3) == "x"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("invoice.v2.PDF", ("invoice.v2", ".PDF")),
        (".profile", (".profile", "")),
        ("plain", ("plain", "")),
        ("dot.", ("dot.", "")),
        ("..x", ("..x", "")),
        ("", ("", "")),
    ],
)
def test_stem_and_suffix(name: str, parts: tuple[str, str]) -> None:
    assert stem_suffix(name) == parts


@settings(deadline=None)
@given(st.text(max_size=20))
def test_stem_and_suffix_give_the_name_back(name: str) -> None:
    assert "".join(stem_suffix(name)) == name


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=300), st.sampled_from(["", ".pdf", ".result.json"]))
def test_a_fitted_name_keeps_its_suffix_and_its_end(stem: str, suffix: str) -> None:
    name = fit(stem, suffix)
    assert len(name.encode("utf-8")) <= 255
    assert name.endswith(stem[-6:] + suffix)
    if len((stem + suffix).encode("utf-8")) <= 255:
        assert name == stem + suffix


def test_an_id_put_at_the_end_survives_fitting() -> None:
    tail = ".01jd0000000000000000000000"
    assert fit("x" * 255, ".pdf") != fit("x" * 255 + tail, ".pdf")
    assert fit("x" * 255 + tail, ".pdf").endswith(tail + ".pdf")


def test_bytes_that_are_not_utf8_are_counted_and_kept() -> None:
    name = b"f\xfcr".decode("utf-8", "surrogateescape")
    assert fit(name, ".pdf") == name + ".pdf"
    assert len(fit(name * 100, ".pdf").encode("utf-8", "surrogateescape")) <= 255
