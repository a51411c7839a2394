"""Concord's inbound web service: list, get, remove.

Promise   a document is handed on only out of a whole answer about the very item; nothing leaves the service before
          `remove`.  An item that gives no document counts as gone only if the list does not have it (any more).
Needs     an address, a namespace and names (`NAMES`), all of them guesses in the manner of the outbound service:
          public are the three methods, that they take the credentials each time, that the list gives item ids, and
          that nothing is removed by being fetched (getting-started guide).  Answers are matched by local name.
Crash     the particulars of listed items are kept in memory only, and are read again.

The list has ids and no particulars, but the line that a fax came in on decides where it goes.  So each new item is got
twice: once when it is first listed, its document dropped on the way, and once when it is fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from types import MappingProxyType

import structlog

from faxdaemon.core.errors import ItemGone, ProviderTrouble
from faxdaemon.core.model import Listed
from faxdaemon.http import Reply
from faxdaemon.providers._envelope import Part, body_of, envelope
from faxdaemon.providers.concord import values
from faxdaemon.providers.concord.errors import Kind
from faxdaemon.providers.concord.talk import Talk, heard
from faxdaemon.providers.concord.voice import Door, Spoken
from faxdaemon.xmlsafe import BadXml, Node, Reader, parse

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "list": "GetInboundList",
        "get": "GetInboundByID",
        "remove": "RemoveInboundByID",
        "user": "UserID",
        "pin": "strPIN",
        "request": "Request",
        "line": "FaxNumber",
        "start": "StartDateTime",
        "end": "EndDateTime",
        "most": "MaxItems",
        "ids": "InboundItemIds",
        "item": "item",
        "item_id": "ItemId",
        "items": "InboundItems",
        "called": "CalledNumber",
        "caller": "CallerNumber",
        "received": "FaxReceiveDateTime",
        "pages": "FaxPages",
        "csid": "FaxSenderCSID",
        "duration": "FaxDuration",
        "resolution": "FaxResolution",
        "speed": "FaxSpeed",
        "partial": "FaxPartialFlag",
        "document": "FileData",
        "error": "Error",
        "message": "FaxMessageId",
    }
)
LARGEST = 384 * 1024 * 1024
"""The longest answer with a document, in bytes."""
MEMORY = 10_000
"""Pushed faxes remembered for removing."""
PARTICULARS = 50
"""New items looked into at one listing; the rest is listed the next time."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Inbox:
    """See the module."""

    url: str
    namespace: str
    names: Mapping[str, str]
    most: int
    media: str
    door: Door
    talk: Talk
    zone: tzinfo
    by_message: bool = False
    """Whether faxes are named by `FaxMessageId`, as pushes name them, and not by the item's id."""
    _seen: dict[str, Listed] = field(default_factory=dict)
    """Particulars of what is listed; read twice at worst when two threads list at once."""
    _done: dict[str, None] = field(default_factory=dict)
    """Pushed faxes that were not listed when they were to be removed: they may be listed later."""

    def listed(self) -> list[Listed]:
        """What waits, oldest first as the service lists it."""
        waiting = self._waiting()
        still = set(waiting)
        for item in [item for item in list(self._seen) if item not in still]:  # other threads may change it
            self._seen.pop(item, None)
        for item in [item for item in waiting if item not in self._seen][:PARTICULARS]:
            node = self._get(item, None)
            if node is None or self.talk.errors.kind(self._code(node)) is Kind.UNKNOWN_JOB:
                log.info("concord.gone", item=item)
            else:
                self._seen[item] = self._particulars(item, node)
        for listed in [listed for listed in list(self._seen.values()) if listed.provider_id in self._done]:
            self.remove(listed)
        known = dict(self._seen)
        return [known[item] for item in waiting if item in known]

    def fetch(self, listed: Listed, write: Callable[[bytes], object]) -> None:
        """Download one.  Raises `ItemGone`."""
        handed = 0

        def counted(piece: bytes) -> None:
            nonlocal handed
            write(piece)
            handed += len(piece)

        item = self._item(listed)
        node = self._get(item, counted)
        if handed and node is not None:
            return
        if node is None or self._code(node):
            if item in self._waiting():
                raise ProviderTrouble("Concord lists this received fax and does not hand it out")
            raise ItemGone("Concord does not have this received fax (any more)")
        raise ProviderTrouble("Concord gave this received fax without its document")

    def remove(self, listed: Listed) -> None:
        """Delete one; what is not in the list any more is deleted."""
        item = self._item(listed)
        if self.by_message and item == listed.provider_id:  # it was pushed: whether it is listed, too, is the account's
            self.listed()
            found = [name for name, one in list(self._seen.items()) if one.provider_id == listed.provider_id]
            if not found:
                self._done[listed.provider_id] = None
                for old in list(self._done)[:-MEMORY]:
                    self._done.pop(old, None)
                return
            item = found[0]
        kind, _ = self._ask("remove", self._ids(item), (Kind.UNKNOWN_JOB, Kind.UNCLASSIFIED))
        if kind is Kind.UNCLASSIFIED and item in self._waiting():
            raise ProviderTrouble("Concord refuses to remove this received fax")
        self._seen.pop(item, None)
        self._done.pop(listed.provider_id, None)

    def _item(self, listed: Listed) -> str:
        """The item's id."""
        return str(listed.metadata.get(self._plain("item_id")) or listed.provider_id)

    def _waiting(self) -> list[str]:
        """The ids of all items."""
        _, answer = self._ask("list", Part(self._name("request"), [Part(self._name("most"), str(self.most))]))
        return list(dict.fromkeys(node.text.strip() for node in _named(answer, self._plain("item_id"))))

    def _get(self, item: str, write: Callable[[bytes], object] | None) -> Node | None:
        """The element of one item, its document passed to `write`; None when the answer has none."""
        reader = Reader(large=self._plain("document"), write=write)
        operation = self._plain("get")
        body = envelope(self._message("get", self._ids(item)))
        reply = self.door.download(self.url, self._headers(), body, _Feed(reader), LARGEST)
        if reply.status == 200 and reply.framed:
            kind, answer = self._read(operation, reply, _closed(reader), (Kind.UNKNOWN_JOB,))
        else:
            kind, answer = self._read(operation, reply, _root(reply), (Kind.UNKNOWN_JOB,))
        if kind:
            return None
        entries = [node for node in _all(answer) if node.told(self._plain("item_id")) == item]
        if len(entries) == 1:
            return entries[0]
        if entries or _named(answer, self._plain("document")):
            raise ProviderTrouble("Concord answered with another received fax than was asked for")
        return None

    def _particulars(self, item: str, node: Node) -> Listed:
        fields = {child.name: child.text.strip() for child in node.children if not child.children}
        fields.pop(self._plain("document"), None)
        message = node.told(self._plain("message")) if self.by_message else None
        return Listed(
            provider_id=message or item,
            called=values.number(node.told(self._plain("called"))),
            caller=values.number(node.told(self._plain("caller"))),
            csid=node.told(self._plain("csid")) or None,
            received_at=values.moment(node.told(self._plain("received")), self.zone),
            pages=values.whole(node.told(self._plain("pages"))),
            metadata=fields,
            duration_s=values.count(node.told(self._plain("duration"))),
            resolution=values.resolution(node.told(self._plain("resolution"))),
            speed=values.count(node.told(self._plain("speed"))),
            partial=values.truth(node.told(self._plain("partial"))),
        )

    def _code(self, node: Node) -> int:
        error = node.child(self._plain("error"))
        return (values.whole(error.told("ErrorCode")) or 0) if error else 0

    # -- the wire

    def _ask(self, operation: str, asked: Part, expected: Collection[Kind] = ()) -> tuple[Kind | None, Node]:
        reply = self.door.send(self.url, self._headers(), envelope(self._message(operation, asked)))
        return self._read(self._plain(operation), reply, _root(reply), expected)

    def _read(
        self, operation: str, reply: Reply, root: Node | None, expected: Collection[Kind]
    ) -> tuple[Kind | None, Node]:
        try:
            node = body_of(root) if root else None
        except BadXml:
            node = None
        if node is not None and node.name == "Fault":
            heard(Spoken(reply, None, (node.told("faultcode") or "").rpartition(":")[2] or "unnamed"))
        if node is None:
            heard(Spoken(reply, None))
            raise AssertionError("what was not read is not heard")
        error = node.child("WSError")
        code = {"ErrorCode": error.told("ErrorCode")} if error else {}
        kind = self.talk.judged(operation, Spoken(reply, {"return": node.told("return"), "WSError": code}), expected)
        return kind, node

    def _message(self, operation: str, asked: Part) -> Part:
        pin = self.talk.who.get("strPIN", "")
        who = [Part(self._name("user"), self.talk.who["UserID"]), Part(self._name("pin"), pin)]
        return Part(self._name(operation), [*who, asked])

    def _ids(self, item: str) -> Part:
        return Part(self._name("ids"), [Part(self._name("item"), [Part(self._name("item_id"), item)])])

    def _headers(self) -> dict[str, str]:
        return {"content-type": f"{self.media}; charset=utf-8", "soapaction": '""'}

    def _plain(self, key: str) -> str:
        return self.names.get(key, NAMES[key])

    def _name(self, key: str) -> str:
        return f"{{{self.namespace}}}{self._plain(key)}"


class _Feed:
    """Feeds a reader with the pieces of a reply; at the first that cannot be read the download ends."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def __call__(self, piece: bytes) -> None:
        try:
            self._reader.feed(piece)
        except BadXml as error:
            problem = str(error)
        else:
            return
        raise ProviderTrouble(f"Concord's answer could not be read: {problem}")


def _closed(reader: Reader) -> Node | None:
    try:
        return reader.close()
    except BadXml:
        return None


def _root(reply: Reply) -> Node | None:
    try:
        return parse(reply.body)
    except BadXml:
        return None


def _all(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _all(child)


def _named(node: Node, name: str) -> list[Node]:
    return [found for found in _all(node) if found.name == name]
