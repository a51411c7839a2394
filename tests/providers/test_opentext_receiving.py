"""OpenText: documents that come with the list, reservations, and the reader of answers with a document inside."""

from __future__ import annotations

import base64
import json
import random
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

import pytest
from support.faxes import Paper
from support.papers import pdf_bytes
from support.provider_rigs import opentext as rig
from support.wire import RealClock, WireServer, always, reply

from faxdaemon.contracts.provider import Provider
from faxdaemon.core.errors import ItemGone, ProviderTrouble
from faxdaemon.core.model import Listed
from faxdaemon.http import Http
from faxdaemon.providers import opentext
from faxdaemon.providers.opentext import held, reading
from faxdaemon.providers.opentext.reading import LeanReader, decoded, is_long
from faxdaemon.sandbox import Fault, Play, Sandbox


class MovableClock(RealClock):
    """The machine's clock, put forward by `advance`."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    def advance(self, seconds: float) -> None:
        self.ahead += seconds


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def started(clock: MovableClock) -> Iterator[Callable[..., Provider]]:
    """A provider object of one process; the next call is the next process."""
    made: list[Provider] = []

    def make(options: Any) -> Provider:
        made.append(opentext.open_account(options, Http(timeout=20, clock=clock), clock))
        return made[-1]

    yield make
    for provider in made:
        provider.close()


@pytest.fixture
def provider(started: Callable[..., Provider], box: Sandbox) -> Provider:
    return started(rig.options(box, hold=900))


def content(provider: Provider, listed: Listed) -> bytes:
    pieces: list[bytes] = []
    provider.fetch(listed, pieces.append)
    return b"".join(pieces)


def truth(box: Sandbox, number: str) -> str:
    return next(entry.documents[0] for entry in box.ledger() if (entry.direction, entry.job) == ("in", number))


def lapse(box: Sandbox, clock: MovableClock) -> None:
    """Every reservation ends, for us and for the service, and later ones last."""
    clock.advance(1000)
    box.switches["opentext.hold"] = 900


# --- what it says of a fax ----------------------------------------------------------------------------------------


def told(**info: Any) -> dict[str, Any]:
    """The document's own example, with changes."""
    return {
        "doc_id": "eHNpcWEzfTh8MjM4f2MC0xMDQ5NDg3",
        "document_class": "Inbound Fax",
        "job_id": "xsi-2222222222",
        "user_id": "your id",
        "transaction_info": {
            "fax_mode": "STANDARD",
            "tsid": "011919164813456 ",
            "ani": "1234567890",
            "dnis": "3035550140",
            "call_date": "2020-05-08T03:48:22.000Z",
            "connect_time": 8,
            "page_count": 1,
            "internal_fax_id": "fax1-005000421-20200507",
            **info,
        },
        "document": {"type": "PDF", "name_base64": "eA==", "data": base64.b64encode(b"%PDF-").decode()},
    }


def listed_of(started: Callable[..., Provider], *answers: Any) -> list[Listed]:
    replies = [reply(json.dumps(answer), content_type="application/json") for answer in answers]
    with WireServer(always(*replies, reply(status="204 No Content", content_length="", content_type=""))) as server:
        options = opentext.Options(provider="opentext", url=server.url, username="u", password="p")
        return started(options).inbox()


def test_the_documents_own_example(started: Callable[..., Provider]) -> None:
    (listed,) = listed_of(started, told())
    assert (listed.provider_id, listed.called, listed.caller, listed.csid, listed.received_at, listed.pages) == (
        "xsi-2222222222:fax1-005000421-20200507",
        "+13035550140",
        "1234567890",  # no number of the +1 zone begins with 1
        "011919164813456",
        datetime(2020, 5, 8, 3, 48, 22, tzinfo=UTC),
        1,
    )
    assert listed.metadata["document"] == {"type": "PDF", "name_base64": "eA=="}
    assert listed.metadata["transaction_info"]["fax_mode"] == "STANDARD"
    assert listed.metadata["doc_id"] == "eHNpcWEzfTh8MjM4f2MC0xMDQ5NDg3"


@pytest.mark.parametrize(
    ("ani", "caller"),
    [
        ("3035550199", "+13035550199"),
        ("13035550199", "+13035550199"),
        ("(303) 555-0199", "+13035550199"),
        ("011494055500130", "+494055500130"),
        ("+494055500130", "+494055500130"),
        ("4055500130", "+14055500130"),
        ("anonymous", "anonymous"),
        ("", None),
        (None, None),
    ],
)
def test_numbers_are_understood_or_left(started: Callable[..., Provider], ani: Any, caller: str | None) -> None:
    assert listed_of(started, told(ani=ani))[0].caller == caller


@pytest.mark.parametrize(("pages", "understood"), [(3, 3), (0, None), ("3", None), (True, None), (None, None)])
def test_odd_page_counts_are_unknown(started: Callable[..., Provider], pages: Any, understood: int | None) -> None:
    assert listed_of(started, told(page_count=pages))[0].pages == understood


def test_a_fax_without_names_still_has_one(started: Callable[..., Provider]) -> None:
    nameless = [told(internal_fax_id=None), told(internal_fax_id=None)]
    del nameless[0]["job_id"], nameless[1]["job_id"]
    nameless[1]["transaction_info"]["call_date"] = "2020-05-08T03:48:23.000Z"
    names = {listed.provider_id for listed in listed_of(started, *nameless)}
    assert len(names) == 2
    assert all(len(name) == 16 for name in names)


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {**told(), "doc_id": ""},
        {**told(), "document": None},
        {**told(), "document": {"type": "PDF"}},
        {**told(), "note": "QUJD" * 50_000},
        {**told(), "note": "x" * 60_000, "list": ["y" * 1000] * 1100},
    ],
)
def test_what_is_no_received_fax_is_trouble(started: Callable[..., Provider], answer: Any) -> None:
    with pytest.raises(ProviderTrouble):
        listed_of(started, answer)


def test_it_is_asked_as_configured(started: Callable[..., Provider]) -> None:
    with WireServer(always(reply(status="204 No Content", content_length="", content_type=""))) as server:
        options = opentext.Options(
            provider="opentext",
            url=server.url,
            username="u",
            password="p",
            hold="10m",
            domain="xsi",
            group="7",
            customer=True,
        )
        assert started(options).inbox() == []
    assert server.requests[0].path == "/mra/v1/inbound/documents/next?hold_sec=600&domain=xsi&group_no=7&customer=true"


# --- reservations -------------------------------------------------------------------------------------------------


def test_what_waits_is_taken_in_at_once_and_given_as_often_as_wanted(provider: Provider, box: Sandbox) -> None:
    numbers = [box.inject(rig.LINE, pages=n) for n in (1, 2, 3)]
    listed = provider.inbox()
    assert [one.provider_id for one in listed] == [rig.received_id(n) for n in numbers]
    assert provider.inbox() == listed
    for one, number in zip(listed, numbers, strict=True):
        assert {Paper(content(provider, one)).sha256 for _ in "12"} == {truth(box, number)}


def test_a_slow_store_outlives_its_reservation(provider: Provider, box: Sandbox, clock: MovableClock) -> None:
    """The reservation ends, the document is handed out again under another doc_id, and is deleted under that."""
    box.switches["opentext.hold"] = 0.0
    number = box.inject(rig.LINE)
    (first,) = provider.inbox()
    lapse(box, clock)
    assert Paper(content(provider, first)).sha256 == truth(box, number)
    provider.acknowledge(first)
    assert box.inbox(rig.ACCOUNT) == []
    assert provider.inbox() == []


def test_handed_out_again_it_is_the_same_fax(provider: Provider, box: Sandbox, clock: MovableClock) -> None:
    box.switches["opentext.hold"] = 0.0
    box.inject(rig.LINE)
    (first,) = provider.inbox()
    lapse(box, clock)
    (second,) = provider.inbox()
    assert second.provider_id == first.provider_id
    assert second.metadata["doc_id"] != first.metadata["doc_id"]
    provider.acknowledge(first)  # the journal keeps how it was listed first
    assert box.inbox(rig.ACCOUNT) == []


def test_reservations_that_end_at_once_do_not_go_on_for_ever(provider: Provider, box: Sandbox) -> None:
    box.switches["opentext.hold"] = 0.0
    box.inject(rig.LINE)
    handed = box.fault(Fault(Play.SLOW_BEFORE, operation="next", count=0))
    assert len(provider.inbox()) == 1
    assert handed.played == 2


def test_after_a_crash_it_comes_again(started: Callable[..., Provider], box: Sandbox, clock: MovableClock) -> None:
    box.switches["opentext.hold"] = 0.3
    number = box.inject(rig.LINE)
    (listed,) = started(rig.options(box, hold=900)).inbox()
    second = started(rig.options(box, hold=900))
    with pytest.raises(ProviderTrouble, match="comes again"):
        content(second, listed)
    box.wait(second.inbox)
    assert Paper(content(second, listed)).sha256 == truth(box, number)
    second.acknowledge(listed)
    assert box.inbox(rig.ACCOUNT) == []


def test_after_a_crash_fetching_takes_it_in_by_itself(
    started: Callable[..., Provider], box: Sandbox, clock: MovableClock
) -> None:
    box.switches["opentext.hold"] = 0.0
    number = box.inject(rig.LINE)
    (listed,) = started(rig.options(box)).inbox()
    lapse(box, clock)
    assert Paper(content(started(rig.options(box)), listed)).sha256 == truth(box, number)


def test_gone_is_said_only_after_the_reservation(
    started: Callable[..., Provider], box: Sandbox, clock: MovableClock
) -> None:
    box.inject(rig.LINE)
    (listed,) = started(rig.options(box, hold=900)).inbox()
    box.network.inbox.delete(box.inbox(rig.ACCOUNT)[0])
    second = started(rig.options(box, hold=900))
    for seconds in (0, 901):  # another process may have been handed it meanwhile
        clock.advance(seconds)
        with pytest.raises(ProviderTrouble, match="comes again"):
            content(second, listed)
    clock.advance(901)
    with pytest.raises(ItemGone):
        content(second, listed)


def test_gone_is_not_said_without_having_looked(
    started: Callable[..., Provider], box: Sandbox, clock: MovableClock
) -> None:
    box.inject(rig.LINE)
    (listed,) = started(rig.options(box, hold=900)).inbox()
    clock.advance(2000)
    for _ in range(held.ROOM):
        box.inject(rig.LINE)
    second = started(rig.options(box, hold=900))
    assert len(second.inbox()) == held.ROOM
    with pytest.raises(ProviderTrouble, match="comes again"):
        content(second, listed)


@pytest.mark.parametrize("changes", [True, False])
def test_after_a_crash_behind_the_delete_it_is_done(
    started: Callable[..., Provider], box: Sandbox, clock: MovableClock, changes: bool
) -> None:
    box.switches["opentext.doc_id_changes"] = changes
    box.inject(rig.LINE)
    first = started(rig.options(box, hold=900))
    (listed,) = first.inbox()
    first.acknowledge(listed)
    second = started(rig.options(box, hold=900))
    asked = box.fault(Fault(Play.SLOW_BEFORE, operation="next", count=0))
    second.acknowledge(listed)
    assert asked.played == 0, "within the reservation, not found means gone"
    clock.advance(901)
    second.acknowledge(listed)
    assert asked.played == 1, "after it, one look at what waits"


def test_after_a_crash_before_the_delete_the_next_process_deletes(
    started: Callable[..., Provider], box: Sandbox, clock: MovableClock
) -> None:
    box.switches["opentext.hold"] = 0.0
    box.inject(rig.LINE)
    (listed,) = started(rig.options(box)).inbox()
    lapse(box, clock)
    started(rig.options(box)).acknowledge(listed)
    assert box.inbox(rig.ACCOUNT) == []


def test_not_deleted_is_not_done(started: Callable[..., Provider], box: Sandbox, clock: MovableClock) -> None:
    """There is no room to look at what waits: the delete has to be tried again."""
    box.switches["opentext.hold"] = 0.0
    box.inject(rig.LINE)
    (listed,) = started(rig.options(box)).inbox()
    lapse(box, clock)
    second = started(rig.options(box))
    for _ in range(held.ROOM):
        box.inject(rig.LINE)
    (mine,) = [fax for fax in box.inbox(rig.ACCOUNT) if rig.received_id(str(fax.number)) == listed.provider_id]
    box.network.inbox.delete(mine)  # to the end of the queue
    assert len(second.inbox()) == held.ROOM
    box.network.inbox._waiting[mine.number] = mine
    with pytest.raises(ProviderTrouble, match="deleted when it comes again"):
        second.acknowledge(listed)
    for other in second.inbox():
        content(second, other)
        second.acknowledge(other)
    second.acknowledge(listed)
    assert box.inbox(rig.ACCOUNT) == []


def test_a_deleted_fax_that_comes_back_is_deleted_again(provider: Provider, box: Sandbox) -> None:
    box.inject(rig.LINE)
    (listed,) = provider.inbox()
    box.fault(Fault(Play.ITEM_AGAIN))
    provider.acknowledge(listed)
    assert len(box.inbox(rig.ACCOUNT)) == 1
    assert provider.inbox() == []
    assert box.inbox(rig.ACCOUNT) == []


def test_another_fax_under_a_used_name_is_never_deleted_unseen(started: Callable[..., Provider]) -> None:
    first, other = told(), told(call_date="2026-01-01T00:00:00.000Z")
    none = reply(status="204 No Content", content_length="", content_type="")
    answers = [json.dumps(first), None, None, json.dumps(other), None]
    replies = [none if a is None else reply(a, content_type="application/json") for a in answers]
    with WireServer(always(*replies)) as server:
        options = opentext.Options(provider="opentext", url=server.url, username="u", password="p")
        provider = started(options)
        (one,) = provider.inbox()
        provider.acknowledge(one)
        (two,) = provider.inbox()
        assert two.provider_id.startswith(f"{one.provider_id}:")
        assert content(provider, two) == b"%PDF-"
    assert [seen.method for seen in server.requests] == ["GET", "GET", "DELETE", "GET", "GET"]


def test_the_doc_id_is_put_into_the_address_safely(started: Callable[..., Provider]) -> None:
    none = reply(status="204 No Content", content_length="", content_type="")
    with WireServer(always(reply(json.dumps({**told(), "doc_id": "a/b+c==?"})), none)) as server:
        provider = started(opentext.Options(provider="opentext", url=server.url, username="u", password="p"))
        provider.acknowledge(provider.inbox()[0])
    assert server.requests[-1].path == "/mra/v1/inbound/documents/a%2Fb%2Bc%3D%3D%3F"


def test_a_document_that_cannot_be_read_does_not_block_the_others(provider: Provider, box: Sandbox) -> None:
    numbers = [box.inject(rig.LINE) for _ in "123"]
    box.fault(Fault(Play.TRUNCATE))
    with pytest.raises(ProviderTrouble):
        provider.inbox()
    assert [one.provider_id for one in provider.inbox()] == [rig.received_id(n) for n in numbers[1:]]
    assert len(box.inbox(rig.ACCOUNT)) == 3


def test_what_was_taken_in_before_trouble_is_listed_afterwards(provider: Provider, box: Sandbox) -> None:
    box.inject(rig.LINE)
    box.fault(Fault(Play.HTTP_ERROR, operation="next", skip=1))
    with pytest.raises(ProviderTrouble):
        provider.inbox()
    (listed,) = provider.inbox()
    assert content(provider, listed)


def test_room_is_limited_and_unfetched_documents_keep_theirs(provider: Provider, box: Sandbox) -> None:
    numbers = [box.inject(rig.LINE) for _ in range(held.ROOM + 2)]
    listed = provider.inbox()
    assert [one.provider_id for one in listed] == [rig.received_id(n) for n in numbers[: held.ROOM]]
    assert provider.inbox() == listed
    for one in listed[:2]:  # fetched ones make room, and can still be deleted
        content(provider, one)
    assert [one.provider_id for one in provider.inbox()] == [rig.received_id(n) for n in numbers[2:]]
    for one in listed[:2]:
        provider.acknowledge(one)
    assert [str(fax.number) for fax in box.inbox(rig.ACCOUNT)] == numbers[2:]


def test_no_room_on_the_disk_is_trouble(provider: Provider, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> BinaryIO:
        raise OSError(28, "No space left on device")

    box.inject(rig.LINE)
    with monkeypatch.context() as patched:
        patched.setattr(reading, "SpooledTemporaryFile", full)
        with pytest.raises(ProviderTrouble, match="no room"):
            provider.inbox()


def test_a_large_document_arrives(provider: Provider, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_MEMORY", 1000)
    number = box.inject(rig.LINE)
    fax = box.inbox(rig.ACCOUNT)[0]
    large = pdf_bytes(size=7_000_001)
    fax.path.write_bytes(large)
    (listed,) = provider.inbox()
    assert listed.provider_id == rig.received_id(number)
    assert content(provider, listed) == large


def test_fetching_and_deleting_at_once_gives_a_whole_document_or_none(provider: Provider, box: Sandbox) -> None:
    number = box.inject(rig.LINE, pages=3)
    (listed,) = provider.inbox()
    begun, deleted = threading.Event(), threading.Event()
    pieces: list[bytes] = []

    def write(piece: bytes) -> None:
        pieces.append(piece)
        begun.set()
        deleted.wait(0.2)

    with ThreadPoolExecutor(1) as pool:
        fetching = pool.submit(provider.fetch, listed, write)
        assert begun.wait(60)
        provider.acknowledge(listed)
        deleted.set()
        fetching.result()
    assert Paper(b"".join(pieces)).sha256 == truth(box, number)


def test_a_document_that_was_given_up_meanwhile_is_trouble(
    provider: Provider, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.inject(rig.LINE)
    (listed,) = provider.inbox()
    found = held.Shelf.get

    def get(shelf: held.Shelf, name: str) -> held.Held | None:
        one = found(shelf, name)
        shelf.drop(name)  # by another thread, between here and the copy
        return one

    monkeypatch.setattr(held.Shelf, "get", get)
    with pytest.raises(ProviderTrouble, match="comes again"):
        content(provider, listed)


# --- the reader ---------------------------------------------------------------------------------------------------


def read(text: bytes, size: int) -> tuple[Any, bytes | None]:
    reader = LeanReader()
    try:
        for at in range(0, len(text), size):
            reader(text[at : at + size])
        value, file = reader.finish()
        return value, file.read() if file else None
    finally:
        reader.close()


def test_a_long_string_is_put_aside_whatever_the_pieces() -> None:
    rolls = random.Random(7)
    for size in (1, 2, 3, 7, 100, 65_536, 10**6):
        document = rolls.randbytes(60_000 if size < 10 else 300_001)
        answer = {"a": 'quote " and \\ backslash \\', "b": {"data": base64.b64encode(document).decode()}, "z": [1, "ü"]}
        value, file = read(json.dumps(answer).encode(), size)
        assert is_long(value["b"]["data"])
        assert file == document
        assert (value["a"], value["z"]) == (answer["a"], answer["z"])


def test_jsons_escapes_in_base64_are_understood() -> None:
    document = bytes(range(256)) * 400
    text = base64.encodebytes(document).decode()
    escaped = text.replace("/", "\\/").replace("+", "\\u002B").replace("\n", "\\r\\n").replace("=", "\\u003d")
    for size in (1, 5, 4096):
        value, file = read(b'{"data": "' + escaped.encode() + b'"}', size)
        assert (is_long(value["data"]), file) == (True, document)


@pytest.mark.parametrize(
    "text",
    [
        b'{"data": "' + b"QUJD" * 30_000,
        b'{"data": "' + b"QUJD" * 30_000 + b'"',
        b'{"a": "' + b"QUJD" * 30_000 + b'", "b": "' + b"QUJD" * 30_000 + b'"}',
        b"[" * 2_000_000,
        b"[" * 100_000,
        b"",
        b"{",
    ],
    ids=lambda text: str(len(text)),
)
@pytest.mark.parametrize("size", [100, 65_536])
def test_what_is_not_whole_is_trouble(text: bytes, size: int) -> None:
    with pytest.raises(ProviderTrouble):
        read(text, size)


def test_a_short_document_is_decoded() -> None:
    with decoded(" QUJD\r\nRA== ") as file:
        assert file.read() == b"ABCD"


NO_BASE64 = [
    ("QUJ", b"QUJ"),
    ("QUJDR", b"ABCR"),
    ("QQ==QUJD", b"QQ==QUJD"),
    ("QUJ–", b"QUJ?"),
    ("QUJD" * 20_000 + "-", b"ABC" * 20_000 + b"-"),
    ("QUJD" * 20_000 + "!", b"ABC" * 20_000 + b"!"),
]


@pytest.mark.parametrize(("text", "kept"), NO_BASE64, ids=lambda one: str(one)[:12])
def test_what_is_no_base64_is_kept_as_it_stands(
    started: Callable[..., Provider], text: str, kept: bytes | None
) -> None:
    """So that the stage can see that it is no document, and keep it: else it would come again for ever."""
    answer = {**told(), "document": {"type": "PDF", "data": text}}
    none = reply(status="204 No Content", content_length="", content_type="")
    with WireServer(always(reply(json.dumps(answer), content_type="application/json"), none)) as server:
        provider = started(opentext.Options(provider="opentext", url=server.url, username="u", password="p"))
        (listed,) = provider.inbox()
        found = content(provider, listed)
    assert found == kept


def test_memory_does_not_grow_with_a_received_document() -> None:
    reader = LeanReader()
    block = base64.b64encode(bytes(48 * 1024))
    tracemalloc.start()
    try:
        reader(b'{"document": {"data": "')
        for _ in range(500):
            reader(block)
        reader(b'"}}')
        _, file = reader.finish()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert file
    with file:
        assert file.seek(0, 2) == 500 * 48 * 1024
    assert peak < 3_000_000
