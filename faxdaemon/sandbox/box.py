"""The sandbox: one port with a small telephone network behind it, the provider's wire in front of it, and a
control API.

Promise   `ledger` is the truth about what providers took and what became of it, whatever their answers said.
Needs     a port on `host` (0: any free one), a directory (a temporary one when none is given).
Crash     opened again on the same directory it knows its faxes; see `network`.

    /faxage/..., /opentext/..., ...                                              the providers (`url_of`)
    GET  /sandbox/ledger            every fax taken
    GET  /sandbox/state             accounts with their lines and what waits
    POST /sandbox/faults            arm a fault, e.g. {"play": "accept-then-drop", "operation": "sendfax"}
    DELETE /sandbox/faults          disarm all of them
    POST /sandbox/receive           let a fax arrive: {"to": "+13035550100", "caller": …, "csid": …, "pages": 2}
    POST /sandbox/switches          set what nobody can tell of a provider, e.g. {"opentext.message_id": false}
"""

from __future__ import annotations

import importlib
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import tzinfo
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from faxdaemon.sandbox import control
from faxdaemon.sandbox.callbacks import Callbacks
from faxdaemon.sandbox.dialect import Around, Dialect
from faxdaemon.sandbox.faults import Fault, Faults
from faxdaemon.sandbox.gate import Gate
from faxdaemon.sandbox.model import DEFAULT_ACCOUNTS, Job, LedgerEntry, Received, SandboxAccount
from faxdaemon.sandbox.network import Network
from faxdaemon.sandbox.server import Handler, Server
from faxdaemon.sandbox.wire import Reply

T = TypeVar("T")
_POLL = 0.05
ZONE = ZoneInfo("America/Denver")
"""Where FAXAGE is; its document does not say in which zone its times are."""


class Sandbox:
    """See the module.  A context manager; every method may be called from any thread."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seconds_per_page: float = 0.3,
        directory: Path | None = None,
        accounts: Sequence[SandboxAccount] | None = None,
        zone: tzinfo = ZONE,
    ) -> None:
        self.accounts = tuple(DEFAULT_ACCOUNTS if accounts is None else accounts)
        self.switches: dict[str, Any] = {}
        """What nobody public can tell of a provider; see the dialects.  May be set at any time."""
        self._address = (host, port)
        self._pace = seconds_per_page
        self._directory = directory
        self._zone = zone
        self._faults = Faults()
        self._stopped = threading.Event()
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def start(self) -> Sandbox:
        """Open the port and serve.  Raises OSError when the port is taken."""
        self._server = self._listening()
        if self._directory is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="sandbox-")
        directory = self._directory or Path(self._temporary.name if self._temporary else "")
        directory.mkdir(parents=True, exist_ok=True)
        self.network = Network(self.accounts, directory, self._pace, kept=self._directory is not None)
        self.network.on_end = self._ended
        self.network.inbox.on_arrival = self._arrived
        self._callbacks = Callbacks(self._faults)
        around = Around(self.network, self._zone, self.switches)
        providers = dict.fromkeys(account.provider for account in (*DEFAULT_ACCOUNTS, *self.accounts))
        self._dialects = {name: _dialect(name, around) for name in providers}
        self._gates = [(d.base, Gate(d, self._faults, self._stopped)) for d in self._dialects.values()]
        self._server.start()
        return self

    def stop(self) -> None:
        """Close the port and end every thread."""
        self._stopped.set()
        self.unplug()
        self._callbacks.close()
        self.network.close()
        if self._temporary:
            self._temporary.cleanup()

    def _listening(self) -> Server:
        server = Server(self._address, lambda: self._faults.early() is not None, self._route)
        self._address = (self._address[0], server.server_port)
        return server

    def unplug(self) -> None:
        """Close the port and every connection: clients are refused, while calls go on.  `plug` ends it."""
        self._server.stop()

    def plug(self) -> None:
        """Serve again on the same port."""
        self._server = self._listening()
        self._server.start()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it serves, e.g. `http://127.0.0.1:8470`."""
        host, port = self._server.server_name, self._server.server_port
        return f"http://{host}:{port}"

    @property
    def faxage_url(self) -> str:
        """The base address for a `faxage` account."""
        return self.url_of("faxage")

    def url_of(self, provider: str) -> str:
        """The base address for an account of `provider`.  Raises KeyError for one that the sandbox does not play."""
        return self.url + self._dialects[provider].base

    def ledger(self) -> list[LedgerEntry]:
        """Every fax that was taken, in the order in which they came."""
        return self.network.books.ledger()

    def sent(self) -> list[LedgerEntry]:
        """The outbound half of the ledger."""
        return [entry for entry in self.ledger() if entry.direction == "out"]

    def fault(self, fault: Fault) -> Fault:
        """Arm a fault and return it; its `played` counts."""
        return self._faults.arm(fault)

    def clear_faults(self) -> None:
        """Disarm all faults."""
        self._faults.clear()

    def inject(
        self,
        to: str,
        caller: str | None = None,
        csid: str | None = None,
        document: Path | None = None,
        pages: int = 2,
    ) -> str:
        """Let a fax from outside arrive on the line `to` (E.164) and return its id.

        Without a `document` it has `pages` pages of text.  Raises KeyError when the line is nobody's.
        """
        if self.network.inbox.owner(to) is None:
            raise KeyError(to)
        papers = self.network.papers
        image, count = papers.image([document], "fine") if document else papers.blank(caller, pages)
        return str(self.network.inbox.arrive(to, caller, csid, image, count).number)

    def inbox(self, account: str) -> list[Received]:
        """The received faxes that wait for an account (by its name), oldest first."""
        return self.network.inbox.waiting(account)

    def wait(self, predicate: Callable[[], T], timeout: float = 10.0) -> T:
        """Wait until `predicate()` is true and return its value.  Raises TimeoutError after `timeout`
        seconds."""
        deadline = time.monotonic() + timeout
        while not (value := predicate()):
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"the sandbox did not come to it within {timeout} s")
            with self.network.changed:
                self.network.changed.wait(min(left, _POLL))
        return value

    def _route(self, handler: Handler, body: bytearray) -> None:
        path = handler.path.partition("?")[0]
        gate = next((gate for base, gate in self._gates if path == base or path.startswith(f"{base}/")), None)
        if gate:
            gate.serve(handler, body)
        elif path.startswith("/sandbox/"):
            handler.reply(control.answer(self, handler.command, path.removeprefix("/sandbox/"), bytes(body)))
        else:
            handler.reply(Reply(b"no such place\n", 404))

    def _ended(self, job: Job) -> None:
        push = self._dialects[self.network.accounts[job.account].provider].ended(job)
        if push:
            self._callbacks.send(push, job.account, wait=job.notify_first)

    def _arrived(self, fax: Received) -> None:
        push = self._dialects[self.network.accounts[fax.account].provider].arrived(fax)
        if push:
            self._callbacks.send(push, fax.account)


def _dialect(provider: str, around: Around) -> Dialect:
    made: Dialect = importlib.import_module(f"faxdaemon.sandbox.{provider}").open_dialect(around)
    return made


def serve(
    host: str = "127.0.0.1",
    port: int = 8470,
    directory: Path | None = None,
    seconds_per_page: float = 3.0,
    ready: Callable[[Sandbox], object] = lambda _sandbox: None,
) -> None:
    """Run a sandbox until interrupted (Ctrl-C); `ready` is called once it serves.  Raises OSError when the
    port is taken."""
    with Sandbox(host=host, port=port, directory=directory, seconds_per_page=seconds_per_page) as sandbox:
        try:
            ready(sandbox)
            threading.Event().wait()
        except KeyboardInterrupt:
            return
