"""Every dialect, with its sample, read as the daemon reads it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from support.papers import pdf_bytes

from faxdaemon import plugins
from faxdaemon.contracts.format import BadRequest, FolderAsks, Format, Looks, NotMine, Order, Page
from faxdaemon.core.numbers import to_e164
from faxdaemon.formats._about import About
from faxdaemon.outbound.attachments import same_stem
from faxdaemon.outbound.dialects import Asked, Dialects

PACKAGE = "faxdaemon.formats"
NAMES = plugins.names(PACKAGE)
ASKS = FolderAsks("{number}[_{name}][_{reference}]", None)
NUMBER = "+13035550123"


def about(name: str) -> About:
    """What a dialect tells of itself."""
    found: About = plugins.load(PACKAGE, name).ABOUT
    return found


def opened(name: str, asks: FolderAsks = ASKS) -> Format:
    """A dialect as one folder speaks it, with the settings that its sample needs."""
    asks = replace(asks, codes=tuple(about(name).folder.get("codes", asks.codes)))
    made: Format = plugins.load(PACKAGE, name).open_format(asks)
    return made


@dataclass(frozen=True)
class Sample:
    """The sample of one dialect, as files to drop."""

    format: str
    lead: str
    """The name that the drop goes by."""
    files: dict[str, bytes]
    """All of them; what carries nothing that is read comes first."""

    @property
    def asks(self) -> bytes:
        """What is read: the control file, or a document with codes in it."""
        return self.files[self.lead]

    @property
    def stem(self) -> str:
        return self.lead.rpartition(".")[0] or self.lead


def sample(name: str) -> Sample:
    """The sample of a dialect; its documents are PDFs that no other dialect's are."""
    written = about(name).files
    dialect = opened(name)
    papers = [each for each, content in written.items() if not content]
    lead = next((each for each in written if dialect.is_control(each)), None) or next(iter(written))
    order = [*papers, *(each for each in written if each not in papers)]
    files = {each: written[each].encode() if written[each] else pdf_bytes(text=f"{name}: {each}") for each in order}
    return Sample(name, lead, files)


def read(name: str, lead: str, content: bytes, asks: FolderAsks = ASKS) -> Asked | BadRequest | NotMine:
    """What a dialect alone makes of one file."""
    dialect = opened(name, asks)
    dialects = Dialects([(name, dialect)])
    if dialects.may_control(lead):
        return dialects.control(lead, content)
    text = content.decode("utf-8", "replace") if dialect.looks_at is Looks.CONTENT else ""
    return dialects.document(lead, lambda: (Page(1, text),))


def orders(name: str, content: bytes | str, lead: str = "", **asks: Any) -> list[Order]:
    """What a control file asks for, which must be something."""
    found = read(name, lead or sample(name).lead, _bytes(content), FolderAsks(**_ASKS | asks))
    assert isinstance(found, Asked), found
    return list(found.orders)


def refusal(name: str, content: bytes | str, lead: str = "", **asks: Any) -> str:
    """Why a control file cannot be followed."""
    found = read(name, lead or sample(name).lead, _bytes(content), FolderAsks(**_ASKS | asks))
    assert isinstance(found, BadRequest), found
    return found.reason


def not_mine(name: str, content: bytes | str, lead: str = "", **asks: Any) -> bool:
    """Whether it leaves a file to others."""
    return isinstance(read(name, lead or sample(name).lead, _bytes(content), FolderAsks(**_ASKS | asks)), NotMine)


def wanted(found: Asked, made: Sample) -> list[list[str]]:
    """The documents of each order, by name."""
    own = same_stem(made.lead, list(made.files))
    return [[*(own if order.documents is None else order.documents)] for order in found.orders]


def numbers(found: Asked) -> list[str]:
    """All that are asked for, in E.164."""
    return [to_e164(request.number, "US") for order in found.orders for request in order.requests]


def _bytes(content: bytes | str) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


_ASKS: dict[str, Any] = {"filename": ASKS.filename, "to": ASKS.to}


def dirty(text: str) -> dict[str, bytes]:
    """The same text as it is met in the wild."""
    unix = text.replace("\r\n", "\n")
    return {
        "as it is": unix.encode(),
        "CR LF": unix.replace("\n", "\r\n").encode(),
        "mixed ends of lines": unix.replace("\n", "\r\n", 1).encode(),
        "no last end": unix.rstrip("\n").encode(),
        "blank lines after it": f"{unix.rstrip()}\r\n\r\n\n".encode(),
        "a mark": b"\xef\xbb\xbf" + unix.encode(),
        "UTF-16": unix.encode("utf-16"),
        "UTF-16 without a mark": unix.encode("utf-16-le"),
        "a last end of DOS": unix.encode() + b"\x1a",
    }
