"""A cover page of the site's own, through a real daemon onto the provider's wire."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from support.papers import pdf_bytes
from support.world import World


def test_every_recipient_gets_its_own_page_and_the_document(tmp_path: Path) -> None:
    content = pdf_bytes(2)
    (tmp_path / "clinic.txt").write_text("# {to}\n{text}", "utf-8")
    with World(tmp_path / "world") as world:
        main = {
            "provider": "concord",
            "url": world.sandbox.url_of("concord"),
            "user_id": "mbx1234567890",
            "password": "${file:password}",
            "poll": "200ms",
            "settle": "300ms",
            "timeout": "10s",
        }
        top = {"accounts": {"main": main}, "inbound": [], "covers": {"clinic": str(tmp_path / "clinic.txt")}}
        world.configure({"folder": {"accounts": ["main"], "formats": ["request"]}, "top": top})
        people = [{"number": "+13035550101", "name": "Dr. Lee"}, {"number": "+13035550102", "name": "Dr. No"}]
        asked = {"to": people, "cover": "clinic", "cover_text": "As agreed"}
        world.drop("a.pdf", content)
        world.drop("a.json", json.dumps(asked).encode())
        process = world.start()
        sent = lambda: [e for e in world.sandbox.ledger() if e.direction == "out"]  # noqa: E731 - asked for twice
        world.wait("both were sent", lambda: len(sent()) == 2 and world.names("sent"))
        assert world.stop(process) == 0
    digest = hashlib.sha256(content).hexdigest()
    covers = set()
    for entry in sent():
        cover, document = entry.documents
        assert document == digest
        assert entry.pages == 3
        covers.add(cover)
    assert len(covers) == 2
