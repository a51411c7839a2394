"""What the sinks that hand a fax to somebody (mail, a command) are given: the document, and words made of its fields.

Promise   the document is the very one that was received, or a PDF made of it without loss; one that has changed in the
          spool is not handed over.  A text that `check_text` finds nothing wrong with never fails.
Needs     the sink's tools.
Crash     keeps nothing; what is staged is written over the next time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from faxdaemon.contracts.files import Written
from faxdaemon.contracts.sink import SinkTools
from faxdaemon.core.model import InboundFax
from faxdaemon.core.naming import check_template, expand
from faxdaemon.core.templates import At
from faxdaemon.core.text import printable
from faxdaemon.sinks import _names, _sidecar
from faxdaemon.sinks._form import OTHER, PDF, SUFFIXES, content_of, document_of

log = structlog.get_logger()

Values = Mapping[str, str | int | datetime | None]
_NEUTRAL = str.maketrans("/\\", "--")


@dataclass(frozen=True, slots=True)
class Handed:
    """A document as it is handed over."""

    content: bytes
    media: str
    suffix: str


def handed(tools: SinkTools, fax: InboundFax, source: Path, form: str) -> Handed:
    """The document at `source` in the wanted form (`pdf`, `received`).  Raises `FilesError`."""
    stored = document_of(fax)
    content = content_of(stored, source, tools.files)
    if form == "pdf" and stored.media != PDF:
        made = tools.documents.as_pdf(content, stored.media)
        if made is not None:
            return Handed(made, PDF, SUFFIXES[PDF])
        log.warning("fax cannot be made a PDF and is handed over as received", document=stored.spool)
    return Handed(content, stored.media, SUFFIXES.get(stored.media, OTHER))


def tidy(tools: SinkTools, staged: Sequence[Path]) -> None:
    """Remove for good what was staged in the work folder.  The first of them tells a repetition that the other side has
    the fax."""
    tools.files.remove(staged)
    tools.files.sync([tools.work])


def check_text(template: str, more: Collection[str] = ()) -> list[str]:
    """What is wrong with a template for a text, one sentence each; `more` fields may stand in it."""
    # A text may hold what separates folders; all else is as in a name, and stands at the same place.
    return check_template(template.translate(_NEUTRAL), {*_names.FIELDS, *more})


def text_of(template: str, values: Values) -> str:
    """The template filled in; what the caller's station wrote cannot begin a line."""
    return expand(template, {name: printable(one) if isinstance(one, str) else one for name, one in values.items()})


def values_of(tools: SinkTools, fax: InboundFax) -> Values:
    """What the fields stand for."""
    known = _names.values(fax, tools.zone, tools.services.get(fax.account))
    return {name: one for name, one in known.items() if name in _names.FIELDS and not isinstance(one, At)}


def sidecar_of(tools: SinkTools, fax: InboundFax, made: Handed, name: str, written: Written) -> bytes:
    """What is told of a fax whose document was handed over under that name."""
    file = _sidecar.Delivered(name, made.media, written.size, written.sha256)
    converted = True if fax.document and fax.document.media != made.media else None
    facts = _sidecar.told(fax, [file], service=tools.services.get(fax.account), lossless=converted)
    return _sidecar.render("json", facts, tools.zone)


def kept(values: Values) -> dict[str, Any]:
    """The values as JSON can hold them."""
    return {name: {"time": one.isoformat()} if isinstance(one, datetime) else one for name, one in values.items()}


def given(values: Mapping[str, Any]) -> Values:
    """What `kept` kept."""
    return {name: datetime.fromisoformat(one["time"]) if isinstance(one, dict) else one for name, one in values.items()}
