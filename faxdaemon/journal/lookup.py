"""From what a person types to one fax.

Promise   an id, or a beginning of one that fits a single fax; anything else is a `UserError` that says why.
Needs     nothing more than the tables.
Crash     keeps nothing.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from faxdaemon.core.errors import UserError
from faxdaemon.core.ids import FAX_ID_LENGTH
from faxdaemon.journal.tables import fax, inbound

_RANGE: tuple[sa.BindParameter[str], sa.BindParameter[str]] = (sa.bindparam("first"), sa.bindparam("last"))
_OUT = sa.select(fax.c.id).where(fax.c.id.between(*_RANGE)).order_by(fax.c.id).limit(2)
_IN = sa.select(inbound.c.fax_id).where(inbound.c.fax_id.between(*_RANGE)).order_by(inbound.c.fax_id).limit(2)


def resolve(connection: Connection, text: str) -> tuple[str, str]:
    """The fax id that begins with `text`, and its direction (`out` or `in`)."""
    beginning = text.strip().lower()
    if not beginning or len(beginning) > FAX_ID_LENGTH or not (beginning.isascii() and beginning.isalnum()):
        raise UserError(f"“{text}” is not a fax id; `faxdaemon list` shows them")
    # Not LIKE: a range of a byte-ordered key uses its index on every database.  No id contains a `~`, which sorts last.
    wanted = {"first": beginning, "last": beginning + "~"}
    found = [(i, "out") for i in connection.execute(_OUT, wanted).scalars()]
    found += [(i, "in") for i in connection.execute(_IN, wanted).scalars()]
    if not found:
        raise UserError(f"there is no fax {beginning}; `faxdaemon list` shows them")
    if len(found) > 1:
        raise UserError(f"several faxes begin with {beginning}; type more of the id")
    return found[0]
