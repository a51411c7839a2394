"""The parts: each adapter is made here, and only here.

Promise   one method a part, so that a test that needs another one (a provider that counts calls, say) overrides it.
Needs     a loaded configuration.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from faxdaemon import logs, plugins
from faxdaemon.alerts import Alerts
from faxdaemon.alerts.channels import open_channels
from faxdaemon.alerts.telling import TellStage
from faxdaemon.clock import SystemClock
from faxdaemon.config.safety import effective
from faxdaemon.config.types import DropFolder, Settings
from faxdaemon.contracts.cache import Cache
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.documents import Documents
from faxdaemon.contracts.files import Files
from faxdaemon.contracts.format import FolderAsks, Format
from faxdaemon.contracts.journal import Journal
from faxdaemon.contracts.provider import Provider
from faxdaemon.contracts.push import NotUnderstood, Push, Understood
from faxdaemon.contracts.sink import Sink, SinkTools
from faxdaemon.core.errors import JournalBusy, JournalError, UserError
from faxdaemon.core.naming import safe_name
from faxdaemon.core.numbers import Kind
from faxdaemon.core.places import Spool
from faxdaemon.documents import open_documents
from faxdaemon.files import open_files
from faxdaemon.files.cache import FileCache
from faxdaemon.files.watch import Watcher
from faxdaemon.formats._answers import ANSWERS
from faxdaemon.http import Http
from faxdaemon.journal import open_journal
from faxdaemon.mailing import Mailer
from faxdaemon.options import Account
from faxdaemon.outbound.caution import Care
from faxdaemon.outbound.choose import FolderRules
from faxdaemon.outbound.dialects import Dialects
from faxdaemon.outbound.keep import asked
from faxdaemon.supervise import SignalHub

SINKS = "sinks"
"""Below the state folder: what destinations stage that is not staged in the destination itself."""
ALERTS = "alerts"
"""Below the state folder: what is wrong, and who was told."""
CACHE = "cache"
"""Below the state folder: what providers fetched and could fetch again."""


class Parts:
    """Everything that the stages are given."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.hub = SignalHub()
        self.clock = self.make_clock()
        self.files = self.make_files()
        self.alert = Alerts(settings.state / ALERTS, files=self.files, clock=self.clock, signals=self.hub)
        self.documents = self.make_documents()
        self.spool = Spool(settings.state)
        self.files.make_dirs([self.spool.root])
        self.cache = FileCache(settings.state / CACHE, self.files)
        self.providers = {name: self.make_provider(options) for name, options in settings.accounts.items()}
        try:
            self.journal = self.make_journal()
        except JournalBusy:
            raise  # another daemon works, and what is remembered of alerts is its own
        except JournalError as error:
            self._last_words(error)
            raise
        self.watcher = Watcher()

    def _last_words(self, error: JournalError) -> None:
        """Without a journal nothing works, but people can be told, once."""
        self.alert.raise_("journal", f"the journal cannot be opened, so that nothing works: {error}")
        for tell in self.make_tellers():
            tell.step()
        self.alert.save()

    def make_tellers(self) -> list[TellStage]:
        """One for each channel of alerts."""
        options, node = self.settings.alerts, self.settings.node
        mailer = self.make_mailer() if self.settings.mail else None
        channels = open_channels(options, mailer, self.clock)
        return [TellStage(one, self.alert, node=node, remind=options.remind, clock=self.clock) for one in channels]

    def close(self) -> None:
        """Give up what is open; nothing here is used any more."""
        self.watcher.close()
        self.alert.save()
        self.journal.close()
        for provider in self.providers.values():
            provider.close()

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
            settings.journal,
            state=settings.state,
            clock=self.clock,
            signals=self.hub,
            node=settings.node,
            telling=logs.together,
        )

    def make_provider(self, options: Account) -> Provider:
        """One account's provider, found by its place."""
        return open_account(options, self.clock, self.cache)

    def make_understanding(self, options: Account) -> Callable[[Push], Understood | NotUnderstood]:
        """How one account's pushes are understood.  `UserError` for a provider that pushes nothing."""
        module = plugins.load("faxdaemon.providers", options.provider)
        if not hasattr(module, "understand"):
            raise UserError(f"accounts: {options.provider} pushes nothing that we understand; leave `push` out")
        return partial(module.understand, options)

    def make_dialects(self, folder: DropFolder) -> Dialects:
        """All dialects of one folder, in its order."""
        return dialects_of(self.settings, folder)

    def make_rules(self, folder: DropFolder) -> FolderRules:
        """What one folder decides for its faxes."""
        return rules_of(self.settings, folder)

    def make_sink(self, key: str, kind: str, options: Any) -> Sink:
        """One destination of received faxes."""
        module, tools = plugins.load("faxdaemon.sinks", kind), self.sink_tools(key)
        sink: Sink
        if hasattr(module, "open_with_mail"):
            sink = module.open_with_mail(key, options, tools, self.make_mailer())
        else:
            sink = module.open_sink(key, options, tools)
        return sink

    def make_mailer(self) -> Mailer:
        """What sends mail.  `UserError` where no server is configured."""
        if self.settings.mail is None:
            raise UserError("there is no mail server; set mail: {host: ..., from: ...} in the configuration")
        return Mailer(self.settings.mail)

    def sink_tools(self, key: str) -> SinkTools:
        """What that destination is given."""
        work = self.settings.state / SINKS / safe_name(key)
        zone = ZoneInfo(self.settings.timezone)
        services = {name: options.provider for name, options in self.settings.accounts.items()}
        return SinkTools(self.files, self.documents, self.clock, work, zone, services)


def format_of(settings: Settings, name: str, folder: DropFolder) -> Format:
    """One dialect as one folder speaks it."""
    to = folder.to or folder.options.get("address")
    asks = FolderAsks(folder.filename, to, settings.timezone, settings.region, folder.encoding, tuple(folder.codes))
    dialect: Format = plugins.load("faxdaemon.formats", name).open_format(asks)
    return dialect


def dialects_of(settings: Settings, folder: DropFolder) -> Dialects:
    """All dialects of one folder, in its order."""
    formats = [(name, format_of(settings, name, folder)) for name in folder.formats]
    return Dialects(formats, [ANSWERS[form] for form in folder.answer])


def rules_of(settings: Settings, folder: DropFolder) -> FolderRules:
    """What one folder decides for its faxes."""
    safety = effective(settings.safety, folder.safety)
    return FolderRules(
        dialects=dialects_of(settings, folder),
        accounts=tuple(folder.accounts),
        region=settings.region,
        options=folder.wishes,
        expire=folder.expire,
        zone=ZoneInfo(settings.timezone),
        keep=asked(folder.keep, folder.keep_as),
        covers=settings.templates,
        care=Care(
            refuse=frozenset(map(Kind, safety.refuse)),
            deny=tuple(safety.deny),
            allow=tuple(safety.allow),
            agree=safety.disagreement == "hold",
            first_time=safety.first_time == "hold",
            lookalike=safety.lookalike,
            per_hour=safety.per_hour,
            test_number=safety.test_number,
        ),
    )


def open_account(options: Account, clock: Clock, cache: Cache | None = None) -> Provider:
    """The provider of one account, on an HTTP client of its own."""
    module = plugins.load("faxdaemon.providers", options.provider)
    http = Http(timeout=options.timeout, ca=options.ca, max_connections=options.concurrency + 4, clock=clock)
    provider: Provider
    if cache is not None and hasattr(module, "open_with_cache"):
        provider = module.open_with_cache(options, http, clock, cache)
    else:
        provider = module.open_account(options, http, clock)
    return provider
