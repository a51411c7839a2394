"""The daily half of the composition root: what is done once a day, and by one node.

Promise   one worker an account for the comparison with its provider's lists.  Nothing here decides about a fax.
Needs     the parts, and what each account receives.
Crash     see `daemon`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from functools import partial
from zoneinfo import ZoneInfo

from faxdaemon.contracts.clock import Clock
from faxdaemon.core.schedule import until_time
from faxdaemon.files.cache import FileCache
from faxdaemon.inbound.fetch import InboxRules
from faxdaemon.outgoing import SLOW, Outgoing
from faxdaemon.reconcile import ReconcileStage, Rules

REPORTS = "reports"
"""Below the state folder: the last report of each kind."""


def add_daily(whole: Outgoing, inboxes: Mapping[str, InboxRules]) -> None:
    """Give the daily duties their workers."""
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
