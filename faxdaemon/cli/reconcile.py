"""reconcile: the providers' lists of sent and received faxes against the journal, now.

Promise   reads the journal only.  Received faxes that it does not know are fetched by the running daemon, which is
          asked to look; where none runs, the next one looks at its start.
Needs     to read the journal; the accounts' services.
Crash     keeps nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from faxdaemon.cli.common import Config, Json, journal_of, note, print_json, say, settings_of, table
from faxdaemon.core.errors import FaxdaemonError, UserError

if TYPE_CHECKING:
    from faxdaemon.config.types import Settings
    from faxdaemon.contracts.journal import Journal
    from faxdaemon.reconcile import Report

FAILED = 1


def reconcile(
    account: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this account; without it, all of them.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=60, help="How far to look back; without it, as configured.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do not have anything fetched.")] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Compare what the providers list with the journal.

    Tells faxes that the provider sent and the journal did not, or the other way round, jobs that nobody here knows, and
    received faxes that were missed, which are fetched.  Nothing is ever sent because of it.
    Exit status 1 when anything differs.

    \b
    Examples:
      faxdaemon reconcile
      faxdaemon reconcile --account main --days 7
      faxdaemon reconcile --dry-run --json
    """
    settings = settings_of(config)
    if account is not None and account not in settings.accounts:
        raise UserError(f"there is no account “{account}”; there are: {', '.join(settings.accounts)}")
    names = [account] if account else list(settings.accounts)
    with journal_of(settings) as journal:
        reports = [_one(settings, journal, name, days or settings.reconcile.days) for name in names]
    if not dry_run:
        _have_fetched(settings, reports)
    if as_json:
        print_json([report.plain() for report in reports])
    else:
        for report in reports:
            _show(report)
    if any(report.findings for report in reports):
        raise typer.Exit(FAILED)


class _Once:
    """An account is asked when nothing speaks against it, and only once."""

    def __init__(self, account: str, journal: Journal) -> None:
        self._account = account
        self._journal = journal

    def wait(self) -> float:
        told = self._journal.quieted(self._account)
        return told.seconds if told else 0.0

    def failed(self, error: Exception, what: str) -> str:
        if isinstance(error, FaxdaemonError):
            return str(error)
        return f"an unexpected {type(error).__name__} {what}"


def _one(settings: Settings, journal: Journal, name: str, days: int) -> Report:
    from faxdaemon.clock import SystemClock  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.parts import open_account  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.reconcile import NotReconciled, Reconciliation, Rules  # noqa: PLC0415 - keeps --help quick

    options, clock = settings.accounts[name], SystemClock()
    receives = next((inbox for inbox in settings.inbound if inbox.account == name), None)
    rules = Rules(
        account=name,
        poll=options.poll,
        days=days,
        receives=receives is not None,
        inbox_poll=receives.poll if receives else options.poll,
        patience=0.0,
        enters=False,
    )
    provider = open_account(options, clock)
    try:
        run = Reconciliation(rules, provider=provider, journal=journal, asking=_Once(name, journal), clock=clock).run()
        while True:
            try:
                wait = next(run)
            except StopIteration as end:
                report: Report = end.value
                return report
            note(f"account {name}: the next question follows in {wait:.0f} s")
            time.sleep(wait)
    except NotReconciled as error:
        raise UserError(f"account {name} could not be reconciled: {error}") from None
    finally:
        provider.close()


def _have_fetched(settings: Settings, reports: list[Report]) -> None:
    from faxdaemon.web.client import ControlClient, NoDaemon  # noqa: PLC0415 - keeps --help quick

    receiving = {inbox.account for inbox in settings.inbound}
    names = [r.account for r in reports if r.account in receiving and (r.received is None or _missed(r))]
    try:
        for name in names:
            with ControlClient(settings.state) as client:
                client.look(name)
    except NoDaemon:
        note("no daemon is running; the next one looks for received faxes when it starts")


def _missed(report: Report) -> bool:
    from faxdaemon.reconciling import Kind  # noqa: PLC0415 - keeps --help quick

    return any(one.kind is Kind.RECEIVED_UNKNOWN for one in report.findings)


def _show(report: Report) -> None:
    waiting = "" if report.received is None else f", {report.received} received waiting there"
    how = "listed" if report.listed else "asked for one by one: this provider has no list"
    say(f"account {report.account}, since {report.since:%Y-%m-%d %H:%M} UTC: {report.jobs} sent ({how}){waiting}")
    if report.others:
        say(f"  {report.others} of them are not ours")
    if report.forgotten or report.unasked:
        say(f"  {report.forgotten} it no longer knows, {report.unasked} were too many to ask for")
    if not report.findings:
        say("  no difference")
        return
    rows = [
        (one.kind.value, one.fax_id or one.provider_id or "", one.number or "-", one.text) for one in report.findings
    ]
    table(("difference", "fax or job", "number", "what"), rows)
