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
from collections.abc import Callable
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


def _text_in(value: str | None) -> str | None:
    if value is None or (value.isascii() and "\0" not in value):
        return value
    return _ODD.sub(_hide, value)


def _text_out(value: str | None) -> str | None:
    return value if value is None or value.isascii() else _STORED.sub(_show, value)


def _json_in(value: Any) -> str | None:
    return None if value is None else _ENCODER.encode(value)


def _json_out(value: str | None) -> Any:
    return None if value is None else json.loads(value)


def _whole_in(value: int | None) -> str | None:
    return None if value is None else str(value)


def _whole_out(value: str | None) -> int | None:
    return None if value is None else int(value)


class _Converted(sa.types.TypeDecorator[Any]):
    """A type with one function each way; handed over whole, because a call more for each value is felt."""

    impl: Any = sa.Text
    cache_ok = True
    into: Callable[[Any], Any]
    out_of: Callable[[Any], Any]

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:  # noqa: ARG002 - SQLAlchemy's signature
        return type(self).into

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002 - SQLAlchemy's signature
        return type(self).out_of


class Text(_Converted):
    """Any Python string."""

    cache_ok = True
    into = staticmethod(_text_in)
    out_of = staticmethod(_text_out)


class Json(_Converted):
    """A plain value as ASCII JSON text; what JSON does not know (a date, say) is stored as its text."""

    cache_ok = True
    into = staticmethod(_json_in)
    out_of = staticmethod(_json_out)


class Whole(_Converted):
    """A whole number that may not fit into 63 bits (inode numbers and time stamps of some file systems), as text."""

    impl = sa.String(40)
    cache_ok = True
    into = staticmethod(_whole_in)
    out_of = staticmethod(_whole_out)


def byte_ordered(length: int) -> sa.types.TypeEngine[str]:
    """ASCII text that sorts by its bytes on every database, whatever its locale: fax ids sort by time."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
