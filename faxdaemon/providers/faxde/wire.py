"""One call of FAX.de's SOAP service: parameters in, named results out.

Promise   every parameter is sent, the empty ones too, in the documented order and with its type, as a Delphi server
          wants it; the same parameters give the same bytes.  Results are found by their local names.
Needs     nothing.
Crash     keeps nothing.

A whole XML document cannot have been cut off, so here a reply need not tell its own length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import SecretStr

from faxdaemon.contracts.provider import Content
from faxdaemon.core.errors import ProviderTrouble
from faxdaemon.http import Http, Reply, SizedStream
from faxdaemon.providers._envelope import XSI, Part, body_of, envelope, opened
from faxdaemon.xmlsafe import BadXml, Node, Reader

LARGEST = 256 * 1024 * 1024
"""The longest received fax that is downloaded, in bytes of its answer."""

_TYPE = f"{{{XSI}}}type"
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")

Parameter = tuple[str, str, str | Content]
"""Name, type (`string`, `int`, ...), value."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came back on a call: the results, or a fault, or neither."""

    status: int
    results: Node | None = None
    fault: str | None = None
    """The fault's code without prefix: `Server`, `Client`, ..."""
    retry_after: float | None = None

    @property
    def code(self) -> int | None:
        """The method's result."""
        return self.number("return")

    def text(self, name: str) -> str:
        """A result as text, empty when there is none."""
        return (self.results.told(name) if self.results else None) or ""

    def number(self, name: str) -> int | None:
        """A result as a number; None when it is none."""
        return int(self.text(name)) if _NUMBER.fullmatch(self.text(name)) else None


@dataclass(frozen=True, slots=True)
class Wire:
    """One account's way to the service."""

    endpoint: str
    namespace: str
    customer: str
    password: SecretStr
    http: Http

    def call(self, method: str, *parameters: Parameter, fresh: bool = False) -> Told:
        """Raises `NotSent` and `OutcomeUnknown`."""
        reply = self.http.send(
            "POST", self.endpoint, headers=self._headers(method), content=self._body(method, parameters), fresh=fresh
        )
        return understood(reply)

    def download(self, method: str, large: str, take: Callable[[Node | None, bytes], object]) -> Told:
        """A call whose result `large`, decoded, goes to `take` while it comes, with the results before it.  One that
        cannot be decoded goes there as it stands: what it is, and that it is none, is for others to see.

        Raises `NotSent`, `OutcomeUnknown`, `ProviderTrouble`, and what `take` raises.
        """
        reader = Reader(large=large, write=lambda piece: take(_results(reader.root), piece), lenient=True)

        def feed(piece: bytes) -> None:
            try:
                reader.feed(piece)
            except BadXml as error:
                raise ProviderTrouble(f"FAX.de's answer cannot be read: {error}") from None

        reply = self.http.download(
            "POST",
            self.endpoint,
            headers=self._headers(method),
            content=self._body(method, ()),
            write=feed,
            wanted=lambda head: head.status == 200,
            limit=LARGEST,
        )
        if reply.status != 200:
            return understood(reply)
        try:
            return _told(reply, body_of(reader.close()))
        except BadXml:
            return Told(reply.status)

    def _headers(self, method: str) -> dict[str, str]:
        return {"content-type": "text/xml; charset=utf-8", "soapaction": f'"{self.namespace}#{method}"'}

    def _body(self, method: str, parameters: Sequence[Parameter]) -> SizedStream:
        credentials = [
            ("Account", "string", self.customer),
            ("Password", "string", self.password.get_secret_value()),
        ]
        parts = [Part(name, value, {_TYPE: f"xsd:{kind}"}) for name, kind, value in [*credentials, *parameters]]
        return envelope(Part(f"{{{self.namespace}}}{method}", parts), prefixes={"m": self.namespace}, encoded=True)


def understood(reply: Reply) -> Told:
    """A reply as far as it is one of the service's."""
    try:
        return _told(reply, opened(reply.body))
    except BadXml:
        return Told(reply.status, retry_after=reply.retry_after)


def _told(reply: Reply, inside: Node) -> Told:
    if inside.name == "Fault":
        code = (inside.told("faultcode") or "").rpartition(":")[2].partition(".")[0]
        return Told(reply.status, fault=code or "unknown", retry_after=reply.retry_after)
    return Told(reply.status, results=inside, retry_after=reply.retry_after)


def _results(root: Node | None) -> Node | None:
    """The results in an envelope of which only the beginning is known."""
    body = root.child("Body") if root else None
    return body.children[0] if body and body.children else None


def moment(text: str) -> datetime | None:
    """An xsd:dateTime; UTC where it names no zone; None for Delphi's zero and whatever is none."""
    try:
        at = datetime.fromisoformat(text.strip())
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at.year > 1980 else None
