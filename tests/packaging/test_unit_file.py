"""The unit file, as far as it can be judged without starting it; `packaging/check` starts it."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from faxdaemon import daemon, supervise

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "packaging" / "systemd" / "faxdaemon.service"
analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


def values(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE)


def seconds(key: str) -> float:
    (text,) = values(key)
    number, unit = re.fullmatch(r"(\d+)(min|s)?", text).groups()
    return float(number) * {"min": 60, "s": 1, None: 1}[unit]


def test_the_service_manager_is_more_patient_than_the_daemon() -> None:
    assert seconds("TimeoutStopSec") > 30 > daemon.STOP
    assert seconds("WatchdogSec") > 3 * supervise.LOOK


def test_a_mistake_in_the_configuration_is_not_tried_again() -> None:
    assert values("Restart") == ["on-failure"]
    assert values("RestartPreventExitStatus") == ["2"]


def test_the_type_is_one_that_debian_12_knows_and_the_drop_in_has_the_newer_one() -> None:
    assert values("Type") == ["notify"]
    assert "Type=notify-reload" in (UNIT.parent / "notify-reload.conf").read_text("utf-8")


@analyze
def test_the_sandbox_is_tight_enough() -> None:
    command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=20", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:]


@analyze
def test_systemd_has_nothing_to_say_about_it(tmp_path: Path) -> None:
    """It exits 0 on unknown keys, so what it writes counts; the program that the unit names is not here."""
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text("utf-8").replace("/usr/bin/faxdaemon", sys.executable), "utf-8")
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_limit_is_forbidden_that_the_daemon_sets_for_its_readers() -> None:
    """PDFs are read by a process with bounds on memory and time, which it sets itself."""
    assert not any("@resources" in one for one in values("SystemCallFilter"))


def test_pages_and_completion_are_made(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "packaging" / "pages.py"), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    manual = gzip.decompress((tmp_path / "man/man1/faxdaemon.1.gz").read_bytes()).decode("utf-8")
    assert ".SS faxdaemon reload" in manual and "\\-\\-config" in manual
    keys = gzip.decompress((tmp_path / "man/man5/faxdaemon.yaml.5.gz").read_bytes()).decode("utf-8")
    assert "\n.B companion\n(time; default 5m)\n" in keys
    assert "_FAXDAEMON_COMPLETE" in (tmp_path / "bash-completion/completions/faxdaemon").read_text("utf-8")


@pytest.mark.parametrize("name", ["build", "postinst", "prerm", "postrm"])
def test_the_scripts_are_scripts(name: str) -> None:
    path = ROOT / "packaging" / "debian" / name
    assert path.stat().st_mode & 0o111
    shell = path.read_text("utf-8").partition("\n")[0].removeprefix("#!")
    assert subprocess.run([shell, "-n", str(path)], check=False).returncode == 0
