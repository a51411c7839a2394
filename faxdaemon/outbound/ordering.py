"""Ordering: from the files that came together to the faxes that are asked for with them.

Promise   one part for each order of a control file, in its order, always under the same ids; every file belongs to one
          part, so that nothing that was dropped is left lying.  What is missing, too much or forbidden is the part's
          problem, in words for a person.
Needs     what was understood of the control file; where named documents may lie.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from faxdaemon.contracts.files import Files
from faxdaemon.contracts.format import BadRequest, Order
from faxdaemon.core.ids import FaxId, part_id
from faxdaemon.core.model import Role
from faxdaemon.outbound.attachments import Attachments, NotAllowed, same_stem
from faxdaemon.outbound.grouping import Read

UNREAD = -1
"""The number of a part that nobody has been able to read: which orders it has is not known."""


class Missing(ValueError):
    """What a control file names is not there; the reason is for people."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One copy to make: of a file, or of a text."""

    name: str
    source: Path | bytes
    role: Role = Role.DOCUMENT
    original: str | None = None
    within: Path | None = None
    """Where the source was only named: the folder that it must not lead out of."""


@dataclass(slots=True)
class Part:
    """One drop to make."""

    fax_id: FaxId
    number: int
    pieces: list[Piece] = field(default_factory=list)
    problem: str | None = None


class Ordering:
    """Orders what is dropped in one folder."""

    def __init__(self, attachments: Attachments, *, files: Files) -> None:
        self._attachments = attachments
        self._files = files

    def parts(self, fax_id: FaxId, pieces: Sequence[Piece], read: Read | None) -> tuple[Piece, list[Part]]:
        """The piece that gives the drop its name, and one part an order."""
        if read is None:
            return pieces[0], [Part(fax_id, 0, list(pieces))]
        control = next(piece for piece in pieces if piece.source == read.path)
        others = [piece for piece in pieces if piece is not control]
        control = Piece(read.name, read.path, Role.CONTROL, control.original)
        if isinstance(read.asked, BadRequest):
            if read.asked.hold:
                return control, [Part(fax_id, UNREAD, [*others, control])]
            return control, [Part(fax_id, 0, [*others, control], f"{read.name}: {read.asked.reason}")]
        return control, self._ordered(fax_id, read.name, read.asked.orders, others, control)

    def _ordered(
        self, fax_id: FaxId, name: str, orders: Sequence[Order], others: Sequence[Piece], control: Piece
    ) -> list[Part]:
        """One part an order; a file that was dropped is moved with the first part that has it."""
        parts: list[Part] = []
        taken: set[str] = set()
        for number, order in enumerate(orders):
            part = Part(part_id(fax_id, number), number)
            try:
                pieces = self._documents(name, order, others)
            except (NotAllowed, Missing) as error:
                pieces, part.problem = [], f"{name}: {error}"
            for piece in (*pieces, control):
                again = piece.original in taken
                part.pieces.append(replace(piece, original=None) if again else piece)
            taken |= {piece.original for piece in part.pieces if piece.original}
            parts.append(part)
        left = [piece for piece in others if piece.original not in taken]
        if left:  # nobody asked for them: they are put before people with the control file that they came with
            parts[0].pieces[-1:-1] = left
            words = ", ".join(piece.name for piece in left)
            parts[0].problem = parts[0].problem or f"{name}: {words} came with it, and nothing in it tells what for"
        return parts

    def _documents(self, control: str, order: Order, others: Sequence[Piece]) -> list[Piece]:
        """The documents of one order.  Raises `NotAllowed` or `Missing`."""
        stem = control.rpartition(".")[0]
        pieces = [Piece(f"{stem}.txt", order.text.encode())] if order.text is not None else []
        here = {piece.name: piece for piece in others}
        if order.documents is None:
            own = same_stem(control, list(here))
            if not own and order.text is None:
                raise Missing(f"no document called {stem}.pdf (or of another type) came within the folder's deadline")
            if len(own) > 1:
                raise Missing(f"{' and '.join(own)} both have its name: it is not known which one to send")
            return pieces + [here[name] for name in own]
        for written in order.documents:
            place = self._attachments.place(written)
            if self._attachments.dropped(place):
                if place.name not in here:
                    raise Missing(f"the document {place.name} did not come within the folder's deadline")
                pieces.append(here[place.name])
            elif self._files.stat(place) is None:
                raise Missing(f"the document {place.name} is not where the control file says that it is")
            else:
                pieces.append(Piece(place.name, place, within=self._attachments.root(place)))
        if not pieces:
            raise Missing("it names no document and has no text: there is nothing to send")
        return pieces
