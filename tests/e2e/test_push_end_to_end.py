"""Pushes with a real daemon and a real wire.  Polls are an hour apart, so that what happens is the pushes' doing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.papers import pdf_bytes
from support.push_site import SECRET, Site
from support.world import ELSEWHERE

from faxdaemon.sandbox import Fault, Play


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Callable[[str], Site]]:
    made: list[Site] = []

    def make(provider: str) -> Site:
        made.append(Site(tmp_path, provider))
        made[-1].world.__enter__()
        made[-1].configure()
        return made[-1]

    yield make
    for one in made:
        one.world.__exit__()


WAYS = [
    ("faxage", {}),
    ("concord", {"status_form": "get"}),
    ("concord", {"status_form": "form"}),
    ("concord", {"status_form": "octet-stream"}),
    ("concord", {"status_form": "xml"}),
    ("concord", {"status_form": "soap"}),
    ("faxde", {}),
    ("opentext", {}),
]


@pytest.mark.parametrize(("provider", "form"), WAYS, ids=lambda x: x if isinstance(x, str) else "-".join(x.values()))
def test_the_end_of_a_fax_is_learned_by_its_push(site: Any, provider: str, form: dict[str, str]) -> None:
    here = site(provider)
    here.set_up(**form)
    here.box.fault(Fault(Play.NOTIFY_TWICE))
    process = here.world.start()
    here.send()
    here.world.wait("it is reported", here.sent)
    (entry,) = here.box.sent()
    assert here.world.answer("sent", f"{ELSEWHERE}_x0")["recipients"][0]["provider_id"] == entry.job
    assert here.world.stop(process) == 0
    assert SECRET not in here.world.logs()


ARRIVALS = [
    ("faxage", {"fax_form": "form"}),
    ("faxage", {"fax_form": "json"}),
    ("concord", {"fax_form": "form"}),
    ("concord", {"fax_form": "octet-stream"}),
    ("concord", {"fax_form": "xml"}),
    ("concord", {"fax_form": "soap"}),
    ("opentext", {}),
]


@pytest.mark.parametrize(
    ("provider", "form"), ARRIVALS, ids=lambda x: x if isinstance(x, str) else "-".join(x.values())
)
def test_a_received_fax_is_there_by_its_push_and_there_once(site: Any, provider: str, form: dict[str, str]) -> None:
    here = site(provider)
    here.set_up(keep=True, **form)
    here.box.fault(Fault(Play.NOTIFY_TWICE))
    process = here.world.start()
    here.world.wait("it listens", lambda: "started" in here.world.logs())
    here.box.inject(here.line, caller="+13035550199", csid="LAB", pages=2)
    here.world.wait("it lies in its folder", here.received)
    here.world.wait("the provider was told", lambda: not here.box.inbox(here.name))
    assert here.world.stop(process) == 0

    here.configure(poll="0s", inbox="100ms")  # a listing finds nothing that we do not have
    process = here.world.start()
    here.box.inject(here.line, pages=3)
    here.world.wait("the next one came", lambda: len(here.received()) == 2)
    here.world.wait("the provider was told", lambda: not here.box.inbox(here.name))
    assert here.world.stop(process) == 0
    pages = sorted(sidecar["pages"] for sidecar in here.received())
    assert pages == [2, 3]
    assert all(entry.deleted_at for entry in here.box.ledger() if entry.direction == "in")


@pytest.mark.parametrize("provider", ["concord", "opentext"])
def test_a_push_while_the_daemon_is_away_comes_again(site: Any, provider: str) -> None:
    here = site(provider)
    here.set_up(again=[0.2] * 200)
    here.box.inject(here.line, pages=2)
    process = here.world.start()
    here.world.wait("it lies in its folder", here.received)
    here.world.wait("the provider was told", lambda: not here.box.inbox(here.name))
    assert here.world.stop(process) == 0
    assert len(here.received()) == 1


@pytest.mark.parametrize("provider", ["faxage", "concord", "faxde", "opentext"])
def test_lost_pushes_cost_a_poll_and_nothing_else(site: Any, provider: str) -> None:
    here = site(provider)
    here.set_up()
    here.box.fault(Fault(Play.NOTIFY_LOST, count=0))
    here.configure(poll="300ms", inbox="300ms")
    process = here.world.start()
    here.send()
    here.box.inject(here.line, pages=2)
    here.world.wait("it is reported", here.sent)
    here.world.wait("the other one lies in its folder", here.received)
    assert here.world.stop(process) == 0
    assert len(here.box.sent()) == 1


@pytest.mark.parametrize("provider", ["faxage", "concord", "opentext"])
def test_pushes_out_of_order_and_late_change_nothing(site: Any, provider: str) -> None:
    here = site(provider)
    here.set_up()
    here.box.fault(Fault(Play.NOTIFY_AFTER_NEXT))
    here.box.fault(Fault(Play.NOTIFY_LATE, seconds=0.5, skip=1))
    process = here.world.start()
    here.send(2)
    here.world.wait("both are reported", lambda: here.sent(2))
    assert here.world.stop(process) == 0
    assert len(here.box.sent()) == 2


@pytest.mark.parametrize("provider", ["faxage", "concord", "faxde", "opentext"])
def test_a_push_that_is_faster_than_the_answer_is_not_forgotten(site: Any, provider: str) -> None:
    """The polls are an hour apart: what the push told of is asked for as soon as there is an answer."""
    here = site(provider)
    here.set_up()
    here.box.fault(Fault(Play.NOTIFY_EARLY))
    process = here.world.start()
    here.send()
    here.world.wait("it is reported", here.sent)
    assert here.world.stop(process) == 0
    (entry,) = here.box.sent()
    assert here.world.answer("sent", f"{ELSEWHERE}_x0")["recipients"][0]["provider_id"] == entry.job


@pytest.mark.parametrize("provider", ["faxage", "concord", "faxde", "opentext"])
def test_when_pushes_stop_polling_takes_over_by_itself(site: Any, provider: str) -> None:
    here = site(provider)
    here.set_up()
    here.configure(poll="2s", inbox="2s")
    process = here.world.start()
    here.send(1)
    here.world.wait("the first is reported", lambda: here.sent(1))
    lost = here.box.fault(Fault(Play.NOTIFY_LOST, count=0))
    here.world.drop(f"{ELSEWHERE}_y.pdf", pdf_bytes(pages=2))
    here.box.inject(here.line, pages=2)
    here.world.wait("the second one, too", lambda: here.sent(2))
    here.world.wait("and what arrived", here.received)
    assert lost.played >= 1
    assert here.world.stop(process) == 0
    assert len(here.box.sent()) == 2


def test_basic_authentication_all_the_way(site: Any) -> None:
    here = site("concord")
    (here.world.place / "hook").touch(mode=0o600)
    (here.world.place / "hook").write_text("pass:word", encoding="utf-8")
    login = {"secret": "${file:secret}", "poll": "1h", "username": "hook", "password": "${file:hook}"}
    here.set_up(login="hook:wrong-password")
    here.configure(push=login)
    process = here.world.start()
    here.send()
    here.world.wait("a stranger was turned away", lambda: "push.stranger" in here.world.logs())
    assert here.world.names("sent") == []
    here.set_up(login="hook:pass:word")
    here.box.inject(here.line, pages=2)
    here.send()
    here.world.wait("the other one is reported", lambda: len(here.world.names("sent")) >= 2)
    here.world.wait("and what arrived", here.received)
    assert here.world.stop(process) == 0


@pytest.mark.parametrize("provider", ["faxage", "concord", "faxde", "opentext"])
def test_a_push_before_the_answer_and_the_answer_lost(site: Any, provider: str) -> None:
    """Nothing else could tell OpenText's job and, without a job id for doubles, FAX.de's: the push settles it."""
    here = site(provider)
    here.set_up()
    here.box.switches["faxde.duplicate_id"] = False
    here.box.fault(Fault(Play.ACCEPT_THEN_DROP))
    here.configure(poll="500ms")
    process = here.world.start()
    here.send()
    here.world.wait(
        "it is reported as sent", lambda: "sent" in [path.parent.parent.name for path in here.world.out.rglob("*.json")]
    )
    assert here.world.stop(process) == 0
    assert len(here.box.sent()) == 1
