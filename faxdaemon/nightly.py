"""The daily half of the composition root: what is done once a day, and by one node.

Promise   one worker an account for the comparison with its provider's lists; one for clearing away, where anything is
          to be.  Nothing here decides about a fax.
Needs     the parts, and what each account receives.
Crash     see `daemon`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from functools import partial
from zoneinfo import ZoneInfo

from faxdaemon.config.daily import kept
from faxdaemon.config.types import Settings
from faxdaemon.contracts import topics
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.journal.retention import What
from faxdaemon.core.schedule import until_time
from faxdaemon.files.cache import FileCache
from faxdaemon.inbound.fetch import InboxRules
from faxdaemon.outgoing import SLOW, Outgoing
from faxdaemon.reconcile import ReconcileStage, Rules
from faxdaemon.retention import Ages, Clearing, Due, Policy, PruneStage

REPORTS = "reports"
"""Below the state folder: the last report of each kind."""


def add_daily(whole: Outgoing, inboxes: Mapping[str, InboxRules]) -> None:
    """Give the daily duties their workers."""
    _add_reconciling(whole, inboxes)
    _add_clearing(whole)


def duty_of(settings: Settings) -> str:
    """The duty of clearing away; each node has its own, for its own files."""
    return f"prune:{settings.node}"


def policy_of(settings: Settings) -> Policy:
    """What is kept how long."""
    site = settings.retention
    return Policy(
        Ages(**kept(site, site)),
        {str(one.folder): Ages(**kept(site, one.retention)) for one in settings.outbound},
        {number: Ages(**kept(site, own)) for number, own in site.lines.items()},
    )


def _add_clearing(whole: Outgoing) -> None:
    settings, journal, clock = whole.settings, whole.journal, whole.clock
    policy = policy_of(settings)
    if all(policy.shortest(what) is None for what in What):
        return
    due = Due(policy, journal=journal, clock=clock)
    clearing = Clearing(whole.spool, settings.node, files=whole.files, journal=journal, clock=clock, alert=whole.alert)
    until = partial(_until, clock, settings.retention.at, ZoneInfo(settings.timezone))
    stage = PruneStage(duty_of(settings), due, clearing, until, journal=journal, alert=whole.alert)
    whole.supervisor.add("prune", stage, topics=[topics.daily(duty_of(settings))], limit=SLOW)


def _add_reconciling(whole: Outgoing, inboxes: Mapping[str, InboxRules]) -> None:
    settings, clock = whole.settings, whole.clock
    at = settings.reconcile.at
    if at is None:
        return
    zone = ZoneInfo(settings.timezone)
    reports = FileCache(settings.state / REPORTS, whole.files)
    for name, options in settings.accounts.items():
        inbox = inboxes.get(name)
        rules = Rules(
            account=name,
            poll=options.poll,
            days=settings.reconcile.days,
            receives=inbox is not None,
            inbox_poll=inbox.poll if inbox else options.poll,
        )
        stage = ReconcileStage(
            rules,
            partial(_until, clock, at, zone),
            provider=whole.providers[name],
            journal=whole.journal,
            asking=whole.asking[name],
            reports=reports,
            clock=clock,
            alert=whole.alert,
        )
        whole.supervisor.add(f"reconcile:{name}", stage, limit=options.timeout + SLOW)


def _until(clock: Clock, at: time, zone: ZoneInfo) -> float:
    return until_time(clock.now(), at, zone)
