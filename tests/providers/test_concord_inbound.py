"""Concord's inbound service, whose address and names are guesses: what is tolerated, and what is not believed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from support.concord_wire import OK, SETTINGS_OK, Script, account, inbound, refusal, said, soap
from support.wire import reply

from faxdaemon.core.errors import CredentialsRefused, ItemGone, ProviderTrouble
from faxdaemon.core.model import Listed
from faxdaemon.providers.concord import inbound as service

DOCUMENT = "JVBERi0xLjQ="
ONE = Listed("i1", None, None, None, None, None, {})


def ids(*names: str) -> bytes:
    return inbound("GetInboundList", {"return": True, "InboundItemIds": [{"ItemId": n} for n in names], "WSError": OK})


def item(name: str, error: Any = None, data: str | None = DOCUMENT, **fields: str) -> dict[str, Any]:
    document = {} if data is None else {"FileData": data}
    return {"ItemId": name, **fields, **document, **({"Error": error} if error else {})}


def got(*entries: dict[str, Any]) -> bytes:
    return inbound("GetInboundByID", {"return": True, "InboundItems": list(entries), "WSError": OK})


@contextmanager
def scripted(**answers: Any) -> Iterator[tuple[Any, Script]]:
    changes = answers.pop("changes", {})
    usual = {"GetFaxAccountSettings": said("soap", "GetFaxAccountSettings", SETTINGS_OK)}
    script = Script("soap", **{**usual, **answers})
    with account(script, **changes) as provider:
        yield provider, script


def fetched(provider: Any, listed: Listed = ONE) -> bytes:
    pieces: list[bytes] = []
    provider.fetch(listed, pieces.append)
    return b"".join(pieces)


# --- listing ------------------------------------------------------------------------------------------------------


def test_particulars_are_read_once_for_each_item() -> None:
    fields = {"CalledNumber": "(303) 555-0120", "CallerNumber": "unknown", "FaxReceiveDateTime": "2018/04/18 08:24:44"}
    fields |= {"FaxPages": "3", "FaxSenderCSID": "LAB", "FaxMessageId": "m1", "Another": "x"}
    answers = [got(item("i1", **fields)), got(item("i2", CalledNumber="+494055500130"))]
    with scripted(GetInboundList=[ids("i1"), ids("i1", "i2"), ids("i2")], GetInboundByID=answers) as (provider, script):
        (one,) = provider.inbox()
        assert one == Listed(
            provider_id="i1",
            called="+13035550120",
            caller=None,
            csid="LAB",
            received_at=datetime(2018, 4, 18, 8, 24, 44, tzinfo=UTC),
            pages=3,
            metadata={"ItemId": "i1", **fields},
        )
        assert [listed.called for listed in provider.inbox()] == ["+13035550120", "+494055500130"]
        assert [listed.provider_id for listed in provider.inbox()] == ["i2"]
    assert script.asked.count("GetInboundByID") == 2
    assert "MaxItems>1000<" in script.bodies[0]


def test_what_is_not_listed_any_more_is_forgotten() -> None:
    lists = [ids("i1"), ids(), ids("i1")]
    with scripted(GetInboundList=lists, GetInboundByID=got(item("i1"))) as (provider, script):
        assert [len(provider.inbox()) for _ in lists] == [1, 0, 1]
    assert script.asked.count("GetInboundByID") == 2


def test_one_listing_looks_into_so_many_new_items_and_the_next_into_the_rest() -> None:
    names = [f"i{n}" for n in range(service.PARTICULARS + 3)]
    answers = [got(item(name)) for name in names]
    with scripted(GetInboundList=ids(*names), GetInboundByID=answers) as (provider, _):
        assert [listed.provider_id for listed in provider.inbox()] == names[: service.PARTICULARS]
        assert [listed.provider_id for listed in provider.inbox()] == names


def test_an_item_that_went_away_meanwhile_is_left_out() -> None:
    gone = got(item("i1", {"ErrorCode": -5019, "ErrorString": ""}, None))
    for answer in (got(), gone, inbound("GetInboundByID", refusal(-5019))):
        with scripted(GetInboundList=ids("i1", "i2"), GetInboundByID=[answer, got(item("i2"))]) as (provider, _):
            assert [listed.provider_id for listed in provider.inbox()] == ["i2"]


def test_an_item_that_makes_trouble_is_shown() -> None:
    odd = got(item("i1", {"ErrorCode": -1, "ErrorString": ""}, None))
    with scripted(GetInboundList=ids("i1"), GetInboundByID=odd) as (provider, _):
        (shown,) = provider.inbox()
        assert shown.called is None, "fetching it will tell the trouble"


@pytest.mark.parametrize(
    "answer",
    [
        reply("<html>", "503 Later"),
        reply("<html>Welcome</html>"),
        reply(""),
        inbound("GetInboundList", {"InboundItemIds": [], "WSError": OK}),
        inbound("GetInboundList", refusal(-7)),
        soap("<s:Fault><faultcode>s:Server</faultcode></s:Fault>", "500 Error"),
    ],
)
def test_trouble_is_never_an_empty_inbox(answer: bytes) -> None:
    with scripted(GetInboundList=answer) as (provider, _), pytest.raises(ProviderTrouble) as caught:
        provider.inbox()
    assert not isinstance(caught.value, CredentialsRefused)


def test_a_refusal_is_the_accounts_when_its_settings_are_refused_too() -> None:
    settings = said("soap", "GetFaxAccountSettings", refusal(-1))
    answer = inbound("GetInboundList", refusal(-1))
    answers = {"GetInboundList": answer, "GetFaxAccountSettings": settings}
    with scripted(**answers) as (provider, _), pytest.raises(CredentialsRefused):
        provider.inbox()


def test_names_address_and_namespace_are_the_sites() -> None:
    names = {"list": "ListFaxes", "get": "GetFaxes", "remove": "DropFaxes", "ids": "Ids", "item_id": "Id"}
    names |= {"user": "User", "document": "Data", "called": "To", "most": "Top", "request": "Filter", "item": "string"}
    answers = {
        "ListFaxes": inbound("ListFaxes", {"return": True, "Deep": {"Deeper": [{"Id": "i1"}]}}),
        "GetFaxes": inbound("GetFaxes", {"return": "1", "A": [{"Id": "i1", "To": "3035550120", "Data": DOCUMENT}]}),
        "DropFaxes": inbound("DropFaxes", {"return": True, "WSError": {"ErrorCode": 0, "WrapperRC": 1}}),
    }
    changes = {"inbound": {"namespace": "urn:theirs", "names": names, "most": 7}}
    with scripted(changes=changes, **answers) as (provider, script):
        (one,) = provider.inbox()
        assert (one.provider_id, one.called) == ("i1", "+13035550120")
        assert fetched(provider, one) == b"%PDF-1.4"
        provider.acknowledge(one)
    assert script.asked == ["ListFaxes", "GetFaxes", "GetFaxes", "DropFaxes"]
    assert "<ns0:Filter><ns0:Top>7</ns0:Top></ns0:Filter>" in script.bodies[0]
    assert "<ns0:Ids><ns0:string><ns0:Id>i1</ns0:Id></ns0:string></ns0:Ids>" in script.bodies[3]
    assert all('xmlns:ns0="urn:theirs"' in body and "<ns0:User>mbx1<" in body for body in script.bodies)


# --- fetching -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "waiting", "expected"),
    [
        (got(item("i1", {"ErrorCode": -5019, "ErrorString": ""}, None)), [], ItemGone),
        (got(item("i1", {"ErrorCode": -8, "ErrorString": ""}, "")), ["i2"], ItemGone),
        (got(), [], ItemGone),
        (inbound("GetInboundByID", refusal(-5019)), [], ItemGone),
        (got(item("i1", {"ErrorCode": -8, "ErrorString": ""}, None)), ["i1"], ProviderTrouble),
        (got(), ["i2", "i1"], ProviderTrouble),
        (inbound("GetInboundByID", refusal(-5019)), ["i1"], ProviderTrouble),
        (got(item("i1", None, None)), [], ProviderTrouble),
        (got(item("i1", None, "")), [], ProviderTrouble),
        (inbound("GetInboundByID", refusal(-6)), [], ProviderTrouble),
        (got(item("i2")), [], ProviderTrouble),
        (got(item("i1"), item("i2")), [], ProviderTrouble),
        (got(item("i1", None, "JVBERi0xLjQ")), [], ProviderTrouble),
        (got(item("i1", None, "no base64!")), [], ProviderTrouble),
        (reply("%PDF-1.4", content_type="application/pdf"), [], ProviderTrouble),
    ],
)
def test_without_a_document_the_list_tells_whether_it_is_gone(
    answer: bytes, waiting: list[str], expected: type[Exception]
) -> None:
    answers = {"GetInboundByID": answer, "GetInboundList": ids(*waiting)}
    with scripted(**answers) as (provider, _), pytest.raises((ItemGone, ProviderTrouble)) as caught:
        fetched(provider)
    assert type(caught.value) is expected


def test_a_list_that_cannot_be_had_never_says_gone() -> None:
    answers = {"GetInboundByID": got(), "GetInboundList": reply("", "503 Later")}
    with scripted(**answers) as (provider, _), pytest.raises(ProviderTrouble):
        fetched(provider)


def test_line_breaks_in_a_document_are_none_of_it() -> None:
    with scripted(GetInboundByID=got(item("i1", None, "\n JVBE\r\nRi0x\tLjQ= \n"))) as (provider, _):
        assert fetched(provider) == b"%PDF-1.4"


# --- removing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "waiting", "done"),
    [
        ({"return": True, "WSError": OK}, ["i1"], True),
        (refusal(-5019), ["i1"], True),
        (refusal(-9), ["i2"], True),
        (refusal(-9), ["i1"], False),
        ({"WSError": OK}, [], False),
    ],
)
def test_removing(answer: dict[str, Any], waiting: list[str], done: bool) -> None:
    answers = {"RemoveInboundByID": inbound("RemoveInboundByID", answer), "GetInboundList": ids(*waiting)}
    with scripted(**answers) as (provider, script):
        if done:
            provider.acknowledge(ONE)
        else:
            with pytest.raises(ProviderTrouble):
                provider.acknowledge(ONE)
    assert script.asked[0] == "RemoveInboundByID"
