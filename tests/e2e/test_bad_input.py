"""Bad input: a clear reason each, the daemon lives, nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.papers import pdf_bytes
from support.world import World

WITHOUT_ROOTS_EYES = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
)


def lives_on(world: World) -> None:
    """The proof that the daemon is well: a good drop is sent."""
    world.drop("3035550188_good.pdf", pdf_bytes())
    world.wait("a good drop was sent", lambda: "3035550188_good.pdf" in world.names("sent"))


def test_each_bad_drop_is_answered_with_its_reason(world: World) -> None:
    content = pdf_bytes(pages=3)
    outside = world.place / "outside.pdf"
    outside.write_bytes(content)
    expected = {
        "3035550171_empty": "is empty",
        "3035550172_half": "cut off",
        "30355FIVE73_letters": "contains “F”",
        "12_short": "too short",
        "3035550174_link": "symbolic link",
        "3035550175_folder": "is a folder",
        "3035550176_pipe": "not a regular file",
        "3035550178_secret": "password",
        "3035550179_garbage": "not",
        "no-number-at-all": "not a fax number",
        "3035550170_program": "not a kind of document",
    }
    world.drop("3035550171_empty.pdf", b"")
    world.drop("3035550172_half.pdf", content[: len(content) // 2])
    world.drop("30355FIVE73_letters.pdf", content)
    world.drop("12_short.pdf", content)
    (world.out / "3035550174_link.pdf").symlink_to(outside)
    (world.out / "3035550175_folder.pdf").mkdir()
    (world.out / "3035550175_folder.pdf" / "inside.txt").write_text("kept")
    os.mkfifo(world.out / "3035550176_pipe.pdf")
    world.drop("3035550178_secret.pdf", encrypted())
    world.drop("3035550179_garbage.pdf", os.urandom(5000))
    world.drop("no-number-at-all.pdf", content)
    world.drop("3035550170_program.exe", b"MZ" + bytes(5000))
    process = world.start()
    lives_on(world)
    world.wait(
        "every bad drop was answered", lambda: len(list(world.out.glob("failed/*.result.json"))) == len(expected)
    )
    assert world.stop(process) == 0
    for stem, reason in expected.items():
        answer = world.answer("failed", stem)
        assert answer["state"] == "failed"
        assert reason in answer["reason"], stem
        assert answer["what_to_do"]
    kept = {path.name for path in (world.out / "failed").iterdir()} - set(world.names("failed"))
    assert (world.out / "failed" / "3035550174_link.pdf").is_symlink()
    assert (world.out / "failed" / "3035550175_folder.pdf" / "inside.txt").read_text() == "kept"
    assert "3035550175_folder.pdf" in kept
    assert outside.read_bytes() == content
    assert len(world.sandbox.sent()) == 1
    assert "Traceback" not in world.logs()


def encrypted() -> bytes:
    """A PDF that asks for a password, as far as a reader can tell from its trailer."""
    plain = pdf_bytes()
    start = plain.rindex(b"trailer")
    head, tail = plain[:start], plain[start:]
    fake = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O (%s) /U (%s) >> /ID [(a) (a)] " % (b"o" * 32, b"u" * 32)
    return head + tail.replace(b"<<", b"<< " + fake, 1)


def test_a_name_in_latin_1_is_kept_and_answered(world: World) -> None:
    name = "3035550171_Müller.pdf".encode("latin-1")
    process = world.start()
    world.drop(os.fsdecode(name), pdf_bytes())
    world.wait("it was answered", lambda: len(world.names("failed")) == 2)
    lives_on(world)
    assert world.stop(process) == 0
    assert os.fsdecode(name) in world.names("failed")
    (answer,) = (world.out / "failed").glob("*.json")
    assert "not UTF-8" in answer.read_text("utf-8")


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="platform: needs Linux's setpriv")
def test_an_unreadable_file_is_answered(world: World) -> None:
    path = world.drop("3035550171_x.pdf", pdf_bytes())
    path.chmod(0)
    log = (world.place / "daemon-0.log").open("wb")
    command = [*WITHOUT_ROOTS_EYES, sys.executable, "-m", "faxdaemon", "run", "--config", str(world.config)]
    if os.geteuid() != 0:
        command = command[len(WITHOUT_ROOTS_EYES) :]
    with log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    world.processes.append(process)
    world.wait("it was answered", lambda: len(world.names("failed")) == 2)
    lives_on(world)
    assert world.stop(process) == 0
    reason = world.answer("failed", "3035550171_x")["reason"]
    assert "may not be read" in reason or "permission" in reason.lower() or "not allowed" in reason
    assert (world.out / "failed" / "3035550171_x.pdf").stat().st_mode & 0o777 == 0


def test_a_missing_drop_folder_is_told_and_used_when_it_is_there(world: World) -> None:
    missing = world.place / "later"
    world.configure(
        {"top": {"outbound": [{"folder": str(missing), "accounts": ["clinic"], "settle": "100ms", "scan": "500ms"}]}}
    )
    process = world.start()
    world.wait("it is told", lambda: f"{missing} cannot be used" in world.logs())
    assert not missing.exists(), "it may be a share that is not mounted"
    missing.mkdir()
    world.drop("3035550177_x.pdf", pdf_bytes(), missing)
    world.wait("it was sent", lambda: list(missing.glob("sent/*/*.pdf")))
    assert world.stop(process) == 0


def test_a_wrong_password_holds_the_faxes_back_and_a_right_one_sends_them(world: World) -> None:
    world.configure({"password": "wrong"})
    process = world.start()
    world.drop("3035550177_x.pdf", pdf_bytes())
    world.wait("it is told", lambda: "account clinic" in world.logs() and "its faxes wait" in world.logs())
    assert world.sandbox.ledger() == []
    assert world.names("failed") == []
    assert world.stop(process) == 0
    assert "wrong" not in world.logs().replace("is wrong", "")
    world.configure({})
    process = world.start()
    world.wait("it was sent", lambda: len(world.names("sent")) == 2)
    assert world.stop(process) == 0


@pytest.fixture
def small_disk(world: World) -> Iterator[Path]:
    """The state folder on a file system with no room for anything."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(world.state)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("platform: this machine lets nobody mount a small file system")
    yield world.state
    for process in world.processes:
        if process.poll() is None:
            process.kill()
            process.wait()
    subprocess.run(["umount", str(world.state)], check=True)


def test_without_disk_space_drops_stay_where_they_are(world: World, small_disk: Path) -> None:
    path = world.drop("3035550177_x.pdf", pdf_bytes())
    process = world.start()
    world.wait("it is told", lambda: "MiB free" in world.logs())
    assert path.exists()
    subprocess.run(["mount", "-o", "remount,size=512m", str(small_disk)], check=True)
    world.wait("it was sent", lambda: len(world.names("sent")) == 2)
    assert world.stop(process) == 0
    assert len(world.sandbox.sent()) == 1
