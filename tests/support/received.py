"""Received faxes in a site's spool, and the stage that delivers them."""

from __future__ import annotations

from typing import Any

from support.papers import pdf_bytes
from support.scripted import Site, listed

from faxdaemon.contracts.journal import Filter
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import StoredDocument
from faxdaemon.inbound.deliver import DeliverStage


def deliver(site: Site, sink: Any, **parts: Any) -> DeliverStage:
    """The stage for one sink."""
    journal = parts.pop("journal", site.journal)
    return DeliverStage(sink, site.spool, journal=journal, clock=site.clock, alert=site.alerts)


def stored(
    site: Site,
    provider_id: str = "in-1",
    *,
    sinks: tuple[str, ...] = ("desk",),
    content: bytes | None = None,
    media: str = "application/pdf",
    warning: str | None = None,
    **changes: Any,
) -> FaxId:
    """A received fax in our spool, for these sinks."""
    data = pdf_bytes(text=provider_id) if content is None else content
    site.later(1)
    site.journal.seen("main", [listed(provider_id, **changes)])
    (fax,) = site.journal.claim_seen("main", 1, 60.0)
    name = site.spool.name("in", fax.fax_id, 1, ".pdf")
    path = site.spool.path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = site.files.write_new(path, [data])
    document = StoredDocument(name, written.size, written.sha256, media, 1, warning)
    assert site.journal.stored(fax, document, list(sinks))
    return FaxId(fax.fax_id)


def state(site: Site, fax: FaxId) -> str:
    """The state of a received fax."""
    (row,) = [row for row in site.journal.find(Filter(direction="in")) if row.fax_id == fax]
    return str(row.state)


def deliveries(site: Site, fax: FaxId) -> dict[str, str]:
    """The state of each of its deliveries."""
    return {each["sink"]: each["state"] for each in site.journal.life(fax).facts["deliveries"]}
