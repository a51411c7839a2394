"""OAuth 2.0 for providers (RFC 6749): gets a bearer token, keeps it while it lasts, renews it once when it is refused.

Promise   `send` lets a request out only with a token, and a second time only after a 401, which says that the request
          was not acted upon.  When no token can be had in time, the request has certainly not left: `NotSent`,
          `ProviderTrouble` or `CredentialsRefused`, never `OutcomeUnknown`.  One token serves all threads; they wait
          for whoever gets it.
Needs     the token endpoint and one of the grants `client_credentials`, `password`; renews with a refresh token where
          the server gives one (sections 4.1.4 and 6).
Crash     the token is lost, and another one is got.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote_plus, urlencode

import structlog
from pydantic import SecretStr

from faxdaemon.contracts.clock import Clock
from faxdaemon.core.errors import CredentialsRefused, NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.http import Http, Reply
from faxdaemon.providers._json import an_object

log = structlog.get_logger()

_EARLY = 60.0
"""A token that lasts no longer than this many seconds is renewed before it is used (at most half of its life)."""

PATIENCE = 20.0
"""Seconds after which a request is not let out any more, because the claim under which it is made may end (it lasts for
one request and half a minute)."""

#: RFC 6749, 5.2: what the server may say of a token request.
_ERRORS: Mapping[str, str] = {
    "invalid_request": "does not understand the token request",
    "invalid_client": "does not accept the client's id or secret",
    "invalid_grant": "does not accept user name or password",
    "unauthorized_client": "does not allow this client this kind of grant",
    "unsupported_grant_type": "does not know this kind of grant",
    "invalid_scope": "does not grant this scope",
}


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token is got with."""

    url: str
    """The token endpoint."""
    kind: Literal["client_credentials", "password"]
    client_id: str | None = None
    client_secret: SecretStr | None = None
    username: str | None = None
    """With `password`."""
    password: SecretStr | None = None
    """With `password`."""
    scope: str | None = None
    basic: bool = False
    """Whether the client's id and secret go into the header (2.3.1) instead of the form."""

    def fields(self) -> dict[str, str]:
        """The grant as form fields."""
        wanted = {"grant_type": self.kind, "scope": self.scope}
        if self.kind == "password":
            wanted |= {"username": self.username, "password": _shown(self.password)}
        return {name: value for name, value in wanted.items() if value}

    def client(self) -> tuple[dict[str, str], dict[str, str]]:
        """The client's own credentials: as headers, as form fields."""
        if not self.client_id:
            return {}, {}
        secret = _shown(self.client_secret) or ""
        if self.basic:
            pair = f"{quote_plus(self.client_id)}:{quote_plus(secret)}".encode()
            return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}, {}
        return {}, {"client_id": self.client_id, **({"client_secret": secret} if secret else {})}


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    until: float
    """On the monotonic clock."""
    refresh: str | None


class Tokens:
    """The tokens of one account.  Used by several threads at once."""

    def __init__(self, grant: Grant, http: Http, clock: Clock) -> None:
        self._grant = grant
        self._http = http
        self._clock = clock
        self._token: _Token | None = None
        self._lock = threading.Lock()

    def send(self, act: Callable[[Mapping[str, str]], Reply]) -> Reply:
        """Call `act` with the header that carries the token; after a 401 once more, with a new one.

        A second 401 is returned: these credentials are good for a token and not for this.  Raises what `act` raises,
        and `NotSent`, `ProviderTrouble` or `CredentialsRefused` when no token can be had.
        """
        until = self._clock.monotonic() + PATIENCE
        token = self._valid(None)
        self._in_time(until)
        reply = act({"authorization": f"Bearer {token.text}"})
        if reply.status != 401:
            return reply
        log.info("oauth.refused", endpoint=self._grant.url.partition("?")[0])
        renewed = self._valid(token)
        self._in_time(until)
        return act({"authorization": f"Bearer {renewed.text}"})

    def _in_time(self, until: float) -> None:
        if self._clock.monotonic() >= until:
            raise ProviderTrouble("getting a token took too long; there is one now")

    def _valid(self, refused: _Token | None) -> _Token:
        """A token that should be good and is not the one that was `refused`."""
        with self._lock:
            known = self._token
            if known is None or known is refused or self._clock.monotonic() >= known.until:
                known = self._token = self._renew(known)
            return known

    def _renew(self, known: _Token | None) -> _Token:
        self._token = None
        if known and known.refresh:
            try:
                return self._get({"grant_type": "refresh_token", "refresh_token": known.refresh}, known.refresh)
            except CredentialsRefused:  # a refresh token ends, too; the grant itself may be good
                pass
        return self._get(self._grant.fields(), None)

    def _get(self, fields: Mapping[str, str], refresh: str | None) -> _Token:
        headers, client = self._grant.client()
        headers |= {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        asked = self._clock.monotonic()
        try:
            body = urlencode({**fields, **client}).encode("ascii")
            reply = self._http.send("POST", self._grant.url, headers=headers, content=body)
        except OutcomeUnknown as error:  # of the token request, which changes nothing; the fax's own has not left
            raise NotSent(f"no token could be had: {error}") from None
        except NotSent as error:
            raise NotSent(f"no token could be had: {error}") from None
        answer = an_object(reply.body) or {}
        if reply.status in (400, 401, 403):
            words = _ERRORS.get(str(answer.get("error")), "does not accept the credentials")
            raise CredentialsRefused(f"the token server {words} (HTTP {reply.status})")
        text = answer.get("access_token")
        if reply.status != 200 or not isinstance(text, str) or not re.fullmatch("[!-~]+", text):
            raise ProviderTrouble(f"the token server gave no token (HTTP {reply.status})", reply.retry_after)
        return _Token(text, asked + _lasts(answer.get("expires_in")), _text(answer.get("refresh_token")) or refresh)


def _lasts(told: Any) -> float:
    """For how long a token is used, in seconds; without a word of the server, until it is refused."""
    try:
        life = float(told)
    except (TypeError, ValueError):
        return float("inf")
    return max(life - _EARLY, life / 2)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _shown(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
