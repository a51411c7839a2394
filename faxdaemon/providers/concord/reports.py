"""Concord's activity reports: `ListOutboundActivity` of the AccountManagementReportingWebservice.

Promise   rows as the service gives them, under its own names; all of them, or `UserError`.
Needs     `reports` in the account's settings: address and names are not public (`NAMES` follow a client that uses it).
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from pydantic import SecretStr

from faxdaemon.contracts.services import Table
from faxdaemon.core.errors import CredentialsRefused, ProviderTrouble, UserError
from faxdaemon.providers._envelope import Part, envelope, opened
from faxdaemon.providers.concord.voice import Door
from faxdaemon.xmlsafe import BadXml, Node

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "operation": "ListOutboundActivity",
        "authentication": "Authentication",
        "username": "Username",
        "password": "Password",
        "customer": "CustomerId",
        "start": "StartDate",
        "end": "EndDate",
        "exclude": "ExcludeSubLevelEntries",
        "filters": "Filters",
        "page_size": "PageSize",
        "page": "PageIndex",
        "id": "id",
    }
)
PAGE = 1000
"""Entries in one answer; the largest that a client is known to ask for."""
_PAGES = 100


@dataclass(frozen=True, slots=True)
class Reporting:
    """See the module."""

    url: str
    namespace: str
    names: Mapping[str, str]
    username: str
    password: SecretStr
    customer: str
    media: str
    door: Door

    def outbound(self, since: datetime, until: datetime) -> Table:
        """What was sent between two moments."""
        rows: list[dict[str, str]] = []
        for page in range(1, _PAGES + 1):
            found = self._page(since, until, page)
            rows += found
            if len(found) < PAGE:
                return _table(rows)
        raise UserError(f"there are more than {_PAGES * PAGE} entries; ask for a shorter time")

    def _page(self, since: datetime, until: datetime, page: int) -> list[dict[str, str]]:
        who = [self._part("username", self.username), self._part("password", self.password.get_secret_value())]
        asked = [
            Part(self._name("authentication"), who),
            self._part("customer", self.customer),
            self._part("start", since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
            self._part("end", until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
            self._part("exclude", "false"),
            self._part("filters", ""),
            self._part("page_size", str(PAGE)),
            self._part("page", str(page)),
        ]
        headers = {"content-type": f"{self.media}; charset=utf-8", "soapaction": '""'}
        reply = self.door.send(self.url, headers, envelope(Part(self._name("operation"), asked)))
        if reply.status in (401, 403):
            raise CredentialsRefused(f"Concord's reporting service answered HTTP {reply.status}")
        if reply.status != 200 or not reply.framed:
            raise ProviderTrouble(f"Concord's reporting service answered HTTP {reply.status}", reply.retry_after)
        try:
            answer = opened(reply.body)
        except BadXml as error:
            problem = str(error)
        else:
            if answer.name == "Fault":
                raise ProviderTrouble("Concord's reporting service answered with a SOAP fault")
            return [_row(node) for node in _entries(answer, self.names.get("id", NAMES["id"]).lower())]
        raise ProviderTrouble(f"the answer of Concord's reporting service could not be read: {problem}")

    def _name(self, key: str) -> str:
        return f"{{{self.namespace}}}{self.names.get(key, NAMES[key])}"

    def _part(self, key: str, value: str) -> Part:
        return Part(self._name(key), value)


def _table(rows: list[dict[str, str]]) -> Table:
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return Table(columns, tuple(tuple(row.get(name, "") for name in columns) for row in rows))


def _entries(node: Node, key: str) -> Iterator[Node]:
    """Whatever has an id is an entry."""
    if any(child.name.lower() == key for child in node.children):
        yield node
        return
    for child in node.children:
        yield from _entries(child, key)


def _row(node: Node) -> dict[str, str]:
    return {child.name: child.text.strip() for child in node.children if not child.children}
