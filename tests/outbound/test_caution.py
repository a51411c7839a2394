"""Safety of the number: what is refused, what a person must look at first, and what the test number does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.papers import pdf_bytes
from support.scripted import Site, capabilities

from faxdaemon.contracts.format import FolderAsks, Looks, NotMine, Order, Papers
from faxdaemon.contracts.journal import Filter
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Document, Drop, Origin, Request, Role, Route
from faxdaemon.core.numbers import Kind
from faxdaemon.core.text import matches
from faxdaemon.formats import filename, request
from faxdaemon.outbound.caution import RULES, TEST_FIELD, Care, Case, Change, Hold, Refuse, judge
from faxdaemon.outbound.choose import FolderRules
from faxdaemon.outbound.dialects import Dialects
from faxdaemon.outbound.route import RouteStage

NUMBER = "+13035550123"
OTHER = "+13035550188"
TEST = "+13035550199"
ALL = {"main": capabilities(wishes=frozenset({"service", "address"}))}


def case(*numbers: str, others: dict[str, frozenset[str]] | None = None, **care: Any) -> Case:
    routes = tuple(Route(number, None, ("main",), {}) for number in numbers or (NUMBER,))
    return Case(routes, "request", Care(**care), others or {})


# -- each rule for itself


def test_a_fax_of_which_nothing_is_to_be_said_goes_on_as_it_is() -> None:
    asked = case()
    judged = judge(asked)
    assert judged.routes == asked.routes
    assert (judged.problem, judged.hold, judged.note, judged.told) == (None, None, None, ())


def test_a_number_of_a_refused_kind_is_refused_even_as_one_of_several() -> None:
    judged = judge(case(NUMBER, "+19005550123", refuse=frozenset({Kind.PREMIUM})))
    assert judged.problem is not None
    assert judged.problem.startswith("+1900•••••23 is a premium-rate number")
    assert "safety.allow" in judged.problem
    assert judge(case("+19005550123", refuse=frozenset({Kind.MOBILE}))).problem is None


def test_a_denied_number_is_refused_naming_the_pattern() -> None:
    problem = judge(case(deny=("+1900*", "+1303555????"))).problem
    assert problem is not None
    assert "“+1303555????”" in problem
    assert judge(case("+13036660123", deny=("+1900*", "+1303555????"))).problem is None


def test_what_is_allowed_is_neither_denied_nor_refused_for_its_kind() -> None:
    kinds = frozenset({Kind.PREMIUM})
    assert judge(case("+19005550123", refuse=kinds, deny=("*",), allow=("+19005550123",))).problem is None
    assert judge(case("+19005550123", NUMBER, deny=("*",), allow=("+1900*",))).problem is not None


def test_an_address_is_matched_like_a_number() -> None:
    assert judge(case("desk@example.org", deny=("*@Example.org",))).problem is not None
    assert judge(case("desk@example.org", refuse=frozenset(Kind))).problem is None


def test_parts_that_disagree_hold_the_fax_and_say_which_would_be_used() -> None:
    hold = judge(case(others={"filename": frozenset({OTHER})})).hold
    assert hold is not None
    assert "filename it goes to +1303•••••88" in hold
    assert "request to +1303•••••23" in hold
    assert judge(case(others={"filename": frozenset({NUMBER})})).hold is None
    assert judge(case(others={"filename": frozenset({OTHER})}, agree=False)).hold is None


def test_numbers_that_differ_only_where_they_are_masked_are_told_apart() -> None:
    hold = judge(case(others={"filename": frozenset({"+13036660123"})})).hold
    assert hold is not None
    assert "another one" in hold


def test_one_recipient_more_is_a_disagreement_too() -> None:
    assert judge(case(NUMBER, OTHER, others={"filename": frozenset({NUMBER})})).hold is not None


def test_to_an_address_there_are_no_numbers_to_agree() -> None:
    assert judge(case("desk@example.org", others={"filename": frozenset({OTHER})})).hold is None


def test_the_test_number_takes_the_place_of_every_other_and_the_real_one_is_told() -> None:
    judged = judge(case(NUMBER, OTHER, test_number=TEST))
    assert [route.number for route in judged.routes] == [TEST, TEST]
    assert [route.fields[TEST_FIELD] for route in judged.routes] == [NUMBER, OTHER]
    assert judged.note == f"to the test number {TEST} instead of {NUMBER}, {OTHER}"


def test_the_real_number_is_judged_before_the_test_number_takes_its_place() -> None:
    assert judge(case("+19005550123", refuse=frozenset({Kind.PREMIUM}), test_number=TEST)).problem is not None


def test_what_is_no_fax_is_not_sent_while_everything_goes_to_a_test_number() -> None:
    routes = (Route("desk@example.org", None, ("main",), {"service": "email"}),)
    problem = judge(Case(routes, "filename", Care(test_number=TEST))).problem
    assert problem is not None
    assert "email" in problem


def test_every_rule_is_told_under_its_key() -> None:
    judged = judge(case(others={"filename": frozenset({OTHER})}, test_number=TEST))
    assert [(name, type(verdict)) for name, verdict in judged.told] == [("agree", Hold), ("test_number", Change)]
    assert [name for name, _ in RULES] == ["refuse", "deny", "agree", "test_number"]
    (told,) = judge(case(deny=("*",), others={"filename": frozenset({OTHER})})).told
    assert (told[0], type(told[1])) == ("deny", Refuse)


def test_while_testing_only_the_pace_is_left_to_the_journal() -> None:
    care = Care(first_time=True, lookalike=60.0, per_hour=9)
    guard = care.guard(remember=False)
    assert (guard.per_hour, guard.first_time, guard.lookalike, guard.remember) == (9, True, 60.0, True)
    testing = Care(first_time=True, lookalike=60.0, per_hour=9, test_number=TEST).guard(remember=True)
    assert (testing.per_hour, testing.first_time, testing.lookalike, testing.remember) == (9, False, 0.0, False)
    assert Care().guard(remember=True).remember, "another folder looks for look-alikes of this one's faxes"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("+1303*", True), ("+130355501??", True), (NUMBER, True), ("*", True), ("+130355501?", False), ("303*", False)],
)
def test_patterns_are_of_the_whole_number(pattern: str, found: bool) -> None:
    assert matches(NUMBER, pattern) is found


# -- in the stage


class Codes:
    """A dialect that finds a number in the document."""

    looks_at = Looks.CONTENT
    answers = ()

    def __init__(self, *numbers: str) -> None:
        self._numbers = numbers

    def is_control(self, name: str) -> bool:
        return False

    def read(self, papers: Papers) -> Any:
        return [Order(tuple(Request(number) for number in self._numbers))] if self._numbers else NotMine()

    def answer(self, facts: Any) -> Any:
        raise NotImplementedError


def stage(site: Site, *more: tuple[str, Any], options: Any = None, **care: Any) -> RouteStage:
    asks = FolderAsks("{number}[_{name}]", None)
    spoken = [("request", request.open_format(asks)), ("filename", filename.open_format(asks)), *more]
    rules = FolderRules(Dialects(spoken), ("main",), "US", options or {}, 3600.0, care=Care(**care))
    return site.routing(rules, ALL)[0]


def pair(site: Site, document: str, *to: str) -> FaxId:
    """A document with a control file of ours."""
    fax_id = site.new_id()
    written = []
    for n, (name, content, role) in enumerate(
        [
            (document, pdf_bytes(), Role.DOCUMENT),
            ("a.json", json.dumps({"to": list(to), "documents": [document]}).encode(), Role.CONTROL),
        ],
        1,
    ):
        spool = site.spool.name("out", fax_id, n, name[name.rindex(".") :])
        site.spool.path(spool).parent.mkdir(parents=True, exist_ok=True)
        made = site.files.write_new(site.spool.path(spool), [content])
        written.append(Document(name, spool, made.size, made.sha256, None, role, f"{fax_id}/{name}"))
    site.journal.accept([Drop(fax_id, Origin(str(site.out), "a.json", 1, 1, 1), tuple(written))])
    return fax_id


@pytest.mark.parametrize("name", ["911_x.pdf", "9115550123_x.pdf"])
def test_a_number_that_calls_for_help_is_refused_whatever_is_configured(site: Site, name: str) -> None:
    fax = site.received(name)
    stage(site).step()
    assert site.state_of(fax) == "failed"
    assert "calls for help" in site.reason(fax)


def test_a_premium_number_fails_in_words(site: Site) -> None:
    fax = site.received("9005550123_x.pdf")
    stage(site, refuse=frozenset({Kind.PREMIUM})).step()
    assert site.state_of(fax) == "failed"
    assert "premium-rate" in site.reason(fax)
    (row,) = site.journal.find(Filter())
    assert row.number == "9005550123"


@pytest.mark.parametrize(
    ("document", "numbers", "state"),
    [
        ("3035550123_x.pdf", [NUMBER], "ready"),
        ("3035550188_x.pdf", [NUMBER], "held"),
        ("4711234567.pdf", [NUMBER], "ready"),
        ("invoice.pdf", [NUMBER], "ready"),
        ("3035550123_x.pdf", [NUMBER, OTHER], "held"),
    ],
)
def test_name_and_control_file_must_agree(site: Site, document: str, numbers: list[str], state: str) -> None:
    fax = pair(site, document, *numbers)
    stage(site).step()
    assert set(site.states(fax)) == {state}


def test_codes_in_the_document_must_agree_with_its_name(site: Site) -> None:
    agreeing, not_agreeing = site.received("3035550123_x.pdf"), site.received("3035550188_x.pdf")
    stage(site, ("codes", Codes(NUMBER))).step()
    assert (site.state_of(agreeing), site.state_of(not_agreeing)) == ("ready", "held")


def test_released_it_goes_where_it_was_said_to_go(site: Site) -> None:
    fax = pair(site, "3035550188_x.pdf", NUMBER)
    stage(site).step()
    assert site.journal.release(fax) == 1
    assert site.claimed().number == NUMBER


def test_everything_to_the_test_number(site: Site) -> None:
    fax = site.received("3035550123_x.pdf")
    stage(site, test_number=TEST).step()
    assert "test number" in site.alerts.open["safety:test_number"]
    assert TEST not in site.alerts.open["safety:test_number"]
    submission = site.claimed()
    assert submission.number == TEST
    (routed,) = [event for event in site.journal.life(fax).events if event.event == "routed"]
    assert routed.note == f"to the test number {TEST} instead of {NUMBER}"
    site.journal.refused(submission, "blocked")
    (work,) = site.journal.claim_reports(str(site.out), 10)
    assert work.outcomes[0].fields[TEST_FIELD] == NUMBER
    stage(site).step()
    assert site.alerts.open == {}


def test_what_is_over_a_folders_cap_waits_with_an_alert_until_its_hour(site: Site) -> None:
    site.later(3600 - site.clock.now().timestamp() % 3600)
    first, second = site.received("3035550123_1.pdf"), site.received("3035550123_2.pdf")
    stage(site, per_hour=1).step()
    assert (site.state_of(first), site.state_of(second)) == ("ready", "ready")
    assert "more than 1 faxes" in site.alerts.open[f"cap:{site.out}"]
    assert site.claimed().fax_id == first
    assert site.journal.claim_ready("main", 1, 190.0) == []
    stage(site, per_hour=1).step()
    assert site.alerts.told == [f"cap:{site.out}"], "once"
    site.later(3600)
    stage(site, per_hour=1).step()
    assert site.alerts.open == {}
    assert site.claimed().fax_id == second


def test_what_one_folder_looks_for_is_remembered_of_all(site: Site) -> None:
    """The look-alike of a fax from a folder that does not look itself."""
    elsewhere = site.place / "elsewhere"
    asks = FolderAsks("{number}[_{name}]", None)
    careless = FolderRules(Dialects([("filename", filename.open_format(asks))]), ("main",), "US", {}, 3600.0)
    careful = FolderRules(careless.dialects, ("main",), "US", {}, 3600.0, care=Care(lookalike=3600.0))
    route, _ = site.routing(careful, ALL, elsewhere={str(elsewhere): careless})
    site.received("3035550123_x.pdf", pdf_bytes())
    (waiting,) = site.journal.to_route(1)
    site.journal.cancel(waiting.fax_id)
    first = site.new_id()
    origin = Origin(str(elsewhere), "3035550123_x.pdf", 1, 1, 1)
    site.journal.accept([Drop(first, origin, waiting.documents)])
    route.step()
    again = site.received("3035550123_y.pdf", pdf_bytes())
    route.step()
    assert (site.state_of(first), site.state_of(again)) == ("ready", "held")
    assert first in site.reason(again)
