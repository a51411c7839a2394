"""What was sent through a Concord account: the activity report, and the reference of each job in it.

Promise   every job of the report, once.  A reference is told only where the service shows it; so is an outcome.
Needs     the reporting service; a status method that gives `ReferenceId` (`GetRealTimeFaxStatusEx2`, `Ex3`), else jobs
          are known by their ids alone.
Crash     keeps nothing.

The report's ids may have a number for the recipient behind them (a public client of it).  Our faxes have one recipient.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from faxdaemon.contracts.audit import ListedJob, SentListing
from faxdaemon.contracts.provider import Progress
from faxdaemon.providers.concord import values
from faxdaemon.providers.concord.reports import NAMES, Reporting

AROUND = timedelta(days=1)
"""How far before and after jobs are looked for: of which zone the report's days are, is not public."""
_RECIPIENT = re.compile(r"-[0-9]{1,4}$")

Ask = Callable[[Sequence[str]], Mapping[str, Mapping[str, Any]]]
"""What the service says of each of these jobs, as far as it knows them; it may be asked for many."""


def sent(
    reporting: Reporting,
    ask: Ask,
    progress_of: Callable[[Mapping[str, Any]], Progress],
    *,
    since: datetime,
    until: datetime,
    zone: tzinfo,
) -> SentListing:
    """The jobs of some time.  Raises as `Reporting.outbound` and `ask` do."""
    table = reporting.outbound(since - AROUND, until + AROUND)
    key = reporting.names.get("id", NAMES["id"]).lower()
    reported: dict[str, Mapping[str, str]] = {}
    for row in table.rows:
        named = dict(zip(table.columns, row, strict=True))
        found = next((value for name, value in named.items() if name.lower() == key), "")
        if found:
            reported.setdefault(_RECIPIENT.sub("", found), named)
    known = ask(list(reported)) if reported else {}
    # of a job that the status service does not know (any more) nothing is said
    jobs = [
        ListedJob(
            provider_id=job,
            reference=_reference(known[job]) or _reference(reported[job]),
            progress=progress_of(known[job]),
            number=values.number(known[job].get("FaxNumber")),
            submitted_at=values.moment(known[job].get("FaxSubmitDateTime"), zone),
        )
        for job in reported
        if job in known
    ]
    return SentListing(tuple(jobs), whole=len(jobs) == len(reported))


def _reference(shown: Mapping[str, Any]) -> str | None:
    return values.said(shown.get("ReferenceId")).lower() or None
