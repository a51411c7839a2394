"""Which WSDL Concord is asked by: a file of the site's, the service's own, the one kept, the one that comes along."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.concord_wire import OK, Script, account
from support.faxes import Paper, new_submission
from support.papers import pdf_bytes
from support.provider_rigs import concord as soap_rig
from support.wire import Talk, WireServer, always, reply

from faxdaemon.contracts.provider import Accepted, NotNow
from faxdaemon.core.errors import ProviderTrouble
from faxdaemon.files import open_files
from faxdaemon.files.cache import FileCache
from faxdaemon.providers.concord.wsdl import BUNDLED
from faxdaemon.sandbox import Sandbox

PAPER = Paper(pdf_bytes())
TAKEN = {"return": True, "FaxJobIds": [{"JobId": "br12"}], "TTFP": 3, "WSError": OK}
Open = Callable[..., Any]


def bundled(namespace: str = "urn:FaxWS") -> str:
    return BUNDLED.read_text("utf-8").replace("urn:FaxWS", namespace)


def test_a_wsdl_of_the_sites_own_is_used(tmp_path: Path) -> None:
    own = tmp_path / "own.wsdl"
    own.write_text(bundled().replace("urn:FaxWS", "urn:theirs"))
    script = Script(SendFaxEx=TAKEN)
    with account(script, wsdl=str(own)) as provider:
        assert provider.submit(new_submission(), [PAPER.content]) == Accepted("br12")
    assert 'SendFaxEx xmlns:ns0="urn:theirs"' in script.bodies[0]


def test_a_wsdl_at_an_address_is_fetched_once_at_the_first_request() -> None:
    page = reply(bundled().replace("urn:FaxWS", "urn:fetched"), content_type="text/xml")
    script = Script(SendFaxEx=TAKEN)
    with WireServer(always(page)) as library, account(script, wsdl=f"{library.url}/FaxWS.wsdl") as provider:
        assert library.requests == []
        for _ in range(2):
            assert provider.submit(new_submission(), [PAPER.content]) == Accepted("br12")
        assert [(seen.method, seen.path) for seen in library.requests] == [("GET", "/FaxWS.wsdl")]
    assert all('xmlns:ns0="urn:fetched"' in body for body in script.bodies)


def asked_by(script: Script) -> str:
    """The namespace of the last request: whose WSDL it was made by."""
    found = re.search(r'SendFaxEx xmlns:ns0="([^"]*)"', script.bodies[-1])
    assert found
    return found[1]


def warnings(quiet: list[Any]) -> list[tuple[str, str]]:
    return [(event["log_level"], event["origin"]) for event in quiet if event["event"] == "concord.wsdl"]


GONE = [
    None,
    reply("gone", "404 Not Found"),
    reply("<html>Welcome</html>"),
    reply(bundled().replace("SendFaxEx", "Mail")),
]
AWAY = ["network away", "404", "another page", "another service"]


@pytest.mark.parametrize("page", GONE, ids=AWAY)
def test_without_its_address_and_without_a_cache_the_bundled_one_serves(page: bytes | None, quiet: list[Any]) -> None:
    script = Script(SendFaxEx=TAKEN)
    with WireServer(always(page or b"")) as library:
        url = f"{library.url if page else 'http://127.0.0.1:9'}/FaxWS.wsdl"
        with account(script, wsdl=url) as provider:
            assert provider.submit(new_submission(), [PAPER.content]) == Accepted("br12")
    assert asked_by(script) == "urn:FaxWS"
    assert warnings(quiet) == [("warning", "address"), ("warning", "bundled")]


@pytest.mark.parametrize("page", GONE, ids=AWAY)
def test_without_its_address_the_one_fetched_last_serves(tmp_path: Path, page: bytes | None, quiet: list[Any]) -> None:
    cache = FileCache(tmp_path / "cache", open_files())
    pages = [reply(bundled("urn:theirs"))]
    script = Script(SendFaxEx=TAKEN)

    def now(talk: Talk) -> None:
        always(pages[0])(talk)

    with WireServer(now) as library:
        url = f"{library.url}/FaxWS.wsdl"
        with account(script, cache, wsdl=url) as provider:
            assert provider.submit(new_submission(), [PAPER.content]) == Accepted("br12")
        assert asked_by(script) == "urn:theirs"
        assert warnings(quiet) == []
        if page:
            pages[0] = page
            with account(script, cache, wsdl=url) as provider:
                assert provider.submit(new_submission(), [PAPER.content]) == Accepted("br12")
    if not page:  # nobody listens there any more
        with account(script, cache, wsdl=url) as provider:
            assert provider.submit(new_submission(), [PAPER.content]) == Accepted("br12")
    assert asked_by(script) == "urn:theirs"
    assert warnings(quiet) == [("warning", "address"), ("warning", "cache")]


def test_a_damaged_cache_is_passed_over(tmp_path: Path, quiet: list[Any]) -> None:
    cache = FileCache(tmp_path / "cache", open_files())
    script = Script(SendFaxEx=TAKEN)
    with WireServer(always(reply(bundled("urn:theirs")))) as library:
        url = f"{library.url}/FaxWS.wsdl"
        with account(script, cache, wsdl=url) as provider:
            provider.submit(new_submission(), [PAPER.content])
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_bytes(kept.read_bytes()[:1000])
    with account(script, cache, wsdl=url) as provider:
        assert provider.submit(new_submission(), [PAPER.content]) == Accepted("br12")
    assert asked_by(script) == "urn:FaxWS"
    assert [origin for _, origin in warnings(quiet)] == ["address", "cache", "bundled"]


def test_what_cannot_be_used_is_not_kept(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", open_files())
    with (
        WireServer(always(reply("<html>Welcome</html>"))) as library,
        account(Script(SendFaxEx=TAKEN), cache, wsdl=f"{library.url}/FaxWS.wsdl") as provider,
    ):
        provider.submit(new_submission(), [PAPER.content])
    assert not (tmp_path / "cache").exists()


def test_each_address_has_its_own_place_in_the_cache(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", open_files())
    script = Script(SendFaxEx=TAKEN)
    with WireServer(always(reply(bundled("urn:theirs")))) as library:
        for name in ("a", "b"):
            with account(script, cache, wsdl=f"{library.url}/{name}.wsdl") as provider:
                provider.submit(new_submission(), [PAPER.content])
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_without_a_setting_the_services_own_is_fetched(box: Sandbox, opened: Open, quiet: list[Any]) -> None:
    provider = opened(soap_rig.options(box, wsdl=None))
    assert isinstance(provider.submit(new_submission(), [PAPER.content]), Accepted)
    assert warnings(quiet) == []
    provider = opened(soap_rig.options(box, wsdl=f"{box.url_of('concord')}/nowhere.wsdl"))
    assert isinstance(provider.submit(new_submission(), [PAPER.content]), Accepted)
    assert warnings(quiet) == [("warning", "address"), ("warning", "bundled")]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text, url: "<html>Welcome</html>",
        lambda text, url: text[: len(text) // 2],
        lambda text, url: text.replace("</wsdl:definitions>", ""),
        lambda text, url: text.replace("<wsdl:definitions", '<!DOCTYPE x [<!ENTITY a "b">]><wsdl:definitions', 1),
        lambda text, url: text.replace(
            "<xsd:complexType", f'<xsd:import namespace="urn:x" schemaLocation="{url}/x.xsd"/><xsd:complexType', 1
        ),
        lambda text, url: text.replace(
            "<xsd:complexType", '<xsd:import namespace="urn:x" schemaLocation="file:///etc/hosts"/><xsd:complexType', 1
        ),
        lambda text, url: text.replace(
            "<wsdl:types>", f'<wsdl:import namespace="urn:y" location="{url}/y.wsdl"/><wsdl:types>'
        ),
        lambda text, url: text.replace("<wsdl:service", "<wsdl:nothing").replace("</wsdl:service", "</wsdl:nothing"),
    ],
    ids=["html", "half", "no end", "entity", "import", "import of a file", "wsdl import", "no service"],
)
def test_a_strange_wsdl_is_told_and_fetches_nothing(tmp_path: Path, spoil: Callable[[str, str], str]) -> None:
    with WireServer(always(reply("<x/>"))) as elsewhere:
        (tmp_path / "own.wsdl").write_text(spoil(bundled(), elsewhere.url))
        script = Script(SendFaxEx=TAKEN)
        with account(script, wsdl=str(tmp_path / "own.wsdl")) as provider:
            answer = provider.submit(new_submission(), [PAPER.content])
            with pytest.raises(ProviderTrouble, match="wsdl"):
                provider.status(["br1"])
        assert isinstance(answer, NotNow)
        assert "wsdl" in answer.reason
        assert (script.asked, elsewhere.requests) == ([], [])


def test_an_older_wsdl_without_the_wanted_method_is_told(tmp_path: Path) -> None:
    (tmp_path / "old.wsdl").write_text(bundled().replace("GetRealTimeFaxStatusEx3", "GetRealTimeFaxStatusEx9"))
    with (
        account(Script(), wsdl=str(tmp_path / "old.wsdl")) as provider,
        pytest.raises(ProviderTrouble, match="GetRealTimeFaxStatusEx3 cannot be made from it"),
    ):
        provider.find(new_submission())
