"""Forms that others post to us: the parameters of an address, `application/x-www-form-urlencoded`, and
`multipart/form-data` with files.

Promise   what comes is either read whole or `BadForm`; no message quotes it.
Needs     python-multipart.  The body in memory; the web server limits it.
Crash     keeps nothing; no file is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

MOST = 500
"""Fields, at most."""


class BadForm(ValueError):
    """It is no form that we read; the reason is for people and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Form:
    """The values by their names as written, and what came as files."""

    fields: Mapping[str, str]
    files: tuple[bytes, ...] = ()


def media_of(headers: Mapping[str, str]) -> str:
    """The media type, lower case, without parameters; empty when there is none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def form_of(headers: Mapping[str, str], body: bytes) -> Form:
    """A posted form of either kind; a body without a type counts as urlencoded.  Raises `BadForm`."""
    if media_of(headers) == "multipart/form-data":
        return _multipart(headers["content-type"], body)
    return Form(urlencoded(body))


def urlencoded(body: bytes) -> dict[str, str]:
    """The values of an urlencoded text.  Raises `BadForm`."""
    try:
        return dict(parse_qsl(text_of(body), keep_blank_values=True, max_num_fields=MOST))
    except ValueError:
        raise BadForm(f"it has more than {MOST} fields") from None


def text_of(value: bytes) -> str:
    """UTF-8, or else what old programs of the Western world write."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")


class _Parts:
    """What the parser tells its events to."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.files: list[bytes] = []
        self._name = bytearray()
        self._value = bytearray()
        self._about: dict[bytes, bytes] = {}
        self._data = bytearray()
        self._ended = False
        self._count = 0

    def begin(self) -> None:
        self._count += 1
        if self._count > MOST:
            raise BadForm(f"it has more than {MOST} fields")
        self._about, self._data = {}, bytearray()

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header(self) -> None:
        self._about[bytes(self._name).lower()] = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()

    def data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]

    def end(self) -> None:
        _, about = parse_options_header(self._about.get(b"content-disposition", b""))
        kind = self._about.get(b"content-type", b"text/plain").partition(b";")[0].strip().lower()
        if b"filename" in about or not kind.startswith(b"text/"):
            self.files.append(bytes(self._data))
        else:
            self.fields[text_of(about.get(b"name", b""))] = text_of(bytes(self._data))

    def over(self) -> None:
        self._ended = True

    @property
    def whole(self) -> bool:
        return self._ended


def _multipart(content_type: str, body: bytes) -> Form:
    _, about = parse_options_header(content_type)
    boundary = about.get(b"boundary")
    if not boundary:
        raise BadForm("its content type names no boundary")
    parts = _Parts()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": parts.begin,
                "on_header_field": parts.header_name,
                "on_header_value": parts.header_value,
                "on_header_end": parts.header,
                "on_part_data": parts.data,
                "on_part_end": parts.end,
                "on_end": parts.over,
            },
        )
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise BadForm("it is no multipart form") from None
    if not parts.whole:
        raise BadForm("it is cut off")
    return Form(parts.fields, tuple(parts.files))
