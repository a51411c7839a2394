"""Which WSDL the outbound service is asked by.

Promise   a file that the site configured is the one and nothing else is looked at.  Otherwise, in this order: the one
          at the address (the site's, or the service's own), the one that was fetched last, the one beside this module
          (ours, from public facts).  One that cannot be used (no XML, an import, no `SendFaxEx`) is passed over with a
          warning, and is never kept.
Needs     the HTTP client, once, at the first request; the cache.
Crash     what was fetched is in the cache, or is fetched again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from faxdaemon.contracts.cache import Cache
from faxdaemon.core.errors import NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.http import Http

BUNDLED = Path(__file__).with_name("faxws.wsdl")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Description:
    """See the module."""

    source: str
    """A file's path, or an address."""
    http: Http
    cache: Cache
    reader: Callable[[bytes], Any]
    """Makes zeep's document of a WSDL; raises whatever zeep raises."""

    def load(self) -> Any:
        """zeep's document.  `ProviderTrouble` when the configured file cannot be used."""
        if not self.source.startswith(("https://", "http://")):
            document = self._read(Path(self.source).read_bytes())
            if isinstance(document, str):
                raise ProviderTrouble(f"the WSDL ({self.source}) cannot be used ({document}); see `wsdl`")
            return document
        for origin, content in self._offered():
            document = self._read(content)
            if isinstance(document, str):
                log.warning("concord.wsdl", origin=origin, why=f"it cannot be used ({document})")
                continue
            if origin == "address":
                self.cache.put(self._name, content)
            else:
                log.warning("concord.wsdl", origin=origin, why="there is no other")
            return document
        raise ProviderTrouble("the WSDL that comes along cannot be used; install faxdaemon again")

    def _offered(self) -> Iterator[tuple[str, bytes]]:
        """The contents in order, each got only when the one before was of no use."""
        fetched = self._fetched()
        if fetched is not None:
            yield "address", fetched
        kept = self.cache.get(self._name)
        if kept is not None:
            yield "cache", kept
        yield "bundled", BUNDLED.read_bytes()

    @property
    def _name(self) -> str:
        return f"concord-{hashlib.sha256(self.source.encode()).hexdigest()[:16]}.wsdl"

    def _fetched(self) -> bytes | None:
        try:
            reply = self.http.send("GET", self.source)
        except (NotSent, OutcomeUnknown) as error:
            log.warning("concord.wsdl", origin="address", why=str(error))
            return None
        if reply.status == 200 and reply.framed:
            return reply.body
        log.warning("concord.wsdl", origin="address", why=f"HTTP {reply.status}")
        return None

    def _read(self, wsdl: bytes) -> Any | str:
        """zeep's document, or the name of what is wrong with it."""
        try:
            return self.reader(wsdl)
        except Exception as error:  # noqa: BLE001 - a strange WSDL breaks zeep in many ways
            return type(error).__name__
