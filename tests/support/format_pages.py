"""The list of docs/formats.md, made from what every dialect tells of itself.

`refresh` puts it between its two marks in the page and changes nothing else.
"""

from __future__ import annotations

import textwrap

from support.dialects import NAMES, about, opened

from faxdaemon.contracts.format import Looks
from faxdaemon.core.wishes import VOCABULARY
from faxdaemon.formats._about import About

BEGIN = "<!-- formats: generated from the dialects; see tests/support/format_pages.py -->"
END = "<!-- end of the formats -->"
WHERE = {
    Looks.NAME: "In the name of the document",
    Looks.CONTROL: "In a control file",
    Looks.CONTENT: "In the document itself",
}


def refresh(page: str) -> str:
    """`page` with the list as it should be."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page must contain “{BEGIN}” and “{END}”")
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def table() -> str:
    """By what they look at, each with its sample."""
    parts = []
    for looks, title in WHERE.items():
        names = [name for name in NAMES if opened(name).looks_at is looks]
        if names:
            parts += [f"## {title}", *(section(name, about(name)) for name in names)]
    return "\n\n".join(parts)


def section(name: str, told: About) -> str:
    """One dialect."""
    return "\n\n".join(
        [
            f"### `{name}`: {told.title}",
            told.says,
            *(_file(file, content) for file, content in told.files.items()),
            f"**Carries** the number, {_carried(told.carries)}." if told.carries else "**Carries** the number only.",
            f"**Answers** {told.answers}",
            f"**From** {told.source}.",
        ]
    )


def _file(name: str, content: str) -> str:
    if not content:
        return f"`{name}`: a document."
    return f"`{name}`:\n\n{textwrap.indent(content.replace(chr(13), '').rstrip(), '    ', lambda _: True)}"


def _carried(words: tuple[str, ...]) -> str:
    if set(VOCABULARY) <= set(words):
        return ", ".join([*(word for word in words if word not in VOCABULARY), "all [wishes](wishes.md)"])
    return ", ".join(f"`{word}`" if word in VOCABULARY else word for word in words)
