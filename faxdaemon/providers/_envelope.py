"""SOAP 1.1: requests with documents in them, made while they leave, and answers.

Promise   the length of a request is exact, memory does not grow with a document, the same parts give the same bytes
          (`_documents`).  What XML cannot carry becomes a blank.
Needs     the size of each document.
Crash     keeps nothing.

lxml writes the envelope; where a document belongs it holds a processing instruction, which no text can look like.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from faxdaemon.contracts.provider import Content
from faxdaemon.http import SizedStream
from faxdaemon.providers._documents import between
from faxdaemon.xmlsafe import BadXml, Node, parse

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
XSD = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot carry."""
_PLACE = re.compile(rb"<\?document *\?>")


@dataclass(frozen=True, slots=True)
class Part:
    """One element: with text, with a document as base64, or with further elements."""

    name: str
    """`name` or `{namespace}name`."""
    value: str | Content | Sequence[Part] = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """By name, as `{namespace}name` where they have one."""


def envelope(
    *body: Part, header: Sequence[Part] = (), prefixes: Mapping[str, str] | None = None, encoded: bool = False
) -> SizedStream:
    """A request.  `prefixes` are declared at the envelope, besides `soap`, `xsd` and `xsi`; `encoded` says that the
    body is rpc/encoded."""
    documents: list[Content] = []
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP, "xsd": XSD, "xsi": XSI, **(prefixes or {})})
    if header:
        _add(root, Part(f"{{{SOAP}}}Header", header), documents)
    style = {f"{{{SOAP}}}encodingStyle": ENCODING} if encoded else {}
    _add(root, Part(f"{{{SOAP}}}Body", body, style), documents)
    text = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return between(_PLACE.split(text), documents)


def opened(document: bytes) -> Node:
    """What is inside of the body of an answer, a `Fault` too.  Raises `BadXml`."""
    return body_of(parse(document))


def body_of(root: Node) -> Node:
    """The first element in the body of an envelope.  Raises `BadXml`."""
    body = root.child("Body") if root.name == "Envelope" else None
    if body is None or not body.children:
        raise BadXml("it is no SOAP answer")
    return body.children[0]


def clean(text: str) -> str:
    """Text as XML can carry it: a space for what it cannot."""
    return _UNFIT.sub(" ", text)


def _add(parent: Any, part: Part, documents: list[Content]) -> None:
    element = etree.SubElement(parent, part.name, {name: clean(value) for name, value in part.attributes.items()})
    if isinstance(part.value, str):
        element.text = clean(part.value)
    elif isinstance(part.value, Content):
        element.append(etree.ProcessingInstruction("document"))
        documents.append(part.value)
    else:
        for child in part.value:
            _add(element, child, documents)
