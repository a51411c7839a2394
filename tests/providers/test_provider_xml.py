"""Reading XML of others: what is refused, and that nothing large is kept."""

from __future__ import annotations

import base64
import hashlib
import io
import tracemalloc
from collections.abc import Iterator

import pytest

from faxdaemon import xmlsafe
from faxdaemon.contracts.provider import Content
from faxdaemon.providers import _envelope
from faxdaemon.providers._envelope import Part
from faxdaemon.xmlsafe import BadXml

BOMB = "<!DOCTYPE a [<!ENTITY x '{0}'><!ENTITY y '&x;&x;&x;&x;'><!ENTITY z '&y;&y;&y;&y;'>]><a b='&z;'>&z;</a>"


def test_elements_are_found_by_local_name_whatever_their_prefix() -> None:
    root = xmlsafe.parse(b"<n:a xmlns:n='urn:x' n:k='1'> t<!-- no --><b> one </b><b>two</b><?no no?>ail</n:a>")
    assert (root.name, root.namespace, root.attributes) == ("a", "urn:x", {"{urn:x}k": "1"})
    assert root.text == " tail"
    assert (root.told("b"), root.told("c")) == ("one", None)
    assert [node.text for node in root.all("b")] == [" one ", "two"]


def test_the_declared_encoding_counts() -> None:
    text = "<?xml version='1.0' encoding='{0}'?><a>Grüße</a>"
    assert xmlsafe.parse(text.format("windows-1252").encode("cp1252")).text == "Grüße"
    assert xmlsafe.parse(text.format("utf-16").encode("utf-16")).text == "Grüße"


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (BOMB.format("x" * 50).encode(), "document type"),
        (BOMB.format("x" * 50).encode("utf-16"), "document type"),
        (b"<!DOCTYPE a SYSTEM 'file:///etc/hostname'><a/>", "document type"),
        (b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><a>&x;</a>", "document type"),
        (b"<!DOCTYPE a><a/>", "document type"),
        (b"<a>&x;</a>", "well-formed"),
        (b"<a>secret</b>", "well-formed"),
        (b"<a>secret", "well-formed"),
        (b"", "well-formed"),
        (b"<html><br></html>", "well-formed"),
        (b"<a/><b/>", "well-formed"),
        (b"<a>" * 100 + b"</a>" * 100, "deep"),
        (b"<a>" + b"<b/>" * 60_000 + b"</a>", "elements"),
        (b"<a>" + b"x" * xmlsafe.MAX_BYTES + b"</a>", "longer"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:40]),
)
def test_what_is_not_read(document: bytes, why: str) -> None:
    with pytest.raises(BadXml, match=why) as caught:
        xmlsafe.parse(document)
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None, "the parser's own words quote the document"


def large(document: bytes, step: int = 1000) -> tuple[xmlsafe.Node, bytes]:
    out = io.BytesIO()
    reader = xmlsafe.Reader(large="Image", write=out.write)
    for at in range(0, len(document), step):
        reader.feed(document[at : at + step])
    return reader.close(), out.getvalue()


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_document_inside_is_handed_on_decoded(step: int) -> None:
    data = bytes(range(256)) * 9 + b"x"
    text = base64.encodebytes(data)  # with line ends
    root, found = large(b"<r><Id>5</Id><Image>" + text + b"</Image><after>6</after></r>", step)
    assert found == data
    assert [root.told(name) for name in ("Id", "Image", "after")] == ["5", "", "6"]


@pytest.mark.parametrize(
    "inside",
    ["AAA", "AA==AAAA", "AA==&#10;AAAA", "AAAA<b/>", "A!AA", "ÄÄÄÄ", "AAAA</Image><Image>AAAA"],
    ids=lambda text: text[:6],
)
@pytest.mark.parametrize("step", [1, 1000])
def test_a_document_that_is_no_base64_is_none(inside: str, step: int) -> None:
    with pytest.raises(BadXml):
        large(f"<r><Image>{inside}</Image></r>".encode(), step)


def test_a_large_document_is_never_kept() -> None:
    block = base64.b64encode(bytes(range(256)) * 192)
    digest = hashlib.sha256()
    reader = xmlsafe.Reader(large="Image", write=digest.update, limit=1000)
    tracemalloc.start()
    try:
        reader.feed(b"<r><Image>")
        for _ in range(400):
            reader.feed(block)
        reader.feed(b"</Image></r>")
        assert reader.close().name == "r"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert digest.digest() == hashlib.sha256(bytes(range(256)) * 192 * 400).digest()
    assert peak < 2_000_000  # of 26 million


def test_trouble_of_the_writer_passes_unchanged() -> None:
    trouble = OSError(28, "full")

    def full(_: bytes) -> None:
        raise trouble

    reader = xmlsafe.Reader(large="Image", write=full)
    with pytest.raises(OSError, match="full") as caught:
        reader.feed(b"<r><Image>AAAA</Image></r>")
    assert caught.value is trouble


# --- requests -----------------------------------------------------------------------------------------------------


def content(data: bytes, size: int | None = None) -> Content:
    return Content("a.pdf", len(data) if size is None else size, lambda: io.BytesIO(data))


@pytest.mark.parametrize("size", [0, 1, 2, 3, 49_152, 49_153, 200_000])
def test_an_envelope_carries_its_documents_and_tells_its_length(size: int) -> None:
    data, other = bytes(n * 7 % 256 for n in range(size)), b"<other>"
    body = Part(
        "{urn:x}Send", [Part("One", content(data)), Part("Text", "<?document 1?>"), Part("Two", content(other))]
    )
    stream = _envelope.envelope(body, prefixes={"n": "urn:x"}, encoded=True)
    made = b"".join(stream.chunks())
    assert stream.size == len(made)
    assert made == b"".join(stream.chunks()), "the same parts give the same bytes"
    send = _envelope.opened(made)
    assert (send.name, send.namespace, send.told("Text")) == ("Send", "urn:x", "<?document 1?>")
    assert [base64.b64decode(send.told(name) or "") for name in ("One", "Two")] == [data, other]


def test_what_xml_cannot_carry_becomes_a_blank() -> None:
    odd = "a\x00b\x1fc\ud800d\ufffee\nf\U0001f600<&>\"'"
    made = b"".join(_envelope.envelope(Part("x", [Part("y", odd)], {"k": odd})).chunks())
    found = _envelope.opened(made)
    assert found.told("y") == "a b c d e\nf\U0001f600<&>\"'"


def test_every_document_is_open_before_a_byte_is_made() -> None:
    def missing() -> io.BytesIO:
        raise FileNotFoundError("gone")

    body = Part("x", [Part("y", content(b"1")), Part("z", Content("b.pdf", 5, missing))])
    with pytest.raises(FileNotFoundError):
        next(_envelope.envelope(body).chunks())


@pytest.mark.parametrize("size", [1, 60])
def test_a_document_of_another_size_breaks_the_exchange(size: int) -> None:
    stream = _envelope.envelope(Part("x", [Part("y", content(b"ten bytes!", size))]))
    with pytest.raises(OSError, match="size"):
        list(stream.chunks())


def test_memory_does_not_grow_with_a_document() -> None:
    class Endless(io.RawIOBase):
        left = 64_000_000

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override] - narrower than the library's on purpose
            got = min(len(buffer), self.left, 100_001)
            self.left -= got
            buffer[:got] = b"x" * got
            return got

    stream = _envelope.envelope(Part("x", [Part("y", Content("a.pdf", 64_000_000, Endless))]))  # type: ignore[arg-type] - raw

    def lengths() -> Iterator[int]:
        return (len(piece) for piece in stream.chunks())

    tracemalloc.start()
    try:
        assert sum(lengths()) == stream.size
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000


@pytest.mark.parametrize("text", ["<a/>", "<Envelope/>", "<Envelope><Body/></Envelope>"])
def test_what_is_no_soap(text: str) -> None:
    with pytest.raises(BadXml, match="SOAP"):
        _envelope.opened(text.encode())
