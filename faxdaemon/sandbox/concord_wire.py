"""Concord's messages: SOAP 1.1 document/literal as a WSDL describes it, and its JSON variant.

It is strict: a request that the schema does not allow, by name, order or type, is answered with a fault that blames the
client.  Documents are cut out of a request before it is read, and never exist a second time in memory.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from faxdaemon.sandbox.wire import Reply

XML = "text/xml; charset=utf-8"
JSON = "application/json"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSD = "http://www.w3.org/2001/XMLSchema"
_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_BLOCK = 4 << 18
_NAMES = "FileData|TIFFJobFile|CSVFile"
_IN_XML = re.compile(rb"<(?:[\w.-]+:)?(?:" + _NAMES.encode() + rb")\s*>")
_IN_JSON = re.compile(rb'"(?:' + _NAMES.encode() + rb')"\s*:\s*"')


class Misread(Exception):
    """The server cannot read the request; the text becomes the fault's."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document in a request: where its base64 lies."""

    body: bytearray
    start: int
    end: int

    def blocks(self) -> Iterator[bytes]:
        """Decoded.  Raises `Misread`."""
        rest = b""
        for at in range(self.start, self.end, _BLOCK):
            rest += b"".join(bytes(self.body[at : min(at + _BLOCK, self.end)]).split())
            cut = len(rest) - len(rest) % 4
            try:
                yield base64.b64decode(rest[:cut], validate=True)
            except binascii.Error:
                raise Misread("a document is not base64") from None
            rest = rest[cut:]
        if rest:
            raise Misread("a document is not base64")


@dataclass(frozen=True, slots=True)
class Call:
    """A request that could be read."""

    operation: str
    fields: Mapping[str, Any]
    """Lists are lists, everything else is text."""
    documents: Sequence[Document]
    as_json: bool
    key: str
    """The whole of it without the documents."""
    service: Service = field(repr=False)

    def text(self, name: str) -> str:
        """A value; empty when there is none."""
        value = self.fields.get(name)
        return "" if value is None or isinstance(value, dict | list) else str(value)

    def entries(self, name: str) -> list[Mapping[str, Any]]:
        """The members of a list."""
        value = self.fields.get(name) or []
        return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


class Service:
    """One service by its WSDL."""

    def __init__(self, path: Path) -> None:
        self.wsdl = path.read_bytes()
        root = etree.fromstring(self.wsdl)
        schema = root.find(f"{{{_WSDL}}}types/{{{XSD}}}schema")
        self.namespace: str = schema.get("targetNamespace")
        self.schema = etree.XMLSchema(
            etree.fromstring(etree.tostring(schema))
        )  # with the prefixes that are declared outside
        self._names = {element.get("name") for element in schema.iter(f"{{{XSD}}}element")}
        self._arrays = _arrays(schema)
        self._answers = {
            operation.get("name"): operation.find(f"{{{_WSDL}}}output").get("message").rpartition(":")[2]
            for operation in root.iterfind(f"{{{_WSDL}}}portType/{{{_WSDL}}}operation")
        }

    def read(self, body: bytearray, content_type: str) -> Call:
        """Understand a request.  Raises `Misread`."""
        as_json = content_type.partition(";")[0].strip().lower() == JSON
        small, documents = _cut(body, _IN_JSON if as_json else _IN_XML, b'"' if as_json else b"</")
        operation, fields = self._json(small) if as_json else self._xml(small)
        return Call(operation, fields, documents, as_json, small.decode("utf-8", "replace"), self)

    def _xml(self, text: bytes) -> tuple[str, dict[str, Any]]:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
        try:
            root = etree.fromstring(text, parser)
        except etree.XMLSyntaxError:
            raise Misread("XML syntax error") from None
        inside = root.find(f"{{{SOAP}}}Body")
        if root.tag != f"{{{SOAP}}}Envelope" or inside is None or len(inside) != 1:
            raise Misread("it is no SOAP 1.1 envelope with one call in its body")
        element = inside[0]
        operation = etree.QName(element).localname
        if operation not in self._answers or etree.QName(element).namespace != self.namespace:
            raise Misread(f"Method '{operation}' not implemented: method name or namespace not recognized")
        if not self.schema.validate(etree.ElementTree(element)):
            problem = self.schema.error_log.last_error
            raise Misread(f"Validation constraint violation: {problem.message if problem else operation}")
        return operation, self._fields(element)

    def _fields(self, element: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for child in element:
            name = etree.QName(child).localname
            if name in self._arrays:
                found[name] = [self._fields(item) for item in child]
            else:
                found[name] = self._fields(child) if len(child) else child.text or ""
        return found

    def _json(self, text: bytes) -> tuple[str, dict[str, Any]]:
        try:
            asked = json.loads(text)
        except ValueError:
            raise Misread("JSON syntax error") from None
        if not isinstance(asked, dict) or len(asked) != 1 or not isinstance(next(iter(asked.values())), dict):
            raise Misread("it is no object with the operation as its only key")
        ((operation, fields),) = asked.items()
        if operation not in self._answers:
            raise Misread(f"Method '{operation}' not implemented")
        self._known(fields)
        return operation, fields

    def _known(self, value: Any) -> None:
        if isinstance(value, list):
            for entry in value:
                self._known(entry)
        if isinstance(value, dict):
            if strange := sorted(set(value) - self._names):
                raise Misread(f"field {strange[0]} is not known")
            for name, entry in value.items():
                if isinstance(entry, list) != (name in self._arrays):
                    raise Misread(f"field {name} should be {'an array' if name in self._arrays else 'a value'}")
                self._known(entry)

    def reply(self, call: Call, fields: Mapping[str, Any], **more: Any) -> Reply:
        """An answer: lists are written as the variant writes them."""
        if call.as_json:
            return Reply(json.dumps({f"{call.operation}Response": fields}).encode(), 200, JSON, **more)
        name = self._answers[call.operation]
        inside = "".join(_element(key, value) for key, value in fields.items())
        return Reply(_enveloped(f'<ns:{name} xmlns:ns="{self.namespace}">{inside}</ns:{name}>'), 200, XML, **more)


def fault(kind: str, words: str, *, as_json: bool) -> Reply:
    """A fault; `kind` is `Client` or `Server`."""
    if as_json:
        told = json.dumps({"Fault": {"faultcode": kind, "faultstring": words}}).encode()
        return Reply(told, 400 if kind == "Client" else 500, JSON)
    inside = f"<faultcode>SOAP-ENV:{kind}</faultcode><faultstring>{escape(words)}</faultstring>"
    return Reply(_enveloped(f"<SOAP-ENV:Fault>{inside}</SOAP-ENV:Fault>"), 500, XML)


def _enveloped(text: str) -> bytes:
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP}">'
    return f"{head}<SOAP-ENV:Body>{text}</SOAP-ENV:Body></SOAP-ENV:Envelope>".encode()


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        inside = "".join(_element(key, entry) for key, entry in value.items())
    elif isinstance(value, list):
        inside = "".join(_element("item", entry) for entry in value)
    elif isinstance(value, bool):
        inside = "true" if value else "false"
    else:
        inside = escape(str(value))
    return f"<ns:{name}>{inside}</ns:{name}>"


def _arrays(schema: Any) -> set[str]:
    """The names of elements that hold `item`."""
    types = {
        kind.get("name")
        for kind in schema.iterfind(f"{{{XSD}}}complexType")
        if kind.find(f".//{{{XSD}}}element[@maxOccurs='unbounded']") is not None
    }
    return {e.get("name") for e in schema.iter(f"{{{XSD}}}element") if (e.get("type") or "").partition(":")[2] in types}


def _cut(body: bytearray, mark: re.Pattern[bytes], end: bytes) -> tuple[bytes, list[Document]]:
    """A request without its documents, and where they are in it."""
    kept, documents, at = [], [], 0
    while match := mark.search(body, at):
        until = body.find(end, match.end())
        if until < 0:
            break
        kept.append(bytes(body[at : match.end()]))
        documents.append(Document(body, match.end(), until))
        at = until
    return b"".join([*kept, bytes(body[at:])]), documents
