"""FAXAGE's wire, server side: one script of operations, answers in plain text with HTTP 200 whatever happens.

Source: FAXAGE Internet Fax API documentation, revision of 28 March 2014, and what clients in use show (upper
and lower case names, TAB between fields, later operations).  Where nobody public can tell, the choice is
ours: exact words behind the success words, times in the zone that the sandbox is given, and pagecount, csid,
login, xmitpages in that order.

Promise   answers as the real one does, errors included: an unknown operation is answered with what was
          posted.
Needs     a network.  The real one refuses 555 numbers (ERR05); this one does not, its numbers are all
          fictional.  It fetches no URLs: a page with the address stands for what is there.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlencode

from faxdaemon.sandbox import faxage_lines, faxage_push, faxage_receive, faxage_send
from faxdaemon.sandbox.dialect import Around, Asked, Push
from faxdaemon.sandbox.faults import Fault, Play, Role
from faxdaemon.sandbox.forms import Form, parse
from faxdaemon.sandbox.model import Job, Received, SandboxAccount
from faxdaemon.sandbox.server import Handler
from faxdaemon.sandbox.wire import PLAIN, Reply, Request, text

SCRIPTS = ("httpsfax.php", "httpsfax-debug.php", "getcdr.php", "provision.php")
DATABASE = "ERR01: Database connection failed"
LOGIN = "ERR02: Login incorrect"

Operation = Callable[[Request], Reply]
FAX: Mapping[str, Operation] = {
    **faxage_send.OPERATIONS,
    **faxage_receive.OPERATIONS,
    **faxage_lines.OPERATIONS,
}


ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "sendfax": Role.SEND,
        "status": Role.STATUS,
        "getfax": Role.FETCH,
        "dlstatus": Role.IMAGE,
        "delfax": Role.DELETE,
    }
)


@dataclass(frozen=True, slots=True)
class _Posted:
    script: str
    form: Form


class Faxage:
    """The dialect; stateless beside the network."""

    base = "/faxage"
    content_type = PLAIN

    def __init__(self, around: Around) -> None:
        self._network = around.network
        self._zone = around.zone
        self._switches = around.switches

    def asked(self, handler: Handler, body: bytearray) -> Asked | None:
        """One script and a form."""
        script = handler.path.partition("?")[0].removeprefix(f"{self.base}/")
        if script not in SCRIPTS:
            return None
        form = parse(handler.headers.get("Content-Type", ""), body)
        operation = form.text("operation") or script.removesuffix(".php")
        number = form.text("faxno") or None
        posted = _Posted(script, form)
        return Asked(self._account(form), operation, ROLES.get(operation), number, form.echo, posted)

    def _account(self, form: Form) -> SandboxAccount | None:
        for account in self._network.accounts.values():
            if account.provider == "faxage" and _credentials(form) == (
                account.username,
                account.company,
                account.password,
            ):
                return account
        return None

    def answer(self, asked: Asked, fault: Fault | None) -> Reply:
        """Do what is asked and say so."""
        if asked.account is None:
            return text(LOGIN)
        script, form = asked.request.script, asked.request.form
        request = Request(self._network, asked.account, form, self._zone, fault)
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

    def words(self, play: Play, asked: Asked) -> Reply:  # noqa: ARG002 - always the same words
        """ERR01 and ERR02."""
        return text(LOGIN if play is Play.WRONG_CREDENTIALS else DATABASE)

    def ended(self, job: Job) -> Push | None:
        """`url_notify`."""
        if job.notify is None:
            return None
        account = self._network.accounts[job.account]
        fields = faxage_send.notification(job, Request(self._network, account, Form([]), self._zone))
        return Push(job.notify, urlencode(fields).encode(), number=job.destination)

    def arrived(self, fax: Received) -> Push | None:
        """Set up in the web site: `faxage.push.<account>` = {"fax": address, "form": "form" or "json"}."""
        return faxage_push.arrived(fax, self._switches, self._zone)


def open_dialect(around: Around) -> Faxage:
    """FAXAGE."""
    return Faxage(around)


def _credentials(form: Form) -> tuple[str, str, str]:
    return form.text("username"), form.text("company"), form.text("password")
