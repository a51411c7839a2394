"""Answers without an end, and small ones that explode: what is read is counted, and little of it is kept.

A server sends up to a gigabyte and counts how much of it was taken before we hung up.
"""

from __future__ import annotations

import itertools
import json
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from support.faxes import Paper, new_submission
from support.wire import RealClock, Talk, WireServer

from faxdaemon import plugins, xmlsafe
from faxdaemon.contracts.provider import Provider, Unknown
from faxdaemon.contracts.push import Kind, NotUnderstood, Push
from faxdaemon.core.errors import ItemGone, NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.core.model import Listed
from faxdaemon.http import MAX_REPLY, Http
from faxdaemon.providers import _json
from faxdaemon.providers._json import BadJson
from faxdaemon.xmlsafe import BadXml

MB = 1024 * 1024
GIGABYTE = 1024 * MB
UNDERWAY = 12 * MB
"""What may be in the buffers between the two."""
KEPT = 3 * MAX_REPLY
LISTED = Listed("7", None, None, None, None, None, {"ItemId": "7"})
PAPER = Paper(b"%PDF-1.4").content

SOAP = b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><R>'
BASE64 = b"QUJD" * (MB // 4)
#: What the service's answers look like, as a beginning and what comes again and again.
FORMS: dict[str, tuple[str, bytes, bytes]] = {
    "text": ("text/plain", b"", b"1\t2\tname\t3035550100\tpending\tIn Queue\t\t\t\n" * 20_000),
    "a line": ("text/plain", b"JOBID: ", b"1" * MB),
    "elements": ("text/xml", SOAP, b"<a>b</a>" * 20_000),
    "an attribute": ("text/xml", SOAP + b"<a b='", b"c" * MB),
    "attributes": ("text/xml", SOAP + b"<a ", b"b='' " * 20_000),
    "entities": ("text/xml", SOAP, b"&amp;" * 20_000),
    "a document": ("text/xml", SOAP + b"<ItemId>7</ItemId><return>true</return><FileData>", BASE64),
    "an image": ("text/xml", SOAP + b"<return>0</return><FaxId>7</FaxId><FaxImage>", BASE64),
    "objects": ("application/json", b'{"x": [', b"{}," * 20_000),
    "a string": ("application/json", b'{"document": {"data": "', BASE64),
    "binary": ("application/octet-stream", b"%PDF-1.4", bytes(MB)),
}
ACCOUNTS: dict[str, dict[str, Any]] = {
    "faxage": {"provider": "faxage", "username": "u", "company": "1", "password": "p"},
    "faxde": {"provider": "faxde", "customer": "u", "password": "p"},
    "concord": {"provider": "concord", "user_id": "u", "password": "p"},
    "concord, JSON": {"provider": "concord", "user_id": "u", "password": "p", "protocol": "json"},
    "opentext": {"provider": "opentext", "username": "u", "password": "p"},
}
#: What the service could say; every second one without telling the length before.
FITTING = {
    "faxage": "text, a line, binary, elements",
    "faxde": "elements, an image, attributes, entities, an attribute, binary",
    "concord": "elements, a document, attributes, binary",
    "concord, JSON": "objects, a string, a document",
    "opentext": "objects, a string, binary",
}
#: Where each adapter says how long a received fax may be: a gigabyte is waited for only as far as this.
LARGEST = (
    "faxage.account.LARGEST",
    "faxage.services.LARGEST_IMAGE",
    "faxde.wire.LARGEST",
    "concord.inbound.LARGEST",
    "opentext.receiving.LARGEST",
)
CALLS: dict[str, Callable[[Any], object]] = {
    "submit": lambda p: p.submit(new_submission(), [PAPER]),
    "find": lambda p: p.find(new_submission()),
    "status": lambda p: p.status(["1", "2"]),
    "cancel": lambda p: p.cancel("1"),
    "inbox": lambda p: p.inbox(),
    "fetch": lambda p: p.fetch(LISTED, lambda piece: None),
    "acknowledge": lambda p: p.acknowledge(LISTED),
    "check": lambda p: p.check(),
}


class Flood:
    """Answers every request with a gigabyte, and counts what was taken."""

    def __init__(self, form: str, *, told: bool) -> None:
        self.media, self.begin, self.again = FORMS[form]
        self.told = told
        self.taken = 0

    def __call__(self, talk: Talk) -> None:
        while True:
            talk.request()
            length = f"content-length: {GIGABYTE}" if self.told else "transfer-encoding: chunked"
            talk.send(f"HTTP/1.1 200 OK\r\ncontent-type: {self.media}\r\n{length}\r\n\r\n".encode())
            for piece in itertools.chain([self.begin], itertools.repeat(self.again)):
                if self.taken > GIGABYTE:
                    return
                talk.send(piece if self.told or not piece else b"%x\r\n%s\r\n" % (len(piece), piece))
                self.taken += len(piece)


@contextmanager
def opened(account: str, flood: Flood, **changes: Any) -> Iterator[Provider]:
    with WireServer(flood) as server:
        settings = {**ACCOUNTS[account], "url": server.url, **changes}
        settings = json.loads(json.dumps(settings).replace("SERVER", server.url))
        module = plugins.load("faxdaemon.providers", settings["provider"])
        provider = module.open_account(
            module.Options(**settings), Http(timeout=120, clock=RealClock(), silence=60), RealClock()
        )
        try:
            yield provider
        finally:
            provider.close()


@contextmanager
def little_kept(most: int = KEPT) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most


@pytest.fixture(autouse=True)
def smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LARGEST:
        monkeypatch.setattr(f"faxdaemon.providers.{name}", 2 * MAX_REPLY)


@pytest.mark.parametrize(
    ("account", "form", "told"),
    [(account, form, n % 2 == 0) for account, forms in FITTING.items() for n, form in enumerate(forms.split(", "))],
)
def test_no_answer_is_read_for_ever(account: str, form: str, told: bool) -> None:
    for name, call in CALLS.items():
        flood = Flood(form, told=told)
        with opened(account, flood) as provider, little_kept():
            try:
                said = call(provider)
            except (ProviderTrouble, OutcomeUnknown, ItemGone):
                continue
            finally:
                # a request, its control question, its second try: each is read so far and no further
                assert flood.taken < 2 * (2 * MAX_REPLY + UNDERWAY), name
            asked = flood.taken > 0
            assert not asked or isinstance(said, Unknown), (name, said)


@pytest.mark.parametrize("form", ["objects", "a string", "text"])
def test_a_token_without_an_end_is_none(form: str) -> None:
    flood = Flood(form, told=True)
    who = {"auth": "client_credentials", "token_url": "SERVER/token", "client_id": "c", "client_secret": "s"}
    with opened("opentext", flood, **who) as provider, little_kept(), pytest.raises(NotSent):
        provider.status(["1"])
    assert flood.taken < MAX_REPLY + UNDERWAY


def test_the_limits_for_received_faxes_are_no_gigabyte() -> None:
    for name in LARGEST:
        module, _, constant = name.rpartition(".")
        source = plugins.importlib.import_module(f"faxdaemon.providers.{module}")
        assert 0 < getattr(source, constant) <= GIGABYTE // 2


# --- small ones that explode --------------------------------------------------------------------------------------

BOMBS_JSON = [
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"[" + b"[]," * 2_000_000 + b"[]]",
    b"[" + b"{}," * 2_000_000 + b"{}]",
    b"[" + b"1," * 4_000_000 + b"1]",
    b"9" * MAX_REPLY,
    b"NaN" * 3,
    b"",
    b"\xff\xfe",
]


@pytest.mark.parametrize("document", BOMBS_JSON, ids=lambda d: repr(d[:6]))
def test_json_does_not_explode(document: bytes) -> None:
    with little_kept(), pytest.raises(BadJson):
        _json.parse(document)


@pytest.mark.parametrize(
    "document",
    [
        b"<a " + b" ".join(b'b%d=""' % n for n in range(500_000)) + b"/>",
        b"<a " + b" ".join(b'xmlns:n%d="u%d"' % (n, n) for n in range(300_000)) + b"/>",
        b"<a>" + b"<b/>" * 1_000_000 + b"</a>",
        b"<a>" * 500_000,
        b"<!--" + b"x" * 4_000_000,
        b"<a b='" + b"x" * 4_000_000 + b"'/>",
        b"<?" + b"x" * 4_000_000,
    ],
    ids=["attributes", "namespaces", "elements", "depth", "comment", "value", "instruction"],
)
def test_xml_does_not_explode(document: bytes) -> None:
    fed = 0
    with little_kept(2 * MAX_REPLY), pytest.raises(BadXml):
        reader = xmlsafe.Reader()
        for at in range(0, len(document), 65536):
            fed = at
            reader.feed(document[at : at + 65536])
        reader.close()
    assert fed < MB, "it is given up early"


@pytest.mark.parametrize("row", [b"\n", b"1\n", b"\t\n", b"1" + b"\t" * 8 + b"\n", b"7\t2026-01-01 00:00:00\t\t\n"])
@pytest.mark.parametrize("call", ["status", "inbox", "find", "lines", "area_codes"])
def test_many_small_records_do_not_explode(row: bytes, call: str) -> None:
    def answer(talk: Talk) -> None:
        while True:
            talk.request()
            body = row * (2 * MB // len(row))
            talk.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)

    with opened("faxage", answer) as provider, little_kept():  # type: ignore[arg-type] # as a flood does
        try:
            found = CALLS[call](provider) if call in CALLS else getattr(provider, call)()
        except ProviderTrouble:
            return
        assert isinstance(found, list)
        assert len(found) <= 20_000


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("name", ["faxage", "faxde", "concord", "opentext"])
@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json", b"[" * 200_000),
        ("application/json", b"[" + b"{}," * 2_000_000 + b"{}]"),
        ("text/xml", b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"),
        ("text/xml", b"<!DOCTYPE a SYSTEM 'file:///etc/hostname'><a/>"),
        ("text/xml", b"<a>" * 200_000),
        ("text/xml", b"<a " + b"b='' " * 1_000_000),
        ("application/x-www-form-urlencoded", b"a=b&" * 200_000),
        ("multipart/form-data; boundary=x", b"--x\r\ncontent-disposition: form-data; name=a\r\n\r\n\r\n" * 100_000),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"a: b\r\n" * 200_000),
        ("multipart/form-data; boundary=" + "x" * 5000, b"--x\r\n"),
        ("multipart/form-data", b""),
        ("application/octet-stream", b"a=b\n" * 200_000),
        ("", bytes(1_000_000)),
    ],
)
def test_a_push_does_not_explode(name: str, kind: Kind, media: str, body: bytes) -> None:
    module = plugins.load("faxdaemon.providers", name)
    options = module.Options(**ACCOUNTS[name], url="http://127.0.0.1:1")
    request = Push(kind, "POST", {}, {"content-type": media}, body)
    with little_kept(2 * MAX_REPLY + 12 * len(body)):
        assert isinstance(module.understand(options, request), NotUnderstood)


PART = b"--x\r\ncontent-disposition: form-data; name=%s\r\n\r\n%s\r\n"
MANY = {
    "urlencoded": ("application/x-www-form-urlencoded", b"{}&" + b"a=b&" * 600),
    "multipart": ("multipart/form-data; boundary=x", b"{}" + PART % (b"a", b"b") * 600 + b"--x--\r\n"),
    "headers": (
        "multipart/form-data; boundary=x",
        b"{}--x\r\n" + b"".join(b"a%d: b\r\n" % n for n in range(30)) + b"\r\n\r\n--x--\r\n",
    ),
}


@pytest.mark.parametrize("kind", MANY)
@pytest.mark.parametrize(("name", "field"), [("faxage", b"jobid"), ("concord", b"FaxJobId"), ("faxde", b"j")])
def test_a_form_with_too_many_fields_is_none_even_if_it_names_a_job(name: str, field: bytes, kind: str) -> None:
    media, body = MANY[kind]
    if name == "faxde" and kind != "urlencoded":
        return  # it has no other form
    first = field + b"=7" if kind == "urlencoded" else PART % (field, b"7")
    module = plugins.load("faxdaemon.providers", name)
    options = module.Options(**ACCOUNTS[name], url="http://127.0.0.1:1")

    def understood(body: bytes) -> object:
        return module.understand(options, Push(Kind.STATUS, "POST", {}, {"content-type": media}, body))

    assert isinstance(understood(body.replace(b"{}", first)), NotUnderstood)
    few = first if kind == "urlencoded" else first + b"--x--\r\n"
    assert not isinstance(understood(few), NotUnderstood)
