"""A received fax that was acknowledged and is listed all the same, on each provider's wire."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from support.scripted import Site

from faxdaemon.contracts.journal import Filter
from faxdaemon.contracts.provider import Provider
from faxdaemon.core.lines import Lines
from faxdaemon.inbound.acknowledge import AcknowledgeStage
from faxdaemon.inbound.deliver import DeliverStage
from faxdaemon.inbound.fetch import FetchStage, InboxRules
from faxdaemon.sandbox import Sandbox
from faxdaemon.sandbox.faults import Fault, Play

PATIENCE = 30.0


class Sink:
    """Publishes at once."""

    key = "desk"

    def __init__(self) -> None:
        self.got: list[str] = []

    def stage(self, fax: Any, document: Path) -> dict[str, str]:
        return {"id": fax.fax_id}

    def publish(self, plan: Any) -> None:
        self.got.append(plan["id"])


class Desk:
    """One life of a daemon that receives."""

    def __init__(self, site: Site, provider: Provider, sink: Sink, line: str) -> None:
        self.site = site
        asking = {"provider": provider, "asking": site.asking()}
        parts: dict[str, Any] = {"journal": site.journal, "clock": site.clock, "alert": site.alerts}
        rules = InboxRules("main", 30.0, 100.0, Lines({line: [sink.key]}))
        self.stages = [
            FetchStage(
                rules,
                site.spool,
                files=site.files,
                documents=site.documents,
                accounts=site.journal,
                **asking,
                **parts,
            ),
            DeliverStage(sink, site.spool, **parts),
            AcknowledgeStage(rules, when_stored=False, **asking, **parts),
        ]

    def until(self, condition: Callable[[], object]) -> None:
        """Work, while the journal's time flies and the provider's walks."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.site.alerts.open
            for stage in (self.stages[0], *self.stages):
                stage.step()
            self.site.later(31.0)
            time.sleep(0.02)

    def state(self) -> list[str]:
        return [row.state for row in self.site.journal.find(Filter(direction="in"))]


def test_it_is_acknowledged_again_and_delivered_once_over_a_restart(
    box: Sandbox, rig: ModuleType, opened: Callable[..., Provider], tmp_path: Path
) -> None:
    site, sink = Site(tmp_path), Sink()
    fault = box.fault(Fault(Play.ITEM_AGAIN))
    box.inject(rig.LINE, caller="+13035550199", pages=1)
    first = opened(rig.options(box))
    desk = Desk(site, first, sink, rig.LINE)
    desk.until(lambda: desk.state() == ["acknowledged"])
    assert fault.played == 1
    first.close()
    assert box.inbox(rig.ACCOUNT), "it waits there all the same"

    site.restart()
    site.journal.begin()
    again = Desk(site, opened(rig.options(box)), sink, rig.LINE)
    again.until(lambda: not box.inbox(rig.ACCOUNT))
    again.until(lambda: again.state() == ["acknowledged"])
    assert len(sink.got) == 1
    site.journal.close()
