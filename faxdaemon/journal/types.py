"""Column types: text from outside, JSON, whole numbers of any size, and times.

Promise   what goes in comes out again, whatever a file system, a provider or a person wrote: names that are not UTF-8,
          NUL, half surrogates (Windows), numbers beyond 63 bits.  The same on SQLite and PostgreSQL.
Needs     nothing.
Crash     keeps nothing.

Text: a byte that is not UTF-8 reaches us as U+DC80..U+DCFF (PEP 383) and is stored as U+F780..U+F7FF; whatever else no
database takes, and that private range itself, is stored as U+F77F and four hexadecimal digits.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENCODER = json.JSONEncoder(separators=(",", ":"), default=str)
_ESCAPE = "\uf77f"
_ODD = re.compile("[\x00\ud800-\udfff\uf77f-\uf7ff]")
_STORED = re.compile("\uf77f([0-9a-f]{4})|([\uf780-\uf7ff])")


def to_ms(moment: datetime) -> int:
    """An aware time as whole milliseconds since 1970, UTC."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_ms(milliseconds: int) -> datetime:
    """The reverse of `to_ms`."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _hide(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(code - 0xDC80 + 0xF780) if 0xDC80 <= code <= 0xDCFF else f"{_ESCAPE}{code:04x}"


def _show(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else chr(ord(match[2]) - 0xF780 + 0xDC80)


class Text(sa.types.TypeDecorator[str]):
    """Any Python string."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return _ODD.sub(_hide, value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None or value.isascii():
            return value
        return _STORED.sub(_show, value)


class Json(sa.types.TypeDecorator[Any]):
    """A plain value as ASCII JSON text; what JSON does not know (a date, say) is stored as its text."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else _ENCODER.encode(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else json.loads(value)


class Whole(sa.types.TypeDecorator[int]):
    """A whole number that may not fit into 63 bits (inode numbers and time stamps of some file systems), as text."""

    impl = sa.String(40)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else int(value)


def byte_ordered(length: int) -> sa.types.TypeEngine[str]:
    """ASCII text that sorts by its bytes on every database, whatever its locale: fax ids sort by time."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
