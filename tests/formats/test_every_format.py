"""What holds for every dialect: it understands its own sample, cannot be made to fail by any bytes, does a bounded
amount of work, and leaves nothing in a drop folder that would be taken for a drop.

A new file in `faxdaemon/formats` is tested here without a change.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.dialects import NAMES, about, dirty, numbers, opened, read, sample, wanted

from faxdaemon.contracts.format import BadRequest, Looks, NotMine, ReportFacts
from faxdaemon.core.model import Outcome
from faxdaemon.core.states import Outbound
from faxdaemon.core.wishes import VOCABULARY, parse
from faxdaemon.formats._lines import LinesDialect
from faxdaemon.formats.request import RequestFile
from faxdaemon.outbound.dialects import Asked, Dialects

MEGABYTE = 1_000_000
BESIDES = {"name", "reference", "documents", "account", "several recipients", "several jobs", "text", "fields"}


def control_formats() -> list[str]:
    return [name for name in NAMES if opened(name).looks_at is not Looks.NAME]


# -- what it tells of itself


@pytest.mark.parametrize("name", NAMES)
def test_its_sample_is_understood(name: str) -> None:
    made = sample(name)
    found = read(name, made.lead, made.asks)
    assert isinstance(found, Asked), found
    assert numbers(found) == list(about(name).numbers)
    for order in found.orders:
        for request in order.requests:
            parse(request.options)


@pytest.mark.parametrize("name", NAMES)
def test_its_sample_is_a_whole_drop(name: str) -> None:
    """Nothing is missing of what it names, and nothing in it is left over."""
    made = sample(name)
    found = read(name, made.lead, made.asks)
    assert isinstance(found, Asked)
    named = {each for one in wanted(found, made) for each in one}
    assert named | {made.lead} == set(made.files)


@pytest.mark.parametrize("name", NAMES)
def test_it_tells_all_that_it_carries_in_known_words(name: str) -> None:
    told = about(name)
    assert set(told.carries) <= BESIDES | set(VOCABULARY)
    assert len(set(told.carries)) == len(told.carries)
    assert all((told.title, told.says, told.answers, told.source, told.answer_files))


@pytest.mark.parametrize("name", NAMES)
def test_what_its_sample_uses_is_told(name: str) -> None:
    made = sample(name)
    found = read(name, made.lead, made.asks)
    assert isinstance(found, Asked)
    used = {option for order in found.orders for request in order.requests for option in request.options}
    requests = [request for order in found.orders for request in order.requests]
    used |= {word for request in requests for word in ("name", "reference", "account") if getattr(request, word)}
    used |= {"several recipients"} if any(len(order.requests) > 1 for order in found.orders) else set()
    used |= {"several jobs"} if len(found.orders) > 1 else set()
    used |= {"text"} if any(order.text for order in found.orders) else set()
    used |= {"documents"} if any(order.documents for order in found.orders) else set()
    assert used <= set(about(name).carries)


def text_formats() -> list[str]:
    """Those that are read as text in lines, and our own."""
    return [name for name in NAMES if isinstance(opened(name), LinesDialect | RequestFile)]


@pytest.mark.parametrize("kind", dirty(""))
@pytest.mark.parametrize("name", text_formats())
def test_however_its_lines_end_and_it_is_encoded(name: str, kind: str) -> None:
    made = sample(name)
    clean, found = (read(name, made.lead, each) for each in (made.asks, dirty(made.asks.decode())[kind]))
    assert isinstance(clean, Asked)
    assert isinstance(found, Asked), found
    assert [replace(order, encoding=None) for order in found.orders] == [
        replace(order, encoding=None) for order in clean.orders
    ]


@pytest.mark.parametrize("name", [name for name in NAMES if opened(name).looks_at is Looks.CONTROL])
def test_its_control_file_may_be_called_in_any_letter_case(name: str) -> None:
    made = sample(name)
    assert opened(name).is_control(made.lead.upper())
    assert isinstance(read(name, made.lead.upper(), made.asks), Asked)


# -- whatever is dropped


def judged(name: str, lead: str, content: bytes) -> Asked | BadRequest | NotMine:
    """It answers, in a way that others can work with, and twice the same."""
    found = read(name, lead, content)
    if isinstance(found, BadRequest):
        assert found.reason
        assert "\n" not in found.reason
        assert len(found.reason) < 4000
    elif isinstance(found, Asked):
        assert all(order.requests for order in found.orders)
        for order in found.orders:
            assert order.documents is None or all(isinstance(each, str) for each in order.documents)
            for request in order.requests:
                assert isinstance(request.number, str)
                assert all(isinstance(v, str) for v in request.fields.values())
    assert read(name, lead, content) == found
    return found


@pytest.mark.parametrize("name", control_formats())
@given(content=st.binary(max_size=300))
@example(b"")
@example(b"\xff\xfe")
@example(b"\0" * 40)
@settings(max_examples=60, deadline=None)
def test_no_bytes_make_it_fail(name: str, content: bytes) -> None:
    judged(name, sample(name).lead, content)


@pytest.mark.parametrize("name", control_formats())
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_no_change_of_its_sample_makes_it_fail(name: str, data: st.DataObject) -> None:
    made = sample(name)
    content = made.asks
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 20)))
        put = data.draw(st.one_of(st.binary(max_size=6), st.sampled_from(pieces(content))))
        content = content[:start] + put + content[end:]
    judged(name, made.lead, content)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_name_makes_it_fail(name: str, data: st.DataObject) -> None:
    made = sample(name)
    start = data.draw(st.integers(0, len(made.lead)))
    end = data.draw(st.integers(start, len(made.lead)))
    put = data.draw(st.one_of(st.text(st.characters(codec=None), max_size=8), st.sampled_from(["@F211", "}{", "__"])))
    judged(name, made.lead[:start] + put + made.lead[end:], made.asks)


def pieces(content: bytes) -> list[bytes]:
    """What a dialect is made of: its lines, its words with what surrounds them, its signs."""
    words = re.findall(rb"\W{0,3}\w+\W{0,3}", content)
    signs = {bytes([byte]) for byte in content if not chr(byte).isalnum()}
    return sorted({*content.splitlines(keepends=True), *words, *signs, b"\n", b"\r\n", b"\0"} - {b""})


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", control_formats())
def test_a_megabyte_is_read_in_bounded_time(name: str) -> None:
    """One that takes time by the square of what it reads would be at it for hours."""
    made = sample(name)
    signs = [sign for sign in pieces(made.asks) if len(sign) == 1]
    lines = made.asks.splitlines(keepends=True)[:12]
    for piece in sorted({*signs, *lines, b"0", made.asks}):
        found = read(name, made.lead, made.asks + piece * (MEGABYTE // len(piece)))
        assert not isinstance(found, BadRequest) or len(found.reason) < 4000
        found = read(name, made.lead, piece * (MEGABYTE // len(piece)))
        assert not isinstance(found, BadRequest) or len(found.reason) < 4000


# -- what it answers

ENDED = datetime(2026, 11, 20, 9, 1, 2, 345678, tzinfo=UTC)


def outcome(n: int, state: Outbound, **changes: Any) -> Outcome:
    values: dict[str, Any] = {
        "recipient": n,
        "number": "+13035550123",
        "name": "Dr. Lee & <Co>",
        "state": state,
        "reason": None if state is Outbound.SENT else "busy;\n\x01 and \ud83d more",
        "account": "main",
        "provider_id": "job-1",
        "reference": "ref-1-1",
        "pages": 2,
        "ended_at": ENDED,
        "submissions": 1,
        "remote_csid": "THEM",
        "duration_s": 61,
    }
    return Outcome(**(values | changes))


def facts(name: str, state: Outbound, control: bytes | None, recipients: int = 2) -> ReportFacts:
    lead = sample(name).lead
    return ReportFacts(
        fax_id="01jd0000000000000000000001",
        name=lead,
        received_at="2026-11-20T09:00:00.000+00:00",
        documents=({"name": "a.pdf", "bytes": 9, "sha256": "00", "pages": None},),
        outcomes=tuple(outcome(n, state) for n in range(1, recipients + 1)),
        overall=state.value,
        fields={"name": "Dr. Lee", "ordering": "7 & 8"},
        control=control,
    )


@pytest.mark.parametrize("state", [Outbound.SENT, Outbound.FAILED, Outbound.CANCELLED, Outbound.HELD])
@pytest.mark.parametrize("name", NAMES)
def test_its_answer(name: str, state: Outbound) -> None:
    made = sample(name)
    dialect = opened(name)
    for control in (None, made.asks, b"\0\xff not of this dialect <<< {{", b""):
        told = facts(name, state, control)
        files = dialect.answer(told)
        assert files, "somebody waits for it"
        assert len({(each.suffix.lower(), each.in_folder) for each in files}) == len(files)
        assert dialect.answer(told) == files, "after a crash it is written again, with the same bytes"
        for each in files:
            assert each.suffix.startswith("."), "what comes after the stem"
            if each.in_folder:
                left = (each.stem or made.stem) + each.suffix
                assert Dialects([(name, dialect)]).is_answer(left), f"{left} would be taken for a drop"


@pytest.mark.parametrize("name", NAMES)
def test_a_drop_that_nobody_could_read_is_answered(name: str) -> None:
    unread = outcome(1, Outbound.FAILED, number=None, name=None, account=None, provider_id=None, reference=None)
    told = facts(name, Outbound.FAILED, b"\xff", 0)
    told = ReportFacts(**{each: getattr(told, each) for each in told.__slots__} | {"outcomes": (unread,)})
    assert opened(name).answer(told)
