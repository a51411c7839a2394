"""VSI-FAX (Esker) tag files: `tag=value`, one a line; each recipient begins with `tfn`.

Promise   each tag is followed, comes back as a field, or is refused with its line.  All recipients get the same fax, as
          VSI-FAX has it; what tells of a recipient belongs to the `tfn` above it.
Needs     nothing.
Crash     keeps nothing.

A document may stand in the file itself: `fll=<<EOF`, its lines, `EOF`.  Such a text is the first page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from faxdaemon.contracts.format import FolderAsks, Order
from faxdaemon.core.model import Request
from faxdaemon.formats._about import About
from faxdaemon.formats._lines import LinesDialect, Wrong, short, unquoted
from faxdaemon.formats._text import Text
from faxdaemon.formats._write import lines, only, said

_RECIPIENT = {"tnm": "name", "tco": "recipient_company", "tvn": "tvn"}
_COMMON = {"cvr": "cover", "sub": "subject"}
_KEPT = frozenset({"udf"})
_HERE = "<<"
_LAST = "EOF"
_REFUSED = {
    "fls": "a file on the VSI-FAX server cannot be reached from here; name a local one with fll",
    "fvl": "a form cannot be laid under a document here; send the document complete",
    "ntf": "a note can be followed only where it stands in the file itself: ntf=<<EOF",
}

ABOUT = About(
    title="VSI-FAX (Esker) tag file",
    says="A `.tag` file, one `tag=value` a line; each recipient begins with `tfn`. Documents are named by `fll`, or "
    "stand in the file (`fll=<<EOF`); without `fll`, the document has the name of the file.",
    files={
        "hello.pdf": "",
        "hello.tag": "cvr=classic\nsub=Your order\nfll=hello.pdf\ntfn=303-555-0123\ntnm=Dr. Lee\ntco=North Clinic\n"
        "tfn=303-555-0124\ntnm=Dr. Gray\n",
    },
    numbers=("+13035550123", "+13035550124"),
    carries=(
        "name",
        "documents",
        "several recipients",
        "text",
        "fields",
        "recipient_company",
        "cover",
        "subject",
        "cover_text",
    ),
    answers="`<stem>.result.json` beside the document.",
    source="A: VSI-FAX technical information, pages 171, 172; its full list of tags is in the program only",
)


def open_format(folder: FolderAsks) -> VsiFax:
    """The dialect as one drop folder speaks it."""
    return VsiFax(folder)


@dataclass
class _Envelope:
    options: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    recipients: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    text: str | None = None

    def order(self) -> Order:
        """The fax.  Raises `Wrong` without a recipient."""
        if not self.recipients:
            raise Wrong(None, "it has no recipient; tfn=… is missing")
        requests = tuple(self._request(number, told) for number, told in self.recipients)
        alone = self.text is not None and not self.documents
        return Order(requests, () if alone else tuple(self.documents) or None, self.text)

    def _request(self, number: str, told: dict[str, str]) -> Request:
        company = {"recipient_company": told["recipient_company"]} if told.get("recipient_company") else {}
        voice = {"tvn": told["tvn"]} if told.get("tvn") else {}
        return Request(number, told.get("name") or None, None, {**self.fields, **voice}, {**self.options, **company})


class VsiFax(LinesDialect):
    """See the module."""

    endings = (".tag",)

    def follow(self, text: Text) -> list[Order]:
        """One order for all recipients."""
        made = _Envelope()
        for line, tag, value, here in _tags(text.lines):
            if tag == "tfn":
                if not value:
                    raise Wrong(line, "tfn= without a number")
                made.recipients.append((value, {}))
            elif tag in _RECIPIENT:
                if not made.recipients:
                    raise Wrong(line, f"{tag}= before the first tfn=: it is not known whose it is")
                _once(made.recipients[-1][1], _RECIPIENT[tag], value, line, tag)
            elif tag == "fll":
                _file(made, line, value, here)
            elif tag in _COMMON:
                _once(made.options, _COMMON[tag], value, line, tag)
            elif tag == "ntf" and here:
                _once(made.options, "cover_text", value, line, tag)
            elif tag in _KEPT:
                _once(made.fields, tag, value, line, tag)
            else:
                raise Wrong(line, f"{short(tag)}=: {_REFUSED.get(tag, 'this tag is not known here')}")
        return [made.order()]

    def compose(self, orders: Sequence[Order]) -> str:
        """What is common to all recipients is said by the first."""
        order = only(orders)
        first = order.requests[0]
        common = [*said(first, _COMMON).items(), ("udf", first.fields.get("udf"))]
        told = lines(common, lambda tag, value: f'{tag}="{value}"')
        told += [f"fll=<<{_LAST}\n{order.text}{_LAST}"] if order.text else []
        told += [f'fll="{document}"' for document in order.documents or ()]
        if first.options.get("cover_text"):
            told.append(f"ntf=<<{_LAST}\n{str(first.options['cover_text']).rstrip()}\n{_LAST}")
        for each in order.requests:
            own = [
                ("tnm", each.name),
                *said(each, {"tco": "recipient_company"}).items(),
                ("tvn", each.fields.get("tvn")),
            ]
            told += lines([("tfn", each.number), *own], lambda tag, value: f'{tag}="{value}"')
        return "".join(f"{line}\n" for line in told)


def _once(into: dict[str, str], key: str, value: str, line: int, tag: str) -> None:
    if into.get(key, value) != value:
        raise Wrong(line, f"{tag}= is said a second time, and otherwise")
    into[key] = value


def _file(made: _Envelope, line: int, value: str, here: bool) -> None:
    if not here and value:
        made.documents.append(value)
    elif not here:
        raise Wrong(line, "fll= without a file")
    elif made.documents or made.text is not None:
        raise Wrong(line, "a text in the file itself can only be the first page; put it before the other fll=")
    else:
        made.text = value


def _tags(lines: list[str]) -> Iterator[tuple[int, str, str, bool]]:
    """Each tag with its line, its value, and whether the value stood below it.  Raises `Wrong`."""
    at = 0
    while at < len(lines):
        line, written = at + 1, lines[at].strip()
        at += 1
        if not written:
            continue
        tag, equals, value = written.partition("=")
        if not equals:
            raise Wrong(line, f"“{short(written)}” is not tag=value")
        value = value.strip()
        here = value.startswith(_HERE)
        if here:
            mark = value[len(_HERE) :].strip()
            end = next((n for n in range(at, len(lines)) if lines[n].rstrip() == mark), None) if mark else None
            if end is None:
                raise Wrong(line, f"the text that begins here is not ended by a line “{short(mark) or 'EOF'}”")
            value, at = "\n".join(lines[at:end]) + "\n", end + 1
        yield line, tag.strip().lower(), value if here else unquoted(value), here
