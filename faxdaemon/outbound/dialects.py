"""Dialects: what the formats of one drop folder, in their order, make of a drop.

Promise   only the formats that the folder lists are looked for, so that nobody can dial by a code in a place where
          codes are not expected.  The same papers give the same orders at any time.
Needs     the formats; names, bytes and text, handed in.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from faxdaemon.contracts.documents import Page
from faxdaemon.contracts.format import AnswerFile, BadRequest, Format, Looks, NotMine, Order, Papers, ReportFacts
from faxdaemon.core.numbers import valid


@dataclass(frozen=True, slots=True)
class Asked:
    """What was understood."""

    format: str
    """The dialect's name."""
    orders: tuple[Order, ...]


class Dialects:
    """How one folder may be asked."""

    def __init__(
        self, formats: Sequence[tuple[str, Format]], answers: Sequence[Callable[[ReportFacts], AnswerFile]] = ()
    ) -> None:
        """The formats under their names, in the folder's order; and what is answered besides."""
        self.formats = tuple(formats)
        self._besides = tuple(answers)
        self._controls = tuple(each for each in self.formats if each[1].looks_at is Looks.CONTROL)
        endings = {ending for _, each in self.formats for ending in each.answers}
        self._answers = tuple(sorted(ending if "*" in ending else f"*{ending}" for ending in endings))

    @property
    def paired(self) -> bool:
        """Whether documents can have control files here."""
        return bool(self._controls)

    def is_answer(self, name: str) -> bool:
        """Whether a file of this name is an answer of ours, left in the drop folder for the asker."""
        return any(fnmatchcase(name.lower(), pattern) for pattern in self._answers)

    def may_control(self, name: str) -> bool:
        """Whether a file of this name can be a control file."""
        return any(each.is_control(name) for _, each in self._controls)

    def control(self, name: str, content: bytes) -> Asked | BadRequest | NotMine:
        """What a file asks for; `NotMine` when it is a document like any other."""
        able = [each for each in self._controls if each[1].is_control(name)]
        found = _first(able, Papers(name, content))
        if isinstance(found, BadRequest) and found.rather in dict(able):
            return _first([each for each in able if each[0] == found.rather], Papers(name, content))
        return found

    def at_once(self, name: str) -> bool:
        """Whether a document of this name is understood without waiting for a control file: by a format that the folder
        prefers to all that have control files."""
        for _, each in self.formats:
            if each.looks_at is Looks.CONTROL:
                return False
            if each.looks_at is Looks.CONTENT or isinstance(each.read(Papers(name)), list):
                return True
        return True

    def document(self, name: str, pages: Callable[[], tuple[Page, ...]]) -> Asked | BadRequest | NotMine:
        """What a document asks for that has no control file: by its name or its content."""
        without = [each for each in self.formats if each[1].looks_at is not Looks.CONTROL]
        return _first(without, Papers(name, pages=pages))

    def spoken(self, name: str, content: bytes) -> str | None:
        """The dialect in which a control file is written, be it understood or not."""
        for known, each in self._controls:
            if each.is_control(name) and not isinstance(each.read(Papers(name, content)), NotMine):
                return known
        return None

    def others(
        self, asked: Asked, part: int, control: Papers | None, documents: Sequence[Papers], region: str
    ) -> dict[str, frozenset[str]]:
        """The numbers (E.164) that the folder's other formats read out of the same order, each for itself; only such
        as may exist, for many a name looks like a number."""
        found: dict[str, frozenset[str]] = {}
        for name, each in self.formats:
            if name == asked.format:
                continue
            mine: Sequence[Papers] = documents
            if each.looks_at is Looks.CONTROL:
                mine = [control] if control is not None and each.is_control(control.name) else []
            orders: list[Order] = []
            for papers in mine:
                understood = each.read(papers)
                if not isinstance(understood, NotMine | BadRequest):
                    same = papers is control and len(understood) == len(asked.orders)
                    orders += understood[part : part + 1] if same else understood
            written = (request.number for order in orders for request in order.requests)
            found[name] = frozenset(number for one in written if (number := valid(one, region)))
        return {name: numbers for name, numbers in found.items() if numbers}

    def answer(self, name: str | None, facts: ReportFacts) -> list[AnswerFile]:
        """What the dialect `name` answers, or the folder's first one where it is not (any longer) spoken here; and what
        the folder wants besides."""
        dialect = next((each for known, each in self.formats if known == name), self.formats[0][1])
        files = dialect.answer(facts)
        there = {each.suffix for each in files if not each.in_folder and each.stem is None}
        besides = (each(facts) for each in self._besides)
        return [*files, *(each for each in besides if each.suffix not in there)]


def _first(formats: Sequence[tuple[str, Format]], papers: Papers) -> Asked | BadRequest | NotMine:
    hints = []
    for name, each in formats:
        understood = each.read(papers)
        if isinstance(understood, BadRequest):
            return understood
        if not isinstance(understood, NotMine):
            if understood:
                return Asked(name, tuple(understood))
        elif understood.hint:
            hints.append(understood.hint)
    return NotMine(hints[0] if hints else None)
