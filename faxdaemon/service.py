"""The life of the process: start, reload, stop, and telling the service manager of each.

Promise   READY is said only when journal, listeners and control socket are up and every drop folder was looked at (one
          that hangs is waited for no longer than `FIRST`).  The watchdog is fed only after a look found every worker at
          work.  A reload that cannot be used changes nothing.  One that can: every worker finishes the step in hand,
          the whole daemon is closed, and one is built of the new settings, exactly as a restart would; so nothing that
          holds for restarts has to be proved again (docs/decisions/0020).
Needs     the main thread, for the signals.
Crash     see `daemon`.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from types import FrameType
from typing import Any

import structlog

from faxdaemon import logs, reload
from faxdaemon.config.types import Settings
from faxdaemon.contracts.stage import Wake
from faxdaemon.core.errors import ConfigError, FaxdaemonError, UserError
from faxdaemon.core.numbers import masked_within
from faxdaemon.daemon import Daemon
from faxdaemon.notify import Notifier
from faxdaemon.supervise import Asked, Supervisor

log = structlog.get_logger()

FIRST = 60.0
"""Seconds that the first look into the drop folders may keep READY back: a share that hangs is one folder's trouble."""
TELL = 15.0
"""Seconds between two looks at what the service manager shows as the daemon's status."""
TELLING = 900.0
"""Seconds that one of those looks may take before its worker counts as stuck."""


class Telling:
    """A stage: what the daemon does, in words, told whenever it changes."""

    def __init__(self, status: Callable[[], Mapping[str, Any]], notify: Notifier) -> None:
        self._status = status
        self._notify = notify
        self._told = ""

    def step(self) -> Wake:
        """Look and tell."""
        words = in_words(self._status())
        if words != self._told:
            self._notify.status(words)
            self._told = words
        return TELL


def in_words(found: Mapping[str, Any]) -> str:
    """One line of the status, without a number."""
    live = [f"{count} {name}" for name, count in found["counts"].items() if count]
    words = [f"under way: {', '.join(live) or 'nothing'}"]
    words += [f"account {account} is paused: {pause['reason']}" for account, pause in found["paused"].items()]
    words += [f"alert {key}: {message}" for key, message in found["alerts"].items()]
    return masked_within("; ".join(words))


class Service:
    """One daemon after the other, until a stop is asked for."""

    def __init__(
        self,
        settings: Settings,
        *,
        load: Callable[[], Settings] | None = None,
        make: Callable[[Settings], Daemon] = Daemon,
        notify: Notifier | None = None,
    ) -> None:
        """`load` reads the configuration anew; without it nothing can be reloaded."""
        self._settings = settings
        self._load = load
        self._make = make
        self._notify = notify or Notifier()
        self._asked: SimpleQueue[Asked] = SimpleQueue()
        self._generation = 1
        self._trouble: str | None = None

    def run(self) -> int:
        """Work until SIGTERM or SIGINT; returns the exit status."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._on_stop)
            if hasattr(signal, "SIGHUP"):
                signal.signal(signal.SIGHUP, self._on_reload)
        daemon = self._begin(self._settings)
        try:
            while (asked := daemon.supervisor.watch()) is Asked.RELOAD:
                daemon = self._reload(daemon)
            log.info("stopping", asked=asked.value)
        finally:
            self._notify.stopping()
            daemon.stop()
        return daemon.supervisor.status

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._asked.put(Asked.STOP)

    def _on_reload(self, _number: int, _frame: FrameType | None) -> None:
        self._asked.put(Asked.RELOAD)

    # -- beginning

    def _begin(self, settings: Settings) -> Daemon:
        """A daemon at work; raises what keeps it from that, with everything closed."""
        daemon = self._make(settings)
        try:
            self._watch_over(daemon.supervisor)
            daemon.status.more = self._told
            daemon.control.reload = self.ask
            if self._notify.present:
                daemon.supervisor.add("tell", Telling(daemon.status, self._notify), limit=TELLING)
            daemon.start()
            hanging = daemon.looked_at(FIRST)
        except BaseException:
            daemon.stop()
            raise
        if hanging:
            log.warning("folders did not answer at the start; the others are served", workers=hanging)
        self._notify.ready(in_words(daemon.status()))
        return daemon

    def _watch_over(self, supervisor: Supervisor) -> None:
        supervisor.asked = self._asked
        supervisor.alive = self._notify.alive
        if self._notify.watchdog is not None:
            supervisor.look = min(supervisor.look, self._notify.watchdog / 3)

    # -- reloading

    def ask(self) -> dict[str, Any]:
        """For the control socket: look whether the file can be used, and reload if so.  Returns the `generation` that
        will be in force, and notes.  `UserError` when it cannot be used."""
        try:
            reread = self._read()
        except (ConfigError, UserError) as error:
            self._refused(error)
            raise UserError(f"the configuration is not applied; the old one stays in force\n{error}") from error
        self._trouble = None
        self._asked.put(Asked.RELOAD)
        return {"generation": self._generation + 1, "notes": list(reread.notes)}

    def _told(self) -> dict[str, Any]:
        return {"configuration": {"generation": self._generation, "trouble": self._trouble}}

    def _read(self) -> reload.Reread:
        if self._load is None:
            raise UserError("this daemon was given its configuration by a program; restart it instead")
        return reload.read(self._settings, self._load)

    def _refused(self, error: FaxdaemonError) -> None:
        self._trouble = str(error)
        for line in self._trouble.splitlines():
            log.error("configuration refused; the old one stays in force", problem=line)

    def _reload(self, daemon: Daemon) -> Daemon:
        """The daemon that works from now on: a new one, or the old one where the new settings are no good."""
        self._notify.reloading()
        try:
            reread = self._read()
        except (ConfigError, UserError) as error:
            self._refused(error)
            self._notify.ready(f"new configuration refused; {in_words(daemon.status())}")
            return daemon
        if not self._drained(daemon.supervisor):
            return daemon  # a stop was asked for meanwhile
        daemon.stop()
        for note in reread.notes:
            log.info("configuration applied", note=note)
        return self._built(reread.settings)

    def _drained(self, supervisor: Supervisor) -> bool:
        """Let every worker finish its step, however long that may take: an upload that was cut off would have to be
        looked up.  One that hangs beyond its limit ends the process, as always.  False when a stop is asked for."""
        supervisor.end()
        waiting: list[Asked] = []
        while supervisor.ended(supervisor.look):
            supervisor.check()
            while not self._asked.empty():
                waiting.append(self._asked.get())
            if Asked.STOP in waiting or supervisor.failed:
                self._asked.put(Asked.FAILED if supervisor.failed else Asked.STOP)
                return False
        if Asked.RELOAD in waiting:  # the file may have changed once more
            self._asked.put(Asked.RELOAD)
        return not supervisor.failed

    def _built(self, settings: Settings) -> Daemon:
        """A daemon of `settings`; of the old ones if that fails after all (an address that another program has)."""
        try:
            logs.configure(**settings.log.model_dump())
            daemon = self._begin(settings)
        except (FaxdaemonError, OSError) as error:
            self._trouble = f"the new configuration could not be started: {error}"
            log.exception("the new configuration could not be started; back to the old one")
            logs.configure(**self._settings.log.model_dump())
            return self._begin(self._settings)
        self._settings, self._trouble = settings, None
        self._generation += 1
        log.info("reloaded", generation=self._generation)
        return daemon
