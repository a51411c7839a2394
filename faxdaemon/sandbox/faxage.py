"""FAXAGE's wire, server side: one script of operations, answers in plain text with HTTP 200 whatever happens.

Source: FAXAGE Internet Fax API documentation, revision of 28 March 2014, and what clients in use show (upper
and lower case names, TAB between fields, later operations).  Where nobody public can tell, the choice is
ours: exact words behind the success words, times in the zone that the sandbox is given, and pagecount, csid,
login, xmitpages in that order.

Promise   answers as the real one does, errors included: an unknown operation is answered with what was
          posted.
Needs     a network.  The real one refuses 555 numbers (ERR05); this one does not, its numbers are all
          fictional.  It fetches no URLs: `faxurl` is answered with ERR03.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo

from faxdaemon.sandbox import faxage_lines, faxage_receive, faxage_send
from faxdaemon.sandbox.faults import Fault
from faxdaemon.sandbox.forms import Form
from faxdaemon.sandbox.model import SandboxAccount
from faxdaemon.sandbox.network import Network
from faxdaemon.sandbox.wire import Reply, Request, text

SCRIPTS = ("httpsfax.php", "httpsfax-debug.php", "getcdr.php", "provision.php")
DATABASE = "ERR01: Database connection failed"
LOGIN = "ERR02: Login incorrect"

Operation = Callable[[Request], Reply]
FAX: Mapping[str, Operation] = {
    **faxage_send.OPERATIONS,
    **faxage_receive.OPERATIONS,
    **faxage_lines.OPERATIONS,
}


class Faxage:
    """The dialect; stateless beside the network."""

    def __init__(self, network: Network, zone: tzinfo) -> None:
        self._network = network
        self._zone = zone

    def account(self, form: Form) -> SandboxAccount | None:
        """Whose request that is; None when the credentials are wrong."""
        for account in self._network.accounts.values():
            if account.provider == "faxage" and _credentials(form) == (
                account.username,
                account.company,
                account.password,
            ):
                return account
        return None

    def answer(self, script: str, form: Form, account: SandboxAccount | None, fault: Fault | None) -> Reply:
        """Do what is asked and say so."""
        if account is None:
            return text(LOGIN)
        request = Request(self._network, account, form, self._zone, fault)
        name = form.text("operation")
        if script == "getcdr.php":
            return faxage_lines.call_records(request)
        if script == "provision.php":
            operation = faxage_lines.PROVISION.get(name)
            return operation(request) if operation else text("ERR03: Unknown operation")
        operation = FAX.get(name)
        if operation is None:
            return text(f"ERR08: Unknown operation specified or bad POST\n{form.echo()}")
        reply = operation(request)
        if script == "httpsfax-debug.php":
            return Reply(form.echo().encode() + b"\n" + reply.body)
        return reply


def _credentials(form: Form) -> tuple[str, str, str]:
    return form.text("username"), form.text("company"), form.text("password")
