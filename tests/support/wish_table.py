"""The table of docs/wishes.md, made from the vocabulary and from what each adapter says that it heeds.

`refresh` puts it between its two marks in the page and changes nothing else.
"""

from __future__ import annotations

from faxdaemon import plugins
from faxdaemon.core.wishes import VOCABULARY, Kind, Need, Wish

BEGIN = "<!-- wishes: generated from the vocabulary; see tests/support/wish_table.py -->"
END = "<!-- end of the wishes -->"
ELSEWHERE = {Need.MUST: "**refused**", Need.MAY: "left out", Need.OURS: "the daemon"}
"""What becomes of it at an account that does not take it."""


def refresh(page: str) -> str:
    """`page` with the table as it should be."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page must contain “{BEGIN}” and “{END}”")
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def table() -> str:
    """Wish by provider; the free fields share a line."""
    names = plugins.names("faxdaemon.providers")
    heeded = {name: plugins.load("faxdaemon.providers", name).CAPABILITIES.wishes for name in names}
    rows = [f"| wish | value | meaning | not taken | {' | '.join(names)} |", "|---" * (4 + len(names)) + "|"]
    for name, wish in VOCABULARY.items():
        if name.startswith("user_field") and name != "user_field1":
            continue
        shown = "`user_field1` … `user_field12`" if name == "user_field1" else f"`{name}`"
        marks = ["yes" if name in heeded[provider] else "" for provider in names]
        rows.append(" | ".join((f"| {shown}", _value(wish), wish.meaning, ELSEWHERE[wish.need], *marks)) + " |")
    return "\n".join(rows)


def _value(wish: Wish) -> str:
    if wish.kind is Kind.CHOICE:
        return ", ".join(f"`{choice}`" for choice in wish.choices)
    if wish.kind is Kind.NUMBER:
        return f"0 to {wish.most}"
    if wish.kind in {Kind.LINE, Kind.TEXT}:
        return f"{wish.kind.value}, {wish.most} characters"
    return wish.kind.value
