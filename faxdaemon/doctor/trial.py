"""One fax to a sandbox, through a daemon that is complete and lives for a few seconds.

Promise   a document dropped in a temporary folder is claimed, prepared, handed to a simulated provider and reported,
          by the code that does it in earnest, on this machine.  Nothing leaves it.
Needs     the system's temporary folder and a port on 127.0.0.1.
Crash     leaves the temporary folder.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from faxdaemon.config.types import DropFolder, Settings
from faxdaemon.daemon import Daemon
from faxdaemon.doctor.result import Result, ok, trouble
from faxdaemon.documents.paper import text_pdf
from faxdaemon.files import open_files
from faxdaemon.sandbox import DEFAULT_ACCOUNTS, Sandbox
from faxdaemon.sandbox.settings import settings_of

PATIENCE = 45.0
"""Seconds for the whole fax."""
LOOK = 0.1
_NAME = "+13035550177_doctor"


def send(_settings: Settings) -> Iterator[Result]:
    """Do it, and tell how long it took."""
    account = next(one for one in DEFAULT_ACCOUNTS if one.provider == "faxage")
    with tempfile.TemporaryDirectory(prefix="faxdaemon-doctor-") as name:
        place = Path(name)
        try:
            with Sandbox(seconds_per_page=0.01, directory=place / "sandbox") as sandbox:
                yield _sent(place, settings_of(account, sandbox.url_of(account.provider)))
        except OSError as error:
            why = error.strerror or type(error).__name__
            advice = "see whether 127.0.0.1 and the temporary folder can be used"
            yield trouble("sandbox", "a fax to the sandbox", f"could not be tried ({why})", advice)


def _sent(place: Path, account: dict[str, str]) -> Result:
    topic, out = "a fax to the sandbox", place / "out"
    open_files().make_dirs([out])
    told = {**account, "poll": 0.2, "settle": 1.0, "timeout": 10.0}
    drop = DropFolder(folder=out, accounts=["doctor"], settle=0.5, scan=1.0)
    settings = Settings.model_validate({"state": place / "state", "accounts": {"doctor": told}, "outbound": [drop]})
    daemon = Daemon(settings)
    began = time.monotonic()
    try:
        daemon.start()
        daemon.files.write_new(out / ".draft.tmp", text_pdf("faxdaemon doctor").splitlines(keepends=True))
        daemon.files.move([(out / ".draft.tmp", out / f"{_NAME}.pdf")])
        ended = _ended(out)
    finally:
        daemon.stop()
    if ended == "sent":
        return ok("sandbox", topic, f"was sent and reported in {time.monotonic() - began:.1f} s")
    advice = "run `faxdaemon demo`, which shows each step, and report what it says"
    return trouble("sandbox", topic, f"ended in “{ended}”" if ended else "did not end in time", advice)


def _ended(out: Path) -> str | None:
    """The outcome folder in which the fax appears."""
    deadline, pause = time.monotonic() + PATIENCE, threading.Event()
    while time.monotonic() < deadline:
        for name in ("sent", "failed", "held"):
            if any((out / name).rglob(f"{_NAME}.result.json")):
                return name
        pause.wait(LOOK)
    return None
