"""FAX.de's inbox, which shows one fax at a time with its document."""

from __future__ import annotations

import base64
import os
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from support.scripted import Site
from support.wire import RealClock, Talk, WireServer, always, reply

from faxdaemon.contracts.provider import Provider
from faxdaemon.core.errors import CredentialsRefused, ItemGone, OutcomeUnknown, ProviderTrouble
from faxdaemon.core.lines import Lines
from faxdaemon.core.model import Listed
from faxdaemon.http import Http
from faxdaemon.inbound.acknowledge import AcknowledgeStage
from faxdaemon.inbound.deliver import DeliverStage
from faxdaemon.inbound.fetch import FetchStage, InboxRules
from faxdaemon.providers.faxde import Options, open_account
from faxdaemon.sandbox import Sandbox

IMAGE = b"II*\0" + bytes(range(256)) * 300
BEFORE = "<E:Envelope xmlns:E='http://schemas.xmlsoap.org/soap/envelope/'><E:Body><r>"
AFTER = "</r></E:Body></E:Envelope>"


def received(
    code: int = 0, image: bytes = IMAGE, fax: object = 7, *, image_first: bool = False, **more: object
) -> bytes:
    fields = "".join(f"<{name}>{value}</{name}>" for name, value in {"FaxId": fax, "Pages": 2, **more}.items())
    document = f"<FaxImage>{base64.encodebytes(image).decode()}</FaxImage>"
    told = f"<return>{code}</return>{fields}"
    return reply(BEFORE + (document + told if image_first else told + document) + AFTER, content_type="text/xml")


@pytest.fixture
def faxde() -> Iterator[Callable[..., Provider]]:
    closing: list[Callable[[], object]] = []

    def make(*replies: bytes, behave: Callable[[Talk], None] | None = None) -> Provider:
        server = WireServer(behave or always(*replies)).__enter__()
        clock = RealClock()
        options = Options(provider="faxde", customer="c", password="p", url=server.url)
        provider = open_account(options, Http(timeout=60, clock=clock), clock)
        closing.extend([provider.close, lambda: server.__exit__(None, None, None)])
        return provider

    yield make
    for close in closing:
        close()


def listed(number: str = "7") -> Listed:
    return Listed(number, None, None, None, None, None, {})


def fetched(provider: Provider, number: str = "7") -> bytes:
    pieces: list[bytes] = []
    try:
        provider.fetch(listed(number), pieces.append)
    except (ItemGone, ProviderTrouble) as error:
        error.add_note(f"{sum(map(len, pieces))} bytes")
        raise
    return b"".join(pieces)


@pytest.mark.parametrize("image_first", [False, True])
def test_the_first_fax_is_listed_and_fetched(faxde: Callable[..., Provider], image_first: bool) -> None:
    told = received(
        image_first=image_first,
        CalledNumber="+494055500130",
        ReceiveDate="2026-11-20T08:10:30Z",
        Originator="040 / 555-123",
        RemoteId="NORTH",
    )
    provider = faxde(told)
    (one,) = provider.inbox()
    assert (one.provider_id, one.called, one.caller, one.csid, one.pages) == (
        "7",
        "+494055500130",
        "+4940555123",
        "NORTH",
        2,
    )
    assert one.received_at == datetime(2026, 11, 20, 8, 10, 30, tzinfo=UTC)
    assert one.metadata["Originator"] == "040 / 555-123"
    assert "FaxImage" not in one.metadata
    assert fetched(provider) == IMAGE


@pytest.mark.parametrize(
    ("text", "caller"),
    [
        ("", None),
        ("anonymous", None),
        ("+1 212 555 0142", "+12125550142"),
        ("004940555", "+4940555"),
        ("4940555123", "+4940555123"),
        ("110", "110"),
        ("Praxis", "Praxis"),
    ],
)
def test_callers_are_read_as_a_german_network_writes_them(
    faxde: Callable[..., Provider], text: str, caller: str | None
) -> None:
    assert faxde(received(Originator=text)).inbox()[0].caller == caller


def test_an_empty_inbox_and_a_fax_that_is_gone(faxde: Callable[..., Provider]) -> None:
    provider = faxde(received(5, b"", ""))
    assert provider.inbox() == []
    with pytest.raises(ItemGone):
        fetched(provider)


def test_another_fax_is_never_handed_on_as_this_one(faxde: Callable[..., Provider]) -> None:
    with pytest.raises(ItemGone, match="another") as caught:
        fetched(faxde(received(fax=8)))
    assert caught.value.__notes__ == ["0 bytes"]
    with pytest.raises(ItemGone):
        fetched(faxde(received(fax=8, image_first=True)))


def test_a_fax_behind_an_older_one_is_not_gone(faxde: Callable[..., Provider]) -> None:
    with pytest.raises(ProviderTrouble, match="older") as caught:
        fetched(faxde(received(fax=6)))
    assert caught.value.__notes__ == ["0 bytes"]


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (received(2), CredentialsRefused),
        (received(9), ProviderTrouble),
        (received(fax=""), ProviderTrouble),
        (received(image=b""), ProviderTrouble),
        (reply(BEFORE + "<return>0</return><FaxId>7</FaxId><FaxImage>AAAA", content_type="text/xml"), ProviderTrouble),
        (reply(BEFORE + "<return>0</return><FaxId>7</FaxId><FaxImage>A!" + AFTER), ProviderTrouble),
        (reply("<html><p>Welcome</html>"), ProviderTrouble),
        (reply("II*\0"), ProviderTrouble),
        (reply("no", status="500 X"), ProviderTrouble),
    ],
)
def test_what_is_no_whole_document_is_trouble(
    faxde: Callable[..., Provider], told: bytes, error: type[Exception]
) -> None:
    with pytest.raises(ProviderTrouble) as caught:
        fetched(faxde(told))
    assert type(caught.value) is error


def test_a_download_that_is_cut_is_unknown(faxde: Callable[..., Provider]) -> None:
    def behave(talk: Talk) -> None:
        talk.request()
        talk.send(received()[:20_000])
        talk.reset()

    with pytest.raises(OutcomeUnknown):
        fetched(faxde(behave=behave))


def test_memory_does_not_grow_with_a_received_fax(faxde: Callable[..., Provider]) -> None:
    block = base64.b64encode(os.urandom(48_000))
    count = 400
    head = (BEFORE + "<return>0</return><FaxId>7</FaxId><FaxImage>").encode()
    tail = ("</FaxImage>" + AFTER).encode()
    size = len(head) + count * len(block) + len(tail)

    def behave(talk: Talk) -> None:
        for _ in "12":
            talk.request()
            talk.send(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode() + head)
            for _ in range(count):
                talk.send(block)
            talk.send(tail)

    provider = faxde(behave=behave)
    total = 0

    def count_up(piece: bytes) -> None:
        nonlocal total
        total += len(piece)

    tracemalloc.start()
    try:
        assert len(provider.inbox()) == 1
        provider.fetch(listed(), count_up)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == count * 48_000
    assert peak < 4_000_000  # of 19 million, twice


# --- the stages ---------------------------------------------------------------------------------------------------

LINE = "+494055500130"


class Sink:
    """Publishes at once."""

    key = "desk"

    def __init__(self) -> None:
        self.got: list[str] = []

    def stage(self, fax: Any, document: Any) -> dict[str, str]:
        return {"id": fax.listed.provider_id}

    def publish(self, plan: Any) -> None:
        self.got.append(plan["id"])


def stages(site: Site, provider: Provider, sink: Sink, rules: InboxRules) -> list[Any]:
    common: dict[str, Any] = {"journal": site.journal, "clock": site.clock, "alert": site.alerts}
    asked: dict[str, Any] = {**common, "provider": provider, "asking": site.asking()}
    parts = {"files": site.files, "documents": site.documents, "accounts": site.journal}
    return [
        FetchStage(rules, site.spool, **parts, **asked),
        DeliverStage(sink, site.spool, **common),
        AcknowledgeStage(rules, when_stored=rules.one_at_a_time, **asked),
    ]


def test_the_queue_is_emptied_one_by_one_by_the_stages(
    box: Sandbox, opened: Callable[..., Provider], tmp_path: Any
) -> None:
    site = Site(tmp_path)
    provider = opened(Options(provider="faxde", url=box.url_of("faxde"), customer="faxde", password="sandbox-password"))
    sink = Sink()
    fetch, deliver, acknowledge = stages(site, provider, sink, InboxRules("main", 30.0, 100.0, Lines({LINE: ["desk"]})))
    numbers = [box.inject(LINE, document=None, pages=1) for _ in "123"]
    for waiting in (2, 1, 0, 0):
        for stage in (fetch, fetch, deliver, acknowledge):
            stage.step()
        assert len(box.inbox("faxde")) == waiting
        site.later(31.0)
    assert sink.got == numbers
    site.journal.close()


def no_fax(path: Any) -> None:
    path.write_bytes(b"\x00 this is no fax")


def cut(path: Any) -> None:
    path.write_bytes(path.read_bytes()[:-200])


@pytest.mark.parametrize("spoil", [no_fax, cut])
def test_what_cannot_be_read_lets_the_others_come(
    box: Sandbox, opened: Callable[..., Provider], tmp_path: Any, spoil: Callable[[Any], None]
) -> None:
    site = Site(tmp_path)
    provider = opened(Options(provider="faxde", url=box.url_of("faxde"), customer="faxde", password="sandbox-password"))
    sink = Sink()
    works = stages(site, provider, sink, InboxRules("main", 30.0, 100.0, Lines({LINE: ["desk"]}), one_at_a_time=True))
    numbers = [box.inject(LINE, pages=1) for _ in "123"]
    poison = box.inbox("faxde")[1]
    spoil(poison.path)
    content = poison.path.read_bytes()
    for _ in range(120):
        for stage in (*works, works[0]):
            stage.step()
        site.later(31.0)
    assert sink.got == numbers
    assert box.inbox("faxde") == []
    document = site.journal.received_as("main", numbers[1]).document
    assert document is not None
    assert site.spool.path(document.spool).read_bytes() == content
    assert "kept as it came" in (document.warning or "")
    site.journal.close()


@pytest.mark.parametrize(
    ("text", "kept"), [("no-base64!", b"no-base64!"), ("AAAA!", b"\0\0\0!"), ("QUJDRA", b"ABCRA"), ("QQ==QQ==", None)]
)
def test_a_document_that_is_no_base64_is_passed_on_as_it_stands(
    faxde: Callable[..., Provider], text: str, kept: bytes | None
) -> None:
    """So that the stage sees that it is none, and can keep it: else nothing behind it would ever come."""
    whole = received(image=b"").replace(b"<FaxImage></FaxImage>", f"<FaxImage>{text}</FaxImage>".encode())
    told = reply(whole.partition(b"\r\n\r\n")[2], content_type="text/xml")
    provider = faxde(told)
    assert [one.provider_id for one in provider.inbox()] == ["7"]
    assert fetched(provider) == (text.encode() if kept is None else kept)
