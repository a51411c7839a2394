"""Deciding: from the papers of a drop to its route, without doing anything.

Promise   the same papers, rules and accounts give the same decision.  What cannot be sent is `Refusal`, in words for
          the person who dropped it.  The stages `route` and `prepare` record decisions, `faxdaemon explain` shows
          them.
Needs     the formats and rules of the folder, what each account can do, a look into each document.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from faxdaemon.contracts.documents import CannotRead, Documents, Inspection, Page
from faxdaemon.contracts.format import BadRequest, Order, Papers
from faxdaemon.contracts.provider import Capabilities
from faxdaemon.core.model import Document, Role, Route
from faxdaemon.outbound.caution import Case, Judgement, judge
from faxdaemon.outbound.choose import FolderRules, Unroutable, choose
from faxdaemon.outbound.dialects import Asked
from faxdaemon.outbound.ordering import UNREAD
from faxdaemon.outbound.preparing import Preparing, as_pdf


class Refusal(Exception):
    """It cannot be sent."""

    def __init__(
        self, reason: str, number: str | None = None, dialect: str | None = None, *, hold: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hold = hold
        """It waits for a person instead."""
        self.number = number
        """The number as it was written, if there was one."""
        self.format = dialect
        """The dialect, if one understood it."""


class TakesLong(Exception):
    """To decide about it another program must read a document first."""


SLOW = 4
"""Documents of one fax that other programs read in search of codes, a minute each; more are not looked into."""


@dataclass(frozen=True, slots=True)
class Decision:
    """It can be sent, and how."""

    format: str
    order: Order
    routes: tuple[Route, ...]
    inspections: tuple[Inspection, ...]
    """One a document, in order."""
    merging: bool
    """Whether one PDF must be made of all documents first."""
    judgement: Judgement
    """What `caution` says."""

    @property
    def making(self) -> bool:
        """Whether anything must be made first."""
        return self.merging or any(route.cover for route in self.routes)

    @property
    def hold(self) -> str | None:
        """Why a person must look at it first."""
        return "; ".join(filter(None, (self.order.hold, self.judgement.hold))) or None

    @property
    def note(self) -> str | None:
        """For the record."""
        read = f"its control file was read as {self.order.encoding}" if self.order.encoding else None
        return "; ".join(filter(None, (read, self.judgement.note))) or None


@dataclass(frozen=True, slots=True)
class Drop:
    """A drop as it lies in the spool, or as somebody shows it."""

    name: str
    documents: tuple[tuple[Document, Path], ...]
    """What is to be faxed, and its control file if it has one, each with where it is."""
    part: int = 0


class _Look:
    """A look into the documents of one drop: into each once, however many ask."""

    def __init__(self, documents: Documents, *, patient: bool) -> None:
        self._documents = documents
        self._patient = patient
        self._inspections: dict[Path, Inspection] = {}
        self._texts: dict[Path, tuple[Page, ...]] = {}
        self._slow = 0

    def inspection(self, document: Document, path: Path) -> Inspection:
        """What it is.  Raises `Refusal`, OSError."""
        if path not in self._inspections:
            self._inspections[path] = self._documents.inspect(path, document.name)
        inspection = self._inspections[path]
        if inspection.problem:
            raise Refusal(f"{document.name} {inspection.problem}")
        return inspection

    def pages(self, document: Document, path: Path) -> Callable[[], tuple[Page, ...]]:
        """Its text, for whoever asks.  To ask raises `Refusal`, `TakesLong`, OSError."""

        def asked() -> tuple[Page, ...]:
            if path not in self._texts:
                self._texts[path] = self._text(document, path)
            return self._texts[path]

        return asked

    def _text(self, document: Document, path: Path) -> tuple[Page, ...]:
        self.inspection(document, path)  # what is damaged or locked is refused for that, not for having no codes
        if self._documents.is_slow(path):
            if not self._patient:
                raise TakesLong
            self._slow += 1
            if self._slow > SLOW:
                raise Refusal(f"it has more than {SLOW} print streams to look for codes in; drop it as PDF")
        try:
            return self._documents.text(path, document.name)
        except CannotRead as error:
            raise Refusal(f"{document.name} {error}") from None


class Deciding:
    """Decides for all folders."""

    def __init__(self, capabilities: Mapping[str, Capabilities], *, documents: Documents, preparing: Preparing) -> None:
        self.capabilities = capabilities
        self._documents = documents
        self._preparing = preparing

    def decide(self, drop: Drop, rules: FolderRules, *, patient: bool = True) -> Decision:
        """Raises `Refusal`, OSError when a document cannot be read now, and, unless `patient`, `TakesLong`."""
        look = _Look(self._documents, patient=patient)
        control = _control(drop)
        asked = self._asked(drop, control, rules, look)
        order = asked.orders[drop.part]
        shown = order.requests[0].number
        documents = [(document, path) for document, path in drop.documents if document.role is Role.DOCUMENT]
        inspections: list[Inspection] = []
        for document, path in documents:
            try:
                inspections.append(look.inspection(document, path))
            except Refusal as refusal:
                raise Refusal(refusal.reason, shown, asked.format) from None
        try:
            routes, merging = self._routed(order, [document for document, _ in documents], inspections, rules)
        except Unroutable as error:
            raise Refusal(str(error), shown, asked.format) from None
        judged = judge(Case(routes, asked.format, rules.care, self._others(drop, asked, control, rules, look)))
        if judged.problem:
            raise Refusal(judged.problem, shown, asked.format)
        return Decision(asked.format, order, judged.routes, tuple(inspections), merging, judged)

    def _others(
        self, drop: Drop, asked: Asked, control: Papers | None, rules: FolderRules, look: _Look
    ) -> Mapping[str, frozenset[str]]:
        """What the folder's other formats understand of it."""
        if not rules.care.agree:
            return {}
        papers = [
            Papers(document.name, pages=look.pages(document, path))
            for document, path in drop.documents
            if document.role is Role.DOCUMENT
        ]
        return rules.dialects.others(asked, drop.part, control, papers, rules.region)

    def _routed(
        self, order: Order, documents: Sequence[Document], inspections: Sequence[Inspection], rules: FolderRules
    ) -> tuple[tuple[Route, ...], bool]:
        """The routes, and whether they need one PDF to be made of all documents.  Raises `Unroutable`."""

        def routes(sent: Sequence[Document]) -> tuple[Route, ...]:
            return tuple(choose(request, sent, rules, self.capabilities) for request in order.requests)

        if order.removals:
            return routes(as_pdf(documents)), True
        try:
            return routes(documents), False
        except Unroutable as error:
            if not documents:
                raise
            if not self._preparing.possible(inspections):
                raise Unroutable(f"{error}{self._preparing.advice(inspections)}") from None
            try:
                return routes(as_pdf(documents)), True
            except Unroutable:
                pass
            raise

    def _asked(self, drop: Drop, control: Papers | None, rules: FolderRules, look: _Look) -> Asked:
        """What is asked for.  Raises `Refusal`."""
        dialects = rules.dialects
        if control is None or control.control is None:
            understood = dialects.document(drop.name, look.pages(*drop.documents[0]))
        else:
            understood = dialects.control(control.name, control.control)
        if isinstance(understood, BadRequest):
            where = f"{control.name}: " if understood.hold and control is not None else ""
            raise Refusal(where + understood.reason, hold=understood.hold)
        if drop.part == UNREAD:
            raise Refusal(f"{drop.name} can be read now: move its files back into the drop folder", hold=True)
        if isinstance(understood, Asked):
            if drop.part < len(understood.orders):
                return understood
            raise Refusal(f"{drop.name}: the folder's formats were changed since it was dropped; drop it once more")
        alone = "; and no control file came with it" if dialects.paired else ""
        raise Refusal((understood.hint or f"{drop.name}: nothing in it tells where to send it") + alone)


def _control(drop: Drop) -> Papers | None:
    """The control file, where there is one."""
    for document, path in drop.documents:
        if document.role is Role.CONTROL:
            with path.open("rb") as stream:
                return Papers(document.name, stream.read())
    return None
