"""Where a received fax goes: lines, rules, and what they say together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.scripted import listed

from faxdaemon.core.lines import OTHER, WITHHELD, Choice, Lines, Rule, parse_hours

DESK, LAB = "+13035550100", "+13035550101"
FRIDAY = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)


def choose(*rules: Rule, pages: int | None = 3, lines: Any = None, zone: Any = UTC, **fax: Any) -> Choice:
    known = {DESK: ["desk"], OTHER: ["rest"]} if lines is None else lines
    facts = {"called": DESK, "caller": "+13035550177", "csid": " Lab West ", "received_at": FRIDAY, **fax}
    return Lines(known, rules, frozenset({"copy"}), zone).choose(listed(**facts), pages, FRIDAY - timedelta(days=1))


def fits(pages: int | None = 3, zone: Any = UTC, fax: Any = None, **rule: Any) -> bool:
    return "it" in choose(Rule("it", ("copy",), **rule), pages=pages, zone=zone, **(fax or {})).rules


def test_a_line_has_its_destinations_and_other_takes_the_rest() -> None:
    assert choose() == Choice(("desk",), frozenset(), DESK, ())
    assert choose(called=LAB) == Choice(("rest",), frozenset(), OTHER, ())
    assert choose(called=None).sinks == ("rest",)
    assert choose(called=LAB, lines={DESK: ["desk"]}) == Choice((), frozenset(), None, ())


def test_every_rule_that_fits_adds_its_destinations_each_once() -> None:
    first, second = Rule("first", ("copy", "desk")), Rule("second", ("copy", "lab"))
    found = choose(first, Rule("never", ("no",), callers=("+49*",)), second)
    assert found == Choice(("desk", "copy", "lab"), frozenset({"copy"}), DESK, ("first", "second"))
    assert found.why == "rules: first, second"
    assert choose().why is None


def test_a_rule_instead_takes_the_lines_place_and_no_other_rules() -> None:
    moved, added = Rule("moved", ("lab",), instead=True), Rule("added", ("copy",))
    assert set(choose(moved, added).sinks) == set(choose(added, moved).sinks) == {"lab", "copy"}


def test_a_rule_gives_a_destination_where_no_line_does() -> None:
    lines = Lines({DESK: ["desk"]}, (Rule("long", ("lab",), min_pages=10),))
    fax = listed(called=LAB)
    assert lines.anybody(fax, FRIDAY), "its pages may be that many"
    assert lines.choose(fax, 9, FRIDAY).sinks == ()
    assert lines.choose(fax, 10, FRIDAY).sinks == ("lab",)
    assert not Lines({DESK: ["desk"]}, (Rule("abroad", ("lab",), callers=("+49*",)),)).anybody(fax, FRIDAY)
    assert "no rule fits" in lines.nobody(fax)


def test_callers() -> None:
    assert fits(callers=("+49*", "+1303555????"))
    assert not fits(callers=("+1303556????",))
    assert fits(callers=(WITHHELD,), fax={"caller": None})
    assert not fits(callers=(WITHHELD,))
    assert not fits(callers=("*",), fax={"caller": None}), "who is not known is nobody's"


def test_what_the_sending_machine_says() -> None:
    assert fits(csids=("lab*",))
    assert not fits(csids=("lab",))
    assert not fits(csids=("*",), fax={"csid": None})


def test_lines_of_a_rule() -> None:
    assert fits(lines=frozenset({DESK}))
    assert not fits(lines=frozenset({OTHER}))
    assert fits(lines=frozenset({OTHER}), fax={"called": LAB})


@pytest.mark.parametrize(
    ("pages", "least", "most", "fit"),
    [(3, 3, 3, True), (3, 4, None, False), (3, None, 2, False), (3, None, 3, True), (None, 1, None, False)],
)
def test_pages(pages: int | None, least: int | None, most: int | None, fit: bool) -> None:
    assert fits(pages, min_pages=least, max_pages=most) is fit


def test_hours_and_days_are_those_of_the_site() -> None:
    evening = (parse_hours("18:00-08:00"),)
    assert fits(hours=evening)
    assert not fits(hours=evening, zone=ZoneInfo("America/Denver")), "there it is 12:30"
    assert fits(days=frozenset({"fri"}))
    assert fits(days=frozenset({"sat"}), zone=ZoneInfo("Asia/Tokyo"))
    assert not fits(hours=(parse_hours("18:00-19:30"),)), "the end is not part of it"
    assert fits(hours=(parse_hours("08:00-12:00"), parse_hours("19:30-19:31")))


def test_when_the_provider_tells_no_time_that_of_the_listing_counts() -> None:
    assert fits(days=frozenset({"thu"}), fax={"received_at": None})


@pytest.mark.parametrize("text", ["", "18-20", "18:00", "24:01-08:00", "08:00-08:00", "18:60-19:00", "x18:00-19:00"])
def test_what_is_no_time_of_the_day(text: str) -> None:
    with pytest.raises(ValueError, match="is no time of the day; write"):
        parse_hours(text)


def test_midnight() -> None:
    assert parse_hours("18:00-24:00") == (1080, 1440)
    assert parse_hours("0:00 - 24:00") == (0, 1440)


def test_the_order_of_rules_does_not_matter() -> None:
    rules = [
        Rule("copies", ("copy",)),
        Rule("moved", ("lab", "copy"), instead=True, callers=("+1*",)),
        Rule("long", ("desk",), min_pages=4),
        Rule("never", ("no",), instead=True, callers=("+49*",)),
    ]
    for pages in (3, 4):
        found = {frozenset(choose(*each, pages=pages).sinks) for each in permutations(rules)}
        assert found == {frozenset({"lab", "copy", "desk"} if pages == 4 else {"lab", "copy"})}
