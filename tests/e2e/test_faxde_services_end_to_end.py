"""What FAX.de sends besides faxes, asked for by a drop folder, through a real daemon onto the wire."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.papers import pdf_bytes
from support.world import World

NUMBER = "+4940555123"


@pytest.mark.parametrize(
    ("options", "name", "content", "kind", "to"),
    [
        ({"service": "sms"}, "a.txt", b"Your appointment is tomorrow at 9.", "SMS", NUMBER),
        ({"service": "letter"}, "a.pdf", pdf_bytes(), "letter", NUMBER),
        ({"service": "letter-color"}, "a.pdf", pdf_bytes(), "letter", NUMBER),
        ({"service": "qsign", "address": "desk@example.org"}, "a.pdf", pdf_bytes(), "QSign", "desk@example.org"),
        ({"service": "fax"}, "a.txt", b"A note.", "FAX", NUMBER),
    ],
    ids=lambda value: value.get("service") if isinstance(value, dict) else "",
)
def test_each_service_of_a_folder(
    tmp_path: Path, options: dict[str, Any], name: str, content: bytes, kind: str, to: str
) -> None:
    with World(tmp_path) as world:
        account = {
            "provider": "faxde",
            "url": world.sandbox.url_of("faxde"),
            "customer": "faxde",
            "password": "${file:password}",
            "poll": "200ms",
            "timeout": "10s",
        }
        folder = {"accounts": ["main"], "options": options, "filename": "{reference}"}
        if "address" not in options:
            folder["to"] = NUMBER
        world.configure({"folder": folder, "top": {"accounts": {"main": account}, "inbound": []}})
        world.start()
        world.drop(name, content)
        world.wait("it was sent", lambda: len(world.names("sent")) == 2)
        (entry,) = world.sandbox.sent()
        job = world.sandbox.network.job("faxde", int(entry.job))
        assert job is not None
        assert (job.extra["type"], entry.destination) == (kind, to)
        assert len(entry.documents) == 1
        assert world.stop(world.processes[-1]) == 0
