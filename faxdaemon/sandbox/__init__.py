"""The sandbox: a simulated telephone network and the providers' real wire protocols in front of it.

    with Sandbox(seconds_per_page=0.01) as sandbox:
        sandbox.fault(Fault("accept-then-drop"))
        ...                                # use sandbox.url_of("faxage") as the account's url
        assert [e.destination for e in sandbox.sent()] == ["+13035550199"]

It is a peer for tests and for the demo, never a part of a running daemon.

    numbering   what becomes of a call is told by the number's last four digits
    network     jobs and calls; inbox, books, ledger, papers, timer help it.  No HTTP
    dialect     what a provider's wire is; one module for each provider, by its name: faxage, ...
    faults      what goes wrong, as data; gate plays it
    server      HTTP on raw sockets; callbacks, control
    box         all of it together
"""

from __future__ import annotations

from faxdaemon.sandbox.box import Sandbox, serve
from faxdaemon.sandbox.faults import Fault, Play
from faxdaemon.sandbox.ledger import read_ledger
from faxdaemon.sandbox.model import DEFAULT_ACCOUNTS, LedgerEntry, Received, SandboxAccount

__all__ = [
    "DEFAULT_ACCOUNTS",
    "Fault",
    "LedgerEntry",
    "Play",
    "Received",
    "Sandbox",
    "SandboxAccount",
    "read_ledger",
    "serve",
]
