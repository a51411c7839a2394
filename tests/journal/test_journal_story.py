"""Any story of acts, claims, crashes and decisions, compared with a model that knows only the state tables."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from faxdaemon.contracts.journal import Settled
from faxdaemon.contracts.provider import Progress
from faxdaemon.core.errors import UserError
from faxdaemon.core.states import AT_REST, OUTBOUND, REPORTING

MOVES = {(m.source.value, m.event, m.target.value) for m in OUTBOUND}
REPORT_MOVES = {(m.source.value, m.event, m.target.value) for m in REPORTING}
#: Told about a recipient without moving it.
REMARKS = {"cancel wanted", "not cancelled"}
ANSWERS = (
    *("accepted", "postponed", "elsewhere", "refused", "lost", "asked", "missed", "unsure", "given_up"),
    *("sent", "failed", "retry", "cancelled"),
)


class Story(RuleBasedStateMachine):
    """What stages and people may do, in any order; the claims that they hold may be as old as they like."""

    make: Any  # how to build a world; set by the fixture below
    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="story-"))
        shutil.copy(self.template, self.place)
        self.world = self.make("sqlite", self.place)
        self.faxes: list[Any] = []
        self.claims: list[Any] = []
        self.reports: list[Any] = []
        self.references: dict[str, tuple[str, int, int]] = {}
        self.told: dict[Any, int] = {}

    def teardown(self) -> None:
        self.world.close()
        shutil.rmtree(self.place)

    @property
    def journal(self) -> Any:
        return self.world.journal

    # -- the beginning

    @rule(recipients=st.integers(1, 3))
    def drop(self, recipients: int) -> None:
        if len(self.faxes) < 3:
            routes = [self.world.route_to("main", "backup") for _ in range(recipients)]
            self.faxes.append(self.world.ready(*routes))

    # -- claims

    @rule(account=st.sampled_from(["main", "backup"]), what=st.sampled_from(["ready", "uncertain", "accepted"]))
    def claim(self, account: str, what: str) -> None:
        for submission in getattr(self.journal, f"claim_{what}")(account, 2, 60):
            self.claims.append(submission)
            facts = (submission.fax_id, submission.recipient, submission.submission)
            assert self.references.setdefault(submission.reference, facts) == facts

    # -- answers under any claim that was ever made

    @precondition(lambda self: self.claims)
    @rule(
        data=st.data(),
        act=st.sampled_from(ANSWERS),
    )
    def answer(self, data: st.DataObject, act: str) -> None:
        claim = data.draw(st.sampled_from(self.claims))
        before = self.world.row(claim.fax_id, claim.recipient)
        j, w = self.journal, self.world
        done = {
            "accepted": lambda: j.accepted(claim, f"job-{claim.reference}", 0),
            "postponed": lambda: j.postponed(claim, "busy", 0),
            "elsewhere": lambda: j.postponed(claim, "busy", 0, "backup"),
            "refused": lambda: j.refused(claim, "no"),
            "lost": lambda: j.lost(claim, "reset", 0),
            "asked": lambda: j.asked(claim, "not yet", 0, counts=True),
            "missed": lambda: j.missed(claim, "not there", certain=True),
            "unsure": lambda: j.missed(claim, "again", certain=False),
            "given_up": lambda: j.given_up(claim, "nobody knows"),
            "sent": lambda: j.settle([Settled(claim, w.status(claim, Progress.SENT))]),
            "failed": lambda: j.settle([Settled(claim, w.status(claim, Progress.FAILED))]),
            "retry": lambda: j.settle([Settled(claim, w.status(claim, Progress.FAILED), retry_in=0)]),
            "cancelled": lambda: j.cancel_answered(claim, cancelled=True, note="stopped"),
        }[act]()
        after = self.world.row(claim.fax_id, claim.recipient)
        if claim.epoch != before["epoch"]:
            assert not done
        if not done:
            assert after == before
        if before["doubt"] and after["doubt"]:
            assert after["account"] == before["account"]

    # -- people

    @precondition(lambda self: self.faxes)
    @rule(data=st.data(), what=st.sampled_from(["hold", "release", "resend", "cancel", "mark_sent", "superseded"]))
    def decide(self, data: st.DataObject, what: str) -> None:
        fax = data.draw(st.sampled_from(self.faxes))
        if what == "superseded":
            self.journal.superseded(fax, self.world.fax_id())
            return
        try:
            getattr(self.journal, what)(fax, *(["wait"] if what == "hold" else []))
        except UserError:
            return

    # -- reports

    @rule()
    def claim_reports(self) -> None:
        self.reports += self.journal.claim_reports("/srv/fax/out/billing", 2)

    @precondition(lambda self: self.reports)
    @rule(data=st.data(), publish=st.booleans())
    def report(self, data: st.DataObject, publish: bool) -> None:
        work = data.draw(st.sampled_from(self.reports))
        staged = self.journal.staged([(work, {"moves": [work.epoch]})])
        for each in staged:
            # What is told is what is so.
            assert [o.state for o in each.outcomes] == [
                self.world.state_of(work.fax_id, o.recipient) for o in each.outcomes
            ]
        if publish:
            self.journal.reported(staged or [work])

    # -- time and crashes

    @rule(seconds=st.sampled_from([1, 61, 100_000]))
    def wait(self, seconds: int) -> None:
        self.world.clock.advance(seconds)
        self.journal.expire(10)

    @rule()
    def crash(self) -> None:
        self.world.restart()
        self.journal.interrupt(0)
        for fax in self.faxes:
            assert "submitting" not in {r["state"] for r in self.journal.life(fax).facts["recipients"]}

    # -- what always holds

    @invariant()
    def every_step_is_a_row_of_the_tables(self) -> None:
        for fax in self.faxes:
            life = self.journal.life(fax)
            events, facts = life.events, life.facts
            state: dict[str, str] = {}
            for event in events:
                if event.subject == "report":
                    assert (event.source, event.event, event.target) in REPORT_MOVES
                    assert state.setdefault("report", "open") == event.source
                elif event.event in REMARKS:
                    assert event.source == event.target == state[event.subject]
                elif event.source is not None:
                    assert (event.source, event.event, event.target) in MOVES
                    assert state.setdefault(event.subject, "received") == event.source
                state[event.subject] = event.target
            assert {f"recipient {r['n']}": r["state"] for r in facts["recipients"]} == {
                k: v for k, v in state.items() if k != "report"
            }
            assert facts["report"] == state.get("report", "open")

    @invariant()
    def nothing_is_silent(self) -> None:
        """A fax at rest has been reported, is about to be, or was dropped again."""
        for fax in self.faxes:
            life = self.journal.life(fax)
            facts = life.facts
            states = {r["state"] for r in facts["recipients"]}
            superseded = any(e.event == "supersede" for e in life.events)
            if states <= AT_REST and not superseded:
                assert facts["report"] in {"due", "reporting", "reported"}
            if facts["report"] in {"due", "reported"}:
                assert states <= AT_REST


@pytest.mark.timeout(600)
def test_any_story_follows_the_tables(migrated: Path, sqlite_world: Any) -> None:
    Story.template = migrated
    Story.make = staticmethod(type(sqlite_world))
    run = Story.TestCase
    run.settings = settings(
        max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run("runTest").runTest()
