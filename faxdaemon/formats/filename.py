"""The file name asks, by the folder's pattern; our own JSON file answers.

Promise   a name is read by the folder's pattern (fields in braces, optional parts in brackets; or a regular expression
          with named groups); a folder with a fixed number takes any name.  A field called like a word of `core.wishes`
          is a wish.
Needs     the pattern, or the fixed number.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from faxdaemon.contracts.format import BadRequest, CannotSay, FolderAsks, NotMine, Order, Papers
from faxdaemon.core.model import Request
from faxdaemon.core.naming import compile_pattern
from faxdaemon.core.wishes import VOCABULARY
from faxdaemon.formats._about import About
from faxdaemon.formats._dialect import Dialect
from faxdaemon.formats._write import plain, single

_KNOWN = ("number", "name", "reference")


ABOUT = About(
    title="File name, by the folder's pattern",
    says="The name of the document tells the number and more, by the `filename` pattern of the folder: fields in "
    "braces, `{number}[_{name}][_{reference}]`; or a regular expression for the whole name without its suffix, with "
    "named groups, `regex:(?P<number>[0-9]+)-(?P<name>.+)`.",
    files={"3035550123_Dr. Lee_4711.pdf": ""},
    numbers=("+13035550123",),
    carries=("name", "reference", *VOCABULARY),
    answers="`<stem>.result.json` beside the document.",
    source="faxdaemon's own",
)


def open_format(folder: FolderAsks) -> Filename:
    """The dialect as one drop folder speaks it."""
    return Filename(folder)


class Filename(Dialect):
    """See the module."""

    def __init__(self, folder: FolderAsks) -> None:
        super().__init__(folder)
        self._pattern = compile_pattern(folder.filename)

    def read(self, papers: Papers) -> list[Order] | BadRequest | NotMine:
        """One recipient, from the name's stem."""
        try:
            matched = self._pattern.match(PurePath(papers.name).stem) or {}
        except TimeoutError:
            return BadRequest("the folder's `filename` takes too long on this name; write the expression more simply")
        found = {field: text for field, text in matched.items() if text}
        number = self.folder.to or found.get("number") or found.get("address")
        if not number:
            return NotMine(
                f"the name does not follow this folder's pattern {self.folder.filename}, so it is not known where to "
                "send it: rename it, with the fax number in it, and drop it again"
            )
        fields = {key: value for key, value in found.items() if key not in _KNOWN}
        options = {key: value for key, value in fields.items() if key in VOCABULARY}
        return [Order((Request(number, found.get("name"), found.get("reference"), fields, options),))]

    def compose(self, orders: Sequence[Order]) -> str:
        """By the folder's pattern; not where it is a regular expression."""
        request = single(orders)
        values = {"number": request.number, "name": request.name, "reference": request.reference, **request.fields}
        told = {**values, **{wish: plain(value) for wish, value in request.options.items()}}
        stem = self._pattern.fill({field: value for field, value in told.items() if value})
        if stem is None:
            raise CannotSay(f"names cannot be made by the pattern {self.folder.filename}, or not without more fields")
        return stem
