"""OpenText: the token endpoint (RFC 6749), and who is who.

The client's id and secret are the account's user name and password; so are user name and password of the grant
`password`."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
import time
from urllib.parse import unquote_plus

from faxdaemon.sandbox.dialect import Around
from faxdaemon.sandbox.model import SandboxAccount
from faxdaemon.sandbox.opentext_wire import Call, answer, present
from faxdaemon.sandbox.wire import Reply


class Tokens:
    """The tokens of all accounts."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._until: dict[str, tuple[str, float]] = {}
        """Account's name and the moment on the monotonic clock, by token."""
        self._refresh: dict[str, str] = {}
        self._lock = threading.Lock()

    def account(self, user: str, password: str) -> SandboxAccount | None:
        """Whose credentials these are."""
        accounts = self._around.network.accounts.values()
        mine = (account for account in accounts if account.provider == "opentext")
        return next((a for a in mine if (a.username, a.password) == (user, password)), None)

    def owner(self, token: str) -> SandboxAccount | None:
        """Whose token this is; None when it has ended."""
        with self._lock:
            name, until = self._until.get(token, ("", 0.0))
        return self._around.network.accounts.get(name) if time.monotonic() < until else None

    def client(self, call: Call) -> SandboxAccount | None:
        """Who asks for a token."""
        grant = call.form.get("grant_type")
        user, password = call.form.get("client_id", ""), call.form.get("client_secret", "")
        if call.headers.get("authorization", "").lower().startswith("basic "):
            user, password = _basic(call.headers["authorization"][6:])
        if grant == "password":
            user, password = call.form.get("username", ""), call.form.get("password", "")
        if grant == "refresh_token":
            with self._lock:
                name = self._refresh.pop(call.form.get("refresh_token", ""), "")
            return self._around.network.accounts.get(name)
        return self.account(user, password)

    def answer(self, call: Call, account: SandboxAccount | None) -> Reply:
        """A token, or why there is none."""
        grant = call.form.get("grant_type")
        if grant not in {"client_credentials", "password", "refresh_token"}:
            return answer({"error": "unsupported_grant_type" if grant else "invalid_request"}, 400)
        if account is None:
            return self.refused() if grant == "client_credentials" else answer({"error": "invalid_grant"}, 400)
        life = self._around.switches.get("opentext.token_life", 3600)
        token, again = secrets.token_urlsafe(24), None
        with self._lock:
            self._until[token] = (account.name, time.monotonic() + life)
            if self._around.switches.get("opentext.refresh"):
                again = secrets.token_urlsafe(24)
                self._refresh[again] = account.name
        told = self._around.switches.get("opentext.token_told", life)
        return answer(present(access_token=token, token_type="Bearer", expires_in=told, refresh_token=again))  # noqa: S106 - a kind, no secret

    @staticmethod
    def refused() -> Reply:
        """RFC 6749, 5.2."""
        return answer({"error": "invalid_client"}, 401)


def _basic(value: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(user), unquote_plus(password)
