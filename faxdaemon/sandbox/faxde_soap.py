"""FAX.de: SOAP as a Delphi server speaks it, rpc/encoded, and its WSDL.

It is strict: a request whose parameters are not all there, not in order, or without their types is answered with a
fault, as is one whose SOAPAction or name space is another.  The unit name in the name space is not published, so the
name space is ours; a missing SendDateTime may be left out or be nil.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from faxdaemon.sandbox.wire import Reply

XML = "text/xml; charset=utf-8"
NAMESPACE = "urn:XMLWSIntf-IntfXMLWS"
INTERFACE = "IntfXMLWS"

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
_XSD = "http://www.w3.org/2001/XMLSchema"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_BLOCK = 4 * 12_000
_EMPTY = {"int": "0", "long": "0", "dateTime": "1899-12-30T00:00:00.000Z"}

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Method:
    """One method: parameters and results in order, each with its type."""

    takes: Fields
    gives: Fields = ()


_CREDENTIALS: Fields = (("Account", "string"), ("Password", "string"))
_FILES: Fields = tuple(
    pair for n in "123" for pair in ((f"SendFilename{n}", "string"), (f"SendFile{n}", "base64Binary"))
)
METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "SendJob": Method(
            (
                *_CREDENTIALS,
                ("JobType", "int"),
                ("Recipient", "string"),
                ("RecipientFile", "base64Binary"),
                ("SendText", "string"),
                *_FILES,
                ("SendDateTime", "dateTime"),
                ("Options", "string"),
            ),
            (("JobId", "int"), ("RecipientsCount", "int"), ("PageCount", "int")),
        ),
        "JobStatus": Method(
            (*_CREDENTIALS, ("JobId", "int")),
            (
                ("SendResult", "string"),
                ("SendDateTime", "dateTime"),
                ("RemoteId", "string"),
                ("StatusFile", "base64Binary"),
            ),
        ),
        "CancelJob": Method((*_CREDENTIALS, ("JobId", "int"))),
        "RequestReceived": Method(
            _CREDENTIALS,
            (
                ("FaxId", "long"),
                ("CalledNumber", "string"),
                ("ReceiveDate", "dateTime"),
                ("Originator", "string"),
                ("RemoteId", "string"),
                ("Pages", "int"),
                ("FaxImage", "base64Binary"),
            ),
        ),
        "DeleteReceived": Method((*_CREDENTIALS, ("FaxId", "long"))),
    }
)


class Misread(Exception):
    """The server cannot read the request; the text becomes the fault's."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that could be read."""

    method: str
    values: Mapping[str, str]

    def text(self, name: str) -> str:
        """A parameter."""
        return self.values.get(name, "")

    def number(self, name: str) -> int:
        """A parameter; 0 when it is no number."""
        text = self.text(name).strip()
        return int(text) if text.lstrip("-").isdigit() else 0

    def document(self, name: str) -> Iterator[bytes]:
        """A base64 parameter, decoded in blocks."""
        text = "".join(self.text(name).split())
        return (base64.b64decode(text[at : at + _BLOCK], validate=True) for at in range(0, len(text), _BLOCK))


def read(body: bytearray, action: str | None) -> Call:
    """Understand a request.  Raises `Misread`."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True, remove_comments=True)
    try:
        root = etree.fromstring(bytes(body), parser)
    except etree.XMLSyntaxError:
        raise Misread("XML document must have a top level element") from None
    if root.tag != f"{{{_SOAP}}}Envelope" or root.getroottree().docinfo.doctype:
        raise Misread("it is no SOAP 1.1 envelope")
    inside = root.find(f"{{{_SOAP}}}Body")
    if inside is None or len(inside) != 1:
        raise Misread("the body does not hold one call")
    element = inside[0]
    name = etree.QName(element)
    if name.localname not in METHODS or name.namespace != NAMESPACE:
        raise Misread(f"Interface or method {name.localname} not found")
    if action is None or action.strip('"') != f"{NAMESPACE}#{name.localname}":
        raise Misread(f"SOAPAction does not name {name.localname}")
    return Call(name.localname, dict(_values(METHODS[name.localname], list(element))))


def _values(method: Method, elements: list[Any]) -> Iterator[tuple[str, str]]:
    for name, kind in method.takes:
        if not elements or elements[0].tag != name:
            if name == "SendDateTime":
                continue
            raise Misread(f"Parameter {name} expected, {elements[0].tag if elements else 'nothing'} found")
        element = elements.pop(0)
        if element.get(f"{{{_XSI}}}nil") in {"true", "1"} and name == "SendDateTime":
            continue
        prefix, _, local = (element.get(f"{{{_XSI}}}type") or "").rpartition(":")
        if local != kind or element.nsmap.get(prefix or None) != _XSD:
            raise Misread(f"Parameter {name} is not declared as {kind}")
        yield name, element.text or ""
    if elements:
        raise Misread(f"Parameter {elements[0].tag} was not expected")


def reply(method: str, code: int, sent: Callable[[], object] = lambda: None, **results: object) -> Reply:
    """A result, with every out parameter."""
    fields = [("return", "int", str(code))]
    fields += [(name, kind, _written(kind, results.get(name))) for name, kind in METHODS[method].gives]
    inside = "".join(f'<{name} xsi:type="xsd:{kind}">{text}</{name}>' for name, kind, text in fields)
    call = f"<NS1:{method}Response xmlns:NS1={quoteattr(NAMESPACE)}>{inside}</NS1:{method}Response>"
    return Reply(_envelope(call), content_type=XML, sent=sent)


def fault(words: str) -> Reply:
    """An exception on the server."""
    inside = f"<faultcode>SOAP-ENV:Server</faultcode><faultstring>{escape(words)}</faultstring>"
    return Reply(_envelope(f"<SOAP-ENV:Fault>{inside}</SOAP-ENV:Fault>"), 500, XML)


def _written(kind: str, value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return _EMPTY.get(kind, "") if value is None else escape(str(value))


def _envelope(inside: str) -> bytes:
    return (
        f'<?xml version="1.0"?>\r\n<SOAP-ENV:Envelope xmlns:SOAP-ENV="{_SOAP}" xmlns:xsd="{_XSD}" '
        f'xmlns:xsi="{_XSI}" xmlns:SOAP-ENC="{_ENCODING}"><SOAP-ENV:Body SOAP-ENV:encodingStyle="{_ENCODING}">'
        f"{inside}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    ).encode()


def wsdl(location: str) -> Reply:
    """The WSDL, with the service at `location`."""
    messages, operations, bindings = [], [], []
    body = f'<soap:body use="encoded" encodingStyle="{_ENCODING}" namespace={quoteattr(NAMESPACE)}/>'
    for name, method in METHODS.items():
        messages.append(_message(f"{name}Request", method.takes))
        messages.append(_message(f"{name}Response", (("return", "int"), *method.gives)))
        order = f'<input message="tns:{name}Request"/><output message="tns:{name}Response"/>'
        operations.append(f'<operation name="{name}">{order}</operation>')
        action = f'<soap:operation soapAction="{NAMESPACE}#{name}" style="rpc"/>'
        bindings.append(f'<operation name="{name}">{action}<input>{body}</input><output>{body}</output></operation>')
    transport = '<soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>'
    port = f'<port name="{INTERFACE}Port" binding="tns:{INTERFACE}binding"><soap:address location="{location}"/></port>'
    return Reply(
        (
            f'<?xml version="1.0"?>\n<definitions xmlns="{_WSDL}" xmlns:xs="{_XSD}" xmlns:soap="{_WSDL}soap/" '
            f'xmlns:tns="http://tempuri.org/" name="{INTERFACE}service" targetNamespace="http://tempuri.org/">'
            f'{"".join(messages)}<portType name="{INTERFACE}">{"".join(operations)}</portType>'
            f'<binding name="{INTERFACE}binding" type="tns:{INTERFACE}">{transport}{"".join(bindings)}</binding>'
            f'<service name="{INTERFACE}service">{port}</service></definitions>'
        ).encode(),
        content_type=XML,
    )


def _message(name: str, fields: Sequence[tuple[str, str]]) -> str:
    parts = "".join(f'<part name="{part}" type="xs:{kind}"/>' for part, kind in fields)
    return f'<message name="{name}">{parts}</message>'
