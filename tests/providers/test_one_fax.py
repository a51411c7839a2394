"""Whatever goes wrong between a provider and us, the sandbox's ledger has one fax, or a person sees why it has none.

The behaviours are those that every simulator of a fax service should play; here with the real stages, every provider,
and a look at the truth: the ledger.  Call-backs are played in `e2e/test_push_end_to_end.py`, where there are some.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from support.office import Office

from faxdaemon import plugins
from faxdaemon.contracts.provider import Content, Duplicates, Find
from faxdaemon.sandbox import Fault, Play, Sandbox

RIGS = (*plugins.names("faxdaemon.providers"), "concord_json", "opentext_trusted")
Start = Callable[..., Office]


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"support.provider_rigs.{request.param}")


@pytest.fixture
def start(rig: ModuleType, box: Sandbox, tmp_path: Path) -> Iterator[Start]:
    """An office with an account of the provider."""
    made: list[Office] = []

    def begin() -> Office:
        options = rig.options(box)
        module = plugins.load("faxdaemon.providers", options.provider)
        made.append(Office(tmp_path, box, options, module.open_account))
        made[-1].provider.check()  # has its token, so that faults meet the requests that they are meant for
        return made[-1]

    yield begin
    for office in made:
        office.close()


def settles(office: Office) -> str:
    """How this provider lets a lost answer be settled: `sure`, `found` (when it is there), or `never`."""
    told = office.provider.capabilities
    if told.duplicates is Duplicates.REFUSES or told.find is Find.BY_REFERENCE:
        return "sure"
    return "found" if told.find is Find.BY_MATCH else "never"


#: The provider took the fax, and its answer did not come, or said something else.
TAKEN = [
    Fault(Play.ACCEPT_THEN_DROP),
    Fault(Play.ACCEPT_LATE, seconds=0.2),
    Fault(Play.CUT_REPLY),
    Fault(Play.STALL, seconds=2),
    Fault(Play.ACCEPT_THEN_ANSWER, status=502),
    Fault(Play.ACCEPT_THEN_ANSWER, status=200, body=""),
]
#: It did not take it, and nobody can tell from what came.
NOT_TAKEN = [
    Fault(Play.DROP_EARLY),
    Fault(Play.DROP_BEFORE_ACCEPT),
    Fault(Play.HTTP_ERROR),
    Fault(Play.GARBAGE),
    Fault(Play.ANSWER, status=500),
]
#: Trouble beside the submission.
BESIDE = [
    Fault(Play.INDEX_LATE, seconds=0.2),
    Fault(Play.SLOW_REPLY, seconds=0.5),
    Fault(Play.SLOW_BEFORE, seconds=0.5),
    Fault(Play.STATUS_CACHE, seconds=0.2),
    Fault(Play.WRONG_CREDENTIALS, count=2),
]
_NAME = "{0.play}-{0.status}".format


def armed(rig: ModuleType, fault: Fault) -> Fault:
    """A fresh one of it, on the submission."""
    # a wrong password is wrong for whatever is asked, the control question too
    usual = {Play.STATUS_CACHE: rig.OPERATIONS["status"], Play.WRONG_CREDENTIALS: None}
    operation = usual.get(Play(fault.play), rig.OPERATIONS["submit"])
    return dataclasses.replace(fault, operation=operation)


def outlive(fault: Fault) -> None:
    """The provider's lag runs on the machine's clock, ours does not: let the lag end before an hour has passed."""
    lag = fault.seconds if fault.play in {Play.ACCEPT_LATE, Play.INDEX_LATE} else 0
    threading.Event().wait(lag * 1.5)


@pytest.mark.parametrize("fault", TAKEN, ids=_NAME)
def test_a_fax_that_was_taken_is_never_sent_twice(start: Start, rig: ModuleType, box: Sandbox, fault: Fault) -> None:
    office = start()
    playing = box.fault(armed(rig, fault))
    fax = office.drop()
    office.send()
    outlive(fault)
    state = office.until_over(fax)
    assert playing.played == 1
    assert len(box.sent()) == 1
    assert state == ("held" if settles(office) == "never" else "sent")


@pytest.mark.parametrize("fault", NOT_TAKEN, ids=_NAME)
def test_a_fax_that_was_not_taken_is_sent_once_or_held(
    start: Start, rig: ModuleType, box: Sandbox, fault: Fault
) -> None:
    office = start()
    playing = box.fault(armed(rig, fault))
    fax = office.drop()
    state = office.until_over(fax)
    assert playing.played == 1
    sure = settles(office) == "sure"
    assert (state, len(box.sent())) == (("sent", 1) if sure else ("held", 0))
    assert sure or office.site.reason(fax)


@pytest.mark.parametrize("fault", BESIDE, ids=_NAME)
def test_trouble_beside_it_costs_time_only(start: Start, rig: ModuleType, box: Sandbox, fault: Fault) -> None:
    office = start()
    playing = box.fault(armed(rig, fault))
    fax = office.drop()
    office.send()
    outlive(fault)
    state = office.until_over(fax)
    assert playing.played
    assert (state, len(box.sent())) == ("sent", 1)


def test_the_providers_own_words_for_trouble_end_visibly(start: Start, rig: ModuleType, box: Sandbox) -> None:
    office = start()
    box.fault(Fault(Play.ERR01, operation=rig.OPERATIONS["submit"]))
    fax = office.drop()
    state = office.until_over(fax)
    assert (state, len(box.sent())) in {("sent", 1), ("held", 0), ("failed", 0)}
    assert state == "sent" or office.site.reason(fax)


def test_a_crash_after_the_submission_ends_with_one_fax_or_a_hold(start: Start, rig: ModuleType, box: Sandbox) -> None:
    """The process dies after the bytes left and before the answer was recorded."""
    office = start()
    fax = office.drop()
    claimed = office.site.claimed()
    paper = office.site.spool.path(claimed.documents[0].spool)
    office.provider.submit(claimed, [Content(paper.name, paper.stat().st_size, lambda: paper.open("rb"))])
    assert len(box.sent()) == 1
    office.restart()
    state = office.until_over(fax)
    assert len(box.sent()) == 1
    assert state == ("held" if settles(office) == "never" else "sent")


def test_a_job_that_was_forgotten_is_held(start: Start, rig: ModuleType, box: Sandbox) -> None:
    office = start()
    fax = office.drop()
    office.send()
    assert office.site.state_of(fax) == "accepted"
    box.wait(lambda: box.sent()[0].result)
    box.fault(Fault(Play.PURGE, operation=rig.OPERATIONS["status"]))
    assert office.until_over(fax) == "held"
    assert "no longer knows" in office.site.reason(fax)
    assert len(box.sent()) == 1


@pytest.mark.parametrize(
    ("last", "state"),
    [
        ("0110", "failed"),
        ("0111", "failed"),
        ("0112", "failed"),
        ("0113", "failed"),
        ("0115", "failed"),
        ("0114", "sent"),
    ],
)
def test_every_end_of_a_call_is_told(start: Start, box: Sandbox, last: str, state: str) -> None:
    office = start()
    fax = office.drop(f"+1303555{last}")
    assert office.until_over(fax) == state
    assert len(box.sent()) == 1


# --- receiving ----------------------------------------------------------------------------------------------------

INBOUND = [
    None,
    Fault(Play.TRUNCATE),
    Fault(Play.CUT_REPLY),
    Fault(Play.GARBAGE),
    Fault(Play.HTTP_ERROR),
    Fault(Play.ERR01),
    Fault(Play.ITEM_AGAIN),
    Fault(Play.SLOW_REPLY, seconds=0.5),
]


@pytest.mark.parametrize("fault", INBOUND, ids=lambda fault: str(fault and fault.play))
def test_a_received_fax_is_delivered_once_and_whole(
    start: Start, rig: ModuleType, box: Sandbox, fault: Fault | None
) -> None:
    office = start()
    box.switches["opentext.hold"] = 0.2
    box.inject(rig.LINE)
    if fault:
        act = "acknowledge" if fault.play is Play.ITEM_AGAIN else "fetch"
        fault = box.fault(Fault(fault.play, operation=rig.OPERATIONS[act], seconds=fault.seconds))
    box.wait(lambda: office.receive() or not box.inbox(rig.ACCOUNT))
    office.receive()
    assert fault is None or fault.played
    assert [hashlib.sha256(each).hexdigest() for each in office.received()] == [*box.ledger()[0].documents]
    assert box.inbox(rig.ACCOUNT) == []


def test_a_crash_between_delivery_and_acknowledgement_delivers_once(
    start: Start, rig: ModuleType, box: Sandbox
) -> None:
    office = start()
    box.switches["opentext.hold"] = 0.2
    box.inject(rig.LINE)
    office.receive(acknowledge=False)
    assert len(office.received()) == 1
    office.restart()
    box.wait(lambda: office.receive() or not box.inbox(rig.ACCOUNT))
    assert len(office.received()) == 1
