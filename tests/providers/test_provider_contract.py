"""What every provider promises, on the real wire of the sandbox.

A new provider is picked up by its place; it brings `support/provider_rigs/<name>.py` and nothing else here changes.
"""

from __future__ import annotations

import importlib
import io
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from support.faxes import Paper, new_submission
from support.papers import pdf_bytes
from support.ports import free_port
from support.wire import SkewedClock

from faxdaemon import plugins
from faxdaemon.contracts.provider import (
    Absent,
    Accepted,
    AccountRefused,
    Ambiguous,
    Cancelled,
    Capabilities,
    Find,
    Found,
    NotNow,
    Progress,
    Provider,
    Refused,
    Unknown,
)
from faxdaemon.contracts.services import Images
from faxdaemon.core.errors import (
    CredentialsRefused,
    ItemGone,
    NotSent,
    OutcomeUnknown,
    ProviderTrouble,
)
from faxdaemon.core.model import IMAGE, TRANSMITTAL, Listed
from faxdaemon.options import Account
from faxdaemon.sandbox import Fault, Play, Sandbox

PAPER = Paper(pdf_bytes())
NOWHERE = Listed("987654321", None, None, None, None, None, {})

#: Every call but `submit`.
CALLS: dict[str, Callable[[Provider], object]] = {
    "find": lambda p: p.find(new_submission()),
    "status": lambda p: p.status(["1", "2"]),
    "cancel": lambda p: p.cancel("1"),
    "inbox": lambda p: p.inbox(),
    "fetch": lambda p: p.fetch(NOWHERE, lambda _: None),
    "acknowledge": lambda p: p.acknowledge(NOWHERE),
    "check": lambda p: p.check(),
}


def offers(provider: Provider, call: str) -> bool:
    """Whether the service has anything to do with this call; if not, it is answered without asking it."""
    told = provider.capabilities
    return {"find": told.find is not Find.NOT, "cancel": told.can_cancel}.get(call, True)


def comes_along(rig: ModuleType) -> bool:
    """Whether the list of what waits brings the documents, so that fetching asks for nothing more."""
    return rig.OPERATIONS["fetch"] == rig.OPERATIONS["inbox"]


def name_of(rig: ModuleType, number: str) -> str:
    """What the provider calls the received fax with this number in the sandbox."""
    made: str = getattr(rig, "received_id", str)(number)
    return made


@pytest.fixture
def provider(rig: ModuleType, box: Sandbox, opened: Callable[..., Provider]) -> Provider:
    return opened(rig.options(box))


@pytest.fixture
def hasty(rig: ModuleType, box: Sandbox, opened: Callable[..., Provider]) -> Provider:
    """Waits a second for a reply, no longer."""
    return opened(rig.options(box), silence=1.0)


# --- the module ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", plugins.names("faxdaemon.providers"))
def test_a_provider_module_has_its_three_names_and_a_rig(name: str) -> None:
    module = plugins.load("faxdaemon.providers", name)
    assert issubclass(module.Options, Account)
    assert isinstance(module.CAPABILITIES, Capabilities)
    assert callable(module.open_account)
    importlib.import_module(f"support.provider_rigs.{name}")
    assert all(f.description for key, f in module.Options.model_fields.items()), "every setting is explained"


def test_capabilities_are_told_as_data(rig: ModuleType, provider: Provider) -> None:
    told = provider.capabilities
    assert told == plugins.load("faxdaemon.providers", rig.__name__.rpartition(".")[2]).CAPABILITIES
    assert told.status_batch >= 1
    assert ".pdf" in told.suffixes
    assert all(s == s.lower() and s.startswith(".") for s in told.suffixes)
    assert (told.find is Find.NOT) or told.reference_length >= 8
    assert told.pictures <= {IMAGE, TRANSMITTAL}
    assert bool(told.pictures) == isinstance(provider, Images), "what is told and what is there differ"


# --- accepting ----------------------------------------------------------------------------------------------------


def test_an_accepted_fax_is_at_the_provider_under_that_id(provider: Provider, box: Sandbox) -> None:
    answer = provider.submit(new_submission(), [PAPER.content])
    (entry,) = box.sent()
    assert answer == Accepted(entry.job)
    assert (entry.destination, entry.documents) == ("+13035550123", (PAPER.sha256,))


@pytest.mark.parametrize("megabytes", [0.1, 1, 5])
def test_documents_arrive_byte_for_byte(provider: Provider, rig: ModuleType, box: Sandbox, megabytes: float) -> None:
    papers = [Paper(pdf_bytes(size=int(megabytes * 1e6) + n)) for n in range(3)]
    papers.append(Paper(bytes(range(256)) * 40 + b"end", name="notes.txt"))
    papers = papers[: getattr(rig, "FILES", len(papers))]
    assert isinstance(provider.submit(new_submission(), [p.content for p in papers]), Accepted)
    assert box.sent()[0].documents == tuple(p.sha256 for p in papers)


@pytest.mark.parametrize(
    "name", [None, "", "Dr. Müller-Łukasz", "日本語の名前", "Zoë\t& Co=1+1%\n", "x" * 200, "😀" * 40]
)
def test_any_name_leaves_the_fax_findable(provider: Provider, box: Sandbox, name: str | None) -> None:
    submission = new_submission(name=name)
    assert isinstance(provider.submit(submission, [PAPER.content]), Accepted)
    if provider.capabilities.find is not Find.NOT:
        assert provider.find(submission) == Found(box.sent()[0].job)


def test_many_threads_get_each_its_own_job(provider: Provider, box: Sandbox) -> None:
    faxes = [(new_submission(), Paper(pdf_bytes(text=f"fax {n}"))) for n in range(16)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda fax: provider.submit(fax[0], [fax[1].content]), faxes))
    taken = {entry.job: entry.documents for entry in box.sent()}
    assert len(taken) == 16
    assert [taken[a.provider_id] for a in answers if isinstance(a, Accepted)] == [(p.sha256,) for _, p in faxes]


# --- refusing -----------------------------------------------------------------------------------------------------


def test_wrong_credentials_refuse_the_account(rig: ModuleType, box: Sandbox, opened: Callable[..., Provider]) -> None:
    assert isinstance(opened(rig.wrong(box)).submit(new_submission(), [PAPER.content]), AccountRefused)
    assert box.sent() == []


@pytest.mark.parametrize("call", CALLS)
def test_wrong_credentials_are_told_by_every_call(
    rig: ModuleType, box: Sandbox, opened: Callable[..., Provider], call: str
) -> None:
    provider = opened(rig.wrong(box))
    if not offers(provider, call):
        return
    with pytest.raises(CredentialsRefused):
        CALLS[call](provider)


def test_each_documented_reason_has_its_class(provider: Provider, rig: ModuleType, box: Sandbox) -> None:
    """As the service's document has it, on its wire; and afterwards the fax goes out, once."""
    for name, (status, body, kind) in rig.refusals().items():
        fault = box.fault(Fault(Play.ANSWER, operation=rig.OPERATIONS["submit"], status=status, body=body, count=0))
        answer = provider.submit(new_submission(), [PAPER.content])
        assert (name, type(answer).__name__) == (name, kind)
        assert isinstance(answer, Accepted) or "words" not in answer.reason
        assert fault.played
        box.clear_faults()
    assert box.sent() == []
    assert isinstance(provider.submit(new_submission(), [PAPER.content]), Accepted)
    assert len(box.sent()) == 1


def test_no_document_is_refused(provider: Provider, box: Sandbox) -> None:
    assert isinstance(provider.submit(new_submission(), []), Refused)
    assert box.sent() == []


def test_an_unreadable_document_is_not_sent(provider: Provider, box: Sandbox) -> None:
    def missing() -> Any:
        raise FileNotFoundError("/spool/x.pdf")

    paper = PAPER.content
    answer = provider.submit(new_submission(), [type(paper)(paper.name, paper.size, missing)])
    assert isinstance(answer, NotNow)
    assert box.sent() == []


def test_unreachable_is_not_now_and_not_sent(rig: ModuleType, box: Sandbox, opened: Callable[..., Provider]) -> None:
    provider = opened(rig.options(box, url=f"http://127.0.0.1:{free_port()}"))
    assert isinstance(provider.submit(new_submission(), [PAPER.content]), NotNow)
    for name, call in CALLS.items():
        if offers(provider, name):
            with pytest.raises(NotSent):
                call(provider)


# --- doubt --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("play", list(Play))
def test_no_answer_claims_more_than_is_true(hasty: Provider, rig: ModuleType, box: Sandbox, play: Play) -> None:
    box.fault(Fault(play, operation=None if play.startswith("notify") else rig.OPERATIONS["submit"], seconds=2.0))
    answer = hasty.submit(new_submission(), [PAPER.content])
    taken = [entry.job for entry in box.sent()]
    if isinstance(answer, Accepted):
        assert taken == [answer.provider_id]
    elif not isinstance(answer, Unknown):
        assert taken == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Play.ACCEPT_THEN_DROP),
        Fault(Play.CUT_REPLY, operation="submit"),
        Fault(Play.STALL, operation="submit", seconds=3),
        Fault(Play.SLOW_REPLY, operation="submit", seconds=3),
        Fault(Play.ACCEPT_THEN_ANSWER, status=502, body="<html>Bad Gateway</html>"),
        Fault(Play.ACCEPT_THEN_ANSWER, status=200, body="<html>Welcome</html>"),
        Fault(Play.ACCEPT_THEN_ANSWER, status=200, body=""),
    ],
    ids=lambda f: f"{f.play}-{f.status}-{f.body}",
)
def test_a_lost_answer_is_unknown_and_then_found(hasty: Provider, rig: ModuleType, box: Sandbox, fault: Fault) -> None:
    armed = Fault(
        fault.play,
        operation=rig.OPERATIONS.get(fault.operation or ""),
        seconds=fault.seconds,
        status=fault.status,
        body=fault.body,
    )
    box.fault(armed)
    submission = new_submission()
    assert isinstance(hasty.submit(submission, [PAPER.content]), Unknown)
    box.wait(lambda: armed.played)
    (entry,) = box.wait(box.sent)
    if hasty.capabilities.find is not Find.NOT:
        assert hasty.find(submission) == Found(entry.job)


@pytest.mark.parametrize("play", [Play.DROP_EARLY, Play.DROP_BEFORE_ACCEPT])
def test_a_dropped_request_is_unknown_then_absent_and_a_repeat_makes_one_fax(
    provider: Provider, rig: ModuleType, box: Sandbox, play: Play
) -> None:
    box.fault(Fault(play, operation=rig.OPERATIONS["submit"]))
    submission = new_submission()
    assert isinstance(provider.submit(submission, [PAPER.content]), Unknown)
    if provider.capabilities.find is not Find.NOT:
        assert provider.find(submission) == Absent()
    answer = provider.submit(submission, [PAPER.content])
    assert [Accepted(entry.job) for entry in box.sent()] == [answer]


def test_a_late_index_is_absent_first_and_found_later(provider: Provider, box: Sandbox) -> None:
    box.fault(Fault(Play.ACCEPT_LATE, seconds=3600))
    submission = new_submission()
    assert isinstance(provider.submit(submission, [PAPER.content]), Unknown)
    if provider.capabilities.find is Find.NOT:
        return
    assert provider.find(submission) == Absent()
    for job in box.network._jobs.values():
        job.visible_m = time.monotonic()
    assert box.wait(lambda: provider.find(submission) != Absent() and provider.find(submission)) == Found(
        box.sent()[0].job
    )


@pytest.mark.parametrize(
    "play", [Play.HTTP_ERROR, Play.ERR01, Play.GARBAGE, Play.DROP_EARLY, Play.DROP_BEFORE_ACCEPT, Play.CUT_REPLY]
)
@pytest.mark.parametrize("call", CALLS)
def test_trouble_is_raised_and_never_read_as_nothing(
    provider: Provider, rig: ModuleType, box: Sandbox, play: Play, call: str
) -> None:
    if not offers(provider, call):
        return
    box.fault(Fault(play, operation=rig.OPERATIONS[call], count=0))
    with pytest.raises((ProviderTrouble, OutcomeUnknown)):
        CALLS[call](provider)


def test_find_tells_apart_two_faxes_to_the_same_person(provider: Provider, box: Sandbox) -> None:
    if provider.capabilities.find is Find.NOT:
        return
    first, second, third = new_submission(), new_submission(), new_submission()
    ids = [provider.submit(s, [PAPER.content]) for s in (first, second)]
    assert [provider.find(s) for s in (first, second)] == [Found(a.provider_id) for a in ids if isinstance(a, Accepted)]
    assert provider.find(third) == Absent()


def test_find_never_guesses_when_the_number_is_another(provider: Provider) -> None:
    if provider.capabilities.find is Find.NOT:
        return
    submission = new_submission()
    provider.submit(submission, [PAPER.content])
    other = new_submission("+13035550177", reference=submission.reference, fax_id=submission.fax_id)
    assert isinstance(provider.find(other), Ambiguous | Absent)


# --- following ----------------------------------------------------------------------------------------------------


def sent_to(provider: Provider, *numbers: str) -> list[str]:
    answers = [provider.submit(new_submission(number), [PAPER.content]) for number in numbers]
    return [a.provider_id for a in answers if isinstance(a, Accepted)]


def test_status_of_several_jobs_in_one_request(provider: Provider, rig: ModuleType, box: Sandbox) -> None:
    before = datetime.now(UTC)
    good, busy, waits = sent_to(provider, "+13035550123", "+13035550110", "+13035550118")
    box.wait(lambda: sum(entry.result is not None for entry in box.sent()) == 2)
    found = {s.provider_id: s for s in provider.status([good, busy, waits, "987654321"])}
    assert {job: s.progress for job, s in found.items()} == {
        good: Progress.SENT,
        busy: Progress.FAILED,
        waits: Progress.PENDING,
        "987654321": Progress.UNKNOWN_JOB,
    }
    sent, failed = found[good], found[busy]
    assert sent.ended_at is not None
    assert timedelta(seconds=-1) <= sent.ended_at - before < timedelta(minutes=1)  # the wire has whole seconds
    assert sent.pages == 1
    assert sent.duration_s is not None
    assert failed.text == getattr(rig, "BUSY", "Busy")
    assert found[waits].ended_at is None


def test_status_of_a_full_batch(provider: Provider, box: Sandbox) -> None:
    jobs = sent_to(provider, *["+13035550118"] * min(20, provider.capabilities.status_batch))
    assert [s.progress for s in provider.status(jobs)] == [Progress.PENDING] * len(jobs)


def test_a_job_that_the_provider_forgot_is_unknown(provider: Provider, box: Sandbox) -> None:
    one, two = sent_to(provider, "+13035550123", "+13035550118")
    box.wait(lambda: box.sent()[0].result)
    box.fault(Fault(Play.PURGE))
    provider.status([one])
    assert [s.progress for s in provider.status([one])] == [Progress.UNKNOWN_JOB]
    assert [(s.provider_id, s.progress) for s in provider.status([one, two])] == [
        (one, Progress.UNKNOWN_JOB),
        (two, Progress.PENDING),
    ]


def test_cancel_stops_what_waits_and_is_too_late_for_the_rest(provider: Provider, box: Sandbox) -> None:
    if not provider.capabilities.can_cancel:
        assert provider.cancel("1") is Cancelled.UNSUPPORTED
        return
    waits, done = sent_to(provider, "+13035550118", "+13035550123")
    box.wait(lambda: box.sent()[1].result)
    assert provider.cancel(waits) is Cancelled.DONE
    assert {e.job: e.result for e in box.sent()} == {waits: "stopped", done: "success"}
    assert provider.cancel(done) is Cancelled.TOO_LATE
    assert provider.cancel("987654321") is Cancelled.TOO_LATE


# --- receiving ----------------------------------------------------------------------------------------------------


def fetched(provider: Provider, listed: Listed) -> bytes:
    target = io.BytesIO()
    provider.fetch(listed, target.write)
    return target.getvalue()


def shown(provider: Provider, rig: ModuleType) -> int | None:
    """How many received faxes it shows while none is acknowledged; None for all."""
    return getattr(rig, "SHOWN", 1) if provider.capabilities.head_of_queue_inbox else None


def test_an_inbox_that_is_full_shows_more_as_soon_as_one_is_acknowledged(
    provider: Provider, rig: ModuleType, box: Sandbox
) -> None:
    room = shown(provider, rig)
    if room is None:
        return
    numbers = [box.inject(rig.LINE, pages=1) for _ in range(room + 1)]
    full = provider.inbox()
    assert [one.provider_id for one in full] == [name_of(rig, number) for number in numbers[:room]]
    fetched(provider, full[0])
    provider.acknowledge(full[0])
    assert name_of(rig, numbers[room]) in [one.provider_id for one in provider.inbox()]


def test_an_empty_inbox_is_empty(provider: Provider) -> None:
    assert provider.inbox() == []


def test_an_inbox_that_shows_one_fax_is_emptied_one_by_one(provider: Provider, rig: ModuleType, box: Sandbox) -> None:
    if shown(provider, rig) != 1:
        return
    for number in [box.inject(rig.LINE, caller="+12125550142", pages=3), box.inject(rig.LINE)]:
        (listed,) = provider.inbox()
        assert listed.provider_id == name_of(rig, number)
        truth = {name_of(rig, entry.job): entry for entry in box.ledger()}[listed.provider_id]
        assert (listed.called, listed.caller, listed.pages) == (rig.LINE, truth.caller, truth.pages)
        assert json.loads(json.dumps(dict(listed.metadata))) == listed.metadata
        assert provider.inbox() == [listed], "it stays until it is acknowledged"
        assert [Paper(fetched(provider, listed)).sha256 for _ in "12"] == [*truth.documents] * 2
        provider.acknowledge(listed)
        provider.acknowledge(listed)
        with pytest.raises((ItemGone, ProviderTrouble)):
            fetched(provider, listed)
    assert provider.inbox() == []


def test_received_faxes_are_listed_fetched_and_acknowledged(provider: Provider, rig: ModuleType, box: Sandbox) -> None:
    if shown(provider, rig) == 1:
        return  # see the test before
    before = datetime.now(UTC)
    first = box.inject(rig.LINE, caller="+12125550142", csid="NORTH LAB", pages=3)
    second = box.inject(rig.LINE, caller=None)
    one, two = provider.inbox()
    assert [one.provider_id, two.provider_id] == [name_of(rig, first), name_of(rig, second)]
    assert (one.called, one.caller, one.pages) == (rig.LINE, "+12125550142", 3)
    assert two.caller is None
    assert one.received_at is not None
    assert abs(one.received_at - before) < timedelta(minutes=1)
    assert json.loads(json.dumps(dict(one.metadata))) == one.metadata
    truth = {name_of(rig, entry.job): entry for entry in box.ledger()}
    for listed in (one, two, one):
        assert Paper(fetched(provider, listed)).sha256 == truth[listed.provider_id].documents[0]
    provider.acknowledge(one)
    assert [listed.provider_id for listed in provider.inbox()] == [name_of(rig, second)]
    provider.acknowledge(one)
    # where documents come along, one that is not there may be reserved for another worker
    with pytest.raises((ItemGone, ProviderTrouble) if comes_along(rig) else ItemGone):
        fetched(provider, one)


@pytest.mark.parametrize("play", [Play.CUT_REPLY, Play.HTTP_ERROR, Play.GARBAGE, Play.ERR01])
def test_a_broken_download_is_never_a_document(provider: Provider, rig: ModuleType, box: Sandbox, play: Play) -> None:
    box.inject(rig.LINE)
    listed = None if comes_along(rig) else provider.inbox()[0]
    box.fault(Fault(play, operation=rig.OPERATIONS["fetch"]))
    with pytest.raises((ProviderTrouble, OutcomeUnknown)):
        fetched(provider, listed) if listed else provider.inbox()
    (again,) = [listed] if listed else box.wait(provider.inbox)
    assert Paper(fetched(provider, again)).sha256 == box.ledger()[0].documents[0]


def test_a_download_that_claims_to_be_whole_is_handed_on_as_it_came(
    provider: Provider, rig: ModuleType, box: Sandbox
) -> None:
    box.inject(rig.LINE)
    if comes_along(rig):  # inside of an answer that then has no end
        box.fault(Fault(Play.TRUNCATE))
        with pytest.raises(ProviderTrouble):
            provider.inbox()
        return
    (listed,) = provider.inbox()
    box.fault(Fault(Play.TRUNCATE))
    half, whole = fetched(provider, listed), fetched(provider, listed)
    assert len(half) < len(whole)
    assert whole.startswith(half)


def test_a_fax_that_was_deleted_elsewhere_is_gone(provider: Provider, rig: ModuleType, box: Sandbox) -> None:
    box.inject(rig.LINE)
    if comes_along(rig):
        box.fault(Fault(Play.DELETED_ELSEWHERE))
        assert provider.inbox() == []
        return
    (listed,) = provider.inbox()
    box.fault(Fault(Play.DELETED_ELSEWHERE))
    with pytest.raises(ItemGone):
        fetched(provider, listed)


def test_a_delete_that_did_not_last_is_repeated(provider: Provider, rig: ModuleType, box: Sandbox) -> None:
    box.inject(rig.LINE)
    (listed,) = provider.inbox()
    box.fault(Fault(Play.ITEM_AGAIN))
    provider.acknowledge(listed)
    if not comes_along(rig):  # else the provider object may have deleted it again without another word
        assert provider.inbox() == [listed]
    for again in provider.inbox():
        provider.acknowledge(again)
    assert box.inbox(rig.ACCOUNT) == []
    assert provider.inbox() == []


def test_trouble_of_the_writer_is_its_own(provider: Provider, rig: ModuleType, box: Sandbox) -> None:
    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    box.inject(rig.LINE)
    with pytest.raises(OSError, match="No space"):
        provider.fetch(provider.inbox()[0], full)


# --- clocks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [-20.0, 20.0])
def test_a_clock_that_is_wrong_loses_nothing(
    rig: ModuleType, box: Sandbox, opened: Callable[..., Provider], hours: float
) -> None:
    provider = opened(rig.options(box), clock=(clock := SkewedClock(hours)))
    submission = new_submission(accepted_by=clock.now(), intended_at=clock.now())
    assert provider.submit(submission, [PAPER.content]) == Accepted(box.sent()[0].job)
    job = box.wait(lambda: box.sent()[0].result) and box.sent()[0].job
    if provider.capabilities.find is not Find.NOT:
        assert provider.find(submission) == Found(job)
    assert [s.progress for s in provider.status([job])] == [Progress.SENT]
    box.inject(rig.LINE)
    (listed,) = provider.inbox()
    assert Paper(fetched(provider, listed)).sha256 == box.ledger()[-1].documents[0]
    provider.acknowledge(listed)
    assert box.inbox(rig.ACCOUNT) == []


@pytest.mark.parametrize("hours", [-20.0, 20.0])
def test_a_clock_that_is_set_after_a_lost_answer_finds_the_fax(
    rig: ModuleType, box: Sandbox, opened: Callable[..., Provider], hours: float
) -> None:
    provider = opened(rig.options(box), clock=(clock := SkewedClock()))
    if provider.capabilities.find is Find.NOT:
        return
    provider.check()
    box.fault(Fault(Play.ACCEPT_THEN_DROP))
    submission = new_submission(accepted_by=clock.now(), intended_at=clock.now())
    assert isinstance(provider.submit(submission, [PAPER.content]), Unknown)
    clock.hours = hours
    assert provider.find(submission) == Found(box.sent()[0].job)


# --- the rest -----------------------------------------------------------------------------------------------------


def test_check_says_something_and_changes_nothing(provider: Provider, rig: ModuleType, box: Sandbox) -> None:
    box.inject(rig.LINE)
    before = box.ledger()
    assert provider.check()
    assert box.ledger() == before


@pytest.mark.parametrize("play", [None, *Play])
def test_no_secret_is_shown_whatever_happens(
    *,
    rig: ModuleType,
    box: Sandbox,
    opened: Callable[..., Provider],
    quiet: list[Any],
    caplog: pytest.LogCaptureFixture,
    play: Play | None,
) -> None:
    caplog.set_level("DEBUG")
    shown = []
    for options in (rig.options(box), rig.wrong(box)):
        provider = opened(options, silence=0.2)
        shown.append(repr(provider) + repr(options))
        calls = [lambda p: p.submit(new_submission(name="Quentin Private"), [PAPER.content]), *CALLS.values()]
        for call in calls:
            if play:
                box.fault(Fault(play, operation=None, seconds=0.4))
            try:
                shown.append(repr(call(provider)))
            except (ProviderTrouble, OutcomeUnknown, NotSent, ItemGone) as error:
                shown.append(repr(error) + repr(error.__cause__) + repr(error.__context__))
            box.clear_faults()
    everything = " ".join([*shown, repr([e for e in quiet if "sandbox" not in e["event"]])])
    assert not [word for word in (*rig.SECRETS, "Quentin") if word in everything]
    assert not [
        r for r in caplog.records for word in rig.SECRETS if r.name.startswith("http") and word in r.getMessage()
    ]


def test_close_gives_up_the_connections(rig: ModuleType, box: Sandbox, opened: Callable[..., Provider]) -> None:
    before = threading.active_count()
    provider = opened(rig.options(box))
    provider.check()
    provider.close()
    box.wait(lambda: threading.active_count() <= before + 1)  # the sandbox's own thread for the connection ended
