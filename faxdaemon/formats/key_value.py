"""`key=value` beside the document: `.ini` and `.properties` files of home-made applications.

Promise   each line is followed or refused with its number; a key said twice is refused, except `document`, which lists.
          Words that are ours mean what they say, others come back as fields; what is nearly one of ours is refused.
Needs     nothing.
Crash     keeps nothing.

One section header may stand above (`[fax]`), for INI files must have one; a second section is refused, for it would be
another fax to one reader and more about the same fax to another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from faxdaemon.contracts.format import FolderAsks, Order
from faxdaemon.core.wishes import VOCABULARY
from faxdaemon.formats._about import About
from faxdaemon.formats._lines import LinesDialect, Wrong, meaning, short, sorted_out, unquoted
from faxdaemon.formats._text import Text
from faxdaemon.formats._write import only, plain, single

LISTS = ("document", "documents", "file", "attachment")
_COMMENTS = ("#", ";", "!")

ABOUT = About(
    title="key=value and INI files",
    says="A `.ini` or `.properties` file with the name of the document: `key=value`, one a line, with `=` or `:`; "
    "comments begin with `#`, `;` or `!`. `number` may be called `to`, `fax` or `faxnumber`, and each of `document`, "
    "`file` and `attachment` names one document; keys of your own come back as fields.",
    files={
        "job77.pdf": "",
        "job77.ini": "[fax]\nFaxNumber = 1 (303) 555-0123\nname = Dr. Lee\nresolution = fine\nward = 7b\n",
    },
    numbers=("+13035550123",),
    carries=("name", "reference", "account", "documents", "fields", *VOCABULARY),
    answers="`<stem>.result.json` beside the document.",
    source="B: home-made applications; the words are faxdaemon's own",
)


def open_format(folder: FolderAsks) -> KeyValue:
    """The dialect as one drop folder speaks it."""
    return KeyValue(folder)


class KeyValue(LinesDialect):
    """See the module."""

    endings = (".ini", ".properties")

    def follow(self, text: Text) -> list[Order]:
        """One recipient."""
        found: dict[str, str] = {}
        documents: list[str] = []
        for line, key, value in _lines(text):
            what = meaning(key, line, LISTS)
            if what in LISTS:
                documents += [value] if value else []
            elif what in found:
                raise Wrong(line, f"“{short(key)}” is said a second time")
            else:
                found[what] = value
        request = sorted_out(found.items()).request(None)
        return [Order((request,), tuple(documents) or None)]

    def compose(self, orders: Sequence[Order]) -> str:
        """As `.properties`."""
        request = single(orders)
        told = {"number": request.number, "name": request.name, "reference": request.reference}
        pairs = [
            *told.items(),
            ("account", request.account),
            *((wish, plain(value)) for wish, value in request.options.items()),
            *request.fields.items(),
            *(("document", document) for document in only(orders).documents or ()),
        ]
        return "".join(f"{key} = {_quoted(value)}\n" for key, value in pairs if value)


def _quoted(value: str) -> str:
    return value if unquoted(value) == value else f'"{value}"'


def _lines(text: Text) -> Iterator[tuple[int, str, str]]:
    sections = 0
    for line, written in enumerate(text.lines, 1):
        plain = written.strip()
        if not plain or plain.startswith(_COMMENTS):
            continue
        if plain.startswith("[") and plain.endswith("]"):
            sections += 1
            if sections > 1:
                raise Wrong(line, "a second section begins; one file asks for one fax")
            continue
        ends = [at for at in (plain.find("="), plain.find(":")) if at >= 0]
        key = plain[: min(ends)].strip() if ends else ""
        if not key:
            raise Wrong(line, f"“{short(plain)}” is not key=value")
        yield line, key, unquoted(plain[min(ends) + 1 :])
