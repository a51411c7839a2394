"""The inbound half of the composition root: how the parts are put to work for receiving.

Promise   one worker for what must not wait for anything else: each inbox's listing and acknowledging, and each
          destination.  Nothing here decides anything about a fax.
Needs     the parts.
Crash     see `daemon`.
"""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from faxdaemon.config.inbound import InboundAccount, Placed, Rule
from faxdaemon.config.types import Settings
from faxdaemon.contracts import topics
from faxdaemon.core.lines import Lines, parse_hours
from faxdaemon.core.lines import Rule as CoreRule
from faxdaemon.inbound.acknowledge import AcknowledgeStage
from faxdaemon.inbound.deliver import GIVE_UP, DeliverStage
from faxdaemon.inbound.fetch import FetchStage, InboxRules
from faxdaemon.inbound.reprint import ReprintStage
from faxdaemon.inbound.telling import StrayStage
from faxdaemon.options import Destination
from faxdaemon.outgoing import SLOW, Outgoing


class Incoming(Outgoing):
    """The parts, with the workers that send and those that receive."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.inboxes: dict[str, InboxRules] = {}
        self.printers: dict[str, str] = {}
        """The queues of the destinations that print."""

    def _add_inbound(self) -> None:
        for inbox in self.settings.inbound:
            self._add_inbox(inbox)
        placed = [one for inbox in self.settings.inbound for one in inbox.placed]
        for one in placed:
            self._add_sink(one)
        strays = StrayStage([one.key for one in placed], journal=self.journal, alert=self.alert)
        self.supervisor.add("strays", strays, limit=SLOW)

    def _add_inbox(self, inbox: InboundAccount) -> None:
        name = inbox.account
        options, provider = self.settings.accounts[name], self.providers[name]
        poll = max(inbox.poll, options.push.poll) if options.push else inbox.poll
        one_at_a_time = provider.capabilities.head_of_queue_inbox
        rules = InboxRules(name, poll, options.timeout, lines_of(self.settings, inbox), one_at_a_time)
        self.inboxes[name] = rules
        fetch = FetchStage(
            rules,
            self.spool,
            provider=provider,
            files=self.files,
            documents=self.documents,
            journal=self.journal,
            accounts=self.journal,
            asking=self.asking[name],
            clock=self.clock,
            alert=self.alert,
        )
        limit = options.timeout + SLOW
        self.supervisor.add(f"fetch:{name}", fetch, topics=[topics.seen(name)], limit=limit)
        acknowledge = AcknowledgeStage(
            rules,
            when_stored=inbox.acknowledge == "stored" or (inbox.acknowledge is None and one_at_a_time),
            provider=provider,
            journal=self.journal,
            asking=self.asking[name],
            clock=self.clock,
            alert=self.alert,
        )
        self.supervisor.add(f"acknowledge:{name}", acknowledge, topics=[topics.delivered(name)], limit=limit)

    def _add_sink(self, placed: Placed) -> None:
        key = placed.key
        stage = DeliverStage(
            self.make_sink(key, placed.kind, placed.options),
            self.spool,
            journal=self.journal,
            clock=self.clock,
            alert=self.alert,
            give_up=placed.options.try_for if isinstance(placed.options, Destination) else GIVE_UP,
        )
        self.supervisor.add(f"deliver:{key}", stage, topics=[topics.deliveries(key)], limit=SLOW)
        queue, folder = (getattr(placed.options, name, None) for name in ("printer", "reprint"))
        if queue is not None:
            self.printers[key] = queue
        if folder is not None:
            self.supervisor.add(f"reprint:{key}", self._reprint(key, folder), limit=SLOW)

    def _reprint(self, key: str, folder: Path) -> ReprintStage:
        return ReprintStage(
            folder,
            key,
            self.spool,
            node=self.settings.node,
            files=self.files,
            documents=self.documents,
            journal=self.journal,
            clock=self.clock,
            alert=self.alert,
        )


def lines_of(settings: Settings, inbox: InboundAccount) -> Lines:
    """What one inbox decides for its faxes."""

    def keys(owner: str) -> tuple[str, ...]:
        return tuple(one.key for one in parts[owner].placed(inbox.account, owner))

    parts = dict(inbox.owners)
    return Lines(
        lines={number: keys(number) for number in inbox.lines},
        rules=tuple(_rule(rule, keys(rule.name)) for rule in inbox.rules),
        optional=frozenset(one.key for one in inbox.placed if not one.required),
        zone=ZoneInfo(settings.timezone),
    )


def _rule(rule: Rule, sinks: tuple[str, ...]) -> CoreRule:
    return CoreRule(
        name=rule.name,
        sinks=sinks,
        instead=rule.instead,
        lines=frozenset(rule.line),
        callers=tuple(rule.caller),
        csids=tuple(rule.csid),
        hours=tuple(map(parse_hours, rule.hours)),
        days=frozenset(rule.days),
        min_pages=rule.min_pages,
        max_pages=rule.max_pages,
    )
