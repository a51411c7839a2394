"""Route: from a drop to a decision (step O6).

Promise   every received drop becomes ready, with number, accounts, options and page count, or failed with a reason in
          plain words, or held where `caution` wants a person to look.  Deciding has no side effect, so it may be done
          again.  A document that cannot be read from the spool waits, with an alert; neither that nor a bug met by one
          drop stops the others.
Needs     the folder's formats, in order; a look into each document.
Crash     decided again.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.documents import Documents
from faxdaemon.contracts.format import BadRequest, Papers
from faxdaemon.contracts.journal import OutboundJournal, Routed, ToRoute
from faxdaemon.contracts.provider import Capabilities
from faxdaemon.contracts.stage import NOTHING_DUE, Wake
from faxdaemon.core.model import Document, Role, Route
from faxdaemon.core.places import Spool
from faxdaemon.outbound.caution import Case, Judgement, judge
from faxdaemon.outbound.choose import FolderRules, Unroutable, choose, without
from faxdaemon.outbound.dialects import Asked, Dialects
from faxdaemon.outbound.keep import is_picture

log = structlog.get_logger()

BATCH = 32
RETRY = 10.0
"""Seconds until a document that could not be read is tried again."""


class RouteStage:
    """Decides for the drops of all folders."""

    def __init__(
        self,
        folders: Mapping[str, FolderRules],
        capabilities: Mapping[str, Capabilities],
        spool: Spool,
        *,
        documents: Documents,
        journal: OutboundJournal,
        alert: Alert,
    ) -> None:
        self._folders = folders
        self._capabilities = capabilities
        self._spool = spool
        self._documents = documents
        self._journal = journal
        self._alert = alert
        self._stuck = 0
        self._remember = any(rules.care.lookalike for rules in folders.values())

    def step(self) -> Wake:
        """Decide for one batch."""
        self._tell_of_test()
        limit = BATCH + self._stuck  # those at the head that cannot be read must not keep the others waiting
        waiting = self._journal.to_route(limit)
        decided = [decision for drop in waiting if (decision := self._decided(drop)) is not None]
        self._stuck = len(waiting) - len(decided)
        if decided:
            self._journal.route(decided)
        if len(waiting) == limit:
            return 0.0
        return RETRY if self._stuck else NOTHING_DUE

    def _decided(self, drop: ToRoute) -> Routed | None:
        """The decision, or None when the document cannot be read now."""
        trouble = f"spool:{drop.fax_id}"
        try:
            decision = self._decide(drop)
        except OSError as error:
            why = error.strerror or type(error).__name__
            advice = "look at the disk, then restart: the claimed original is copied again"
            self._alert.raise_(trouble, f"the spooled document of {drop.fax_id} cannot be read ({why}); {advice}")
            return None
        except Exception as error:
            log.exception("unexpected error while routing", fax=drop.fax_id)
            what = type(error).__name__
            decision = Routed(drop.fax_id, problem=f"looking at it failed unexpectedly ({what}); the log tells more")
        self._alert.clear(trouble)
        return decision

    def _decide(self, drop: ToRoute) -> Routed:
        rules = self._folders.get(drop.origin.folder)
        if rules is None:
            return Routed(
                drop.fax_id,
                problem=f"the folder {drop.origin.folder} is no longer in the configuration; add it or drop the "
                "document elsewhere",
            )
        if rules.keep and is_picture(drop.origin.name):
            problem = (
                f"{drop.origin.name} was put beside an answer and is not to be sent; if it is, give it another name"
            )
            return Routed(drop.fax_id, problem=problem)
        control = self._control(drop)
        asked = self._asked(rules.dialects, drop, control)
        if isinstance(asked, str):
            return Routed(drop.fax_id, problem=asked)
        shown = asked.orders[drop.part].requests[0].number
        documents = _documents(drop)
        try:
            judged = self._judged(rules, drop, asked, control)
        except Unroutable as error:
            return Routed(drop.fax_id, problem=str(error), shown_number=shown, format=asked.format)
        pages: list[int | None] = []
        for document in documents:
            inspection = self._documents.inspect(self._spool.path(document.spool), document.name)
            if inspection.problem:
                problem = f"{document.name} {inspection.problem}"
                return Routed(drop.fax_id, problem=problem, shown_number=shown, format=asked.format)
            pages.append(inspection.pages)
        return Routed(
            drop.fax_id,
            routes=judged.routes,
            pages=tuple(pages),
            expire=rules.expire,
            fields=judged.routes[0].fields,
            format=asked.format,
            hold=judged.hold,
            note=judged.note,
            guard=rules.care.guard(remember=self._remember),
        )

    def _judged(self, rules: FolderRules, drop: ToRoute, asked: Asked, control: Papers | None) -> Judgement:
        """Its routes, or why a person must look first.  Raises `Unroutable`."""
        documents = _documents(drop)
        requests = asked.orders[drop.part].requests
        routes = tuple(choose(request, documents, rules, self._capabilities) for request in requests)
        others: Mapping[str, frozenset[str]] = {}
        if rules.care.agree:
            papers = [Papers(document.name) for document in documents]
            others = rules.dialects.others(asked, drop.part, control, papers, rules.region)
        judged = judge(Case(routes, asked.format, rules.care, others))
        if judged.problem:
            raise Unroutable(judged.problem)
        for route in judged.routes:
            self._tell_without(drop, route)
        return judged

    def _tell_without(self, drop: ToRoute, route: Route) -> None:
        for account in route.accounts:
            left_out = without(route.options, self._capabilities[account])
            if left_out:
                log.info("route.without", fax=drop.fax_id, account=account, wishes=left_out)

    def _tell_of_test(self) -> None:
        trouble = "safety:test_number"
        if any(rules.care.test_number for rules in self._folders.values()):
            why = "nothing reaches its recipient: every fax goes to the test number"
            self._alert.raise_(trouble, f"{why}; take `safety.test_number` out of the configuration when done")
        else:
            self._alert.clear(trouble)

    def _control(self, drop: ToRoute) -> Papers | None:
        """The control file, where there is one."""
        control = next((document for document in drop.documents if document.role is Role.CONTROL), None)
        if control is None:
            return None
        with self._spool.path(control.spool).open("rb") as stream:
            return Papers(control.name, stream.read())

    def _asked(self, dialects: Dialects, drop: ToRoute, control: Papers | None) -> Asked | str:
        """What is asked for, or why it cannot be understood."""
        if control is None or control.control is None:
            understood = dialects.document(drop.origin.name, tuple)
        else:
            understood = dialects.control(control.name, control.control)
        if isinstance(understood, BadRequest):
            return understood.reason
        if isinstance(understood, Asked):
            if drop.part < len(understood.orders):
                return understood
            return f"{drop.origin.name}: the folder's formats were changed since it was dropped; drop it once more"
        alone = "; and no control file came with it" if dialects.paired else ""
        return (understood.hint or f"{drop.origin.name}: nothing in it tells where to send it") + alone


def _documents(drop: ToRoute) -> list[Document]:
    """What is to be faxed, as it was dropped."""
    return [document for document in drop.documents if document.role is Role.DOCUMENT]
