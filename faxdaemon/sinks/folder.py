"""A folder as destination: each received fax appears in it once, whole, with its sidecars as the site wants them.

Promise   nothing is ever overwritten; documents and sidecars share a stem; what appears is finished.  A folder that is
          away is offline, never "delivered".
Needs     the folder itself to exist (it may be a share); `.faxdaemon` in it is ours.
Crash     before the plan is recorded: staged again, over the same temporaries.  After it: see `_publish`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema

from faxdaemon.contracts.sink import SinkTools
from faxdaemon.core.model import InboundFax, StoredDocument
from faxdaemon.sinks import _names, _sidecar
from faxdaemon.sinks._form import OTHER, SUFFIXES, Made, document_of, make
from faxdaemon.sinks._publish import DOCUMENT, TABLE, Item, Publisher, in_order
from faxdaemon.sinks._shelf import Shelf, endings, named

Sidecar = Literal["json", "xml", "properties", "idx", "csv"]
_FORMS = get_args(Sidecar)
_LIST = WithJsonSchema({"anyOf": [{"type": "array", "items": {"enum": [*_FORMS]}}, {"enum": [*_FORMS, "none"]}]})
_ENDINGS = (*(f".{form}" for form in _sidecar.FORMS), OTHER, *SUFFIXES.values())


def _list(value: Any) -> Any:
    """`json`, `[json, csv]` and `none`."""
    return {"none": []}.get(value, [value]) if isinstance(value, str) else value


class Options(Shelf):
    """A folder that received faxes are put into."""

    as_: Literal["received", "pdf", "tiff", "pages"] = Field(default="received", alias="as")
    """`received` leaves the document as the provider gave it; `pdf` wraps a TIFF into a PDF without loss; `tiff` takes
    the fax images out of a PDF without loss, and draws pages that are none; `pages`: likewise, one TIFF for each page.
    """
    sidecar: Annotated[tuple[Sidecar, ...], BeforeValidator(_list), _LIST] = ("json",)
    """What tells of the fax: `json`, `xml`, `properties` (key=value) and `idx` (Retarus) beside it, `csv` for a row in
    the day's table; one of them, a list, or `none`.  See docs/received.md."""
    first: Literal["sidecar", "document"] = "sidecar"
    """Which appears first; readers should wait for the other one."""


def open_sink(key: str, options: Options, tools: SinkTools) -> FolderSink:
    """The sink that the configuration describes, known to the journal as `key`."""
    return FolderSink(key, options, tools)


class FolderSink:
    """See the module; `Sink` for one folder, used by one thread."""

    def __init__(self, key: str, options: Options, tools: SinkTools) -> None:
        self._key = key
        self._options = options
        self._tools = tools
        self._files = tools.files
        self._folder = options.path
        self._publisher = Publisher(options.path, tools.files, options.access, tools.zone)
        self._hidden = self._publisher.hidden
        self.publish = self._publisher.publish
        """See `Sink` (step I7)."""

    @property
    def key(self) -> str:
        """The sink's identity in the journal."""
        return self._key

    def stage(self, fax: InboundFax, document: Path) -> dict[str, Any]:
        """Write documents and sidecars as temporaries and choose their names (step I5)."""
        stored = document_of(fax)
        with self._files.scan(self._folder):
            pass  # it exists and can be read; else `FolderOffline`, for creating it would hide a missing mount
        mark = self._publisher.mark(fax.fax_id)
        made = self._make(fax, stored, document)
        documents, beside = self._items(fax, made)
        facts = self._facts(fax, made, documents)
        for item in beside:
            content = _sidecar.row(facts) if item.kind == TABLE else self._render(item, facts)
            self._files.write_new(item.source, [content])
        for item in (*documents, *beside):
            self._files.grant(item.source, self._options.access)
        self._files.sync([self._hidden])
        files = [[str(i.source), str(i.target), i.kind] for i in in_order(documents, beside, self._options.first)]
        return {"id": fax.fax_id, "mark": mark, "facts": facts, "files": files}

    def _make(self, fax: InboundFax, stored: StoredDocument, document: Path) -> Made:
        tools = self._tools
        return make(self._options.as_, stored, document, tools.files, tools.documents, lambda n: self._staged(fax, n))

    def _staged(self, fax: InboundFax, what: int | str) -> Path:
        return self._hidden / f"{fax.fax_id}-{what}"

    def _render(self, item: Item, facts: dict[str, Any]) -> bytes:
        return _sidecar.render(item.kind, facts, self._tools.zone)

    def _facts(self, fax: InboundFax, made: Made, documents: list[Item]) -> dict[str, Any]:
        files = [
            _sidecar.Delivered(item.target.name, made.media, each.size, each.sha256)
            for item, each in zip(documents, made.written, strict=True)
        ]
        return _sidecar.told(fax, files, service=self._tools.services.get(fax.account), lossless=made.lossless)

    # -- names

    def _items(self, fax: InboundFax, made: Made) -> tuple[list[Item], list[Item]]:
        """Documents and sidecars, where nobody's files lie."""
        stem, pages = self._stems(fax, made)
        stems = [stem, *pages]
        more = next(more for more in endings(fax.fax_id) if more == f"_{fax.fax_id}" or self._free(stems, more))
        documents = [
            Item(self._staged(fax, n), named(page, more, made.suffix), DOCUMENT) for n, page in enumerate(pages, 1)
        ]
        beside = [Item(self._staged(fax, form), self._beside(fax, stem, more, form), form) for form in self._forms]
        return documents, beside

    @property
    def _forms(self) -> list[str]:
        return list(dict.fromkeys(self._options.sidecar))

    def _beside(self, fax: InboundFax, stem: Path, more: str, form: str) -> Path:
        if form != TABLE:
            return named(stem, more, f".{form}")
        day = (fax.listed.received_at or fax.first_seen).astimezone(self._tools.zone)
        return self._folder / f"faxes_{day:%Y-%m-%d}.csv"

    def _stems(self, fax: InboundFax, made: Made) -> tuple[Path, list[Path]]:
        """The sidecars' and each document's, all but the suffix; the documents' all different."""
        count = len(made.written)
        stems = [self._stem(fax, number) for number in range(1, count + 1)]
        apart = len({str(stem).casefold() for stem in stems}) == count
        told = apart and any(token in self._options.name for token in _names.PER_PAGE)
        if self._options.as_ != "pages" or made.lossless is None or told:
            return stems[0], stems
        width = len(str(count))
        pages = [stems[0].with_name(f"{stems[0].name}_p{number:0{width}}") for number in range(1, count + 1)]
        return stems[0], pages

    def _stem(self, fax: InboundFax, page: int) -> Path:
        service = self._tools.services.get(fax.account)
        values = _names.values(fax, self._tools.zone, service, page)
        place = _names.place(self._options.name, values, self._options.longest)
        return self._folder.joinpath(*place.folders, place.stem)

    def _free(self, stems: list[Path], more: str) -> bool:
        return all(self._files.stat(named(stem, more, end)) is None for stem in stems for end in _ENDINGS)
