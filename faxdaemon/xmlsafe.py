"""XML of others, from services and from askers: the only place where it is read.

Promise   no entity is expanded, no DTD accepted, nothing fetched; a document that is larger, deeper or fuller than it
          may be is `BadXml`, and so is one that is cut off.  No message quotes the document.
Needs     lxml.
Crash     keeps nothing.

What is read becomes `Node`s, found by local name: prefixes and namespaces are the writer's business.  One element may
be named whose text, base64, is handed on while it comes and never kept: a received fax inside of a SOAP answer.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from lxml import etree

MAX_BYTES = 8 * 1024 * 1024
"""The longest document, in bytes; the text of the element that is handed on does not count."""
MAX_ELEMENTS = 50_000
MAX_DEPTH = 64
MAX_TAG = 256 * 1024
"""Bytes in which nothing begins, ends or is said: a tag full of attributes costs a multiple of its length."""

_BLANKS = str.maketrans("", "", " \t\r\n")


class BadXml(ValueError):
    """It is not XML that we read; the reason is for people and quotes nothing."""


@dataclass(slots=True)
class Node:
    """One element."""

    name: str
    """Without prefix."""
    namespace: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """By name, as `{namespace}name` where they have one."""
    text: str = ""
    """All text directly inside of it."""
    children: list[Node] = field(default_factory=list)

    def child(self, name: str) -> Node | None:
        """The first child by that local name."""
        return next((child for child in self.children if child.name == name), None)

    def all(self, name: str) -> list[Node]:
        """Every child by that local name."""
        return [child for child in self.children if child.name == name]

    def told(self, name: str) -> str | None:
        """The text of the first child by that name, without surrounding blanks; None when there is no such child."""
        child = self.child(name)
        return None if child is None else child.text.strip()


def parse(document: bytes, *, limit: int = MAX_BYTES, elements: int = MAX_ELEMENTS) -> Node:
    """The root element of at most `limit` bytes and so many elements.  Raises `BadXml`."""
    reader = Reader(limit=limit, elements=elements)
    reader.feed(document)
    return reader.close()


class Reader:
    """Reads a document piece by piece."""

    def __init__(
        self,
        *,
        large: str | None = None,
        write: Callable[[bytes], object] | None = None,
        limit: int = MAX_BYTES,
        elements: int = MAX_ELEMENTS,
        lenient: bool = False,
    ) -> None:
        """`large`: the local name of the one element whose base64 text goes decoded to `write` instead of into the
        tree.  `lenient`: from where it is none, the text goes there as it stands."""
        self._builder = _Builder(large, elements, lenient=lenient)
        self._write = write
        self._limit = limit
        self._fed = 0
        self._silent = (0, 0)  # how much had happened when something last had, and how far it had been fed
        self._parser = etree.XMLParser(
            target=self._builder,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            recover=False,
        )

    @property
    def root(self) -> Node | None:
        """What was read so far."""
        return self._builder.root

    def feed(self, piece: bytes) -> None:
        """Read on.  Raises `BadXml`, and what `write` raises unchanged."""
        for at in range(0, len(piece), 65536):  # so that no limit is passed by much, whatever is fed
            part = piece[at : at + 65536]
            self._fed += len(part)
            self._guarded(partial(self._parser.feed, part))
            if self._fed - self._builder.large_length > self._limit:
                raise BadXml(f"it is longer than {self._limit} bytes")
            self._heard()
            self._hand_on()

    def _heard(self) -> None:
        happened, since = self._silent
        if self._builder.happened != happened:
            self._silent = (self._builder.happened, self._fed)
        elif self._fed - since > MAX_TAG:
            raise BadXml(f"a tag in it is longer than {MAX_TAG} bytes")

    def close(self) -> Node:
        """The root element of the whole document.  Raises as `feed` does."""
        self._guarded(self._parser.close)
        self._hand_on()
        if self._builder.root is None:
            raise BadXml("it is empty")
        return self._builder.root

    def _hand_on(self) -> None:
        pieces, self._builder.pieces = self._builder.pieces, []
        for piece in pieces:
            if self._write:
                self._write(piece)

    def _guarded(self, act: Callable[[], object]) -> None:
        try:
            act()
        except etree.LxmlError as error:
            # lxml's own words may quote the document
            problem = BadXml(f"it is not well-formed (line {getattr(error, 'lineno', None) or '?'})")
        except BadXml as error:
            problem = BadXml(str(error))
        else:
            return
        raise problem


class _Builder:
    """What the parser tells its events to; `write` is never called from in here, so that its exceptions do not pass
    through the parser."""

    def __init__(self, large: str | None, most: int, *, lenient: bool) -> None:
        self.root: Node | None = None
        self.pieces: list[bytes] = []
        self.large_length = 0
        self.happened = 0
        """Beginnings, ends and pieces of text so far."""
        self._large = large
        self._lenient = lenient
        self._as_it_stands = False
        self._open: list[Node] = []
        self._texts: list[list[str]] = []
        self._elements = 0
        self._most = most
        self._inside: Node | None = None
        self._seen = False
        self._rest = ""
        self._padded = False

    def doctype(self, *_: object) -> None:
        raise BadXml("it has a document type declaration, and none is accepted")

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.happened += 1
        self._elements += 1
        if self._elements > self._most:
            raise BadXml(f"it has more than {self._most} elements")
        if len(self._open) >= MAX_DEPTH:
            raise BadXml(f"its elements are nested more than {MAX_DEPTH} deep")
        if self._inside:
            raise BadXml("the document inside of it holds elements")
        namespace, _, name = tag.rpartition("}")
        node = Node(name, namespace[1:], dict(attributes))
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)
        self._texts.append([])
        if name == self._large:
            if self._seen:
                raise BadXml("it holds more than one document")
            self._inside, self._seen = node, True

    def data(self, text: str) -> None:
        self.happened += 1
        if self._inside:
            self._decode(text)
        elif self._open:
            self._texts[-1].append(text)

    def end(self, tag: str) -> None:  # noqa: ARG002 - the parser's form; it checks the name itself
        self.happened += 1
        node = self._open.pop()
        node.text = "".join(self._texts.pop())
        if node is self._inside:
            self._inside = None
            if self._rest:
                self._not_base64("the base64 text inside of it is cut off")

    def close(self) -> None:
        return None

    def _decode(self, text: str) -> None:
        self.large_length += len(text)
        if self._as_it_stands:
            self.pieces.append(text.encode())
            return
        self._rest += text.translate(_BLANKS)
        whole = len(self._rest) - len(self._rest) % 4
        if not whole:
            return
        if self._padded:
            self._not_base64("the base64 text inside of it goes on after its end")
            return
        quads, self._rest = self._rest[:whole], self._rest[whole:]
        try:
            self.pieces.append(base64.b64decode(quads, validate=True))
        except (binascii.Error, ValueError):
            self._rest = quads + self._rest
            self._not_base64("the text inside of it is not base64")
        self._padded = quads.endswith("=")

    def _not_base64(self, why: str) -> None:
        if not self._lenient:
            raise BadXml(why)
        self._as_it_stands = True
        self.pieces.append(self._rest.encode())
        self._rest = ""
