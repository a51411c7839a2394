"""A real daemon that clears away at once: what went is neither sent nor delivered once more."""

from __future__ import annotations

from pathlib import Path

from support.papers import pdf_bytes
from support.world import LINE, World

from faxdaemon.sandbox.faults import Fault, Play
from faxdaemon.web.client import ControlClient


def test_what_went_does_not_come_again(tmp_path: Path) -> None:
    changes = {"top": {"retention": {"sent": "0s", "failed": "0s", "spool": "0s", "journal": "0s"}}}
    with World(tmp_path, changes=changes) as world:
        world.sandbox.fault(Fault(Play.ITEM_AGAIN, count=2))
        world.start()
        world.drop(f"{LINE}_x.pdf", pdf_bytes())
        world.wait("sent and received", lambda: len(world.names("sent")) == 2 and len(world.received()) == 2)
        world.wait("acknowledged", lambda: not world.sandbox.inbox("clinic"))
        spool = world.state / "spool"

        def gone() -> bool:
            with ControlClient(world.state) as client:
                client.prune()
            return not [path for path in spool.rglob("*") if path.is_file()] and not world.names("sent")

        world.wait("cleared away", gone)
        assert world.stop(world.processes[-1]) == 0
        world.start()
        world.drop(f"{LINE}_y.pdf", pdf_bytes(text="another"))
        world.wait("the next one", lambda: len(world.received()) == 4)
        assert world.stop(world.processes[-1]) == 0
        assert len(world.sandbox.sent()) == 2
        assert len(world.received()) == 4, "what lies in the line's folder is the staff's"
