"""The command line's side of the control API.

Promise   a refusal is a `UserError` with the daemon's words; no daemon is `NoDaemon`.  A document is read in pieces.
Needs     to reach the socket: the daemon's user, its group, or root.
Crash     a command that got no answer may have been done; the error says so.

This is the one place outside `faxdaemon.http` that talks HTTP: a local socket needs no certificates, no redaction and
no judgement on whether a provider may have acted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx

from faxdaemon.core.errors import UserError

if sys.platform == "win32":
    from faxdaemon.web.loopback import open_client, place
else:
    from faxdaemon.web.local import open_client, place

_ANSWER = 60.0
"""Seconds to wait for an answer: a busy journal commits within a few."""
_REFUSED = 409


class NoDaemon(UserError):
    """Nobody listens."""


class ControlClient:
    """Commands for the daemon of one state folder.  `NoDaemon` when there is none."""

    def __init__(self, state: Path) -> None:
        client = open_client(state, httpx.Timeout(_ANSWER, connect=5.0))
        if client is None:
            where = place(state)
            raise NoDaemon(f"no daemon is running (nobody listens on {where}); start it with `faxdaemon run`")
        self._client = client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def status(self) -> dict[str, Any]:
        """What the daemon tells of itself."""
        return self._ask("GET", "/status")

    def reload(self) -> dict[str, Any]:
        """Begin a reload; the `generation` that will be in force, and `notes`.  `UserError` when it is refused."""
        return self._ask("POST", "/reload")

    def decide(self, action: str, fax: str, reason: str = "") -> int:
        """`hold`, `release`, `resend`, `cancel` or `sent`; returns how many recipients changed."""
        # The id is a person's text: it must not become another path.
        return int(self._ask("POST", f"/faxes/{_segment(fax)}/{action}", params={"reason": reason})["changed"])

    def reprint(self, fax: str, printer: str, sink: str) -> str:
        """Print a received fax once more, on the printer or destination that is not empty; the destination."""
        asked = {"printer": printer, "sink": sink}
        return str(self._ask("POST", f"/faxes/{_segment(fax)}/reprint", params=asked)["sink"])

    def look(self, account: str) -> None:
        """Have the inbox of `account` looked into now."""
        self._ask("POST", f"/accounts/{quote(account, safe='')}/look")

    def prune(self) -> None:
        """Have old faxes cleared away now."""
        self._ask("POST", "/prune")

    def give_up(self, fax: str, destination: str | None) -> int:
        """Do not deliver a received fax any more; returns to how many destinations."""
        asked = {"fax": fax, **({"destination": destination} if destination else {})}
        return int(self._ask("POST", "/deliveries/give-up", params=asked)["changed"])

    def redirect(self, source: str, target: str | None) -> int:
        """Send what waits for a destination to another, or nowhere; returns how many faxes."""
        asked = {"source": source, **({"target": target} if target else {})}
        return int(self._ask("POST", "/deliveries/redirect", params=asked)["changed"])

    def send(self, number: str, name: str, chunks: Iterable[bytes]) -> tuple[str, Path]:
        """Hand a document over; returns its drop's name and folder."""
        answer = self._ask("POST", "/send", params={"number": number, "name": name}, content=chunks)
        return str(answer["name"]), Path(answer["folder"])

    def _ask(self, method: str, path: str, **rest: Any) -> dict[str, Any]:
        try:
            reply = self._client.request(method, path, **rest)
        except httpx.HTTPError as error:
            raise UserError(
                "the daemon did not answer, so it is not known whether this was done; look with `faxdaemon list` "
                "before trying again"
            ) from error
        return self._understood(reply)

    def _understood(self, reply: httpx.Response) -> dict[str, Any]:
        try:
            body = reply.json()
        except ValueError:
            body = None
        if reply.is_success and isinstance(body, dict):
            return body
        words = body.get("error") if isinstance(body, dict) else None
        if words and reply.status_code == _REFUSED:
            raise UserError(str(words))
        raise UserError(
            f"the daemon could not do it: {words or f'its answer was {reply.status_code}'}; its log tells more"
        )


def _segment(text: str) -> str:
    """`text` if it can be part of an id, for an id is letters and digits only."""
    if not text.isascii() or not text.isalnum():
        raise UserError(f"“{text}” is not a fax id; `faxdaemon list` shows them")
    return text
