"""A site whose account `main` is at the sandbox: the real stages, the real wire, and time that passes when told to.

`provider` is opened anew by `restart`, as a new process would.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.clock import FakeClock
from support.papers import pdf_bytes
from support.scripted import Site, rules

from faxdaemon.contracts.journal import Filter
from faxdaemon.contracts.provider import Provider
from faxdaemon.core.lines import OTHER, Lines
from faxdaemon.http import Http
from faxdaemon.inbound.acknowledge import AcknowledgeStage
from faxdaemon.inbound.deliver import DeliverStage
from faxdaemon.inbound.fetch import FetchStage, InboxRules
from faxdaemon.options import Account
from faxdaemon.outbound.resolve import ResolveStage
from faxdaemon.outbound.submit import SubmitStage
from faxdaemon.outbound.track import TrackStage
from faxdaemon.sandbox import Sandbox
from faxdaemon.sinks.folder import Options as FolderOptions
from faxdaemon.sinks.folder import open_sink

ENDS = {"sent", "failed", "held", "refused"}
Open = Callable[[Account, Http, FakeClock], Provider]


class Office:
    """One site, one account, one line."""

    def __init__(self, place: Path, box: Sandbox, options: Account, opened: Open) -> None:
        self.box = box
        self.site = Site(place)
        self.site.clock = FakeClock(datetime.now(UTC))  # the provider's own clock is the machine's
        self.site.journal.close()
        self.site.restart = lambda: None  # type: ignore[method-assign] # see `restart` here
        self.site.journal = self.site._open()
        self.desk = place / "desk"
        self.desk.mkdir()
        self._options, self._opened = options, opened
        self._open()

    def _open(self) -> None:
        http = Http(timeout=20, clock=self.site.clock, silence=1)
        self.provider = self._opened(self._options, http, self.site.clock)

    def restart(self) -> None:
        """The process died, and a new one begins."""
        self.provider.close()
        self.site.journal.close()
        self.site.journal = self.site._open()
        self.site.journal.interrupt(60.0)
        self._open()

    def close(self) -> None:
        self.provider.close()
        self.site.journal.close()

    def drop(self, number: str = "+13035550123") -> str:
        """A fax that may be submitted."""
        return self.site.ready(numbers=(number,), content=pdf_bytes())

    # -- time passes

    def send(self, after: float = 61.0) -> None:
        """Resolve, submit, and ask for what is due."""
        self.site.later(after)
        parts: dict[str, Any] = {"provider": self.provider, "journal": self.site.journal, "clock": self.site.clock}
        more = {"accounts": self.site.journal, "alert": self.site.alerts}
        asking = self.site.asking()
        ResolveStage(rules(), asking=asking, alert=self.site.alerts, **parts).step()
        SubmitStage(rules(), self.site.spool, files=self.site.files, **more, **parts).step()
        TrackStage(rules(), asking=asking, **more, **parts).step()

    def until_over(self, fax: str, steps: int = 40) -> str:
        """Let time pass until the fax has an end or waits for a person; its state."""
        for _ in range(steps):
            if self.site.state_of(fax) in ENDS:
                break
            self.send()
            self.box.wait(self._calls_are_over)
        return self.site.state_of(fax)

    def _calls_are_over(self) -> bool:
        return all(entry.result is not None or entry.destination.endswith("0118") for entry in self.box.sent())

    def receive(self, after: float = 61.0, *, acknowledge: bool = True) -> None:
        """List, download, deliver, acknowledge what is due."""
        self.site.later(after)
        site = self.site
        parts: dict[str, Any] = {"journal": site.journal, "clock": site.clock, "alert": site.alerts}
        sink = open_sink("desk", FolderOptions(path=self.desk), site.sink_tools())
        single = self.provider.capabilities.head_of_queue_inbox
        inbox = InboxRules("main", poll=30.0, timeout=20.0, lines=Lines({OTHER: ["desk"]}), one_at_a_time=single)
        asking = site.asking()
        more = {"files": site.files, "documents": site.documents, "accounts": site.journal}
        fetch = FetchStage(inbox, site.spool, provider=self.provider, asking=asking, **more, **parts)
        for _ in range(3):
            fetch.step()
        DeliverStage(sink, site.spool, **parts).step()
        if acknowledge:
            told = {"provider": self.provider, "asking": asking}
            AcknowledgeStage(inbox, when_stored=False, **told, **parts).step()

    # -- looking

    def received(self) -> list[bytes]:
        """The documents in the line's folder."""
        return [path.read_bytes() for path in sorted(self.desk.iterdir()) if path.suffix in {".pdf", ".tif"}]

    def inbound(self) -> list[str]:
        """The states of the received faxes."""
        return sorted(row.state for row in self.site.journal.find(Filter(direction="in")))
