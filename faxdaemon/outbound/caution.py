"""Caution: the rules that stand between a decided route and a call to the wrong number.

Promise   each rule looks at one fax and says nothing, or in plain words why it must not be sent (`Refuse`), why a
          person must look at it first (`Hold`), or what becomes of it instead (`Change`).  Every rule is asked, in the
          order of `RULES`; one refusal is enough, holds add up.  The same case is judged in the same way, whenever.
Needs     what the site's configuration says under `safety` (docs/safety.md).
Crash     keeps nothing.

What can be told only from other faxes (a number never sent to, a look-alike, too many in an hour) is decided by the
journal, in the commit that makes the fax ready: see `Care.guard`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from faxdaemon.contracts.journal import Guard
from faxdaemon.core.model import Route
from faxdaemon.core.numbers import Kind, kind_of, masked
from faxdaemon.core.text import matches

TEST_FIELD = "test_instead_of"
"""In the answer: the number that a fax would have gone to, had there been no test number."""

_KINDS = {
    Kind.PREMIUM: "a premium-rate number",
    Kind.SHARED_COST: "a shared-cost or service number, which costs the caller more",
    Kind.PERSONAL: "a personal number, which costs the caller more",
    Kind.PAGER: "a pager",
    Kind.VOICEMAIL: "a voice mailbox",
    Kind.SATELLITE: "a satellite number, or one of a network that belongs to no country",
    Kind.COMPANY: "a company-wide number",
    Kind.VOIP: "an internet telephone",
    Kind.MOBILE: "a mobile telephone",
    Kind.TOLL_FREE: "a number that the called one pays for",
}


@dataclass(frozen=True, slots=True)
class Care:
    """What one folder wants to be careful of."""

    refuse: frozenset[Kind] = frozenset()
    deny: tuple[str, ...] = ()
    """Patterns."""
    allow: tuple[str, ...] = ()
    """Patterns; what they match is neither refused for its kind nor denied."""
    agree: bool = True
    """Hold what its name, its control file and its codes want sent to different numbers."""
    first_time: bool = False
    lookalike: float = 0.0
    """Seconds."""
    per_hour: int | None = None
    test_number: str | None = None

    def guard(self, *, remember: bool) -> Guard:
        """What the journal is to look for; `remember` when any folder at all asks for look-alikes.  While everything
        goes to a test number, only the pace matters: what is not sent makes no number known."""
        if self.test_number is not None:
            return Guard(per_hour=self.per_hour)
        return Guard(self.per_hour, self.first_time, self.lookalike, remember or self.lookalike > 0)


@dataclass(frozen=True, slots=True)
class Case:
    """A fax, and what there is to judge it by."""

    routes: tuple[Route, ...]
    format: str
    """The dialect in which it was asked for."""
    care: Care
    others: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    """What the folder's other dialects understand of the same drop: the numbers that may exist, by dialect."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """It must not be sent."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A person must look at it first."""

    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """It goes on as told here."""

    routes: tuple[Route, ...]
    note: str
    """For the record; it may name numbers."""


Verdict = Refuse | Hold | Change


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all rules say together."""

    routes: tuple[Route, ...]
    problem: str | None = None
    hold: str | None = None
    note: str | None = None
    told: tuple[tuple[str, Verdict], ...] = ()
    """Which rule said what."""


def judge(case: Case) -> Judgement:
    """Ask every rule."""
    told: list[tuple[str, Verdict]] = []
    for name, rule in RULES:
        verdict = rule(case)
        if verdict is None:
            continue
        told.append((name, verdict))
        if isinstance(verdict, Refuse):
            return Judgement(case.routes, problem=verdict.reason, told=tuple(told))
        if isinstance(verdict, Change):
            case = replace(case, routes=verdict.routes)
    holds = [each.reason for _, each in told if isinstance(each, Hold)]
    notes = [each.note for _, each in told if isinstance(each, Change)]
    return Judgement(case.routes, None, "; ".join(holds) or None, "; ".join(notes) or None, tuple(told))


# -- the rules


def _kind(case: Case) -> Refuse | None:
    """Numbers that cost the caller more."""
    for number in _not_allowed(case):
        kind = None if "@" in number else kind_of(number)
        if kind in case.care.refuse:
            return Refuse(
                f"{masked(number)} is {_KINDS[kind]}, and this folder does not send to such; if this one is right, put "
                f"it into `safety.allow`"
            )
    return None


def _denied(case: Case) -> Refuse | None:
    """Numbers that the site has barred."""
    for number in _not_allowed(case):
        pattern = next((each for each in case.care.deny if matches(number, each)), None)
        if pattern is not None:
            return Refuse(
                f"{masked(number)} is barred here by “{pattern}” in `safety.deny`; if this one is right, put it into "
                f"`safety.allow`"
            )
    return None


def _not_allowed(case: Case) -> list[str]:
    """The recipients that the site has not allowed, whatever they are."""
    allow = case.care.allow
    return [each.number for each in case.routes if not any(matches(each.number, one) for one in allow)]


def _disagreement(case: Case) -> Hold | None:
    """Two places that name different numbers: one of them is wrong, and nobody here can tell which."""
    if not case.care.agree:
        return None
    used = frozenset(route.number for route in case.routes)
    if any("@" in number for number in used):
        return None
    for name, numbers in case.others.items():
        if numbers and numbers != used:
            theirs, ours = _listed(numbers - used or numbers), _listed(used)
            alike = " (another one)" if theirs == ours else ""
            return Hold(
                f"its parts do not agree: read as {name} it goes to {theirs}{alike}, read as {case.format} to {ours}. "
                f"Released, it goes to the latter"
            )
    return None


def _test_number(case: Case) -> Refuse | Change | None:
    """While the site tries things out, nothing reaches anybody else."""
    number = case.care.test_number
    if number is None:
        return None
    for route in case.routes:
        if route.options.get("service", "fax") != "fax":
            return Refuse(f"everything goes to the test number, and this is no fax but {route.options['service']}")
    routes = tuple(
        replace(route, number=number, fields={**route.fields, TEST_FIELD: route.number}) for route in case.routes
    )
    real = ", ".join(route.number for route in case.routes[:10]) + (", …" if len(case.routes) > 10 else "")
    return Change(routes, f"to the test number {number} instead of {real}")


Rule = Callable[[Case], Verdict | None]
RULES: tuple[tuple[str, Rule], ...] = (
    ("refuse", _kind),
    ("deny", _denied),
    ("agree", _disagreement),
    ("test_number", _test_number),
)
"""Each under its key in the configuration.  The test number comes last: the others judge the real one."""


def _listed(numbers: Iterable[str]) -> str:
    ordered = sorted(numbers)
    return " and ".join(masked(number) for number in ordered[:3]) + (" and others" if len(ordered) > 3 else "")
