"""The ground that the benchmarks stand on: a site in a folder, real processes, documents, and what they cost.

Promise   a sandbox and a daemon run as processes of their own, as they would at a site; every process is ended with the
          block that it belongs to.  Documents are distinct one-page PDFs with content that does not compress.
Needs     Linux (/proc); a folder on a real disk, `--place`: what fsync costs is a part of what is measured.
Crash     a run that was killed leaves its folder and perhaps its processes.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml

T = TypeVar("T")
NUMBER = "7205550142"
_IMAGE = b"/Type /XObject /Subtype /Image /ColorSpace /DeviceGray /BitsPerComponent 1"
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a benchmark that is stopped ends its processes


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    what: str
    measured: str
    bar: str = ""
    kept: bool | None = None
    """None where the figure is told, not judged."""


def pdf(number: int, size: int) -> bytes:
    """A one-page PDF of about `size` bytes with a picture of noise; another one for every `number`."""
    noise = random.Random(number).randbytes(size - 600)
    width = 1200
    rows = len(noise) * 8 // width
    noise = noise[: rows * width // 8]
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length 32 >>\nstream\nq 500 0 0 200 50 500 cm /Im Do Q\nendstream",
        b"<< %b /Width %d /Height %d /Length %d >>\nstream\n%b\nendstream" % (_IMAGE, width, rows, len(noise), noise),
        b"<< /XObject << /Im 5 0 R >> >>",
    ]
    out, offsets = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for n, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (n, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"xref\n0 7\n0000000000 65535 f \n%btrailer\n<< /Size 7 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return out + end % (table, len(out))


def write_documents(folder: Path, count: int) -> None:
    """`count` documents of 20 to 30 KB, named for the number that they go to, durable before anything is measured."""
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(count):
        (folder / f"{NUMBER}_{n:06}.pdf").write_bytes(pdf(n, 20_000 + n * 7919 % 10_000))
    os.sync()


@contextmanager
def place(root: Path | None) -> Iterator[Path]:
    """A folder that goes away."""
    with tempfile.TemporaryDirectory(prefix="faxbench-", dir=root, ignore_cleanup_errors=True) as name:
        yield Path(name)


class Process:
    """A process of ours, its log, and what the kernel knows of it."""

    def __init__(self, command: list[str], log: Path) -> None:
        self.log = log
        self.started = time.monotonic()
        with log.open("wb") as stream:
            self._popen = subprocess.Popen(
                [sys.executable, *command], stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT
            )
        self.pid = self._popen.pid

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it and wait for its end; by force after a minute."""
        if self._popen.poll() is None:
            self._popen.send_signal(number)
            try:
                self._popen.wait(60)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait()

    def text(self) -> str:
        """What it wrote so far."""
        return self.log.read_text("utf-8", "replace")

    def wait(self, what: str, condition: Callable[[], T], patience: float = 600.0, rhythm: float = 0.02) -> T:
        """Until `condition` gives something; ends the benchmark with the log's tail when it does not."""
        deadline = time.monotonic() + patience
        while not (found := condition()):
            if self._popen.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"never happened: {what}\n{self.text()[-4000:]}")
            time.sleep(rhythm)
        return found

    def cpu(self) -> float:
        """Seconds of processor time so far, user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def memory(self) -> float:
        """Resident memory now, in MB; ends the benchmark when the process has ended."""
        if self._popen.poll() is not None:
            raise SystemExit(f"the process ended with status {self._popen.returncode}\n{self.text()[-4000:]}")
        return int(Path(f"/proc/{self.pid}/statm").read_text("ascii").split()[1]) * _PAGE / 1e6

    def peak(self) -> float:
        """The most resident memory ever, in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text("ascii")
        found = re.search(r"VmHWM:\s+(\d+)", status)
        return int(found[1]) * 1024 / 1e6 if found else 0.0


@contextmanager
def sandbox(folder: Path, seconds_per_page: float = 0.01) -> Iterator[str]:
    """`faxdaemon sandbox` as a process; gives its base address."""
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--port", "0", "--directory", str(folder), "--seconds-per-page", str(seconds_per_page)]
    process = Process(["-m", "faxdaemon", "sandbox", *options], folder / "sandbox.log")
    try:
        found = process.wait("the sandbox listens", lambda: re.search(r"http://[\d.]+:\d+", process.text()))
        yield found[0]
    finally:
        process.stop(signal.SIGINT)


def ledger(url: str) -> list[dict[str, Any]]:
    """Every fax that the sandbox took for sending."""
    reply = httpx.get(f"{url}/sandbox/ledger", timeout=120)
    return [entry for entry in json.loads(reply.text) if entry["direction"] == "out"]


def wall(text: str) -> float:
    """A time of the ledger or of the log as seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


def configure(site: Path, url: str, folders: list[Path], **account: Any) -> Path:
    """The configuration of a site with these drop folders, everything else as delivered."""
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    secret = site / "password"
    secret.write_text("sandbox", encoding="utf-8")
    secret.chmod(0o600)
    access = {"username": "clinic", "company": "12345", "password": "${file:password}"}
    whole = {
        "state": str(site / "state"),
        "accounts": {"clinic": {"provider": "faxage", "url": f"{url}/faxage", **access, **account}},
        "outbound": [{"folder": str(folder), "accounts": ["clinic"]} for folder in folders],
    }
    config = site / "config.yaml"
    config.write_text(yaml.safe_dump(whole), encoding="utf-8")
    return config


@contextmanager
def daemon(config: Path, wait: bool = True) -> Iterator[Process]:
    """`faxdaemon run` as a process, ready to work unless told not to wait for that."""
    process = Process(["-m", "faxdaemon", "run", "--config", str(config)], config.parent / "daemon.log")
    try:
        if wait:
            started(process)
        yield process
    finally:
        process.stop()


def started(process: Process) -> float:
    """Seconds from the process's start to its log line `started`; the time is the one in that line."""
    line = process.wait("the daemon starts", lambda: re.search(r"^(\S+Z) info +started ", process.text(), re.MULTILINE))
    return wall(line[1]) - (time.time() - (time.monotonic() - process.started))


def answers(folder: Path) -> int:
    """How many answers lie in `sent/`."""
    count = 0
    sent = folder / "sent"
    if sent.is_dir():
        for day in os.scandir(sent):
            count += sum(entry.name.endswith(".result.json") for entry in os.scandir(day.path))
    return count
