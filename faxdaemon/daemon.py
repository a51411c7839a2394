"""The composition root: the only module that knows every part.

Promise   settings in, workers out.  Nothing here decides anything about a fax.
Needs     a loaded configuration.
Crash     the next start opens the same journal, turns what was being submitted into "uncertain" before any worker runs,
          and goes on.

Tests that need another part (a provider that counts calls, say) subclass `Daemon` and override a `make_` method.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from functools import partial
from types import FrameType
from typing import Any

import structlog

from faxdaemon import __version__, plugins
from faxdaemon.alerts import LogAlert
from faxdaemon.clock import SystemClock
from faxdaemon.config.types import DropFolder, InboundAccount, Settings
from faxdaemon.contracts import topics
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.documents import Documents
from faxdaemon.contracts.files import Files
from faxdaemon.contracts.format import FolderAsks, Format
from faxdaemon.contracts.journal import Journal
from faxdaemon.contracts.provider import Capabilities, Provider
from faxdaemon.contracts.sink import Sink
from faxdaemon.core.places import DropPlaces, Spool
from faxdaemon.documents import open_documents
from faxdaemon.files import open_files
from faxdaemon.files.watch import Watcher
from faxdaemon.housekeeping import Housekeeping
from faxdaemon.http import Http
from faxdaemon.inbound.acknowledge import AcknowledgeStage
from faxdaemon.inbound.deliver import DeliverStage
from faxdaemon.inbound.fetch import FetchStage, InboxRules
from faxdaemon.journal import open_journal
from faxdaemon.options import Account
from faxdaemon.outbound.intake import Intake, IntakeRules
from faxdaemon.outbound.report import ReportStage
from faxdaemon.outbound.resolve import ResolveStage
from faxdaemon.outbound.route import FolderRules, RouteStage
from faxdaemon.outbound.submit import AccountRules, SubmitStage
from faxdaemon.outbound.track import TrackStage
from faxdaemon.supervise import SignalHub, Supervisor

log = structlog.get_logger()

STOP = 30.0
"""Seconds that an orderly stop may take."""
OUTBOX = "outbox"
"""The internal drop folder below the state folder, for `faxdaemon send`."""
SLOW = 900.0
"""Seconds that one step on a folder may take; a large document over a slow share is not stuck."""


class Daemon:
    """Everything, wired."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.hub = SignalHub()
        self.supervisor = Supervisor(self.hub)
        self.alert = LogAlert()
        self.clock = self.make_clock()
        self.files = self.make_files()
        self.documents = self.make_documents()
        self.spool = Spool(settings.state)
        self.files.make_dirs([self.spool.root])
        self.journal = self.make_journal()
        self.watcher = Watcher()
        self.providers = {name: self.make_provider(options) for name, options in settings.accounts.items()}
        self.folders = [*settings.outbound, self._outbox()]
        self._add_outbound()
        self._add_inbound()

    # -- parts

    def make_clock(self) -> Clock:
        """The clock."""
        return SystemClock()

    def make_files(self) -> Files:
        """The durable files of this platform."""
        return open_files()

    def make_documents(self) -> Documents:
        """The document reader."""
        return open_documents()

    def make_journal(self) -> Journal:
        """The journal, open for writing."""
        settings = self.settings
        return open_journal(
            settings.journal, state=settings.state, clock=self.clock, signals=self.hub, node=settings.node
        )

    def make_provider(self, options: Account) -> Provider:
        """One account's provider, found by its place."""
        module = plugins.load("faxdaemon.providers", options.provider)
        http = Http(timeout=options.timeout, ca=options.ca, max_connections=options.concurrency + 4, clock=self.clock)
        provider: Provider = module.open_account(options, http, self.clock)
        return provider

    def make_format(self, name: str, folder: DropFolder) -> Format:
        """One dialect as one folder speaks it."""
        asks = FolderAsks(folder.filename, folder.to)
        dialect: Format = plugins.load("faxdaemon.formats", name).open_format(asks)
        return dialect

    def make_sink(self, key: str, kind: str, options: Any) -> Sink:
        """One destination of received faxes."""
        sink: Sink = plugins.load("faxdaemon.sinks", kind).open_sink(key, options, self.files)
        return sink

    def _outbox(self) -> DropFolder:
        folder = self.settings.state / OUTBOX
        self.files.make_dirs([folder])
        return DropFolder(
            folder=folder,
            accounts=list(self.settings.accounts),
            filename="{number}_{name}",
        )

    # -- sending

    def _account_rules(self, name: str) -> AccountRules:
        options = self.settings.accounts[name]
        return AccountRules(
            name=name,
            timeout=options.timeout,
            poll=options.poll,
            settle=options.settle,
            retries=options.retries,
            resend_unknown=options.on_unknown == "resend",
        )

    def _add_outbound(self) -> None:
        journal, clock, alert = self.journal, self.clock, self.alert
        settle = max(options.settle for options in self.settings.accounts.values())
        alone = self.settings.journal == "sqlite"
        house = Housekeeping(journal=journal, accounts=journal, settle=settle, alone=alone)
        self.supervisor.add("housekeeping", house, limit=SLOW)
        for folder in self.folders:
            self._add_folder(folder)
        self.supervisor.add("route", self._route_stage(), topics=[topics.received()], limit=SLOW)
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
            resolve = ResolveStage(rules, provider=provider, journal=journal, clock=clock)
            self.supervisor.add(f"resolve:{name}", resolve, topics=[topics.uncertain(name)], limit=limit)
            track = TrackStage(rules, provider=provider, journal=journal, accounts=journal, clock=clock, alert=alert)
            self.supervisor.add(f"track:{name}", track, topics=[topics.accepted(name)], limit=limit)

    def _route_stage(self) -> RouteStage:
        rules: dict[str, FolderRules] = {}
        for folder in self.folders:
            rules[str(folder.folder)] = FolderRules(
                formats=tuple(self.make_format(name, folder) for name in folder.formats),
                accounts=tuple(folder.accounts),
                region=self.settings.region,
                options={"resolution": folder.resolution} if folder.resolution else {},
                expire=folder.expire,
            )
        capabilities: Mapping[str, Capabilities] = {
            name: provider.capabilities for name, provider in self.providers.items()
        }
        return RouteStage(rules, capabilities, self.spool, documents=self.documents, journal=self.journal)

    def _add_folder(self, folder: DropFolder) -> None:
        places = DropPlaces(folder.folder, self.settings.node)
        intake = Intake(
            IntakeRules(settle=folder.settle, scan=folder.scan),
            places,
            self.spool,
            files=self.files,
            documents=self.documents,
            journal=self.journal,
            clock=self.clock,
            alert=self.alert,
        )
        report = ReportStage(
            places,
            self.spool,
            answerer=self.make_format(folder.formats[0], folder),
            files=self.files,
            journal=self.journal,
            alert=self.alert,
        )
        worker = self.supervisor.add(f"intake:{folder.folder}", intake, limit=SLOW)

        def hint(name: str | None, complete: bool) -> None:
            intake.hint(name, complete)
            worker.wake.set()

        intake.watch = partial(self.watcher.watch, folder.folder, hint)
        self.supervisor.add(f"report:{folder.folder}", report, topics=[topics.report(str(folder.folder))], limit=SLOW)

    # -- receiving

    def _add_inbound(self) -> None:
        for inbox in self.settings.inbound:
            options = self.settings.accounts[inbox.account]
            provider = self.providers[inbox.account]
            rules = InboxRules(
                account=inbox.account, poll=inbox.poll, timeout=options.timeout, lines=self._add_lines(inbox)
            )
            fetch = FetchStage(
                rules,
                self.spool,
                provider=provider,
                files=self.files,
                documents=self.documents,
                journal=self.journal,
                accounts=self.journal,
                clock=self.clock,
                alert=self.alert,
            )
            limit = options.timeout + SLOW
            name = inbox.account
            self.supervisor.add(f"fetch:{name}", fetch, topics=[topics.seen(name)], limit=limit)
            acknowledge = AcknowledgeStage(
                name,
                options.timeout,
                when_stored=inbox.acknowledge == "stored",
                provider=provider,
                journal=self.journal,
                clock=self.clock,
                alert=self.alert,
            )
            self.supervisor.add(f"acknowledge:{name}", acknowledge, topics=[topics.delivered(name)], limit=limit)

    def _add_lines(self, inbox: InboundAccount) -> dict[str, list[str]]:
        lines: dict[str, list[str]] = {}
        for number, line in inbox.lines.items():
            keys = lines.setdefault(number, [])
            for kind, options in line.sinks.items():
                key = f"{inbox.account}:{number}:{kind}"
                sink = self.make_sink(key, kind, options)
                stage = DeliverStage(sink, self.spool, journal=self.journal, clock=self.clock, alert=self.alert)
                self.supervisor.add(f"deliver:{key}", stage, topics=[topics.deliveries(key)], limit=SLOW)
                keys.append(key)
        return lines

    # -- life

    def start(self) -> None:
        """Begin working; returns at once."""
        settle = max(options.settle for options in self.settings.accounts.values())
        interrupted = self.journal.interrupt(settle)
        log.info(
            "started",
            version=__version__,
            node=self.settings.node,
            folders=len(self.settings.outbound),
            accounts=len(self.settings.accounts),
            interrupted=interrupted,
        )
        self.supervisor.start()

    def stop(self) -> None:
        """End in order; safe after a failed start."""
        self.watcher.close()
        self.supervisor.stop(STOP)
        self.journal.close()
        for provider in self.providers.values():
            provider.close()
        log.info("stopped")

    def run(self) -> int:
        """Work until SIGTERM or SIGINT; returns the exit status."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._on_signal)
        try:
            self.start()
            return self.supervisor.watch()
        finally:
            self.stop()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.supervisor.request_stop()
