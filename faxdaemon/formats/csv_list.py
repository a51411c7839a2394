"""A table of recipients beside the document: `flyer.pdf` and `flyer.csv`, one recipient a row.

Promise   all rows or none: one that cannot be followed is told with its line, and nothing is sent.  Columns are known
          by their header; those that are ours mean what they say, others come back as fields of the recipient.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from faxdaemon.contracts.format import FolderAsks, Order
from faxdaemon.core.model import Request
from faxdaemon.core.wishes import VOCABULARY
from faxdaemon.formats._about import About
from faxdaemon.formats._control import RECIPIENTS
from faxdaemon.formats._lines import LinesDialect, Wrong, meaning, short, sorted_out
from faxdaemon.formats._text import Text
from faxdaemon.formats._write import only, plain

SEPARATORS = (",", ";", "\t")
_TOLD = "sep="
"""Excel's own first line, which names the separator."""

ABOUT = About(
    title="List of recipients, CSV",
    says="A `.csv` with the name of the document: a row of headers, then one recipient a row, at most 10,000. Cells "
    "are separated by comma, semicolon or tab. A column is called `number` (or `fax`, `to`), `name`, `reference`, "
    "`account`, or by one of the wishes; columns of your own come back as fields of the recipient.",
    files={
        "flyer.pdf": "",
        "flyer.csv": 'number;name;reference;ward\n303 555 0123;"Lee; Dr.";4711;7b\n+1 303 555 0124;Dr. Gray;4712;\n',
    },
    numbers=("+13035550123", "+13035550124"),
    carries=("name", "reference", "account", "several recipients", "fields", *VOCABULARY),
    answers="`<stem>.result.json` beside the document, with a result for each recipient.",
    source="faxdaemon's own",
)


def open_format(folder: FolderAsks) -> CsvList:
    """The dialect as one drop folder speaks it."""
    return CsvList(folder)


class CsvList(LinesDialect):
    """See the module."""

    endings = (".csv",)

    def is_control(self, name: str) -> bool:
        """Our own answers may be tables, too."""
        return super().is_control(name) and not name.lower().endswith(".result.csv")

    def follow(self, text: Text) -> list[Order]:
        """One order for all recipients."""
        content, skipped, separator = _separated(text.text.replace("\r\n", "\n").replace("\r", "\n"))
        rows = _rows(content, skipped, separator)
        line, header = next(rows, (1 + skipped, []))
        columns = _columns(line, header)
        requests: list[Request] = []
        for line, cells in rows:
            if len(requests) == RECIPIENTS:
                raise Wrong(line, f"more than {RECIPIENTS} recipients; split it")
            if any(cells[len(columns) :]):
                raise Wrong(line, "it has more cells than there are headers")
            if any(value and not column for column, value in zip(columns, cells, strict=False)):
                raise Wrong(line, "it has a cell below an empty header")
            requests.append(sorted_out(zip(columns, cells, strict=False)).request(line))
        if not requests:
            raise Wrong(None, "it has headers, and no recipient below them")
        return [Order(tuple(requests))]

    def compose(self, orders: Sequence[Order]) -> str:
        """With commas, and a column for whatever any recipient has."""
        rows = [_row(request) for request in only(orders).requests]
        columns = list(dict.fromkeys(column for row in rows for column in row))
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, columns, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()


def _row(request: Request) -> dict[str, str]:
    told = {"number": request.number, "name": request.name, "reference": request.reference, "account": request.account}
    known = {column: value for column, value in told.items() if value}
    return {**known, **{wish: plain(value) for wish, value in request.options.items()}, **request.fields}


def _separated(text: str) -> tuple[str, int, str]:
    """The table, the lines above it, and what separates its cells: what Excel says, or else what the headers have most
    of."""
    first = text.partition("\n")[0]
    if first.lower().startswith(_TOLD) and first[len(_TOLD) :] in SEPARATORS:
        return text[len(first) + 1 :], 1, first[len(_TOLD) :]
    return text, 0, max(SEPARATORS, key=first.count)


def _rows(text: str, skipped: int, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with anything in them, each with its last line.  Raises `Wrong`."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield reader.line_num + skipped, cells
    except csv.Error as error:
        raise Wrong(reader.line_num + skipped, f"it is no table ({error})") from None


def _columns(line: int, header: list[str]) -> list[str]:
    """What each column means.  Raises `Wrong`."""
    columns = [meaning(cell, line) if cell else "" for cell in header]
    for place, column in enumerate(columns):
        if column and column in columns[:place]:
            raise Wrong(line, f"two columns mean {short(column)}")
    if "number" not in columns:
        raise Wrong(line, "no column is called “number”; the first row must name the columns")
    return columns
