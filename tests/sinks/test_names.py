"""Names made of a fax's facts: every field, Fax Assist's tokens, lengths, and what may not lead out of the folder."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hostile import HOSTILE
from support.windows_names import trouble

from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import InboundFax, Listed, StoredDocument
from faxdaemon.sinks import _names

DENVER = ZoneInfo("America/Denver")
WHEN = datetime(2026, 2, 26, 15, 0, 7, tzinfo=UTC)
LISTED = Listed(
    provider_id="ct1555-1",
    called="+13035550100",
    caller="+12065550123",
    csid="TESTCSID1",
    received_at=WHEN,
    pages=3,
    metadata={},
    name="Dr Lee",
    station="DESK",
    duration_s=75,
    resolution="fine",
    speed=26400,
    partial=False,
)
FAX = InboundFax(FaxId("01jd00000000000000abcdefgh"), "main", 1, LISTED, WHEN, 0, None)


def named(template: str, fax: InboundFax = FAX, longest: int = 180, page: int = 1) -> str:
    assert _names.check(template) == []
    place = _names.place(template, _names.values(fax, DENVER, "faxage", page), longest)
    return "/".join((*place.folders, place.stem))


def of(**changes: object) -> InboundFax:
    return replace(FAX, listed=replace(LISTED, **changes))


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{received:%Y-%m-%d_%H%M}", "2026-02-26_0800"),
        ("{received:%H%M%z}", "0800-0700"),
        ("{received}", "2026-02-26_080007"),
        ("{first_seen:%d}", "26"),
        ("{line}_{from}", "+13035550100_+12065550123"),
        ("{name}_{csid}_{station}", "Dr Lee_TESTCSID1_DESK"),
        ("{pages:03}_{page}", "003_2"),
        ("{duration}_{resolution}_{speed}_{partial}", "75_fine_26400_complete"),
        ("{account}_{provider}_{provider_id}_{id}", f"main_faxage_ct1555-1_{FAX.fax_id}"),
        ("{received:%Y}/{received:%m}/{from}", "2026/02/+12065550123"),
    ],
)
def test_each_field(template: str, name: str) -> None:
    assert named(template, page=2) == name


def test_a_template_of_fax_assist_gives_the_names_that_it_gave() -> None:
    """The example of its documentation, with other numbers."""
    template = "{messageId}_{receivedTime}_{callerNumber}_{calledNumber}_{totalPages}"
    assert named(template) == "ct1555-1_02262026 800 AM_12065550123_13035550100_3"


@pytest.mark.parametrize(
    ("token", "value"),
    [
        ("account", "main"),
        ("calledNumber", "13035550100"),
        ("callerNumber", "12065550123"),
        ("completedTime", "02262026 801 AM"),
        ("currentPage", "1"),
        ("downloadedTime", "02262026 800 AM"),
        ("duration", "75"),
        ("messageId", "ct1555-1"),
        ("randomId", "00ABCDEFGH"),
        ("receivedTime", "02262026 800 AM"),
        ("resolution", "1"),
        ("senderCSID", "TESTCSID1"),
        ("speed", "26400"),
        ("timeZone", "-0700"),
        ("totalPages", "3"),
    ],
)
def test_each_token_of_fax_assist(token: str, value: str) -> None:
    assert token in _names.FAX_ASSIST
    assert named(f"{{totalPages}}={{{token}}}") == f"3={value}"


@pytest.mark.parametrize(
    ("hour", "shown"), [(0, "12"), (1, "1"), (11, "11"), (12, "12"), (13, "1"), (23, "11")], ids=str
)
def test_hours_as_there(hour: int, shown: str) -> None:
    fax = of(received_at=datetime(2026, 2, 26, hour, 5, tzinfo=DENVER))
    assert named("{receivedTime}", fax) == f"02262026 {shown}05 {'AM' if hour < 12 else 'PM'}"


def test_their_times_take_our_forms() -> None:
    assert named("{receivedTime:%Y%m%d}") == "20260226"


@pytest.mark.parametrize("template", ["{received:%Y}//{from}", "/{from}", "../{from}", "{from}/", "a\\{from}", "./x"])
def test_folders_that_are_none(template: str) -> None:
    assert _names.check(template)
    assert not _names.check("{received:%Y}/{from}")
    assert _names.check("{received:%Y}/{from}", folders=False)


def test_a_counted_page_is_believed_before_an_announced_one() -> None:
    fax = replace(FAX, document=StoredDocument("in/x", 1, "0", "application/pdf", 2))
    assert named("{pages}", fax) == "2"


def test_a_long_value_does_not_hide_the_others() -> None:
    name = named("{csid}_{name}_{id}", of(csid="C" * 4096, name="N" * 4096))
    assert name == f"{'C' * 64}_{'N' * 64}_{FAX.fax_id}"


@pytest.mark.parametrize("longest", [40, 180, 200])
def test_what_is_too_long_keeps_its_end(longest: int) -> None:
    name = named("{csid}{csid}{csid}{csid}_{id}", of(csid="é" * 99), longest)
    assert len(name.encode()) <= longest
    assert name.endswith(FAX.fax_id)


def test_a_name_that_our_own_drop_folders_would_not_take_is_made_one() -> None:
    assert named("{csid}", of(csid="~$letter")) == "_~$letter"


# -- whatever a caller may call itself


def test_hostile_texts_stay_inside_and_are_valid() -> None:
    assert len(HOSTILE) >= 200
    for text in HOSTILE:
        for template in ("{csid}", "{name}", "{csid}_{name}_{pages}p", "{csid}/{name}", "{received:%Y}/{csid}/{from}"):
            parts = named(template, of(csid=text, name=text, caller=text)).split("/")
            assert len(parts) == 1 + template.count("/"), (text, template)
            assert [trouble(f"{part}.pdf") for part in parts] == [None] * len(parts), (text, parts)
            assert [trouble(part) for part in parts] == [None] * len(parts), (text, parts)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=300), st.text(st.sampled_from("./\\ :conNULpr1\u202e\x00\ud800~$"), max_size=40))
def test_any_text_stays_inside_and_is_valid(csid: str, name: str) -> None:
    parts = named("{csid}/{name}", of(csid=csid, name=name)).split("/")
    assert len(parts) == 2
    assert [trouble(part) for part in parts] == [None, None]
