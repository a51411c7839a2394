"""What both ways of asking Concord Folder Fax have in common: the tokens of file names, and the answers.

Promise   a token that is begun but not well written is refused; the answers are the same bytes for the same facts.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import csv
import io
import re

from faxdaemon.contracts.format import AnswerFile, ReportFacts
from faxdaemon.core.model import Outcome
from faxdaemon.core.text import cell
from faxdaemon.formats._control import Refused
from faxdaemon.formats._result import result

HISTORY = ("ended", "id", "name", "number", "status", "pages", "reason", "reference")
"""Of one line of the history."""

_BEGUN = re.compile(r"(fax|email)\s*=\s*\{", re.IGNORECASE)


def tokens(stem: str) -> dict[str, str]:
    """`fax` and `email` of a name like `fax={13035550123}email={desk@example.org}job42`.  Raises `Refused`."""
    found: dict[str, str] = {}
    for begun in _BEGUN.finditer(stem):
        name = begun[1].lower()
        value, close, _ = stem[begun.end() :].partition("}")
        if not close or "{" in value:
            raise Refused(f"the token {name}={{ in its name is not closed: write {name}={{...}}")
        if not value.strip():
            raise Refused(f"the token {name}={{}} in its name is empty")
        if name in found:
            raise Refused(f"its name has the token {name}={{}} twice")
        found[name] = value.strip()
    return found


def answers(facts: ReportFacts) -> list[AnswerFile]:
    """The job's log, its entry for the day's history, and our own answer."""
    return [
        AnswerFile(".job.log", _log(facts).encode("utf-8", "replace")),
        AnswerFile(".history.csv", _history(facts).encode("utf-8", "replace")),
        result(facts),
    ]


def _log(facts: ReportFacts) -> str:
    lines = [
        f"{facts.received_at} received {_line(facts.name)} as {facts.fax_id}",
        *(
            f"{facts.received_at} document {_line(str(each['name']))}, {each['bytes']} bytes, "
            f"{'?' if each['pages'] is None else each['pages']} pages"
            for each in facts.documents
        ),
        *(_told(facts, each) for each in facts.outcomes),
        f"{_last(facts)} result {facts.overall}",
    ]
    return "".join(f"{line}\r\n" for line in lines)


def _told(facts: ReportFacts, outcome: Outcome) -> str:
    words = [_ended(facts, outcome), outcome.state.value, _line(outcome.number or "no number")]
    if outcome.provider_id:
        words.append(f"as {_line(outcome.provider_id)}")
    if outcome.pages:
        words.append(f"{outcome.pages} pages")
    if outcome.submissions > 1:
        words.append(f"after {outcome.submissions} submissions")
    return " ".join(words) + (f": {_line(outcome.reason)}" if outcome.reason else "")


def _history(facts: ReportFacts) -> str:
    """One line a recipient, without a heading, so that the files of a day put together are the day's history."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for each in facts.outcomes:
        reference = each.fields.get("reference") or facts.fields.get("reference")
        told = (each.number, each.state.value, each.pages, each.reason, reference)
        row = (_ended(facts, each), facts.fax_id, facts.name, *told)
        writer.writerow("" if value is None else cell(_line(str(value))) for value in row)
    return out.getvalue()


def _ended(facts: ReportFacts, outcome: Outcome) -> str:
    return outcome.ended_at.isoformat(timespec="milliseconds") if outcome.ended_at else facts.received_at


def _last(facts: ReportFacts) -> str:
    return max((_ended(facts, each) for each in facts.outcomes), default=facts.received_at)


def _line(text: str) -> str:
    return " ".join(text.split())
