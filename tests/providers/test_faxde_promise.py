"""FAX.de under the real stages: no fax is sent twice, none is lost, none is offered for ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.papers import pdf_bytes
from support.scripted import Site, rules

from faxdaemon.contracts.provider import Provider
from faxdaemon.core.ids import reference
from faxdaemon.http import Http
from faxdaemon.outbound.resolve import ResolveStage
from faxdaemon.outbound.submit import SubmitStage
from faxdaemon.providers.faxde import Options, open_account
from faxdaemon.sandbox import Fault, Play, Sandbox

HOUR = 3600.0


class Office:
    """A site whose account `main` is at the sandbox's FAX.de."""

    def __init__(self, place: Path, box: Sandbox) -> None:
        self.site = Site(place)
        self.box = box
        self.provider: Provider
        self.configure()

    def configure(self, **changes: Any) -> None:
        """The account's settings, as a restart reads them."""
        options = Options(
            provider="faxde", url=self.box.url_of("faxde"), customer="faxde", password="sandbox-password", **changes
        )
        self.provider = open_account(options, Http(timeout=20, clock=self.site.clock), self.site.clock)
        self.rules = rules(settings=options.fingerprint())

    def step(self, after: float = 61.0) -> None:
        """Let time pass, then submit and resolve what is due."""
        self.site.later(after)
        parts: dict[str, Any] = {"provider": self.provider, "journal": self.site.journal, "clock": self.site.clock}
        ResolveStage(self.rules, asking=self.site.asking(), alert=self.site.alerts, **parts).step()
        common = {"files": self.site.files, "accounts": self.site.journal, "alert": self.site.alerts}
        SubmitStage(self.rules, self.site.spool, **common, **parts).step()

    def drop(self, content: bytes | None = None) -> str:
        return self.site.ready(numbers=("+4940555123",), content=content)

    @property
    def jobs(self) -> list[str]:
        return [entry.job for entry in self.box.sent()]


@pytest.fixture
def office(tmp_path: Path, box: Sandbox) -> Iterator[Office]:
    made = Office(tmp_path, box)
    yield made
    made.provider.close()
    made.site.journal.close()


LOST = [Play.ACCEPT_THEN_DROP, Play.ACCEPT_LATE, Play.CUT_REPLY, Play.ACCEPT_THEN_ANSWER]


@pytest.mark.parametrize("play", LOST)
def test_a_lost_answer_ends_with_one_job_and_its_id(office: Office, play: Play) -> None:
    office.box.fault(Fault(play, operation="SendJob"))
    fax = office.drop()
    office.step()
    assert office.site.state_of(fax) == "uncertain"
    office.step()
    assert office.site.state_of(fax) == "accepted"
    recipient = office.site.journal.life(fax).facts["recipients"][0]
    assert [recipient["provider_id"]] == office.jobs
    assert [entry.reference for entry in office.box.sent()] == [reference(fax, 1, 1)]  # type: ignore[arg-type] - a FaxId


def test_a_request_that_never_arrived_is_sent_once(office: Office) -> None:
    office.box.fault(Fault(Play.DROP_BEFORE_ACCEPT))
    fax = office.drop()
    office.step()
    assert office.jobs == []
    office.step()
    assert office.site.state_of(fax) == "accepted"
    assert len(office.jobs) == 1


@pytest.mark.parametrize("play", LOST)
def test_a_double_without_its_id_waits_for_a_person_and_is_not_offered_again(office: Office, play: Play) -> None:
    office.box.switches["faxde.duplicate_id"] = False
    office.box.fault(Fault(play, operation="SendJob"))
    fax = office.drop()
    office.step()
    office.step()
    assert office.site.state_of(fax) == "held"
    assert "did not tell the job's id" in office.site.reason(fax)
    office.box.switches["faxde.duplicate_window"] = 0  # a further offer would be a second fax
    for _ in range(5):
        office.step(HOUR)
    assert len(office.jobs) == 1
    assert office.site.state_of(fax) == "held"


def test_a_person_who_sends_the_held_one_again_sends_no_second_fax(office: Office) -> None:
    office.box.switches["faxde.duplicate_id"] = False
    office.box.fault(Fault(Play.ACCEPT_THEN_DROP))
    fax = office.drop()
    office.step()
    office.step()
    office.site.journal.resend(fax)
    office.step()
    assert len(office.jobs) == 1
    assert office.site.state_of(fax) == "held"
    office.box.switches["faxde.duplicate_id"] = True
    office.site.journal.resend(fax)
    office.step()
    assert len(office.jobs) == 1
    assert office.site.state_of(fax) == "accepted"


def test_a_doubt_outlives_no_window(office: Office) -> None:
    """FAX.de has forgotten the job when the daemon can ask again: the repeat would be a second fax."""
    office.box.switches["faxde.duplicate_window"] = 2 * HOUR
    office.box.fault(Fault(Play.ACCEPT_THEN_DROP))
    fax = office.drop()
    office.step()
    office.box.fault(Fault(Play.DROP_BEFORE_ACCEPT))
    office.step()  # inside of the window, in vain
    assert office.site.state_of(fax) == "uncertain"
    office.box.switches["faxde.duplicate_window"] = 0
    office.step(3 * HOUR)
    assert office.site.state_of(fax) == "held"
    assert len(office.jobs) == 1


def test_two_equal_faxes_are_two_jobs(office: Office) -> None:
    first, second = office.drop(pdf_bytes()), office.drop(pdf_bytes())
    office.step()
    office.step()
    assert [office.site.state_of(fax) for fax in (first, second)] == ["accepted"] * 2
    assert len(office.jobs) == 2


def test_a_fax_that_is_mistaken_for_another_is_told_as_not_sent(office: Office) -> None:
    office.box.switches["faxde.reference_counts"] = False
    first, second = office.drop(pdf_bytes()), office.drop(pdf_bytes())
    office.step()
    office.step()
    assert [office.site.state_of(fax) for fax in (first, second)] == ["accepted", "failed"]
    assert f"job {office.jobs[0]}" in office.site.reason(second)
    assert len(office.jobs) == 1


CHANGES = [
    {"stationid": "Praxis Nord"},
    {"faxheader": "Befund"},
    {"callerid": "+494055500130"},
    {"faxretry": 3},
    {"staturl": "https://fax.example.org/push/8Zx1"},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
@pytest.mark.parametrize("when", ["before resolving", "after resolving"])
def test_settings_that_changed_meanwhile_make_no_second_fax(
    office: Office, change: dict[str, Any], when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With them the repeat is another request, and FAX.de would take it for another fax."""
    office.box.fault(Fault(Play.ACCEPT_THEN_DROP, operation="SendJob"))
    fax = office.drop()
    office.step()
    if when == "after resolving":
        with monkeypatch.context() as only:
            only.setattr(SubmitStage, "step", lambda _: None)
            office.step()
        assert office.site.state_of(fax) == "ready"
    office.configure(**change)
    for _ in range(3):
        office.step()
    assert office.site.state_of(fax) == "held"
    assert "settings were changed" in office.site.reason(fax)
    assert len(office.jobs) == 1
    office.configure()
    office.site.journal.release(fax)
    office.step()
    assert office.site.state_of(fax) == "accepted", "put back, the repeat is the same again"
    assert len(office.jobs) == 1


def test_a_new_password_changes_nothing(office: Office) -> None:
    """Who asks must stay the same, not by what secret."""
    options = {"provider": "faxde", "customer": "c", "url": "http://127.0.0.1:1"}
    prints = {Options(**options, password=secret).fingerprint() for secret in ("one", "two")}
    assert len(prints) == 1
    assert Options(**{**options, "customer": "d"}, password="one").fingerprint() not in prints
    assert Options(**{**options, "url": "http://127.0.0.1:2"}, password="one").fingerprint() not in prints
    assert Options(**options, password="one", poll=99, duplicate_window=60).fingerprint() in prints


def test_the_id_of_another_fax_is_not_believed(office: Office) -> None:
    """The first attempt never arrived; what FAX.de calls the earlier job is that of an equal fax."""
    office.box.switches["faxde.reference_counts"] = False
    first = office.drop(pdf_bytes())
    office.step()
    office.box.fault(Fault(Play.DROP_BEFORE_ACCEPT, operation="SendJob"))
    office.box.fault(Fault(Play.DROP_BEFORE_ACCEPT, operation="JobStatus"))  # which would tell whose it is
    second = office.drop(pdf_bytes())
    office.step()
    office.step()
    assert [office.site.state_of(fax) for fax in (first, second)] == ["accepted", "held"]
    assert first in office.site.reason(second)
    assert len(office.jobs) == 1
