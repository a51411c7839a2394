"""Concord's JSON: the operation's name as the only key, lists as plain arrays, documents as base64.

Promise   the length is exact and memory does not grow with a document; each is open before the first byte leaves.
Needs     what `voice` needs.  Shape of requests and answers: a public client of the variant; the developer portal says
          only that the content type exists.  An answer's own key is not certain, so the single value counts.
Crash     keeps nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faxdaemon.contracts.provider import Content
from faxdaemon.http import Reply, SizedStream
from faxdaemon.providers._documents import between
from faxdaemon.providers._json import an_object
from faxdaemon.providers.concord.voice import Door, Fields, Spoken, tracked

_HEADERS = {"content-type": "application/json", "accept": "application/json"}
_MARK = "\ud800"
"""Stands for a document while the text is made: half a surrogate, which no value holds (`_plain`)."""


@dataclass(frozen=True, slots=True)
class Json:
    """See the module."""

    url: str
    door: Door

    def ask(self, operation: str, fields: Fields, *, tracking: str | None = None, fresh: bool = False) -> Spoken:
        """One exchange."""
        reply = self.door.send(self.url, tracked(_HEADERS, tracking), body({operation: fields}), fresh=fresh)
        return Spoken(reply, _read(reply))


def body(value: Mapping[str, Any]) -> SizedStream:
    """A value with documents in it, made while it leaves."""
    documents: list[Content] = []
    text = json.dumps(_plain(value, documents), ensure_ascii=False, separators=(",", ":"))
    frame = [part.encode() for part in text.split(_MARK)]
    return between(frame, documents)


def _plain(value: Any, documents: list[Content]) -> Any:
    if isinstance(value, Content):
        documents.append(value)
        return _MARK
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {name: _plain(entry, documents) for name, entry in value.items()}
    return [_plain(entry, documents) for entry in value] if isinstance(value, list) else value


def _read(reply: Reply) -> Mapping[str, Any] | None:
    values = list((an_object(reply.body) or {}).values())
    return values[0] if len(values) == 1 and isinstance(values[0], dict) else None
