"""`faxdaemon demo`: the main job before your eyes, without an account.

Promise   starts the sandbox and a real daemon (`faxdaemon run`, another process) on a folder of its own, drops
          documents, shows what happens as it happens, and leaves everything on disk for the reader.
Needs     a folder to work in; nothing from outside.
Crash     the folder stays; nothing else was touched.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from faxdaemon.clock import SystemClock
from faxdaemon.contracts.journal import Event, Filter, HistoryJournal
from faxdaemon.core.errors import UserError
from faxdaemon.core.places import HIDDEN
from faxdaemon.documents.paper import text_pdf
from faxdaemon.journal import open_journal
from faxdaemon.sandbox import DEFAULT_ACCOUNTS, Sandbox, SandboxAccount
from faxdaemon.sandbox.settings import settings_of, title_of
from faxdaemon.supervise import SignalHub

_BUSY = "0110"
"""Ends a number that is busy."""
PATIENCE = 90.0
"""Seconds after which the demo gives up and says where it stands."""
DONE = {"reported", "acknowledged"}

WORDS = {
    ("out", "received"): "taken from the folder; from here it is ours",
    ("out", "routed"): "number, account and pages are known",
    ("out", "refused"): "cannot be sent",
    ("out", "intend"): "intent recorded; now it may leave",
    ("out", "accept"): "the provider has it",
    ("out", "deliver"): "sent",
    ("out", "fail"): "not delivered",
    ("out", "publish"): "document and answer are where people look",
    ("in", "seen"): "the provider has a fax for us",
    ("in", "store"): "in our spool, whole",
    ("in", "publish"): "in its folder, with its sidecar",
    ("in", "acknowledge"): "the provider was told, last of all",
}


@dataclass
class Shown:
    """What the reader has seen so far."""

    started: float = field(default_factory=time.monotonic)
    seen: dict[str, int] = field(default_factory=dict)
    lines: list[tuple[float, str, str, str]] = field(default_factory=list)
    done: set[str] = field(default_factory=set)


def demo(directory: Path | None, seconds_per_page: float = 0.4, provider: str = "faxage") -> None:
    """Run it all; `directory` must be empty or absent, a new one below the system's temporary folder otherwise.

    The sandbox plays `provider`; a `UserError` names those that it can play."""
    console = Console()
    account = _account(provider)
    place = _place(directory)
    with Sandbox(seconds_per_page=seconds_per_page, directory=place / "sandbox") as sandbox:
        config = _configure(place, account, sandbox.url_of(provider))
        title = title_of(provider)
        console.print(f"The sandbox plays {title} on {sandbox.url}; the daemon works in {place}\n", soft_wrap=True)
        with _daemon(config, place) as process, _journal(place, process) as journal:
            _drop(place, account.lines[0])
            shown = Shown()
            _watch(console, journal, shown, lambda: process.poll() is None)
    _summary(console, place, sandbox, shown)


# -- the stage set


def _account(provider: str) -> SandboxAccount:
    account = next((account for account in DEFAULT_ACCOUNTS if account.provider == provider), None)
    if account is None:
        known = ", ".join(sorted({account.provider for account in DEFAULT_ACCOUNTS}))
        raise UserError(f"the sandbox cannot play {provider}; choose one of {known}")
    return account


def _place(directory: Path | None) -> Path:
    if directory is None:
        return Path(tempfile.mkdtemp(prefix="faxdaemon-demo-"))
    if directory.exists() and any(directory.iterdir()):
        raise UserError(f"{directory} is not empty; name an empty folder or one that does not exist yet")
    directory.mkdir(parents=True, exist_ok=True)
    return directory.resolve()


def _configure(place: Path, account: SandboxAccount, url: str) -> Path:
    for name in ("out", "in/front-desk", "in/other", "state"):
        (place / name).mkdir(parents=True)
    secret = place / "account.password"
    secret.touch(mode=0o600)
    secret.write_text(f"{account.password}\n", encoding="utf-8")
    told = {**settings_of(account, url), "password": f"${{file:{secret.name}}}"}
    settings = "\n".join(f"    {key}: {json.dumps(value)}" for key, value in told.items())
    config = place / "config.yaml"
    config.write_text(
        f"""\
# The demo's configuration: one drop folder, one account at the sandbox, one line of our own.
state: {json.dumps(str(place / "state"))}
region: US

accounts:
  clinic:
{settings}
    poll: 1s                    # a real provider wants 30s or more

outbound:
  - folder: {json.dumps(str(place / "out"))}
    accounts: [clinic]
    filename: "{{number}}[_{{name}}][_{{reference}}]"
    settle: 1s                  # for what was dropped before the folder was watched

inbound:
  - account: clinic
    poll: 1s
    lines:
      "{account.lines[0]}":
        name: Front desk
        folder: {{path: {json.dumps(str(place / "in/front-desk"))}}}
      other:
        folder: {{path: {json.dumps(str(place / "in/other"))}}}
""",
        encoding="utf-8",
    )
    return config


@contextmanager
def _daemon(config: Path, place: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real daemon, as a service manager would start it."""
    with (place / "daemon.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program with our own arguments
            [sys.executable, "-m", "faxdaemon", "run", "--config", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def _drop(place: Path, line: str) -> None:
    """As a careful application does: written elsewhere, renamed in."""
    letter = "\f".join(
        f"\n\n\n          North Clinic, laboratory\n\n          Result 4711, page {page} of 3\n\n"
        + "\n".join(f"          {n:2}.  analyte {n:02}        {n * 7 % 23}.{n % 10} mmol/l" for n in range(1, 20))
        for page in (1, 2, 3)
    )
    pdf = text_pdf(letter)
    busy = line[:-4] + _BUSY
    for name in (f"{line}_Dr-Lee_4711.pdf", f"{busy}_Dr-Busy_4712.pdf", "call-Dr-Lee-about-4713.pdf"):
        draft = place / "state" / name
        draft.write_bytes(pdf)
        draft.rename(place / "out" / name)


@contextmanager
def _journal(place: Path, process: subprocess.Popen[bytes]) -> Iterator[HistoryJournal]:
    """The journal for reading, as soon as the daemon has made it."""
    deadline = time.monotonic() + PATIENCE
    while b"started" not in (place / "daemon.log").read_bytes():
        if process.poll() is not None or time.monotonic() > deadline:
            raise UserError(f"the daemon did not start; see {place / 'daemon.log'}")
        time.sleep(0.1)
    journal = open_journal(
        "sqlite", state=place / "state", clock=SystemClock(), signals=SignalHub(), node="demo", read_only=True
    )
    try:
        yield journal
    finally:
        journal.close()


# -- watching


def _watch(console: Console, journal: HistoryJournal, shown: Shown, alive: Callable[[], bool]) -> None:
    expected = 4  # three drops, and the one that comes back to our own line
    deadline = time.monotonic() + PATIENCE
    live = Live(_table(shown), console=console, refresh_per_second=8) if console.is_terminal else None
    if live:
        live.start()
    try:
        while len(shown.done) < expected and time.monotonic() < deadline and alive():
            for line in _news(journal, shown):
                shown.lines.append(line)
                if live is None:
                    moment, what, text, style = line
                    console.print(f"{moment:6.2f} s  {what:<34}  {text}", style=style, highlight=False, soft_wrap=True)
            if live:
                live.update(_table(shown))
            time.sleep(0.1)
    finally:
        if live:
            live.stop()
    if len(shown.done) < expected:
        console.print("\nNot everything came to its end in time; the daemon's log tells more.", style="red")


def _news(journal: HistoryJournal, shown: Shown) -> list[tuple[float, str, str, str]]:
    news = []
    for row in reversed(journal.find(Filter(limit=20))):
        life = journal.life(row.fax_id)
        known = shown.seen.get(row.fax_id, 0)
        shown.seen[row.fax_id] = len(life.events)
        arrow = "→" if row.direction == "out" else "←"
        name = row.name if row.direction == "out" else f"from {row.number or 'a hidden number'}"
        for event in life.events[known:]:
            if event.target in DONE:
                shown.done.add(row.fax_id)
            text = _told(row.direction, event)
            if text:
                news.append((time.monotonic() - shown.started, f"{arrow} {name}", text, _style(event)))
    return news


def _told(direction: str, event: Event) -> str | None:
    words = WORDS.get((direction, event.event))
    if words is None:
        return None
    return f"{words}: {event.note}" if event.event in {"refused", "fail"} and event.note else words


def _style(event: Event) -> str:
    if event.event in {"refused", "fail"}:
        return "yellow"
    return "green" if event.event in {"deliver", "publish", "acknowledge"} else ""


def _table(shown: Shown) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("after", justify="right")
    table.add_column("fax")
    table.add_column("what happened")
    for moment, what, text, style in shown.lines:
        table.add_row(f"{moment:.2f} s", what, Text(text, style=style))
    return table


# -- what is left


def _summary(console: Console, place: Path, sandbox: Sandbox, shown: Shown) -> None:
    console.print()
    for name, title in (("out", "The drop folder"), ("in", "Received faxes")):
        console.print(_tree(place / name, f"{title}: {place / name}"))
    answer = next((place / "out").glob("sent/*/*.result.json"), None)
    if answer is not None:
        recipient: dict[str, Any] = json.loads(answer.read_text("utf-8"))["recipients"][0]
        facts = ", ".join(f"{key} {recipient[key]}" for key in ("state", "number", "pages", "provider_id"))
        console.print(f"\nThe answer says: {facts}")
    config = place / "config.yaml"
    told = [
        f"The telephone network's own ledger counts {len(sandbox.sent())} faxes handed over: each that could be, once.",
        f"\nEverything is left in {place} for you to look at; daemon.log there is the daemon's log. Try:",
        f"  faxdaemon list --config {config}",
        f"  faxdaemon show {min(shown.seen, default='ID')} --config {config}",
    ]
    console.print("\n".join(told), highlight=False, soft_wrap=True)
    if len(shown.done) < len(shown.seen):
        raise UserError("the demo did not come to its end")


def _tree(folder: Path, title: str) -> Tree:
    tree = Tree(Text(title, style="bold"))
    _grow(tree, folder)
    return tree


def _grow(tree: Tree, folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        if path.name == HIDDEN:
            continue
        branch = tree.add(Text(path.name if path.is_file() else f"{path.name}/"))
        if path.is_dir():
            _grow(branch, path)
