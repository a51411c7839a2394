"""Received faxes on their way to scripted sinks."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from support.papers import pdf_bytes
from support.scripted import Site, listed

from faxdaemon.contracts.journal import Filter
from faxdaemon.contracts.sink import Waiting
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import InboundFax, StoredDocument
from faxdaemon.inbound.deliver import DeliverStage


class Sink:
    """A sink that writes down what is done with it; `answers` are what `publish` gives before it gives None."""

    def __init__(self, key: str = "desk", *faults: BaseException | None) -> None:
        self.key = key
        self.acts: list[tuple[str, Any]] = []
        self.faults: deque[BaseException | None] = deque(faults)
        self.answers: deque[Waiting] = deque()

    def _act(self, name: str, argument: Any) -> None:
        fault = self.faults.popleft() if self.faults else None
        if fault is not None:
            raise fault
        self.acts.append((name, argument))

    def stage(self, fax: InboundFax, document: Path) -> Mapping[str, Any]:
        self._act("stage", document.read_bytes())
        return {"id": fax.fax_id}

    def publish(self, plan: Mapping[str, Any]) -> Waiting | None:
        self._act("publish", plan["id"])
        return self.answers.popleft() if self.answers else None

    def published(self) -> list[FaxId]:
        """Whatever was handed over, in order."""
        return [fax for name, fax in self.acts if name == "publish"]


def deliver(site: Site, sink: Any, **parts: Any) -> DeliverStage:
    """The stage of that sink."""
    journal = parts.pop("journal", site.journal)
    return DeliverStage(sink, site.spool, journal=journal, clock=site.clock, alert=site.alerts, **parts)


def stored(
    site: Site,
    provider_id: str = "in-1",
    *,
    sinks: tuple[str, ...] = ("desk",),
    optional: Collection[str] = (),
    content: bytes | None = None,
    media: str = "application/pdf",
    warning: str | None = None,
    **changes: Any,
) -> FaxId:
    """A received fax in our spool, for these sinks; `changes` are to how the provider lists it."""
    data = pdf_bytes(text=provider_id) if content is None else content
    site.later(1)
    site.journal.seen("main", [listed(provider_id, **changes)])
    (fax,) = site.journal.claim_seen("main", 1, 60.0)
    name = site.spool.name("in", fax.fax_id, 1, ".pdf")
    path = site.spool.path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = site.files.write_new(path, [data])
    document = StoredDocument(name, written.size, written.sha256, media, 1, warning)
    assert site.journal.stored(fax, document, list(sinks), optional=optional)
    return FaxId(fax.fax_id)


def state(site: Site, fax: FaxId) -> str:
    """Of the fax."""
    (row,) = [row for row in site.journal.find(Filter(direction="in")) if row.fax_id == fax]
    return str(row.state)


def deliveries(site: Site, fax: FaxId) -> dict[str, str]:
    """Of each of its sinks, the state."""
    return {each["sink"]: each["state"] for each in site.journal.life(fax).facts["deliveries"]}
