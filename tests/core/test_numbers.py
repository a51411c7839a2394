"""Numbers as people write them, and the reasons for refusing the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faxdaemon.core.numbers import Kind, NotANumber, is_emergency, kind_of, masked, masked_within, to_e164, valid


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("3035550100", "US", "+13035550100"),
        ("1 (303) 555-0100", "US", "+13035550100"),
        ("+1.303.555.0100", "DE", "+13035550100"),
        ("040 123456", "DE", "+4940123456"),
        ("+49 40 / 123456", "US", "+4940123456"),
        ("020 7946 0123", "GB", "+442079460123"),
    ],
)
def test_understood(text: str, region: str, number: str) -> None:
    assert to_e164(text, region) == number


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("1-800-FLOWERS", "contains “F”"),
        ("303555O100", "contains “O”"),
        ("12", "too short"),
        ("3035550100123456", "too long"),
        ("+9995550100", "country code"),
        ("5550100", "area code"),
        ("30355+50100", "contains “\\+”"),
        ("٣٠٣٥٥٥٠١٠٠", "contains"),
    ],
)
def test_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(NotANumber, match=reason):
        to_e164(text, "US")


@given(st.text(max_size=40))
def test_any_text_gives_a_number_or_a_reason(text: str) -> None:
    try:
        number = to_e164(text, "US")
    except NotANumber as error:
        assert str(error)
    else:
        assert number.startswith("+")
        assert number[1:].isdigit()


def test_a_masked_number_hides_the_middle() -> None:
    assert masked("+13035550100") == "+1303•••••00"
    assert masked("110") == "•••"
    assert masked(None) == "-"


def test_a_masked_address_hides_whose_it_is() -> None:
    assert masked("jane.doe@example.org") == "j•••@example.org"
    assert masked("@example.org") == "•••@example.org"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("+13035550123", None),
        ("+19005550123", Kind.PREMIUM),
        ("+491801123456", Kind.SHARED_COST),
        ("+448701234567", Kind.SHARED_COST),
        ("+448441234567", Kind.SHARED_COST),
        ("+449061234567", Kind.PREMIUM),
        ("+447012345678", Kind.PERSONAL),
        ("+491641234567", Kind.PAGER),
        ("+881612345678", Kind.SATELLITE),
        ("+88213300655", Kind.SATELLITE),
        ("+447911123456", Kind.MOBILE),
        ("+18005551234", Kind.TOLL_FREE),
    ],
)
def test_the_kind_of_a_number(number: str, kind: Kind | None) -> None:
    assert kind_of(number) is kind


@pytest.mark.parametrize(
    ("text", "region", "emergency"),
    [
        ("911", "US", True),
        ("9-1-1", "US", True),
        ("9115550123", "US", True),
        ("112", "DE", True),
        ("112 34567", "DE", True),
        ("999", "GB", True),
        ("11 2631 9852", "IN", False),
        ("303 555 0123", "US", False),
        ("030 901820", "DE", False),
        ("hello", "US", False),
        ("", "US", False),
    ],
)
def test_what_calls_for_help(text: str, region: str, emergency: bool) -> None:
    assert is_emergency(text, region) is emergency


@pytest.mark.parametrize(
    ("text", "number"), [("(303) 555-0123", "+13035550123"), ("4711234567", None), ("20261120", None), ("x", None)]
)
def test_what_only_looks_like_a_number(text: str, number: str | None) -> None:
    assert valid(text, "US") == number


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("to +13035550123.", "to +1303•••••23."),
        ("delivery main:+494055500130:folder", "delivery main:+4940••••••30:folder"),
        ("/srv/out/3035550123_Dr-Lee_4711.pdf: is a folder", "/srv/out/30355•••23_Dr-Lee_4711.pdf: is a folder"),
        ('{"name": "Dr Lee 13035550123.tiff"}', '{"name": "Dr Lee 13035••••23.tiff"}'),
        ("provider id 4055501234", "provider id 4055501234"),
        ('{"size": 12345678901, "name": "x.pdf"}', '{"size": 12345678901, "name": "x.pdf"}'),
        ("size=12345678901 name=x.pdf", "size=12345678901 name=x.pdf"),
        ("01m7w2y7m1fh68kgm20vky7akb-1.pdf", "01m7w2y7m1fh68kgm20vky7akb-1.pdf"),
        ("2026-11-20T09:31:05.123456Z", "2026-11-20T09:31:05.123456Z"),
    ],
)
def test_numbers_are_masked_within_a_text_where_they_are_surely_numbers(text: str, shown: str) -> None:
    assert masked_within(text) == shown
