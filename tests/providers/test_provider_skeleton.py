"""The skeleton runs as it stands, so that a newcomer starts from something that works."""

from __future__ import annotations

import io

import pytest
from support.faxes import Paper, new_submission
from support.wire import RealClock, WireServer, always, reply

from faxdaemon import plugins
from faxdaemon.contracts.provider import Absent, Accepted, AccountRefused, Found, NotNow, Progress, Unknown
from faxdaemon.core.errors import CredentialsRefused, ItemGone
from faxdaemon.http import Http
from faxdaemon.providers import _skeleton

PAPER = Paper(b"%PDF").content


def test_it_is_not_offered_as_a_provider() -> None:
    assert "_skeleton" not in plugins.names("faxdaemon.providers")


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (reply('{"id": "7"}', "201 Created"), Accepted("7")),
        (reply('{"id": 7}', "201 Created"), Unknown("the service answered HTTP 201")),
        (reply("[]", "201 Created"), Unknown("the service answered HTTP 201")),
        (reply("<html>", "502 Bad Gateway"), Unknown("the service answered HTTP 502")),
        (reply("", "401 Unauthorized"), AccountRefused("the service does not accept the token")),
        (reply("", "429 Too Many", retry_after="9"), NotNow("the service is busy", 9.0)),
    ],
    ids=str,
)
def test_its_answers(answer: bytes, meaning: object) -> None:
    with WireServer(always(answer)) as server:
        provider = opened(server.url)
        assert provider.submit(new_submission(), [PAPER]) == meaning
        assert server.requests[0].body == b"%PDF"
        provider.close()


def opened(url: str) -> _skeleton.Skeleton:
    clock = RealClock()
    options = _skeleton.Options(provider="_skeleton", url=url, token="secret")
    provider = _skeleton.open_account(options, Http(timeout=20, clock=clock), clock)
    assert isinstance(provider, _skeleton.Skeleton)
    return provider


def test_its_questions() -> None:
    answers = [
        reply('{"faxes": [{"id": "7"}]}'),
        reply('{"faxes": []}'),
        reply('{"state": "sent", "text": "OK"}'),
        reply('{"faxes": [{"id": "8", "to": "+1", "from": "+2"}]}'),
        reply("%PDF", content_type="application/pdf"),
        reply("", "410 Gone"),
        reply("", "404 Not Found"),
        reply("", "403 Forbidden"),
    ]
    with WireServer(always(*answers)) as server:
        provider = opened(server.url)
        assert provider.find(new_submission()) == Found("7")
        assert provider.find(new_submission()) == Absent()
        assert [(s.progress, s.text) for s in provider.status(["7"])] == [(Progress.SENT, "OK")]
        (listed,) = provider.inbox()
        target = io.BytesIO()
        provider.fetch(listed, target.write)
        assert target.getvalue() == b"%PDF"
        with pytest.raises(ItemGone):
            provider.fetch(listed, target.write)
        provider.acknowledge(listed)
        with pytest.raises(CredentialsRefused):
            provider.check()
        provider.close()
