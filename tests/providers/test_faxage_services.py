"""FAXAGE beyond sending and receiving: every operation on the sandbox, every error of every script, no guessing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from support.faxes import Paper, new_submission
from support.provider_rigs import faxage as rig
from support.wire import RealClock, WireServer, always, reply

from faxdaemon.contracts import services
from faxdaemon.contracts.provider import Accepted
from faxdaemon.core.errors import CredentialsRefused, ItemGone, ProviderTrouble, UserError
from faxdaemon.core.model import Listed
from faxdaemon.http import Http
from faxdaemon.providers.faxage import Options, dialect, open_account
from faxdaemon.sandbox import Sandbox

NOW = datetime.now(UTC)
SINCE, UNTIL = NOW - timedelta(days=1), NOW + timedelta(days=1)
#: Goes through; ends in a busy tone.
GOOD = "+13035550177"


@pytest.fixture
def faxage(box: Sandbox, opened: Callable[..., Any]) -> Any:
    return opened(rig.options(box))


def sent(box: Sandbox, faxage: Any, number: str = GOOD) -> str:
    """A fax that has ended, by its job id."""
    answer = faxage.submit(new_submission(number), [Paper(b"%PDF-1.4 x").content])
    assert isinstance(answer, Accepted)
    box.wait(lambda: all(entry.ended_at for entry in box.sent()))
    return answer.provider_id


# -- on the sandbox


def test_it_offers_all_but_covers_profile_and_broadcasts(faxage: Any) -> None:
    missing = {"covers", "profile", "broadcast", "broadcast report", "simple"}
    assert set(services.OFFERS) - set(services.offers(faxage)) == missing


def test_lines_are_listed_turned_off_and_on(box: Sandbox, faxage: Any) -> None:
    assert (rig.LINE,) in faxage.lines().rows
    assert faxage.set_line(rig.LINE, enabled=False) == f"{rig.LINE} is disabled"
    assert box.network.disabled == {rig.LINE}
    assert faxage.set_line(rig.LINE, enabled=True) == f"{rig.LINE} is enabled"
    assert not box.network.disabled


def test_a_number_is_looked_for_ordered_and_given_back(faxage: Any) -> None:
    areas = [row[0] for row in faxage.area_codes().rows]
    assert "303" in areas
    assert all(row[0].startswith("303") for row in faxage.exchanges("303").rows)
    assert len(faxage.exchanges(None).rows) > len(faxage.exchanges("303").rows)
    ((exchange, place, state),) = faxage.exchanges("303").rows
    assert (exchange, place, state) == ("303555", "DENVER", "CO")
    free = [row[0] for row in faxage.free_numbers(None, exchange).rows]
    assert free == [row[0] for row in faxage.free_numbers("303", None).rows]
    assert set(free) < {row[0] for row in faxage.free_numbers(None, None).rows}
    assert "now" in faxage.order_number(free[0])
    assert (free[0],) in faxage.lines().rows
    with pytest.raises(UserError, match="ERR05"):
        faxage.order_number(free[0])
    assert "given back" in faxage.return_number(free[0])
    assert (free[0],) not in faxage.lines().rows
    with pytest.raises(UserError, match="ERR05"):
        faxage.return_number(free[0])


def test_whether_a_number_can_be_moved(faxage: Any) -> None:
    assert faxage.portable("+13035550199") is True
    assert faxage.portable("+12125550199") is False


def test_call_records_by_time_and_by_number(box: Sandbox, faxage: Any) -> None:
    sent(box, faxage)
    box.inject(rig.LINE, caller="+13035550188")
    records = faxage.records(SINCE, UNTIL, None)
    assert records.columns == ("calldate", "direction", "src", "dst", "duration")
    assert {row[1] for row in records.rows} == {"IN", "OUT"}
    assert [row[1] for row in faxage.records(SINCE, UNTIL, rig.LINE).rows] == ["IN"]
    assert faxage.records(SINCE - timedelta(days=9), SINCE, None).rows == ()
    every = faxage.records_after(0, None)
    assert every.columns[0] == "nuid"
    assert [row[1:] for row in every.rows] == list(records.rows)
    last = max(int(row[0]) for row in every.rows)
    assert faxage.records_after(last, None).rows == ()
    assert len(faxage.records_after(last - 1, None).rows) == 1


@pytest.mark.parametrize(("form", "head"), [("pdf", b"%PDF"), ("tiff", b"II*\0")])
def test_the_image_of_what_was_sent(box: Sandbox, faxage: Any, form: str, head: bytes) -> None:
    from support.papers import pdf_bytes

    answer = faxage.submit(new_submission(GOOD), [Paper(pdf_bytes(pages=2)).content])
    box.wait(lambda: all(entry.ended_at for entry in box.sent()))
    got: list[bytes] = []
    faxage.sent_image(answer.provider_id, form, got.append)
    assert b"".join(got).startswith(head)
    got.clear()
    faxage.transmittal(answer.provider_id, got.append)
    assert b"".join(got).startswith(b"%PDF")


def test_a_finished_job_can_be_forgotten_once(box: Sandbox, faxage: Any) -> None:
    job = sent(box, faxage)
    assert job in faxage.forget(job)
    with pytest.raises(UserError, match="ERR07"):
        faxage.forget(job)
    for ask in (faxage.transmittal, lambda job, write: faxage.sent_image(job, "pdf", write)):
        with pytest.raises(UserError, match="ERR06"):
            ask(job, bytes)


def test_a_job_is_sent_again_to_the_same_number_or_another(box: Sandbox, faxage: Any) -> None:
    job = sent(box, faxage)
    again, elsewhere = faxage.send_again(job, None), faxage.send_again(job, "+13035550155")
    assert len({job, again, elsewhere}) == 3
    assert [entry.destination for entry in box.sent()] == [GOOD, GOOD, "+13035550155"]
    with pytest.raises(UserError, match="ERR06"):
        faxage.send_again("999999", None)


@pytest.mark.parametrize("wait", [True, False])
def test_what_is_on_the_web_is_faxed(box: Sandbox, faxage: Any, wait: bool) -> None:
    faxage.send_addresses(GOOD, "Dr Lee", ["https://example.org/a"], [], wait=wait)
    faxage.send_addresses(GOOD, "Dr Lee", ["https://example.org/a", "http://x/b"], ["pdf", "doc"], wait=wait)
    assert [len(entry.documents) for entry in box.sent()] == [1, 2]


# -- what goes over the wire, and what may come back


class Wire:
    """An account at a server that gives the replies it is told; remembers what was asked."""

    def __init__(self) -> None:
        self.servers: list[WireServer] = []
        self.accounts: list[Any] = []

    def __call__(self, *replies: bytes | str) -> Any:
        server = WireServer(always(*(r if isinstance(r, bytes) else reply(r) for r in replies))).__enter__()
        self.servers.append(server)
        clock = RealClock()
        options = Options(provider="faxage", url=server.url, username="u", company="1", password="secret-word")
        self.accounts.append(open_account(options, Http(timeout=20, clock=clock), clock))
        return self.accounts[-1]

    def asked(self) -> list[tuple[str, dict[str, list[str]]]]:
        """Script and form of each request."""
        return [(seen.path.rpartition("/")[2], parse_qs(seen.body.decode())) for seen in self.servers[-1].requests]


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    for account in made.accounts:
        account.close()
    for server in made.servers:
        server.__exit__(None, None, None)


LINE, URL = "+13035550100", "https://example.org/"
#: Method, arguments, script, operation, the other form fields, a good answer.
CALLS: dict[str, tuple[str, tuple[Any, ...], str, str | None, dict[str, str], str]] = {
    "lines": ("lines", (), "httpsfax.php", "listlines", {}, "3035550100\n"),
    "areas": ("area_codes", (), "provision.php", "listac", {}, "202\n303\n"),
    "exchanges": ("exchanges", ("303",), "provision.php", "listnpanxx", {"ac": "303"}, "303991\tDenver\tCO\n"),
    "free": ("free_numbers", ("303", None), "provision.php", "listdids", {"ac": "303"}, "3035551212\n"),
    "free in": ("free_numbers", ("303", "303555"), "provision.php", "listdids", {"npanxx": "303555"}, ""),
    "order": (
        "order_number",
        (LINE,),
        "provision.php",
        "provdid",
        {"didnumber": "3035550100"},
        "3035550100 provisioned",
    ),
    "return": (
        "return_number",
        (LINE,),
        "provision.php",
        "deprovdid",
        {"didnumber": "3035550100"},
        "3035550100 deprovisioned",
    ),
    "portable": ("portable", (LINE,), "httpsfax.php", "portable", {"didnumber": "3035550100"}, "1\n"),
    "forget": ("forget", ("7",), "httpsfax.php", "clear", {"jobid": "7"}, "Job ID: 7 cleared"),
    "again": ("send_again", ("7", LINE), "httpsfax.php", "resend", {"jobid": "7", "faxno": "3035550100"}, "JOBID: 8"),
    "records": (
        "records",
        (datetime(2026, 1, 2, 12, tzinfo=UTC), datetime(2026, 1, 3, 12, tzinfo=UTC), LINE),
        "getcdr.php",
        None,
        {"begin": "2026-01-02 05:00:00", "end": "2026-01-03 05:00:00", "didnumber": "3035550100"},
        "2026-01-02 05:00:00,IN,3035550199,3035550100,61\n",
    ),
    "records after": (
        "records_after",
        (41, None),
        "getcdr.php",
        None,
        {"nuidshow": "1", "nuidgt": "41"},
        "42,2026-01-02 05:00:00,OUT,3035550199,3035550100,61\n",
    ),
    "image": (
        "sent_image",
        ("7", "tiff", bytes),
        "httpsfax.php",
        "dlstatus",
        {"jobid": "7", "viewtype": "tiff"},
        "II*",
    ),
    "transmittal": ("transmittal", ("7", bytes), "httpsfax.php", "dltrans", {"jobid": "7"}, "%PDF-1.4"),
}
KEYWORDS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any], str, dict[str, str], str]] = {
    "enable": ("set_line", (LINE,), {"enabled": True}, "enabledid", {"didnumber": "3035550100"}, "Enabled"),
    "disable": ("set_line", (LINE,), {"enabled": False}, "disabledid", {"didnumber": "3035550100"}, "Disabled"),
    "web": (
        "send_addresses",
        (LINE, "Dr Lee", [URL], []),
        {"wait": False},
        "sendfax",
        {"faxno": "3035550100", "recipname": "Dr Lee", "faxurl": URL, "async": "1"},
        "JOBID: 9",
    ),
    "web with kinds": (
        "send_addresses",
        (LINE, "Dr Lee", [URL], ["doc"]),
        {"wait": True},
        "sendfax",
        {"faxno": "3035550100", "recipname": "Dr Lee", "faxurls[]": URL, "faxurltypes[]": "doc"},
        "JOBID: 9",
    ),
}


@dataclass(frozen=True)
class Call:
    """One call and what it is on the wire."""

    method: str
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    script: str
    operation: str | None
    fields: Mapping[str, str]
    good: str

    def on(self, account: Any) -> Any:
        return getattr(account, self.method)(*self.arguments, **self.keywords)


EVERY: list[Any] = [
    *(pytest.param(Call(m, a, {}, s, o, f, g), id=name) for name, (m, a, s, o, f, g) in CALLS.items()),
    *(pytest.param(Call(m, a, k, "httpsfax.php", o, f, g), id=name) for name, (m, a, k, o, f, g) in KEYWORDS.items()),
]


def dressed(good: str) -> bytes:
    binary = good.startswith(("II*", "%PDF"))
    return reply(good, content_type="application/octet-stream") if binary else reply(good)


@pytest.mark.parametrize("call", EVERY)
def test_each_request_is_as_documented(wire: Wire, call: Call) -> None:
    call.on(wire(dressed(call.good)))
    ((asked, form),) = wire.asked()
    assert asked == call.script
    given = {name: values[0] for name, values in form.items()}
    assert {given.pop(name) for name in ("username", "company", "password")} == {"u", "1", "secret-word"}
    assert given.pop("operation", None) == call.operation
    assert given == call.fields


@pytest.mark.parametrize("call", EVERY)
def test_each_documented_error_is_told_in_the_words_of_its_script(wire: Wire, call: Call) -> None:
    for code, words in dialect.SCRIPTS[call.script].items():
        account = wire(f"ERR{code:02}: username=u password=secret-word")
        with pytest.raises((UserError, ProviderTrouble)) as caught:
            call.on(account)
        assert str(caught.value) == words
        assert isinstance(caught.value, CredentialsRefused) == (code == 2)
        assert "secret-word" not in str(caught.value)


#: Which errors are an answer to the person, not trouble.
REFUSALS = {
    "set_line": {16, 17},
    "order_number": {4, 5},
    "return_number": {4, 5},
    "forget": {7},
    "send_again": {4, 5, 6, 40},
    "send_addresses": {3, 4, 5},
    "sent_image": {6, 24, 25},
    "transmittal": {6, 24, 25},
}


@pytest.mark.parametrize("call", EVERY)
def test_the_class_of_each_error(wire: Wire, call: Call) -> None:
    refused = set()
    for code in [*dialect.SCRIPTS[call.script], 77]:
        try:
            call.on(wire(f"ERR{code:02}: x"))
        except UserError:
            refused.add(code)
        except ProviderTrouble:
            pass
    assert refused == REFUSALS.get(call.method, set())


@pytest.mark.parametrize("answer", ["<html>Welcome</html>", "what is this"])
@pytest.mark.parametrize("call", EVERY)
def test_what_cannot_be_read_is_trouble(wire: Wire, answer: str, call: Call) -> None:
    with pytest.raises(ProviderTrouble):
        call.on(wire(reply(answer, content_type="text/html")))


@pytest.mark.parametrize("call", EVERY)
def test_an_answer_that_may_be_cut_off_is_trouble(wire: Wire, call: Call) -> None:
    def behave(talk: Any) -> None:
        talk.request()
        talk.send(reply(call.good, content_length="", connection="close"))

    server = WireServer(behave).__enter__()
    wire.servers.append(server)
    clock = RealClock()
    options = Options(provider="faxage", url=server.url, username="u", company="1", password="p")
    wire.accounts.append(open_account(options, Http(timeout=20, clock=clock), clock))
    with pytest.raises(ProviderTrouble):
        call.on(wire.accounts[-1])


def test_deprovisioned_is_not_provisioned(wire: Wire) -> None:
    with pytest.raises(ProviderTrouble):
        wire("3035550100 deprovisioned").order_number(LINE)


@pytest.mark.parametrize("number", ["+494055500130", "3035550", "+1303555010٣"])
def test_a_number_that_faxage_cannot_have_is_not_even_asked_for(wire: Wire, number: str) -> None:
    account = wire("1")
    for ask in (account.portable, account.order_number, account.return_number):
        with pytest.raises(UserError, match="ten digits"):
            ask(number)
    assert wire.asked() == []


@pytest.mark.parametrize(
    ("addresses", "kinds"), [([], []), (["file:///etc/passwd"], []), ([URL], ["a", "b"]), ([URL], ["../x"])]
)
def test_odd_addresses_are_not_even_asked_for(wire: Wire, addresses: list[str], kinds: list[str]) -> None:
    with pytest.raises(UserError):
        wire("JOBID: 1").send_addresses(LINE, "x", addresses, kinds, wait=True)
    assert wire.asked() == []


def test_a_contrast_may_be_asked_for(wire: Wire) -> None:
    account = wire("JOBID: 1", "JOBID: 2")
    plain, wish = new_submission(), dataclasses.replace(new_submission(), options={"contrast": "darker"})
    for submission in (plain, wish):
        account.submit(submission, [Paper(b"x").content])
    assert [form.get("contrastalgo") for _, form in wire.asked()] == [None, ["2"]]


def test_a_received_fax_is_not_taken_for_an_image_error(wire: Wire) -> None:
    """ERR25 belongs to images; for a received fax it is not documented."""
    with pytest.raises(ProviderTrouble):
        wire("ERR25: x").fetch(Listed("1", None, None, None, None, None, {}), bytes)
    with pytest.raises(ItemGone):
        wire("ERR12: x").fetch(Listed("1", None, None, None, None, None, {}), bytes)
