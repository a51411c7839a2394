"""The outbound half of the composition root: how the parts are put to work for sending.

Promise   one worker for what must not wait for anything else: each folder's intake and report, each account's
          submissions, look-ups and status.  Nothing here decides anything about a fax.
Needs     the parts.
Crash     see `daemon`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from faxdaemon.asking import Asking
from faxdaemon.config.types import DropFolder, Settings
from faxdaemon.contracts import topics
from faxdaemon.contracts.services import Images
from faxdaemon.core.places import DropPlaces
from faxdaemon.housekeeping import Housekeeping
from faxdaemon.outbound.attachments import Attachments, Reach
from faxdaemon.outbound.deciding import Deciding
from faxdaemon.outbound.grouping import Grouping
from faxdaemon.outbound.intake import Intake
from faxdaemon.outbound.keep import KeepStage
from faxdaemon.outbound.preparing import Preparing
from faxdaemon.outbound.readiness import Pace, Readiness
from faxdaemon.outbound.report import ReportStage
from faxdaemon.outbound.resolve import ResolveStage
from faxdaemon.outbound.route import Pending, PrepareStage, RouteStage
from faxdaemon.outbound.submit import AccountRules, SubmitStage
from faxdaemon.outbound.track import TrackStage
from faxdaemon.parts import Parts
from faxdaemon.supervise import Supervisor

SLOW = 900.0
"""Seconds that one step on a folder may take; a large document over a slow share is not stuck."""


class Outgoing(Parts):
    """The parts, with the workers that send."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.supervisor = Supervisor(self.hub)
        self.asking = {n: Asking(n, accounts=self.journal, clock=self.clock) for n in settings.accounts}

    def _account_rules(self, name: str) -> AccountRules:
        options = self.settings.accounts[name]
        return AccountRules(
            test_number=self.settings.safety.test_number,
            name=name,
            timeout=options.timeout,
            poll=options.poll,
            settle=options.settle,
            retries=options.retries,
            resend_unknown=options.on_unknown == "resend",
            rate=options.rate,
            settings=options.fingerprint(),
            pushed=options.push.poll if options.push else 0.0,
        )

    def _add_outbound(self, folders: Sequence[DropFolder]) -> None:
        journal, clock, alert = self.journal, self.clock, self.alert
        settle = max(options.settle for options in self.settings.accounts.values())
        alone = self.settings.journal == "sqlite"
        house = Housekeeping(journal=journal, accounts=journal, settle=settle, alone=alone)
        self.supervisor.add("housekeeping", house, limit=SLOW)
        keeping = journal.keeping()
        for folder in folders:
            self._add_folder(folder)
            if folder.keep or str(folder.folder) in keeping:  # one that no longer asks finishes what was begun
                self._add_keep(DropPlaces(folder.folder, self.settings.node))
        self._add_routing(folders)
        for name, options in self.settings.accounts.items():
            rules = self._account_rules(name)
            provider = self.providers[name]
            submit = SubmitStage(
                rules,
                self.spool,
                provider=provider,
                files=self.files,
                journal=journal,
                accounts=journal,
                clock=clock,
                alert=alert,
            )
            limit = rules.lease + SLOW
            for number in range(1, options.concurrency + 1):
                self.supervisor.add(f"submit:{name}:{number}", submit, topics=[topics.ready(name)], limit=limit)
            asking = self.asking[name]
            resolve = ResolveStage(rules, provider=provider, journal=journal, asking=asking, clock=clock, alert=alert)
            self.supervisor.add(f"resolve:{name}", resolve, topics=[topics.uncertain(name)], limit=limit)
            track = TrackStage(
                rules,
                provider=provider,
                journal=journal,
                accounts=journal,
                asking=asking,
                clock=clock,
                alert=alert,
            )
            self.supervisor.add(f"track:{name}", track, topics=[topics.accepted(name)], limit=limit)

    def _add_routing(self, folders: Sequence[DropFolder]) -> None:
        rules = {str(folder.folder): self.make_rules(folder) for folder in folders}
        able = {name: provider.capabilities for name, provider in self.providers.items()}
        preparing = Preparing(self.spool, documents=self.documents, files=self.files)
        deciding = Deciding(able, documents=self.documents, preparing=preparing)
        pending = Pending(self.hub)
        route = RouteStage(
            rules, self.spool, deciding=deciding, pending=pending, journal=self.journal, alert=self.alert
        )
        self.supervisor.add("route", route, topics=[topics.received()], limit=SLOW)
        prepare = PrepareStage(
            rules,
            self.spool,
            deciding=deciding,
            preparing=preparing,
            pending=pending,
            journal=self.journal,
            alert=self.alert,
        )
        self.supervisor.add("prepare", prepare, topics=[topics.preparing()], limit=SLOW)

    def _add_folder(self, folder: DropFolder) -> None:
        places = DropPlaces(folder.folder, self.settings.node)
        readiness = Readiness(
            Pace(settle=folder.settle, scan=folder.scan),
            places,
            files=self.files,
            documents=self.documents,
            clock=self.clock,
        )
        dialects = self.make_dialects(folder)
        readiness.leave = dialects.is_answer
        attachments = Attachments(folder.folder, Reach(tuple(folder.roots), folder.paths), files=self.files)
        grouping = Grouping(
            dialects, attachments, folder.companion, files=self.files, documents=self.documents, clock=self.clock
        )
        intake = Intake(
            readiness,
            grouping,
            attachments,
            places,
            self.spool,
            files=self.files,
            journal=self.journal,
            clock=self.clock,
            alert=self.alert,
        )
        report = ReportStage(
            places,
            self.spool,
            dialects=dialects,
            files=self.files,
            journal=self.journal,
            alert=self.alert,
        )
        worker = self.supervisor.add(f"intake:{folder.folder}", intake, limit=SLOW)

        def hint(name: str | None, complete: bool) -> None:
            readiness.hint(name, complete)
            worker.wake.set()

        readiness.watch = partial(self.watcher.watch, folder.folder, hint)
        self.supervisor.add(f"report:{folder.folder}", report, topics=[topics.report(str(folder.folder))], limit=SLOW)

    def _add_keep(self, places: DropPlaces) -> None:
        timeout = max(options.timeout for options in self.settings.accounts.values())
        keep = KeepStage(
            places,
            self.spool,
            timeout,
            services={n: (one, self.asking[n]) for n, one in self.providers.items() if isinstance(one, Images)},
            files=self.files,
            journal=self.journal,
            clock=self.clock,
            alert=self.alert,
        )
        topic = topics.keep(str(places.folder))
        self.supervisor.add(f"keep:{places.folder}", keep, topics=[topic], limit=timeout + SLOW)
