"""Keeping pictures: beside the answer, once, whole, whatever happens between the steps and the provider says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.scripted import NUMBER, Crash, Faulty, Scripted, Site, rules

from faxdaemon.asking import Asking
from faxdaemon.contracts.format import FolderAsks
from faxdaemon.contracts.journal import Filter, Routed
from faxdaemon.contracts.provider import JobStatus, Progress
from faxdaemon.contracts.stage import NOTHING_DUE
from faxdaemon.core.errors import (
    FilesError,
    FolderOffline,
    ItemGone,
    NotSent,
    OutcomeUnknown,
    ProviderTrouble,
    UserError,
)
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Route
from faxdaemon.formats.filename import open_format
from faxdaemon.outbound.dialects import Dialects
from faxdaemon.outbound.keep import PATIENCE, REFUSED, KeepStage, asked
from faxdaemon.outbound.mark import FolderMark
from faxdaemon.outbound.report import ReportStage
from faxdaemon.outbound.track import TrackStage

NAME = "3035550123_x.pdf"
ANSWER = "3035550123_x.result.json"
IMAGE = "3035550123_x.image.pdf"
PAGE = "3035550123_x.transmittal.pdf"
PICTURES = frozenset({"image", "transmittal"})
TIMEOUT = 100.0


class Service(Scripted):
    """A provider that shows what was sent."""

    def sent_image(self, provider_id: str, form: str, write: Callable[[bytes], object]) -> None:
        self._give("sent_image", (provider_id, form), write)

    def transmittal(self, provider_id: str, write: Callable[[bytes], object]) -> None:
        self._give("transmittal", provider_id, write)

    def _give(self, method: str, argument: Any, write: Callable[[bytes], object]) -> None:
        content = self._answer(method, argument)
        write(content[:3])
        write(content[3:])


@pytest.fixture(autouse=True)
def opened(site: Site) -> None:
    FolderMark(site.places, site.spool, files=site.files).open(site.clock.entropy)


def ask(
    site: Site, *keep: str, form: str = "pdf", numbers: tuple[str, ...] = (NUMBER,), name: str = NAME, first: int = 1
) -> FaxId:
    """A fax of a folder that wants these kept, accepted by the provider as `job-1`, `job-2`, ..."""
    fax_id = site.received(name)
    routes = tuple(Route(number, None, ("main",), {}, keep=asked(keep, form)) for number in numbers)
    site.journal.route([Routed(fax_id, routes, (1,))])
    for number, submission in enumerate(site.journal.claim_ready("main", 9, 190.0), first):
        assert site.journal.accepted(submission, f"job-{number}", 0.0)
    return fax_id


def track(site: Site, service: Service, **ends: Progress) -> None:
    """The provider tells how its jobs ended, by `job_1=Progress.SENT`."""
    statuses = [JobStatus(job.replace("_", "-"), progress, "told") for job, progress in ends.items()]
    site.later(31)
    service.will("status", statuses)
    asking = Asking("main", accounts=site.journal, clock=site.clock)
    parts: dict[str, Any] = {"clock": site.clock, "alert": site.alerts, "accounts": site.journal, "asking": asking}
    TrackStage(rules(), provider=service, journal=site.journal, **parts).step()


def sent(site: Site, service: Service, *keep: str, **more: Any) -> FaxId:
    """A fax that was sent, of a folder that wants these kept; its answer is published."""
    fax_id = ask(site, *keep, **more)
    track(site, service, **{f"job_{more.get('first', 1)}": Progress.SENT})
    report(site)
    return fax_id


def report(site: Site) -> None:
    dialects = Dialects([("filename", open_format(FolderAsks("{number}[_{name}]", None)))])
    parts = {"files": site.files, "journal": site.journal, "alert": site.alerts}
    ReportStage(site.places, site.spool, dialects=dialects, **parts).step()


def service(**changes: Any) -> Service:
    return Service(**{"pictures": PICTURES, "retries_itself": True, **changes})


def stage(site: Site, *services: Service, **parts: Any) -> KeepStage:
    values: dict[str, Any] = {"files": site.files, "journal": site.journal, "clock": site.clock, "alert": site.alerts}
    asking = Asking("main", accounts=site.journal, clock=site.clock)
    known = {"main": (services[0], asking)} if services else {}
    return KeepStage(site.places, site.spool, TIMEOUT, services=known, **(values | parts))


def run(kept: KeepStage) -> float:
    """Until nothing is due; the seconds that it then wants to wait."""
    while (wait := kept.step()) == 0.0:
        pass
    return wait


def facts(site: Site, fax_id: FaxId) -> list[tuple[str, str, str | None]]:
    return [(row["what"], row["state"], row["reason"]) for row in site.journal.life(fax_id).facts["kept"]]


def events(site: Site, fax_id: FaxId, subject: str = "image 1") -> list[str]:
    return [event.event for event in site.journal.life(fax_id).events if event.subject == subject]


def content(site: Site, name: str, folder: str = "sent") -> bytes:
    (path,) = (site.out / folder).rglob(name)
    return path.read_bytes()


# -- what is kept


def test_image_and_transmittal_lie_beside_the_answer(site: Site) -> None:
    provider = service().will("sent_image", b"%PDF the pages").will("transmittal", b"%PDF a page about it")
    fax_id = sent(site, provider, "image", "transmittal")
    assert run(stage(site, provider)) == NOTHING_DUE
    assert site.shown("sent") == sorted([NAME, ANSWER, IMAGE, PAGE])
    assert content(site, IMAGE) == b"%PDF the pages"
    assert content(site, PAGE) == b"%PDF a page about it"
    assert provider.asked("sent_image") == [("job-1", "pdf")]
    assert provider.asked("transmittal") == ["job-1"]
    assert events(site, fax_id) == ["want", "fetch", "publish"]
    (image, _) = site.journal.life(fax_id).facts["kept"]
    assert image["file"] == str(next(site.out.rglob(IMAGE)))
    assert site.leftovers() == []


def test_a_folder_that_asks_for_nothing_keeps_nothing(site: Site) -> None:
    provider = service()
    fax_id = sent(site, provider)
    assert run(stage(site, provider)) == NOTHING_DUE
    assert facts(site, fax_id) == []
    assert site.shown("sent") == [NAME, ANSWER]


def test_a_provider_without_pictures_is_not_asked(site: Site) -> None:
    provider = service(pictures=frozenset({"transmittal"})).will("transmittal", b"page")
    fax_id = sent(site, provider, "image", "transmittal")
    run(stage(site, provider))
    assert facts(site, fax_id) == [("transmittal", "done", None)]


def test_of_a_failed_fax_the_page_is_kept_and_no_image(site: Site) -> None:
    provider = service().will("transmittal", b"page")
    ask(site, "image", "transmittal")
    track(site, provider, job_1=Progress.FAILED)
    report(site)
    run(stage(site, provider))
    assert site.shown("failed") == sorted([NAME, ANSWER, PAGE])


def test_of_a_cancelled_fax_nothing_is_kept(site: Site) -> None:
    provider = service()
    fax_id = ask(site, "image", "transmittal")
    track(site, provider, job_1=Progress.CANCELLED)
    assert facts(site, fax_id) == []


def test_the_image_as_tiff(site: Site) -> None:
    provider = service().will("sent_image", b"II*\0").will("transmittal", b"page")
    sent(site, provider, "image", "transmittal", form="tiff")
    run(stage(site, provider))
    assert provider.asked("sent_image") == [("job-1", "tiff")]
    assert content(site, "3035550123_x.image.tif") == b"II*\0"
    assert content(site, PAGE) == b"page"


def test_several_recipients_are_told_apart_and_fetched_as_each_ends(site: Site) -> None:
    provider = service().will("sent_image", b"one", b"two")
    fax_id = ask(site, "image", numbers=(NUMBER, "+13035550124"))
    track(site, provider, job_1=Progress.SENT, job_2=Progress.PENDING)
    assert run(stage(site, provider)) == NOTHING_DUE
    assert facts(site, fax_id) == [("image", "fetched", None)]
    assert site.shown("sent") == []
    site.later(3600)
    track(site, provider, job_2=Progress.SENT)
    report(site)
    run(stage(site, provider))
    assert content(site, "3035550123_x.image-1.pdf") == b"one"
    assert content(site, "3035550123_x.image-2.pdf") == b"two"
    assert site.leftovers() == []


def test_the_answer_does_not_wait_and_is_not_changed(site: Site) -> None:
    provider = service().will("sent_image", b"image")
    sent(site, provider, "image")
    before = content(site, ANSWER)
    run(stage(site, provider))
    assert content(site, ANSWER) == before


def test_a_name_that_somebody_has_taken_is_left_alone(site: Site) -> None:
    provider = service().will("sent_image", b"ours")
    fax_id = sent(site, provider, "image")
    (answer,) = site.out.rglob(ANSWER)
    (answer.parent / IMAGE).write_bytes(b"theirs")
    run(stage(site, provider))
    assert content(site, IMAGE) == b"theirs"
    assert content(site, f"3035550123_x.{fax_id}-1.image.pdf") == b"ours"


def test_where_every_name_is_taken_it_waits_for_a_person(site: Site) -> None:
    provider = service().will("sent_image", b"ours")
    fax_id = sent(site, provider, "image")
    (answer,) = site.out.rglob(ANSWER)
    taken = [answer.parent / IMAGE, answer.parent / f"3035550123_x.{fax_id}-1.image.pdf"]
    for path in taken:
        path.write_bytes(b"theirs")
    run(stage(site, provider))
    assert "move it away" in site.alerts.open[f"keep:{site.out}"]
    taken[1].unlink()
    site.later(700)
    run(stage(site, provider))
    assert (taken[0].read_bytes(), taken[1].read_bytes()) == (b"theirs", b"ours")
    assert site.alerts.open == {}
    assert len(provider.asked("sent_image")) == 1


def test_an_answer_whose_document_is_lost_has_its_picture_all_the_same(site: Site) -> None:
    provider = service().will("sent_image", b"image")
    ask(site, "image")
    for copy in (*site.places.claims.rglob("*.pdf"), *site.spool.root.rglob("*.pdf")):
        copy.unlink()
    track(site, provider, job_1=Progress.SENT)
    report(site)
    run(stage(site, provider))
    assert site.shown("sent") == sorted([ANSWER, IMAGE])


def test_a_second_submission_keeps_its_own(site: Site) -> None:
    provider = service().will("transmittal", b"busy", b"sent")
    fax_id = ask(site, "transmittal")
    track(site, provider, job_1=Progress.FAILED)
    report(site)
    run(stage(site, provider))
    site.journal.resend(fax_id)
    assert site.journal.accepted(site.claimed(), "job-9", 0.0)
    track(site, provider, job_9=Progress.SENT)
    report(site)
    run(stage(site, provider))
    assert content(site, PAGE, "failed") == b"busy"
    assert content(site, PAGE, "sent") == b"sent"
    assert provider.asked("transmittal") == ["job-1", "job-9"]


# -- a provider that does not give it


@pytest.mark.parametrize(
    "trouble",
    [
        ProviderTrouble("busy"),
        NotSent("no connection"),
        OutcomeUnknown("time-out"),
        UserError("not converted yet"),
        ItemGone("not there"),
        RuntimeError("a bug"),
    ],
)
def test_a_provider_that_fails_and_then_gives_it(site: Site, trouble: Exception) -> None:
    provider = service().will("sent_image", *[trouble] * 5, b"image")
    fax_id = sent(site, provider, "image")
    for _ in range(5):
        wait = run(stage(site, provider))
        assert 0 < wait <= NOTHING_DUE
        (_, state, reason) = facts(site, fax_id)[0]
        assert (state, bool(reason)) == ("wanted", True)
        site.later(site.journal.next_kept_due(str(site.out)) or 0.0)
    run(stage(site, provider))
    assert content(site, IMAGE) == b"image"
    assert facts(site, fax_id) == [("image", "done", None)]
    assert events(site, fax_id) == ["want", "postpone", "fetch", "publish"]
    assert site.alerts.open == {}


def last(site: Site, provider: Service, trouble: Any) -> tuple[float, int]:
    """Ask until it is given up: after how many seconds, with how many requests."""
    fax_id = sent(site, provider, "image")
    begun = site.clock.now()
    provider.will("sent_image", *[trouble] * 1000)
    while facts(site, fax_id)[0][1] == "wanted":
        run(stage(site, provider))
        site.later(site.journal.next_kept_due(str(site.out)) or 0.0)
    return (site.clock.now() - begun).total_seconds(), len(provider.asked("sent_image"))


def test_one_that_never_has_it_is_given_up_loudly(site: Site) -> None:
    after, asked = last(site, service(), UserError("FAXAGE has no image of this fax (ERR25)"))
    assert REFUSED <= after < REFUSED + 900
    assert 5 < asked < 30
    (row,) = site.journal.find(Filter())
    assert facts(site, row.fax_id) == [("image", "given_up", "FAXAGE has no image of this fax (ERR25)")]
    assert events(site, row.fax_id)[-1] == "give_up"
    message = site.alerts.open[f"picture:{site.out}"]
    assert row.fax_id in message
    assert f"faxdaemon account main image {row.fax_id}" in message
    assert site.shown("sent") == [NAME, ANSWER]
    assert site.leftovers() == []


def test_one_that_cannot_be_asked_is_given_up_after_a_day(site: Site) -> None:
    after, asked = last(site, service(), ProviderTrouble("busy"))
    assert PATIENCE <= after < PATIENCE + 900
    assert asked < 300


def test_the_alert_ends_when_pictures_come_again(site: Site) -> None:
    last(site, service(), ItemGone("none"))
    provider = service().will("sent_image", b"image")
    sent(site, provider, "image", name="3035550123_y.pdf", first=2)
    run(stage(site, provider))
    assert site.alerts.open == {}


def test_an_account_that_names_a_time_is_asked_nothing_until_then(site: Site) -> None:
    provider = service().will("sent_image", ProviderTrouble("slow down", 1000.0), b"image")
    fax_id = sent(site, provider, "image")
    run(stage(site, provider))
    site.later(700)
    run(stage(site, provider))
    assert len(provider.asked("sent_image")) == 1
    assert site.journal.next_kept_due(str(site.out)) == pytest.approx(300.0)
    site.later(301)
    run(stage(site, provider))
    assert facts(site, fax_id) == [("image", "done", None)]


def test_an_empty_picture_is_none(site: Site) -> None:
    provider = service().will("sent_image", b"", b"image")
    fax_id = sent(site, provider, "image")
    run(stage(site, provider))
    assert facts(site, fax_id) == [("image", "wanted", "the provider's answer was empty")]
    assert site.leftovers() == []


def test_an_account_that_is_gone_is_waited_for_and_then_given_up(site: Site) -> None:
    provider = service()
    fax_id = sent(site, provider, "image")
    run(stage(site))
    assert facts(site, fax_id) == [("image", "wanted", "the account main is no longer in the configuration")]
    site.later(PATIENCE)
    run(stage(site))
    assert facts(site, fax_id)[0][1] == "given_up"


# -- a folder that is away


def test_the_provider_is_not_asked_for_what_cannot_be_put_anywhere(site: Site) -> None:
    provider = service()
    fax_id = sent(site, provider, "image")
    hidden = site.places.hidden
    hidden.rename(hidden.with_name("away"))
    run(stage(site, provider))
    assert provider.asked("sent_image") == []
    assert "is not mounted" in site.alerts.open[f"keep:{site.out}"]
    hidden.with_name("away").rename(hidden)
    site.later(3 * PATIENCE)  # whoever's share was away for days has its picture all the same, if the provider has it
    provider.will("sent_image", b"image")
    run(stage(site, provider))
    assert facts(site, fax_id) == [("image", "done", None)]
    assert site.alerts.open == {}


def test_a_staged_one_that_is_not_to_be_seen_in_another_folder_was_not_published(site: Site) -> None:
    provider = service().will("sent_image", b"image")
    fax_id = sent(site, provider, "image")
    stage(site, provider).step()
    hidden = site.places.hidden
    hidden.rename(hidden.with_name("away"))
    site.places.staging.mkdir(parents=True)
    run(stage(site, provider))
    assert facts(site, fax_id)[0][1] == "fetched"


@pytest.mark.parametrize("method", ["write_new", "sync", "move"])
def test_a_disk_that_refuses_costs_a_delay(site: Site, method: str) -> None:
    provider = service().will("sent_image", b"image", b"image")
    fax_id = sent(site, provider, "image")
    files = Faulty(site.files, **{method: [FilesError("no room")]})
    run(stage(site, provider, files=files))
    assert "no room" in site.alerts.open[f"keep:{site.out}"]
    site.later(700)
    run(stage(site, provider))
    assert content(site, IMAGE) == b"image"
    assert facts(site, fax_id) == [("image", "done", None)]
    assert site.alerts.open == {}


# -- crashes


def crash(site: Site, provider: Service, **faults: Any) -> None:
    """One life that ends at the given call, and the opening of the next."""
    parts = {part: Faulty(getattr(site, part), **calls) for part, calls in faults.items()}
    with pytest.raises(Crash):
        run(stage(site, provider, **parts))
    site.restart()
    site.journal.begin()


def then(real: Callable[..., Any], *args: Any) -> Any:
    """The call happens, and then the process is gone."""
    real(*args)
    raise Crash


@pytest.mark.parametrize(
    ("faults", "requests"),
    [
        ({"files": {"write_new": [Crash()]}}, 2),
        ({"files": {"write_new": [then]}}, 2),
        ({"files": {"sync": [then]}}, 2),
        ({"journal": {"fetched": [Crash()]}}, 2),
        ({"journal": {"fetched": [then]}}, 1),
        ({"files": {"move": [Crash()]}}, 1),
        ({"files": {"move": [then]}}, 1),
        ({"journal": {"kept": [Crash()]}}, 1),
        ({"journal": {"kept": [then]}}, 1),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "-".join(f"{k}" for v in value.values() for k in v),
)
def test_after_a_crash_it_is_there_once(site: Site, faults: Any, requests: int) -> None:
    provider = service().will("sent_image", b"image", b"image")
    fax_id = sent(site, provider, "image")
    crash(site, provider, **faults)
    run(stage(site, provider))
    assert site.shown("sent") == sorted([NAME, ANSWER, IMAGE])
    assert content(site, IMAGE) == b"image"
    assert len(provider.asked("sent_image")) == requests
    (image,) = site.journal.life(fax_id).facts["kept"]
    assert (image["state"], image["file"]) == ("done", str(next(site.out.rglob(IMAGE))))
    assert site.leftovers() == []


def test_what_a_reader_took_after_a_crash_is_not_shown_again(site: Site) -> None:
    provider = service().will("sent_image", b"image")
    fax_id = sent(site, provider, "image")
    crash(site, provider, files={"move": [then]})
    next(site.out.rglob(IMAGE)).unlink()
    run(stage(site, provider))
    assert site.shown("sent") == [NAME, ANSWER]
    assert facts(site, fax_id) == [("image", "done", None)]


def test_a_download_that_outlasts_its_claim_touches_nothing(site: Site) -> None:
    provider = service()
    fax_id = sent(site, provider, "image")

    def slowly(_: Any) -> bytes:
        site.later(TIMEOUT + 400)  # another node has claimed it meanwhile, and stages it under the same name
        return b"late"

    provider.will("sent_image", slowly)
    stage(site, provider).step()
    assert site.leftovers() == []
    assert facts(site, fax_id)[0][1] == "wanted"


# -- what comes back


def test_an_offline_folder_is_told_as_such(site: Site) -> None:
    provider = service()
    sent(site, provider, "image")
    files = Faulty(site.files, stat=[FolderOffline("the share is away")])
    run(stage(site, provider, files=files))
    assert "the share is away" in site.alerts.open[f"keep:{site.out}"]
