"""Route: from a drop to a decision (step O6).

Promise   every received drop becomes ready, with number, accounts, options and page count, or held or failed with a
          reason in plain words.  Deciding has no side effect but for what is made for sending, so it may be done again.
          A document that cannot be read from the spool waits, with an alert; neither that, nor a bug met by one drop,
          nor the conversion of one stops the others.
Needs     `Deciding`; a worker of its own for what takes long (`PrepareStage`).
Crash     decided again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import structlog

from faxdaemon.contracts import topics
from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.documents import CannotMake
from faxdaemon.contracts.journal import OutboundJournal, Routed, ToRoute
from faxdaemon.contracts.stage import NOTHING_DUE, Signals, Wake
from faxdaemon.core.errors import FilesError
from faxdaemon.core.model import Document, Role, Route
from faxdaemon.core.places import Spool
from faxdaemon.outbound.choose import FolderRules, without
from faxdaemon.outbound.covers import fields
from faxdaemon.outbound.deciding import Deciding, Decision, Drop, Refusal, TakesLong
from faxdaemon.outbound.keep import is_picture
from faxdaemon.outbound.preparing import Preparing

log = structlog.get_logger()

BATCH = 32
RETRY = 10.0
"""Seconds until a document that could not be read is tried again."""


class Pending:
    """The drops that must be prepared: told by one stage to the other, and found again after a restart.

    Each act is one on a set, which Python does not interrupt, so it needs no lock.
    """

    def __init__(self, signals: Signals) -> None:
        self._signals = signals
        self._ids: set[str] = set()

    def add(self, fax_id: str) -> None:
        """This one takes long."""
        self._ids.add(fax_id)
        self._signals.notify(topics.preparing())

    def done(self, fax_id: str) -> None:
        """It was decided, or is no longer to be."""
        self._ids.discard(fax_id)

    def __contains__(self, fax_id: str) -> bool:
        return fax_id in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def keep(self, waiting: set[str]) -> None:
        """Forget what does not wait any more."""
        for fax_id in list(self._ids):
            if fax_id not in waiting:
                self._ids.discard(fax_id)


class _Deciding:
    """What both stages do with one drop."""

    patient = True
    """Whether it may take minutes to look into one."""

    def __init__(
        self,
        folders: Mapping[str, FolderRules],
        spool: Spool,
        *,
        deciding: Deciding,
        journal: OutboundJournal,
        alert: Alert,
    ) -> None:
        self._folders = folders
        self._spool = spool
        self._deciding = deciding
        self._journal = journal
        self._alert = alert
        self._remember = any(rules.care.lookalike for rules in folders.values())

    def _decided(self, drop: ToRoute, record: Callable[[ToRoute, Decision], Routed | None]) -> Routed | None:
        """What `record` makes of the decision, or the refusal; None when it must wait."""
        trouble = f"spool:{drop.fax_id}"
        try:
            decision = self._decide(drop, record)
        except (OSError, FilesError) as error:
            why = getattr(error, "strerror", None) or getattr(error, "reason", None) or type(error).__name__
            advice = "look at the disk, then restart: the claimed original is copied again"
            self._alert.raise_(trouble, f"the spooled document of {drop.fax_id} cannot be read ({why}); {advice}")
            return None
        except Exception as error:
            log.exception("unexpected error while routing", fax=drop.fax_id)
            what = type(error).__name__
            decision = Routed(drop.fax_id, problem=f"looking at it failed unexpectedly ({what}); the log tells more")
        self._alert.clear(trouble)
        return decision

    def _decide(self, drop: ToRoute, record: Callable[[ToRoute, Decision], Routed | None]) -> Routed | None:
        name = drop.origin.name
        rules = self._folders.get(drop.origin.folder)
        if rules is None:
            return Routed(
                drop.fax_id,
                problem=f"the folder {drop.origin.folder} is no longer in the configuration; add it or drop the "
                "document elsewhere",
            )
        if rules.keep and is_picture(name):
            problem = f"{name} was put beside an answer and is not to be sent; if it is, give it another name"
            return Routed(drop.fax_id, problem=problem)
        documents = tuple((each, self._spool.path(each.spool)) for each in drop.documents)
        try:
            decision = self._deciding.decide(Drop(name, documents, drop.part), rules, patient=self.patient)
        except Refusal as refusal:
            if refusal.hold:
                return Routed(drop.fax_id, hold=refusal.reason, shown_number=refusal.number, format=refusal.format)
            return Routed(drop.fax_id, problem=refusal.reason, shown_number=refusal.number, format=refusal.format)
        return record(drop, decision)

    def _routed(self, drop: ToRoute, decision: Decision) -> Routed:
        for route in decision.routes:
            self._tell_without(drop, route)
        return Routed(
            drop.fax_id,
            routes=decision.routes,
            pages=tuple(each.pages for each in decision.inspections),
            expire=self._folders[drop.origin.folder].expire,
            fields=decision.routes[0].fields,
            hold=decision.hold,
            note=decision.note,
            guard=self._folders[drop.origin.folder].care.guard(remember=self._remember),
            format=decision.format,
        )

    def _tell_without(self, drop: ToRoute, route: Route) -> None:
        for account in route.accounts:
            left_out = without(route.options, self._deciding.capabilities[account])
            if left_out:
                log.info("route.without", fax=drop.fax_id, account=account, wishes=left_out)


class RouteStage(_Deciding):
    """Decides for the drops of all folders, and leaves those that take long, or must be prepared."""

    patient = False

    def __init__(
        self,
        folders: Mapping[str, FolderRules],
        spool: Spool,
        *,
        deciding: Deciding,
        pending: Pending,
        journal: OutboundJournal,
        alert: Alert,
    ) -> None:
        super().__init__(folders, spool, deciding=deciding, journal=journal, alert=alert)
        self._pending = pending
        self._stuck = 0

    def step(self) -> Wake:
        """Decide for one batch."""
        # Those at the head that cannot be read, or are being prepared, must not keep the others waiting.
        limit = BATCH + self._stuck + len(self._pending)
        waiting = self._journal.to_route(limit)
        if len(waiting) < limit:
            self._pending.keep({drop.fax_id for drop in waiting})
        mine = [drop for drop in waiting if drop.fax_id not in self._pending]
        decided = [decision for drop in mine if (decision := self._decided(drop, self._record)) is not None]
        if decided:
            self._journal.route(decided)
        self._tell_people()
        left = sum(drop.fax_id in self._pending for drop in mine)
        self._stuck = len(mine) - len(decided) - left
        if len(waiting) == limit:
            return 0.0
        return RETRY if self._stuck else NOTHING_DUE

    def _decide(self, drop: ToRoute, record: Callable[[ToRoute, Decision], Routed | None]) -> Routed | None:
        try:
            return super()._decide(drop, record)
        except TakesLong:
            self._pending.add(drop.fax_id)
            return None

    def _tell_people(self) -> None:
        """What holds for all faxes: that nothing reaches its recipient, that a folder's faxes wait for their turn."""
        for folder, rules in self._folders.items():
            cap = rules.care.per_hour
            if cap is not None and self._journal.delayed(folder):
                words = f"more than {cap} faxes an hour want to leave {folder}; what is over waits for its hour"
                self._alert.raise_(f"cap:{folder}", f"{words}. Look at what fills the folder, or raise its `per_hour`")
            else:
                self._alert.clear(f"cap:{folder}")
        trouble = "safety:test_number"
        if any(rules.care.test_number for rules in self._folders.values()):
            why = "nothing reaches its recipient: every fax goes to the test number"
            self._alert.raise_(trouble, f"{why}; take `safety.test_number` out of the configuration when done")
        else:
            self._alert.clear(trouble)

    def _record(self, drop: ToRoute, decision: Decision) -> Routed | None:
        if decision.making:
            self._pending.add(drop.fax_id)
            return None
        return self._routed(drop, decision)


class PrepareStage(_Deciding):
    """Makes what must be made, one drop at a time, and decides for it."""

    def __init__(
        self,
        folders: Mapping[str, FolderRules],
        spool: Spool,
        *,
        deciding: Deciding,
        preparing: Preparing,
        pending: Pending,
        journal: OutboundJournal,
        alert: Alert,
    ) -> None:
        super().__init__(folders, spool, deciding=deciding, journal=journal, alert=alert)
        self._preparing = preparing
        self._pending = pending

    def step(self) -> Wake:
        """Prepare one."""
        many = len(self._pending)
        if not many:
            return NOTHING_DUE
        waiting = [drop for drop in self._journal.to_route(BATCH + 2 * many) if drop.fax_id in self._pending]
        for drop in waiting:
            decision = self._decided(drop, self._record)
            if decision is not None:
                self._journal.route([decision])
                self._pending.done(drop.fax_id)
                return 0.0
        return RETRY

    def _record(self, drop: ToRoute, decision: Decision) -> Routed:
        routed = self._routed(drop, decision)
        if not decision.making:
            return routed
        try:
            try:
                made = self._made(drop, decision)
            except CannotMake as error:
                if not decision.order.removals:
                    raise
                # a person may see that it does no harm
                why = f"{error}; it is held, because what the codes say would be read on the fax"
                made, routed = (), replace(routed, hold="; ".join(filter(None, (routed.hold, why))))
            covers = self._covers(drop, decision, (made[0].pages,) if made else routed.pages)
        except CannotMake as error:
            return Routed(drop.fax_id, problem=str(error), shown_number=routed.shown_number, format=routed.format)
        return replace(routed, made=made, covers=covers)

    def _made(self, drop: ToRoute, decision: Decision) -> tuple[Document, ...]:
        if not decision.merging:
            return ()
        documents = [document for document in drop.documents if document.role is Role.DOCUMENT]
        return (self._preparing.make(drop.fax_id, documents, decision.order.removals),)

    def _covers(self, drop: ToRoute, decision: Decision, pages: Sequence[int | None]) -> tuple[Document | None, ...]:
        rules = self._folders[drop.origin.folder]
        following = None if None in pages else sum(count or 0 for count in pages)
        covers = []
        for number, route in enumerate(decision.routes, 1):
            cover = None
            if route.cover is not None and drop.received_at is not None:
                template, known = rules.covers[route.cover.name], fields(route, drop.received_at, rules.zone)
                cover = self._preparing.cover(drop.fax_id, number, template, known, following)
            covers.append(cover)
        return tuple(covers)
