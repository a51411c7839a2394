"""XML of askers: control files as they are, and not only as they should be.

Promise   what is read in `faxdaemon.xmlsafe` is read here in the encoding that it has, whatever it says it has; every
          element and attribute is known to its dialect, or the file is refused: nothing is dropped in silence.
Needs     nothing.
Crash     keeps nothing.

Many writers put texts together by hand.  They say UTF-8 and write Windows-1252; they begin with an empty line; where
the dialect is known for it, they write `&` as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from faxdaemon.formats._control import Refused
from faxdaemon.formats._text import Text, decode
from faxdaemon.xmlsafe import BadXml, Node, parse

ELEMENTS = 200_000
"""Room for the recipients of one file, with all that may be said of each."""
_BYTES = 64 * 1024 * 1024

_DECLARED = re.compile(rb"\s{0,99}<\?xml\b[^>]{0,200}?\bencoding\s*=\s*[\"']([\w.-]{1,40})[\"']")
_DECLARATION = re.compile(r"\s*<\?xml\b[^>]*>")
_BELIEVED = re.compile(r"utf-?8|us-ascii|ascii|iso[-_]?8859-\d{1,2}|latin-?1|windows-\d{3,4}|cp\d{3,4}", re.IGNORECASE)
_WIDE = re.compile(r"utf-?16|ucs-?2|unicode", re.IGNORECASE)
_SECTION = re.compile(r"<!\[CDATA\[|<!--|<\?")
_ENDS = {"<![CDATA[": "]]>", "<!--": "-->", "<?": "?>"}
_BARE = re.compile(r"&(?!#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{0,31};)")


@dataclass(frozen=True, slots=True)
class Foreign:
    """A control file, read."""

    root: Node
    encoding: str
    """As it was decided, and what had to be mended."""


def foreign(raw: bytes, encoding: str | None = None, *, mend: bool = False) -> Foreign:
    """The XML of a control file; `encoding` is what the folder says, `mend` that a bare `&` means `&`.  Raises
    `Refused` and `Undecided`."""
    text = decoded(raw, encoding)
    declaration = _DECLARATION.match(text.text)
    begin = declaration.end() if declaration else 0
    plain = ("\n" * text.text.count("\n", 0, begin) + text.text[begin:]).rstrip("\x1a\0 \t\r\n")
    try:
        return Foreign(_parsed(plain), text.encoding)
    except BadXml as error:
        mended = _mended(plain) if mend else plain
        if mended == plain:
            raise Refused(f"as XML {error}") from None
    try:
        return Foreign(_parsed(mended), f"{text.encoding}, with & written as it is")
    except BadXml as error:
        raise Refused(f"as XML {error}") from None


def decoded(raw: bytes, encoding: str | None = None) -> Text:
    """The text of XML.  Raises `Refused` and `Undecided`."""
    declared = _DECLARED.match(raw)
    name = declared[1].decode("ascii", "replace") if declared else ""
    if encoding is not None or not name or _WIDE.fullmatch(name):
        return decode(raw, encoding)  # who writes ASCII and says UTF-16 has written ASCII
    if not _BELIEVED.fullmatch(name):
        raise Refused(f"it says that it is encoded in {name}; name what it really is under `encoding` of the folder")
    try:
        return Text(raw.decode(name), name.lower())
    except LookupError:
        raise Refused(f"there is no encoding “{name}”") from None
    except UnicodeDecodeError:
        text = decode(raw)
        return Text(text.text, f"{text.encoding}, though it says {name.lower()}")


def _parsed(text: str) -> Node:
    return parse(text.encode("utf-8", "replace"), limit=_BYTES, elements=ELEMENTS)


def _mended(text: str) -> str:
    """Every `&` that begins no reference, escaped; but not where it needs none."""
    pieces: list[str] = []
    at = 0
    while (found := _SECTION.search(text, at)) is not None:
        close = text.find(_ENDS[found[0]], found.end())
        if close < 0:
            return text  # it ends inside of something: there is no mending that
        pieces += [_BARE.sub("&amp;", text[at : found.start()]), text[found.start() : close]]
        at = close
    return "".join((*pieces, _BARE.sub("&amp;", text[at:])))


# -- what is known to a dialect


def children(node: Node, path: str, known: Collection[str]) -> dict[str, list[Node]]:
    """The elements inside of `node`, by their names in lower case; all of them must be `known`.  Raises `Refused`."""
    _only(node, path, ())
    if node.text.strip():
        raise Refused(f"{path}: there is text where only elements belong")
    found: dict[str, list[Node]] = {}
    for child in node.children:
        name = child.name.lower()
        if name not in known:
            raise Refused(f"{path}: <{child.name[:40]}> is not known here; there are: {', '.join(sorted(known))}")
        found.setdefault(name, []).append(child)
    return found


def words(node: Node, path: str, attributes: Collection[str] = ()) -> str:
    """The text of an element that has nothing else in it.  Raises `Refused`."""
    _only(node, path, attributes)
    if node.children:
        raise Refused(f"{path}: <{node.name[:40]}> holds elements where only text belongs")
    return node.text.strip()


def one(found: Mapping[str, list[Node]], name: str, path: str) -> Node | None:
    """The element of that name; None without one.  Raises `Refused` when there are several."""
    nodes = found.get(name, [])
    if len(nodes) > 1:
        raise Refused(f"{path}: <{nodes[1].name[:40]}> is there {len(nodes)} times; which one counts is not known")
    return nodes[0] if nodes else None


def texts(node: Node | None, path: str, known: Collection[str]) -> dict[str, str]:
    """The texts inside of `node`, each at most once, by their names in lower case; empty ones are left out."""
    if node is None:
        return {}
    found = children(node, path, known)
    read = {name: words(each, path) for name in found if (each := one(found, name, path)) is not None}
    return {name: text for name, text in read.items() if text}


def _only(node: Node, path: str, known: Collection[str]) -> None:
    """Attributes with a namespace (xsi:nil, xml:space, ...) are the writer's business."""
    for name in node.attributes:
        if not name.startswith("{") and name.lower() not in known:
            raise Refused(f"{path}: the attribute {name[:40]} of <{node.name[:40]}> is not known here")
