"""What an adapter says that it heeds, it heeds, and nothing else: seen in the bytes that leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import pytest
from support.faxes import Paper, new_submission
from support.papers import pdf_bytes
from support.wire import Talk, WireServer, reply

from faxdaemon import plugins
from faxdaemon.contracts.provider import Provider
from faxdaemon.core.wishes import VOCABULARY
from faxdaemon.sandbox import Sandbox

PAPER = Paper(pdf_bytes())
SUBMISSION = new_submission()

Sent = Callable[[Mapping[str, Any]], bytes]


@pytest.fixture
def sent(rig: ModuleType, box: Sandbox, opened: Callable[..., Provider]) -> Any:
    """The body of a submission with these wishes, as it leaves; nothing when it is refused before."""

    def behave(talk: Talk) -> None:
        talk.request()
        talk.send(reply("later", status="503 Service Unavailable"))

    with WireServer(behave) as server:
        provider = opened(rig.options(box, url=server.url))

        def body(asked: Mapping[str, Any]) -> bytes:
            server.requests.clear()
            provider.submit(new_submission(reference=SUBMISSION.reference, options=asked), [PAPER.content])
            return b"".join(seen.body for seen in server.requests)

        yield body


def test_they_are_words_of_the_vocabulary(rig: ModuleType) -> None:
    heeded = plugins.load("faxdaemon.providers", rig.__name__.rpartition(".")[2]).CAPABILITIES.wishes
    assert heeded <= set(VOCABULARY)


def test_what_is_heeded_changes_the_request(rig: ModuleType, sent: Sent) -> None:
    heeded = plugins.load("faxdaemon.providers", rig.__name__.rpartition(".")[2]).CAPABILITIES.wishes
    everything = {name: VOCABULARY[name].example for name in sorted(heeded)}
    whole = sent(everything)
    assert whole
    assert whole == sent(everything), "the same wishes make the same request"
    for name in heeded:
        rest = {other: value for other, value in everything.items() if other != name}
        assert sent(rest) != whole, name


def test_what_is_not_heeded_changes_nothing(rig: ModuleType, sent: Sent) -> None:
    heeded = plugins.load("faxdaemon.providers", rig.__name__.rpartition(".")[2]).CAPABILITIES.wishes
    others = {name: wish.example for name, wish in VOCABULARY.items() if name not in heeded}
    assert sent(others) == sent({}) != b""
