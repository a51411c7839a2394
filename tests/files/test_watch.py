"""Watching real folders: which events are complete, what is left out, how little it costs, and what is told when it
cannot be had."""

from __future__ import annotations

import errno
import os
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from faxdaemon.files import inotify
from faxdaemon.files.observer import ObserverEvents
from faxdaemon.files.watch import Events, Hint, Subscription, Watcher

PATIENCE = 60.0


class Heard:
    """The hints of one folder, in order."""

    def __init__(self) -> None:
        self.hints: queue.Queue[tuple[str | None, bool]] = queue.Queue()

    def __call__(self, name: str | None, complete: bool) -> None:
        self.hints.put((name, complete))

    def next(self) -> tuple[str | None, bool]:
        return self.hints.get(timeout=PATIENCE)

    def until(self, hint: tuple[str | None, bool]) -> list[tuple[str | None, bool]]:
        """Everything up to and including `hint`."""
        heard = [self.next()]
        while heard[-1] != hint:
            heard.append(self.next())
        return heard


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    watcher = Watcher()
    yield watcher
    watcher.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


def test_a_file_closed_after_writing_is_complete_and_before_that_it_is_not(watcher: Watcher, folder: Path) -> None:
    heard = Heard()
    assert watcher.watch(folder, heard)
    with (folder / "x").open("w") as stream:
        assert heard.next() == ("x", False)
        stream.write("content")
    assert heard.next() == ("x", True)


def test_a_file_renamed_in_is_complete_from_wherever_it_comes(watcher: Watcher, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").touch()
    (folder / "inside.tmp").touch()
    heard = Heard()
    assert watcher.watch(folder, heard)
    (tmp_path / "outside").rename(folder / "a")
    assert heard.next() == ("a", True)
    (folder / "inside.tmp").rename(folder / "b")
    assert heard.next() == ("b", True)


def test_a_file_linked_in_exists_and_no_more_is_known(watcher: Watcher, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").touch()
    heard = Heard()
    assert watcher.watch(folder, heard)
    (folder / "x").hardlink_to(tmp_path / "outside")
    assert heard.next() == ("x", False)


def test_our_own_claims_reads_and_folders_wake_nobody(watcher: Watcher, folder: Path, tmp_path: Path) -> None:
    (folder / "claimed").touch()
    (folder / "deleted").touch()
    heard = Heard()
    assert watcher.watch(folder, heard)
    (folder / "claimed").rename(tmp_path / "claimed")
    (folder / "deleted").read_bytes()
    (folder / "deleted").unlink()
    (folder / "sub").mkdir()
    (folder / "sub" / "x").touch()
    (tmp_path / "claimed").rename(folder / "end")
    assert heard.next() == ("end", True)


def test_a_name_that_is_not_utf8_arrives_as_the_system_gives_it(watcher: Watcher, folder: Path) -> None:
    heard = Heard()
    assert watcher.watch(folder, heard)
    name = os.fsdecode(b"f\xfcr.pdf")
    (folder / name).touch()
    assert heard.until((name, True))[-1] == (name, True)


def test_a_link_to_a_folder_is_followed(watcher: Watcher, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    heard = Heard()
    assert watcher.watch(tmp_path / "link", heard)
    (folder / "x").touch()
    assert heard.until(("x", True))


def test_a_folder_that_goes_away_asks_for_a_scan_and_is_watched_again_when_it_is_back(
    watcher: Watcher, folder: Path
) -> None:
    heard = Heard()
    assert watcher.watch(folder, heard)
    folder.rmdir()
    assert heard.next() == (None, False)
    with capture_logs() as logs:
        assert not watcher.watch(folder, heard)
        assert not watcher.watch(folder, heard)
    assert [entry["folder"] for entry in logs] == [str(folder)]
    folder.mkdir()
    assert watcher.watch(folder, heard)
    (folder / "x").touch()
    assert heard.until(("x", True))


def test_a_folder_that_was_replaced_is_watched_anew(watcher: Watcher, folder: Path, tmp_path: Path) -> None:
    heard = Heard()
    assert watcher.watch(folder, heard)
    folder.rename(tmp_path / "old")
    assert heard.next() == (None, False)
    folder.mkdir()
    assert watcher.watch(folder, heard)
    (tmp_path / "old" / "stale").touch()
    (folder / "x").touch()
    assert ("stale", True) not in heard.until(("x", True))


def test_watching_twice_hears_once(watcher: Watcher, folder: Path, tmp_path: Path) -> None:
    heard = Heard()
    assert watcher.watch(folder, heard)
    assert watcher.watch(folder, heard)
    for name in ("a", "b"):
        (tmp_path / name).touch()
        (tmp_path / name).rename(folder / name)
    assert heard.until(("b", True)) == [("a", True), ("b", True)]


def inotify_instances() -> int:
    links = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]  # noqa: PTH208 - names, not paths
    return sum(Path(link).readlink() == Path("anon_inode:inotify") for link in links if os.path.lexists(link))


def test_a_hundred_folders_cost_one_thread_and_one_inotify_instance(tmp_path: Path) -> None:
    threads, instances = threading.active_count(), inotify_instances()
    watcher = Watcher()
    try:
        heard = [Heard() for _ in range(100)]
        for number, each in enumerate(heard):
            folder = tmp_path / f"{number}"
            folder.mkdir()
            assert watcher.watch(folder, each)
        assert (threading.active_count() - threads, inotify_instances() - instances) == (1, 1)
        for number, each in enumerate(heard):
            (tmp_path / f"{number}" / "x").touch()
            assert each.until(("x", True))
    finally:
        watcher.close()
    assert (threading.active_count(), inotify_instances()) == (threads, instances)


def test_no_hint_after_closing(folder: Path) -> None:
    watcher, heard = Watcher(), Heard()
    assert watcher.watch(folder, heard)
    watcher.close()
    assert heard.hints.empty()


def test_a_hint_that_fails_is_logged_and_silences_nobody(watcher: Watcher, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    heard = Heard()

    def fail(name: str | None, complete: bool) -> None:
        raise RuntimeError("a bug")

    with capture_logs() as logs:
        assert watcher.watch(folder, fail)
        assert watcher.watch(other, heard)
        (folder / "x").touch()
        (other / "x").touch()
        assert heard.until(("x", True))
    assert {entry["event"] for entry in logs} == {"a hint failed"}


def test_lost_events_ask_for_a_scan(watcher: Watcher, folder: Path, tmp_path: Path) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 100_000:
        pytest.skip("platform: the kernel's queue is too long to be filled here")
    (folder / "0").touch()
    (folder / "1").touch()
    go, stuck, lost = threading.Event(), threading.Event(), threading.Event()

    def slow(name: str | None, complete: bool) -> None:
        if name is None:
            lost.set()
        stuck.set()
        go.wait(PATIENCE)

    assert watcher.watch(folder, slow)
    (folder / "first").touch()
    assert stuck.wait(PATIENCE)
    paths = [str(folder / "0"), str(folder / "1")]
    for number in range(limit + 5000):  # by turns, for equal events in a row count once
        os.close(os.open(paths[number % 2], os.O_WRONLY))
    go.set()
    assert lost.wait(PATIENCE)


class Refusing:
    """A system that has no more events to give."""

    def __init__(self, number: int) -> None:
        self.number = number

    def subscribe(self, folder: Path, hint: Hint) -> Subscription:
        raise OSError(self.number, os.strerror(self.number))

    def close(self) -> None:
        pass


def test_no_watch_left_is_told_once_with_what_to_do(folder: Path) -> None:
    refusing: Events = Refusing(errno.ENOSPC)
    watcher = Watcher(refusing)
    with capture_logs() as logs:
        assert not watcher.watch(folder, Heard())
        assert not watcher.watch(folder, Heard())
    assert len(logs) == 1
    assert "max_user_watches" in logs[0]["reason"]


def test_no_instance_left_is_no_reason_to_stop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left() -> None:
        raise OSError(errno.EMFILE, "inotify instance limit reached")

    monkeypatch.setattr(inotify, "InotifyFD", none_left)
    watcher = Watcher()
    with capture_logs() as logs:
        assert not watcher.watch(folder, Heard())
    watcher.close()
    assert "max_user_instances" in logs[0]["reason"]


def test_a_folder_that_may_not_be_read_is_told(folder: Path, watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Watchdog passes over EACCES in silence: without our check such a folder would count as watched."""
    monkeypatch.setattr(inotify.InotifyFD, "add_callback", lambda *_: -1)
    with capture_logs() as logs:
        assert not watcher.watch(folder, Heard())
    assert "may not read" in logs[0]["reason"]


# -- where there is no inotify of our own


@pytest.fixture
def elsewhere() -> Iterator[Watcher]:
    watcher = Watcher(ObserverEvents())
    yield watcher
    watcher.close()


@pytest.mark.parametrize(
    ("act", "hint"),
    [
        (lambda folder: (folder / "old").rename(folder / "new"), ("new", True)),
        (lambda folder: (folder / "new").touch(), ("new", False)),
        (lambda folder: (folder.parent / "outside").rename(folder / "new"), ("new", False)),
    ],
)
def test_other_systems_events_are_complete_only_when_that_is_sure(
    elsewhere: Watcher, folder: Path, act: Callable[[Path], object], hint: tuple[str | None, bool]
) -> None:
    (folder / "old").touch()
    (folder.parent / "outside").touch()
    heard = Heard()
    assert elsewhere.watch(folder, heard)
    assert elsewhere.watch(folder, heard)
    act(folder)
    assert heard.next() == hint
