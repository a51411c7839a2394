"""FAX.de: one document to several recipients in one job, by RecipientFile."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from support.papers import pdf_bytes
from support.wire import FixedClock, WireServer, always, reply

from faxdaemon.contracts.services import offers
from faxdaemon.core.errors import CredentialsRefused, OutcomeUnknown, ProviderTrouble, UserError
from faxdaemon.http import Http
from faxdaemon.providers.faxde import Options, open_account
from faxdaemon.sandbox import Sandbox

TO = ["+4940555123", "+12125550110", "+4940555199"]
Open = Callable[..., Any]


def results(code: int, **fields: object) -> bytes:
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in {"return": code, **fields}.items())
    envelope = "http://schemas.xmlsoap.org/soap/envelope/"
    text = f"<E:Envelope xmlns:E='{envelope}'><E:Body><r>{inside}</r></E:Body></E:Envelope>"
    return reply(text, content_type="text/xml")


@pytest.fixture
def opened() -> Iterator[Open]:
    providers: list[Any] = []

    def make(url: str, **changes: Any) -> Any:
        clock = FixedClock(datetime(2026, 11, 20, 9, 45, tzinfo=UTC))
        values = {"customer": "faxde", "password": "sandbox-password", **changes}
        options = Options(provider="faxde", url=url, **values)
        providers.append(open_account(options, Http(timeout=20, clock=clock), clock))
        return providers[-1]

    yield make
    for provider in providers:
        provider.close()


def test_it_is_one_job_and_told_recipient_by_recipient(box: Sandbox, opened: Open) -> None:
    provider = opened(box.url_of("faxde"), stationid="Praxis")
    assert offers(provider) == ("broadcast",)
    job = provider.broadcast(TO, "news.pdf", pdf_bytes())
    box.wait(lambda: len(box.sent()) == 3 and all(entry.result for entry in box.sent()))
    assert [(entry.destination, entry.reference) for entry in box.sent()] == [(TO[0], "1"), (TO[1], "2"), (TO[2], "3")]
    table = provider.broadcast_status(job)
    shown = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [row["RECIPIENT"] for row in shown] == TO
    assert [row["RESULT"] == "OK" for row in shown] == [entry.result == "success" for entry in box.sent()]
    assert {row["REFID"] for row in shown} == {"1", "2", "3"}


def test_the_same_command_again_is_no_second_broadcast(box: Sandbox, opened: Open) -> None:
    provider = opened(box.url_of("faxde"))
    paper = pdf_bytes()
    job = provider.broadcast(TO, "news.pdf", paper)
    with pytest.raises(UserError, match=f"double of job {job}"):
        provider.broadcast(TO, "news.pdf", paper)
    assert len(box.sent()) == 3


def test_an_account_that_may_not_is_told_what_to_do(box: Sandbox, opened: Open) -> None:
    box.switches["faxde.several"] = False
    with pytest.raises(UserError, match="need an activation"):
        opened(box.url_of("faxde")).broadcast(TO, "news.pdf", pdf_bytes())
    assert box.sent() == []


def asked(opened: Open, answer: bytes, **how: Any) -> tuple[Any, str]:
    """What becomes of that answer, and the list of recipients that was sent."""
    with WireServer(always(answer)) as server:
        values = {"numbers": TO, "name": "news.pdf", **how}
        try:
            made: Any = opened(server.url).broadcast(values["numbers"], values["name"], b"%PDF-1.4")
        except (UserError, ProviderTrouble, OutcomeUnknown) as error:
            made = error
        sent = server.requests[0].body.decode() if server.requests else ""
    match = re.search(r"<RecipientFile [^>]*>([^<]*)</RecipientFile>", sent)
    return made, base64.b64decode(match[1]).decode() if match else ""


def test_the_list_is_csv_with_a_reference_for_each(opened: Open) -> None:
    made, rows = asked(opened, results(0, JobId=7, RecipientsCount=3))
    assert (made, rows) == ("7", "+4940555123,1\r\n+12125550110,2\r\n+4940555199,3\r\n")


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (results(0, JobId=7, RecipientsCount=2), UserError, "job 7 for 2 of 3"),
        (results(8), UserError, "no valid recipient"),
        (results(-5), UserError, "blocked"),
        (results(-8), UserError, "may not send abroad"),
        (results(1), UserError, "activation"),
        (results(-65), ProviderTrouble, "list of recipients"),
        (results(-4), OutcomeUnknown, "the same command again"),
        (results(0), OutcomeUnknown, "the same command again"),
        (reply("", status="502 Bad Gateway"), OutcomeUnknown, "502"),
    ],
)
def test_each_kind_of_answer(opened: Open, answer: bytes, kind: type, words: str) -> None:
    made, _ = asked(opened, answer)
    assert type(made) is kind
    assert words in str(made)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"numbers": []}, "no recipient"),
        ({"numbers": ["+4940555123", "040555"]}, "international numbers"),
        ({"name": "news.odt"}, ".odt"),
    ],
)
def test_what_fax_de_could_never_take_is_not_asked(opened: Open, how: dict[str, Any], words: str) -> None:
    made, rows = asked(opened, results(0, JobId=7), **how)
    assert isinstance(made, UserError)
    assert words in str(made)
    assert rows == ""


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (results(6), UserError, "ask again later"),
        (results(5), UserError, "does not know"),
        (results(2), CredentialsRefused, "password"),
        (results(0, SendResult="multi", StatusFile="!"), ProviderTrouble, "could not be read"),
    ],
)
def test_each_answer_about_its_end(opened: Open, answer: bytes, kind: type, words: str) -> None:
    with WireServer(always(answer)) as server, pytest.raises(kind, match=words):
        opened(server.url).broadcast_status("7")
