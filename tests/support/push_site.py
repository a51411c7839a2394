"""A world with one account that gets pushes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.papers import pdf_bytes
from support.ports import free_port
from support.world import ELSEWHERE, World

SECRET = "k3v9q2m7x0abk3v9q2m7"
LINES = {
    "faxage": "+13035550100",
    "concord": "+13035550120",
    "faxde": "+494055500130",
    "opentext": "+13035550140",
}
NAMES = {"faxage": "clinic"}
SETTINGS: dict[str, dict[str, Any]] = {
    "faxage": {"username": "clinic", "company": "12345", "password": "${file:password}"},
    "concord": {"user_id": "mbx1234567890", "password": "${file:password}"},
    "faxde": {"customer": "faxde", "password": "${file:password}"},
    "opentext": {"username": "opentext", "password": "${file:password}"},
}


class Site:
    """A world with one account that gets pushes."""

    def __init__(self, place: Path, provider: str) -> None:
        self.provider = provider
        self.line = LINES[provider]
        self.name = NAMES.get(provider, provider)
        self.port = free_port()
        self.world = World(place)
        self.box = self.world.sandbox
        (place / "secret").touch(mode=0o600)
        (place / "secret").write_text(SECRET, encoding="utf-8")

    def address(self, kind: str, secret: str = SECRET) -> str:
        return f"http://127.0.0.1:{self.port}/push/{self.name}/{secret}/{kind}"

    def set_up(self, *, status: bool = True, fax: bool = True, **more: Any) -> None:
        """What the provider is told."""
        where = {"again": [0.2] * 20, **more}
        if status:
            where["status"] = self.address("status")
        if fax:
            where["fax"] = self.address("fax")
        self.box.switches[f"{self.provider}.push.{self.name}"] = where

    def configure(self, poll: str = "1h", inbox: str = "1h", **account: Any) -> None:
        own = {
            "provider": self.provider,
            "url": self.box.url_of(self.provider),
            "poll": "50ms",
            "settle": "300ms",
            "timeout": "10s",
            "push": {"secret": "${file:secret}", "poll": poll},
            **SETTINGS[self.provider],
            **account,
        }
        called = {"faxage": "url_notify", "faxde": "staturl"}.get(self.provider)
        if called:
            own[called] = self.address("status", "${file:secret}")
        lines = {self.line: {"folder": {"path": str(self.world.desk)}}}
        self.world.configure(
            {
                "folder": {"accounts": [self.name]},
                "inbound": {"account": self.name, "poll": inbox, "lines": lines},
                "top": {"accounts": {self.name: own}, "web": {"listen": f"127.0.0.1:{self.port}"}},
            }
        )

    def send(self, count: int = 1) -> None:
        for n in range(count):
            self.world.drop(f"{ELSEWHERE}_x{n}.pdf", pdf_bytes())

    def sent(self, count: int = 1) -> bool:
        return len(self.world.names("sent")) == 2 * count

    def received(self) -> list[dict[str, Any]]:
        """The sidecars in the line's folder."""
        return [json.loads(path.read_text("utf-8")) for path in self.world.desk.glob("*.json")]
