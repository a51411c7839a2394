"""The folders: where they lie, whether we may, whether the system tells of changes; and the journal.

Promise   see `faxdaemon.doctor`.
Needs     the folders.
Crash     a canary stays; its name is never taken for a drop.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from faxdaemon import check
from faxdaemon.config.types import DropFolder, Settings
from faxdaemon.core.errors import FaxdaemonError
from faxdaemon.core.places import OUTCOMES
from faxdaemon.doctor.result import Result, of, ok, trouble, warning
from faxdaemon.files import open_files
from faxdaemon.files.watch import Watcher
from faxdaemon.journal.database import file_system, is_remote

CANARY = ".faxdaemon-doctor.tmp"
PATIENCE = 3.0
"""Seconds for an event: the system's own come within milliseconds."""
NOTHING_LEFT = 64 * 2**20
"""Bytes free below which the daemon takes no drops."""
_MOUNTS = Path("/proc/self/mounts")


def state(settings: Settings) -> Iterator[Result]:
    """The daemon's own folder."""
    folder = settings.state
    topic = f"state folder {folder}"
    if folder.exists() and is_remote(folder):
        text = f"lies on a network file system ({kind_of(folder)}), where the journal could lose data"
        yield trouble("state", topic, text, "name a folder on a local disk as `state`")
    for finding in check.state_folder(folder):
        if not finding.topic.endswith(", space"):
            yield of("state", finding)
    for finding in check.control_socket(folder):
        yield of("state", finding)


def space(settings: Settings) -> Iterator[Result]:
    """Room on every disk that we write to, each once."""
    seen: set[int] = set()
    wanted = [settings.state, *settings.folder_paths]
    for folder in wanted:
        there = next((path for path in (folder, *folder.parents) if path.exists()), None)
        if there is None or there.stat().st_dev in seen:
            continue
        seen.add(there.stat().st_dev)
        free = open_files().free_space(there)
        topic, text = f"disk of {folder}", f"{free // 2**20} MiB free"
        if free < NOTHING_LEFT:
            yield trouble("disk", topic, f"{text}; no drop is taken any more", "make room now")
        elif free < check.LITTLE:
            yield warning("disk", topic, text, "make room, or move the folder to a larger disk")
        else:
            yield ok("disk", topic, text)


def journal(settings: Settings) -> Iterator[Result]:
    """The database."""
    yield of("journal", check.journal(settings))


def folders(settings: Settings) -> Iterator[Result]:
    """Drop folders: rights, and what is mounted where."""
    for folder in settings.folder_paths:
        finding = check.drop_folder(folder)
        yield of("folders", finding)
        if finding.ok:
            yield from _apart(folder)


def _apart(folder: Path) -> Iterator[Result]:
    """Outcome folders on another file system than their drop folder."""
    device = folder.stat().st_dev
    for name in OUTCOMES:
        inner = folder / name
        if inner.is_dir() and inner.stat().st_dev != device:
            text = "is on another file system: what is put there is copied, and takes longer"
            yield warning("folders", str(inner), text, "unmount it, unless that is meant")


def events(settings: Settings) -> Iterator[Result]:
    """Whether the system tells of new files."""
    for folder in settings.outbound:
        if not folder.folder.is_dir() or not os.access(folder.folder, os.W_OK | os.X_OK):
            continue  # told already
        yield _event(folder)


def _event(folder: DropFolder) -> Result:
    topic = f"events in {folder.folder}"
    slowly = f"files are found every {folder.scan:.0f} s instead of at once"
    try:
        heard = _canary(folder.folder)
    except (FaxdaemonError, OSError) as error:
        return trouble(
            "events", topic, f"a file could not be written there: {error}", "let the service's user write it"
        )
    if not heard:
        advice = "raise fs.inotify.max_user_watches and max_user_instances; on a network share it is as it must be"
        return warning("events", topic, f"do not arrive; {slowly}", advice)
    if is_remote(folder.folder):
        kind = kind_of(folder.folder)
        return ok(
            "events", topic, f"arrive for what this machine writes; a share ({kind}) tells of no other's: {slowly}"
        )
    return ok("events", topic, "arrive")


def _canary(folder: Path) -> bool:
    """Whether a file that we write is told of."""
    heard = threading.Event()

    def hint(name: str | None, _complete: bool) -> None:
        if name == CANARY:
            heard.set()

    files, watcher = open_files(), Watcher()
    try:
        watched = watcher.watch(folder, hint)
        files.write_new(folder / CANARY, [b""])
        return watched and heard.wait(PATIENCE)
    finally:
        files.remove([folder / CANARY])
        watcher.close()


def destinations(settings: Settings) -> Iterator[Result]:
    """Where received faxes go, but for printers; and the mail server."""
    if settings.mail is not None:
        yield of("destinations", check.mail_server(settings.mail))
    for inbox in settings.inbound:
        for finding in check.sinks(inbox):
            if not finding.topic.startswith("printer "):
                yield of("destinations", finding)


def printers(settings: Settings) -> Iterator[Result]:
    """Their queues."""
    for inbox in settings.inbound:
        for finding in check.sinks(inbox):
            if finding.topic.startswith("printer "):
                yield of("printers", finding)


def kind_of(folder: Path) -> str:
    """The type of the file system; empty where that cannot be known."""
    if sys.platform == "win32":
        return "network drive"
    try:
        return file_system(os.path.realpath(folder), _MOUNTS.read_text("utf-8", "surrogateescape"))
    except OSError:
        return ""
