"""Concord's SOAP 1.1, document/literal: messages made and read by zeep from a WSDL, carried by our own HTTP client.

Promise   zeep opens no connection and fetches nothing: it gets the WSDL as bytes, and imports, DTDs and entities in it
          are refused.  A document is streamed where zeep wrote its placeholder.  An answer goes through the hardened
          reader first; what zeep could not place is read by local name.
Needs     a WSDL (`wsdl`), read at the first request and kept in memory.
Crash     keeps nothing.

zeep is lenient where it must not be: it reads any text but `true` as false, and a damaged document as far as it goes.
Hence the reader before it, and `return` from there.  It takes a quarter of a second to load: only `open_account` of an
account with SOAP imports this module.
"""

from __future__ import annotations

import base64
import io
import logging
import threading
from collections.abc import Mapping
from typing import Any, cast

import structlog
import zeep
from zeep.helpers import serialize_object
from zeep.loader import parse_xml
from zeep.wsdl import Document

from faxdaemon.contracts.cache import Cache
from faxdaemon.contracts.provider import Content
from faxdaemon.core.errors import ProviderTrouble
from faxdaemon.http import Reply
from faxdaemon.providers._envelope import Part, body_of, clean
from faxdaemon.providers._envelope import envelope as streamed
from faxdaemon.providers.concord.voice import Door, Fields, Spoken, tracked
from faxdaemon.providers.concord.wsdl import Description
from faxdaemon.xmlsafe import BadXml, Node, parse

NEEDED = "SendFaxEx"
"""An operation without which it is not the outbound service's WSDL."""
_DOCUMENTS = ("}FileData", "}TIFFJobFile")
"""Elements that hold one."""
SETTINGS = zeep.Settings(strict=False, raw_response=True, forbid_dtd=True, forbid_entities=True, forbid_external=True)

# it logs requests, and values that it could not read
logging.getLogger("zeep").setLevel(logging.CRITICAL + 1)
log = structlog.get_logger()


class Soap:
    """See the module."""

    def __init__(self, url: str, door: Door, wsdl: str, media: str, cache: Cache) -> None:
        self._url = url
        self._door = door
        self._description = Description(wsdl, door.http, cache, _document)
        self._headers = {"content-type": f"{media}; charset=utf-8", "soapaction": '""'}
        self._document: Any = None
        self._lock = threading.Lock()
        """zeep resolves its types when they are first used, and nothing says that it does so for two threads."""

    def ask(self, operation: str, fields: Fields, *, tracking: str | None = None, fresh: bool = False) -> Spoken:
        """One exchange."""
        carrier = _Carrier(self._door, fresh=fresh)
        message = self._message(operation, fields, carrier)
        reply = carrier.post_xml(self._url, message, tracked(self._headers, tracking))
        return self._read(operation, reply)

    def _message(self, operation: str, fields: Fields, carrier: _Carrier) -> Any:
        """The envelope of a request, with a mark for each document."""
        try:
            with self._lock:
                client = zeep.Client(self._known(), transport=carrier, settings=SETTINGS)
                service = client.create_service(self._binding.name, self._url)
                values = {name: _prepared(value, carrier.documents) for name, value in fields.items()}
                return client.create_message(service, operation, **values)
        except (zeep.exceptions.Error, TypeError, AttributeError, ValueError, KeyError) as error:
            kind = type(error).__name__  # its text may hold values
        raise ProviderTrouble(f"the WSDL does not fit: {operation} cannot be made from it ({kind}); see `wsdl`")

    def _read(self, operation: str, reply: Reply) -> Spoken:
        try:
            node = body_of(parse(reply.body))
        except BadXml:
            return Spoken(reply, None)
        if node.name == "Fault":
            return Spoken(reply, None, (node.told("faultcode") or "").rpartition(":")[2] or "unnamed")
        said = {**(self._placed(operation, reply) or _plain(node)), "return": node.told("return")}
        return Spoken(reply, said)

    def _placed(self, operation: str, reply: Reply) -> dict[str, Any] | None:
        """The answer as zeep reads it; None when anything of it found no place."""
        try:
            with self._lock:
                document = parse_xml(cast(Any, reply.body), _Carrier(), settings=SETTINGS)
                found = serialize_object(self._binding.get(operation).process_reply(document), dict)
        except Exception as error:  # noqa: BLE001 - whatever zeep meets in an answer, the reader has it whole
            log.info("concord.zeep", operation=operation, error=type(error).__name__)
            return None
        return found if isinstance(found, dict) and not _left_over(found) else None

    @property
    def _binding(self) -> Any:
        return _binding_of(self._document)

    def _known(self) -> Any:
        """The WSDL, read at the first request.  Called under the lock."""
        if self._document is None:
            self._document = self._description.load()
        return self._document


def _document(wsdl: bytes) -> Any:
    """zeep's document; raises whatever zeep raises."""
    parse(wsdl)
    document = Document(cast(Any, io.BytesIO(wsdl)), cast(Any, _Carrier()), settings=SETTINGS)
    _binding_of(document).get(NEEDED)
    return document


def _binding_of(document: Any) -> Any:
    (service,) = list(document.services.values())[:1]
    (port,) = list(service.ports.values())[:1]
    return port.binding


class _Carrier(zeep.Transport):
    """zeep's way out, over the shared HTTP client; what that raises passes unchanged."""

    def __init__(self, door: Door | None = None, *, fresh: bool = False) -> None:
        # not the base's, which opens a session of its own; without a door it carries nothing
        self._close_session = False
        self._door = door
        self._fresh = fresh
        self.documents: dict[str, Content] = {}
        """By the mark that stands for them."""

    def post_xml(self, address: str, envelope: Any, headers: Mapping[str, str]) -> Reply:
        """Send a message, its documents in the places of their marks."""
        assert self._door
        parts = [_part(child, self.documents) for body in envelope for child in body]
        return self._door.send(address, headers, streamed(*parts), fresh=self._fresh)

    def load(self, *_: Any) -> Any:
        """What a WSDL imports is not fetched."""
        raise ValueError("nothing is fetched")

    get = post = _load_remote_data = load


def _prepared(value: Any, documents: dict[str, Content]) -> Any:
    """A value as zeep takes it: a document is a few bytes that stand for it."""
    if isinstance(value, Content):
        mark = f"<{len(documents):07}>"  # nine bytes, so that their base64 has no padding
        documents[base64.b64encode(mark.encode()).decode()] = value
        return mark.encode()
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {name: _prepared(entry, documents) for name, entry in value.items()}
    if isinstance(value, list):
        return {"item": [_prepared(entry, documents) for entry in value]}
    return value


def _part(element: Any, documents: Mapping[str, Content]) -> Part:
    """An element of zeep's as one that can be streamed."""
    value: Any = [_part(child, documents) for child in element]
    if not value:
        text = element.text or ""
        value = documents.get(text, text) if element.tag.endswith(_DOCUMENTS) else text
    return Part(element.tag, value, dict(element.attrib))


def _plain(node: Node) -> dict[str, Any]:
    """An element's children by local name; several of one name are a list."""
    found: dict[str, Any] = {}
    for child in node.children:
        value: Any = _plain(child) if child.children else child.text
        if child.name in found:
            known = found[child.name]
            found[child.name] = [*(known if isinstance(known, list) else [known]), value]
        else:
            found[child.name] = value
    return found


def _left_over(value: Any) -> bool:
    if isinstance(value, dict):
        return "_raw_elements" in value or any(map(_left_over, value.values()))
    return isinstance(value, list) and any(map(_left_over, value))
