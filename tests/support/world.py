"""A world in a folder: a sandbox, a configuration, drop folders, and real daemon processes to start, kill and start
again.

What is judged is judged from outside: the folders, and the sandbox's ledger of what was really sent.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml
from support.boxes import ACCOUNTS, PASSWORD
from support.forked import Forked
from support.journals import put_journal
from support.leaks import leaks

from faxdaemon.sandbox import Sandbox

LINE = "+13035550100"
ELSEWHERE = "+13035550177"
PATIENCE = 60.0

Process = Forked | subprocess.Popen[bytes]


class World:
    """One site."""

    def __init__(self, place: Path, *, seconds_per_page: float = 0.02, changes: dict[str, Any] | None = None) -> None:
        self.place = place
        self.sandbox = Sandbox(seconds_per_page=seconds_per_page, directory=place / "sandbox", accounts=ACCOUNTS)
        self.out = place / "out"
        self.desk = place / "in" / "desk"
        self.other = place / "in" / "other"
        self.state = place / "state"
        self.config = place / "config.yaml"
        self.processes: list[Process] = []
        self.fresh = False
        """Whether daemons are new interpreters, as a person or a service manager starts them; slower by a second."""
        for folder in (self.out, self.desk, self.other, self.state):
            folder.mkdir(parents=True)
        self._changes = changes or {}

    def __enter__(self) -> World:
        self.sandbox.start()
        self.configure(self._changes)
        return self

    def __exit__(self, trouble: object = None, *_: object) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        self.sandbox.stop()
        shown = leaks(self.logs().splitlines())
        if shown and trouble is None:  # what went wrong before is to be seen first
            raise AssertionError("the daemon's log shows what it must not:\n" + "\n".join(shown[:20]))

    # -- configuration

    def configure(self, changes: dict[str, Any]) -> None:
        """Write the configuration; `changes` are for account, folder, inbound and top level."""
        secret = self.place / "password"
        secret.touch(mode=0o600)
        secret.write_text(changes.get("password", PASSWORD), encoding="utf-8")
        account = {
            "provider": "faxage",
            "url": self.sandbox.faxage_url,
            "username": "clinic",
            "company": "12345",
            "password": "${file:password}",
            "poll": "200ms",
            "settle": "500ms",
            "timeout": "10s",
            **changes.get("account", {}),
        }
        folder = {
            "folder": str(self.out),
            "accounts": ["clinic"],
            "settle": "300ms",
            "scan": "1s",
            **changes.get("folder", {}),
        }
        inbound = {
            "account": "clinic",
            "poll": "200ms",
            "lines": {LINE: {"folder": {"path": str(self.desk)}}, "other": {"folder": {"path": str(self.other)}}},
            **changes.get("inbound", {}),
        }
        whole = {
            "state": str(self.state),
            "accounts": {"clinic": account},
            "outbound": [folder],
            "inbound": [inbound],
            **changes.get("top", {}),
        }
        self.config.write_text(yaml.safe_dump(whole), encoding="utf-8")

    # -- processes

    def start(self, command: Sequence[str] = ("-m", "faxdaemon", "run"), *arguments: str) -> Process:
        """Start a daemon; its output goes to a numbered log."""
        log = self.place / f"daemon-{len(self.processes)}.log"
        command = [*command, "--config", str(self.config), *arguments]
        environment = {**os.environ, "PYTHONWARNINGS": "default"}
        if self.fresh:
            process: Process = _fresh(command, log, environment)
        else:
            put_journal(self.state)
            process = Forked(command, log, environment)
        self.processes.append(process)
        return process

    def stop(self, process: Process) -> int:
        """An orderly stop; the exit status."""
        process.send_signal(signal.SIGTERM)
        return process.wait(PATIENCE)

    def logs(self) -> str:
        """What all daemons of this world wrote."""
        return "\n".join(p.read_text("utf-8", "replace") for p in sorted(self.place.glob("daemon-*.log")))

    # -- dropping and looking

    def drop(self, name: str, content: bytes, folder: Path | None = None) -> Path:
        """As a careful application does: written elsewhere, renamed in."""
        draft = self.place / f"draft-{name}"
        draft.write_bytes(content)
        target = (folder or self.out) / name
        draft.rename(target)
        return target

    def names(self, folder: str) -> list[str]:
        """The files below one of the drop folder's outcome folders."""
        return sorted(path.name for path in (self.out / folder).rglob("*") if path.is_file())

    def answer(self, folder: str, stem: str) -> dict[str, Any]:
        """The answer about one drop."""
        (path,) = (self.out / folder).rglob(f"{stem}.result.json")
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return found

    def received(self, folder: Path | None = None) -> list[str]:
        """What lies in a line's folder."""
        return sorted(path.name for path in (folder or self.desk).iterdir() if path.is_file())

    def wait(self, what: str, condition: Callable[[], object], patience: float = PATIENCE) -> None:
        """Until `condition` holds; a failure shows the logs."""
        deadline = time.monotonic() + patience
        while not condition():
            died = self.processes and self.processes[-1].poll() not in (None, 0, -signal.SIGKILL)
            if died or time.monotonic() > deadline:
                raise AssertionError(f"never happened: {what}\n{self.logs()[-8000:]}")
            time.sleep(0.02)

    def leftovers(self) -> list[str]:
        """Claims and temporaries that nobody will publish any more."""
        hidden = [self.out / ".faxdaemon", self.desk / ".faxdaemon", self.other / ".faxdaemon"]
        return sorted(
            str(path)
            for top in hidden
            if top.exists()
            for path in top.rglob("*")
            if path.is_file() and path.name != "clock" and not path.name.startswith("mark-")
        )


def _fresh(command: Sequence[str], log: Path, environment: dict[str, str]) -> Process:
    with log.open("wb") as stream:
        return subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=environment,
        )
