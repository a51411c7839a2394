"""Foreign text: from the bytes of a control file to characters, with the decision recorded.

Promise   a byte order mark decides; then what the folder says; then UTF-8, if it is that; else Windows-1252.  What can
          be read in several ways (as EBCDIC, where that makes sense) is accepted only where all give the same digits: a
          wrong digit is a wrong number.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CANDIDATES = ("cp1252", "cp850", "latin-1")
_EBCDIC = "cp037"
_SENSIBLE = re.compile(r"[A-Za-z0-9 .,:;=+\-_/()@<>\n\r\t\x85]")
_DIGITS = re.compile(r"[0-9+]+")
_PAPER_END = re.compile(r"\r\n|\r|\n")
_LINE_END = re.compile(r"\r\n|\r|\n|\x0c")


class Undecided(ValueError):
    """Nobody can tell how it is encoded; the reason is for people."""


class Ambiguous(Undecided):
    """It can be read in several ways, and they do not give the same digits."""


@dataclass(frozen=True, slots=True)
class Text:
    """A decoded file."""

    text: str
    encoding: str
    """As it was decided."""

    @property
    def paper(self) -> list[str]:
        """Its lines where some of them are to be printed: a form feed is the printer's business."""
        lines = _PAPER_END.split(self.text)
        return lines[:-1] if lines and not lines[-1] else lines

    @property
    def lines(self) -> list[str]:
        """Its lines, whatever ends them; a last one without an end counts, an empty one after the last end does not."""
        lines = _LINE_END.split(self.text)
        return lines[:-1] if lines and not lines[-1] else lines


def decode(raw: bytes, encoding: str | None = None) -> Text:
    """Decode a control file, without the sign by which DOS ended it; `encoding` is what the folder says.  Raises
    `Undecided`."""
    text, found = _decided(raw, encoding)
    return Text(text.rstrip("\x1a"), found)


def _decided(raw: bytes, encoding: str | None) -> tuple[str, str]:
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return _strictly(raw, name), name
    if encoding is not None:
        return _strictly(raw, encoding), encoding
    if _wide(raw):
        return _strictly(raw, "utf-16-le" if raw[1:2] == b"\0" else "utf-16-be"), "utf-16 without a mark"
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    first, *others = (raw.decode(name, "replace") for name in _CANDIDATES)
    mainframe = raw.decode(_EBCDIC)
    if len(_SENSIBLE.findall(mainframe)) >= 0.9 * len(mainframe):
        others.append(mainframe)
    if any(_DIGITS.findall(other) != _DIGITS.findall(first) for other in others):
        raise Ambiguous("its digits depend on its encoding; name the right one under `encoding` of the folder")
    return first, _CANDIDATES[0]


def _strictly(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except LookupError as error:
        raise Undecided(f"there is no encoding “{encoding}”") from error
    except UnicodeDecodeError as error:
        raise Undecided(f"it is not {encoding.removesuffix('-sig')}: its byte {error.start + 1} cannot be") from error


def _wide(raw: bytes) -> bool:
    """UTF-16 without a mark: every second byte of what is mostly Latin text is zero."""
    head = raw[:512]
    return len(raw) % 2 == 0 and len(head) >= 4 and max(head[::2].count(0), head[1::2].count(0)) * 4 > len(head)
