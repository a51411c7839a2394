"""What SOAP and JSON have in common: something is asked under the name of an operation, and something is said.

Promise   a request leaves through the shared HTTP client, whose `NotSent` and `OutcomeUnknown` come through unchanged.
          What could not be read as an answer is `said` None.
Needs     the account's HTTP client; with OAuth, its tokens.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from faxdaemon.http import Http, Reply, SizedStream
from faxdaemon.providers._oauth import Tokens

#: The fields of a request under the names of the WSDL; lists are lists, a document is a `Content`.
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A reply."""

    reply: Reply
    said: Mapping[str, Any] | None
    """The answer's fields, to be read with `values`; None when it is none."""
    fault: str | None = None
    """The local name of a SOAP fault's code: `Client`, `Server`, ..."""


class Voice(Protocol):
    """One way of asking.  Used by several threads at once."""

    def ask(self, operation: str, fields: Fields, *, tracking: str | None = None, fresh: bool = False) -> Spoken:
        """One exchange.  `tracking`: our own name for it (`x-ch-request-id`), for Concord's support.

        Raises `NotSent` and `OutcomeUnknown`; and `ProviderTrouble` or `CredentialsRefused`, when it could not even
        be asked (no token, no such operation in the WSDL): then nothing was sent.
        """
        ...


@dataclass(frozen=True, slots=True)
class Door:
    """The way out: the HTTP client, and the token where there is one."""

    http: Http
    tokens: Tokens | None

    def send(self, url: str, headers: Mapping[str, str], content: bytes | SizedStream, *, fresh: bool = False) -> Reply:
        """POST."""
        return self._let(
            lambda token: self.http.send("POST", url, headers={**headers, **token}, content=content, fresh=fresh)
        )

    def download(
        self,
        url: str,
        headers: Mapping[str, str],
        content: SizedStream,
        write: Callable[[bytes], object],
        limit: int,
    ) -> Reply:
        """POST, and pass the body of a reply that is all right to `write` piece by piece."""
        return self._let(
            lambda token: self.http.download(
                "POST",
                url,
                headers={**headers, **token},
                content=content,
                write=write,
                wanted=lambda head: head.status == 200 and head.framed,
                limit=limit,
            )
        )

    def _let(self, act: Callable[[Mapping[str, str]], Reply]) -> Reply:
        return self.tokens.send(act) if self.tokens else act({})


def tracked(headers: Mapping[str, str], tracking: str | None) -> dict[str, str]:
    """`headers` with the name of the exchange."""
    return {**headers, "x-ch-request-id": tracking} if tracking else dict(headers)
