"""The vocabulary of what one fax may ask for."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faxdaemon.core import wishes
from faxdaemon.core.wishes import VOCABULARY, BadWish, Kind, Need, parse

EXAMPLES = {name: wish.example for name, wish in VOCABULARY.items()}
TEXTS = {Kind.LINE, Kind.TEXT}


def test_every_example_is_what_parse_gives() -> None:
    assert parse(EXAMPLES) == EXAMPLES


def test_what_parse_gives_is_json_and_stays_the_same() -> None:
    assert parse(json.loads(json.dumps(parse(EXAMPLES)))) == EXAMPLES


def test_every_wish_is_explained_and_only_choices_have_choices() -> None:
    for wish in VOCABULARY.values():
        assert wish.meaning.endswith(".")
        assert bool(wish.choices) == (wish.kind is Kind.CHOICE)


def test_what_would_make_it_another_fax_must_be_taken() -> None:
    assert {name for name, wish in VOCABULARY.items() if wish.need is Need.MUST} == {
        "service",
        "address",
        "cover",
        "cover_text",
    }


@pytest.mark.parametrize("empty", [None, "", "  ", "\n"])
def test_an_empty_text_asks_for_nothing(empty: str | None) -> None:
    assert parse({"subject": empty}) == {}


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("resolution", " Fine ", "fine"),
        ("subject", "a \t b\r\n c\x07", "a b c"),
        ("cover_text", "one\r\n two  words\n", "one\ntwo words"),
        ("sender_fax", "(303) 555-0100", "(303) 555-0100"),
        ("retries", "3", 3),
        ("retries", 0, 0),
        ("flash", "Yes", True),
        ("flash", "off", False),
        ("flash", False, False),
        ("notify_image", 1, True),
        ("send_at", "2026-11-30 08:15", "2026-11-30T07:15:00+00:00"),
        ("send_at", "2026-11-30T08:15:00Z", "2026-11-30T08:15:00+00:00"),
        ("send_at", datetime(2026, 11, 30, 8, 15), "2026-11-30T07:15:00+00:00"),  # noqa: DTZ001 - as YAML gives it
        ("send_at", datetime(2026, 11, 30, 8, 15, tzinfo=UTC), "2026-11-30T08:15:00+00:00"),
        ("expire_at", "2026-07-01T08:15:00", "2026-07-01T06:15:00+00:00"),
    ],
)
def test_values_are_normalised(name: str, value: Any, read: Any) -> None:
    assert parse({name: value}, ZoneInfo("Europe/Berlin")) == {name: read}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("resolution", "finest", "resolution: “finest” is not possible; write one of standard, fine, hyperfine"),
        ("subject", 4711, "subject: must be text; write it in quotes"),
        ("subject", True, "quotes"),
        ("subject", "x" * 256, "is 256 characters long; write 255 at most"),
        ("sender_csid", "x" * 21, "20 at most"),
        ("sender_fax", "Praxis", "no telephone number"),
        ("address", "desk", "no e-mail address"),
        ("address", "a@b.c,d@e.f", "no e-mail address"),
        ("retries", "many", "a whole one from 0 to 20"),
        ("retries", 21, "a whole one from 0 to 20"),
        ("retries", -1, "a whole one"),
        ("retries", True, "a whole one"),
        ("flash", "perhaps", "neither yes nor no"),
        ("send_at", "tomorrow", "2026-11-30 08:15:00"),
        ("send_at", "2026-11-30", "not a time"),
        ("send_at", "0001-01-01T00:00:00+10:00", "not a time"),
        ("resolutoin", "fine", "resolutoin: nobody can ask for that; did you mean resolution?"),
        ("zzz", "fine", "there are: service, address"),
    ],
)
def test_what_cannot_be_is_told_in_words(name: str, value: Any, words: str) -> None:
    with pytest.raises(BadWish) as told:
        parse({name: value}, ZoneInfo("Europe/Berlin"))
    assert words in str(told.value)


def test_without_a_zone_the_machines_own_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/Denver")
    time.tzset()
    try:
        assert parse({"send_at": "2026-07-01 08:15"}) == {"send_at": "2026-07-01T14:15:00+00:00"}
    finally:
        monkeypatch.undo()
        time.tzset()
    assert os.environ.get("TZ") != "America/Denver"


@given(st.sampled_from([n for n, w in VOCABULARY.items() if w.kind in TEXTS]), st.text(max_size=300))
def test_a_text_is_refused_or_becomes_printable_and_stays(name: str, value: str) -> None:
    try:
        read = parse({name: value})
    except BadWish:
        assert len(value) > VOCABULARY[name].most
        return
    assert parse(read) == read
    assert all(c.isprintable() or c == "\n" for text in read.values() for c in text)


@pytest.mark.parametrize(
    ("asked", "to_address"),
    [({}, False), ({"service": "fax"}, False), ({"service": "sms"}, False)]
    + [({"service": name}, True) for name in ("email", "qsign")],
)
def test_which_services_go_to_an_address(asked: dict[str, str], to_address: bool) -> None:
    assert wishes.to_address(asked) is to_address


def test_a_moment_is_aware_or_none() -> None:
    assert wishes.moment(EXAMPLES, "send_at") == datetime(2036, 11, 30, 7, 15, tzinfo=UTC)
    assert wishes.moment({}, "send_at") is None
