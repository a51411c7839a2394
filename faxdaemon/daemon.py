"""The composition root: the only module that knows every part.

Promise   settings in, workers out.  Nothing here decides anything about a fax.
Needs     a loaded configuration.
Crash     the next start opens the same journal, turns what was being submitted into "uncertain" before any worker runs,
          and goes on.

What each part is made of stands in `parts`; how the parts are put to work stands here.
"""

from __future__ import annotations

import time

import structlog

from faxdaemon import __version__
from faxdaemon.alerts import notices
from faxdaemon.alerts.watch import Limits, WatchStage
from faxdaemon.config.types import DropFolder, Settings
from faxdaemon.contracts import topics
from faxdaemon.contracts.push import Kind
from faxdaemon.core.errors import UserError
from faxdaemon.core.places import DropPlaces
from faxdaemon.inbound.push import PushReceiver, PushRules
from faxdaemon.incoming import Incoming
from faxdaemon.nightly import add_daily, duty_of
from faxdaemon.options import Account, Push
from faxdaemon.outgoing import SLOW
from faxdaemon.web import outbox
from faxdaemon.web.control import Control, ControlServer
from faxdaemon.web.listen import WebServer
from faxdaemon.web.outbox import Outbox
from faxdaemon.web.push import Place, Pushes, build
from faxdaemon.web.reprint import Reprint
from faxdaemon.web.status import Status

log = structlog.get_logger()

STOP = 25.0
"""Seconds that the workers get to finish what is in hand.  What takes longer is looked up at the next start."""


class Daemon(Incoming):
    """Everything, wired."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        try:
            self._add_outbound([*settings.outbound, self._outbox()])
            self._add_inbound()
            add_daily(self, self.inboxes)
            self._add_alerts()
            self.control = self._control()
            self.web = self._web()
        except BaseException:
            self.close()
            raise

    def _add_alerts(self) -> None:
        """Last: it watches all the others, and itself."""
        options, workers = self.settings.alerts, self.supervisor.workers
        for tell in self.make_tellers():
            self.supervisor.add(f"tell:{tell.name}", tell, topics=[topics.alerts()], limit=SLOW)
        self._add_notices()
        watch = WatchStage(
            Limits(options.waiting, options.scan, options.disk * 2**20, alone=self.settings.journal == "sqlite"),
            self.settings.state,
            alerts=self.alert,
            journal=self.journal,
            files=self.files,
            clock=self.clock,
            busy=lambda: [(worker.name, worker.busy) for worker in workers],
        )
        self.supervisor.add("watch", watch, topics=[topics.alerts()], limit=SLOW)

    def _add_notices(self) -> None:
        folders = {str(one.folder): one.notices for one in self.settings.outbound if one.notices is not None}
        if not folders:
            self.alert.marks.pop(notices.MARK, None)  # once it is wanted again, what was meanwhile is no news
            return
        stage = notices.NoticeStage(
            folders,
            self.settings.state / notices.MARK,
            self.spool,
            mailer=self.make_mailer(),
            alerts=self.alert,
            journal=self.journal,
            documents=self.documents,
            files=self.files,
            clock=self.clock,
        )
        self.supervisor.add("notices", stage, limit=SLOW)

    def _outbox(self) -> DropFolder:
        folder = self.settings.state / outbox.FOLDER
        self.files.make_dirs([folder])
        return DropFolder(folder=folder, accounts=list(self.settings.accounts), filename=outbox.PATTERN)

    def _control(self) -> ControlServer:
        """What a person's commands talk to."""
        settings = self.settings
        box = Outbox(
            DropPlaces(settings.state / outbox.FOLDER, settings.node),
            files=self.files,
            region=settings.region,
            entropy=self.clock.entropy,
        )
        box.prepare()
        self.status = Status(
            node=settings.node,
            accounts=settings.accounts,
            journal=self.journal,
            alerts=self.alert.open_alerts,
            started=self.clock.now(),
        )
        control = Control(
            self.journal,
            self.status,
            box.drop,
            box.folder,
            reprint=Reprint(self.journal, self.printers, self._keeps),
            look=self._look,
            prune=self._prune,
        )
        return ControlServer(control, settings.state)

    def _keeps(self, place: str) -> bool:
        return self.files.stat(self.spool.path(place)) is not None

    def _prune(self) -> None:
        self.journal.hasten(duty_of(self.settings))

    def _look(self, account: str) -> None:
        inbox = self.inboxes.get(account)
        if inbox is None:
            raise UserError(f"account {account} receives nothing here")
        self.journal.inbox_hinted(account, inbox.poll, 0.0)

    def _web(self) -> WebServer | None:
        """What providers push to; None where nothing is to be served."""
        settings = self.settings
        pushed = [(name, options, options.push) for name, options in settings.accounts.items() if options.push]
        if settings.web.listen is None or not pushed:
            return None
        places = {name: self._push_place(name, options, push) for name, options, push in pushed}
        return WebServer(build(Pushes(places, settings.web.largest * 2**20)), settings.web.listen)

    def _push_place(self, name: str, options: Account, push: Push) -> Place:
        inbox = self.inboxes.get(name)
        capabilities = self.providers[name].capabilities
        receiver = PushReceiver(
            PushRules(name, capabilities.reference_length, gap=options.poll, inbox=inbox),
            self.spool,
            understand=self.make_understanding(options),
            files=self.files,
            documents=self.documents,
            journal=self.journal,
            clock=self.clock,
            alert=self.alert,
        )
        login = None if push.password is None else f"{push.username}:{push.password.get_secret_value()}"
        kinds = frozenset(Kind) if inbox else frozenset({Kind.STATUS})
        return Place(push.secret.get_secret_value(), login, receiver, kinds)

    # -- life

    def start(self) -> None:
        """Begin working; returns at once."""
        settle = max(options.settle for options in self.settings.accounts.values())
        interrupted = self.journal.interrupt(settle)
        self.journal.begin()
        for name in self.settings.accounts:  # the credentials may have been put right: that is what people restart for
            self.journal.probe(name)
        log.info(
            "started",
            version=__version__,
            node=self.settings.node,
            folders=len(self.settings.outbound),
            accounts=len(self.settings.accounts),
            interrupted=interrupted,
        )
        for note in self.settings.notes:
            log.warning("configuration", note=note)
        if self.web is not None:
            self.web.start()
        self.control.start()  # before the workers: where another daemon listens, nothing may begin
        self.supervisor.start()

    def looked_at(self, within: float) -> list[str]:
        """Wait until every drop folder was looked at once; the workers that did not come back `within` seconds."""
        deadline = time.monotonic() + within
        workers = [worker for worker in self.supervisor.workers if worker.name.startswith("intake:")]
        return [w.name for w in workers if not w.stepped.wait(max(0.0, deadline - time.monotonic()))]

    def stop(self) -> None:
        """End in order, within `STOP` seconds; safe after a failed start."""
        deadline = time.monotonic() + STOP
        self.supervisor.end()  # first: whoever has to finish something begins with that now
        if self.web is not None:
            self.web.stop()
        self.control.stop()
        if self.supervisor.failed:
            kind = type(self.supervisor.failed[1]).__name__
            self.alert.raise_("journal", f"the journal failed ({kind}) and the daemon stopped; the log tells more")
        self.supervisor.stop(max(0.0, deadline - time.monotonic()))
        self.close()
        log.info("stopped")
