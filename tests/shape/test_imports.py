"""The import contracts of pyproject.toml hold, and they bite: a copy with one forbidden import in it fails."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PURE = sorted(path for part in ("core", "contracts") for path in (ROOT / "faxdaemon" / part).glob("*.py"))

FORBIDDEN = [
    ("core/states.py", "import faxdaemon.contracts.journal"),
    ("core/schedule.py", "import time"),
    ("contracts/files.py", "import os"),
    ("contracts/journal.py", "import structlog"),
    ("outbound/submit.py", "import faxdaemon.files.common"),
    ("outbound/submit.py", "import faxdaemon.inbound.fetch"),
    ("inbound/fetch.py", "import faxdaemon.journal.tables"),
    ("journal/tables.py", "import faxdaemon.outbound.route"),
    ("journal/tables.py", "import faxdaemon.files.common"),
    ("documents/tail.py", "import faxdaemon.journal.tables"),
    ("formats/filename.py", "import faxdaemon.http"),
    ("config/load.py", "import faxdaemon.journal.tables"),
    ("config/load.py", "import faxdaemon.daemon"),
    ("sandbox/model.py", "import faxdaemon.outbound.intake"),
    ("housekeeping.py", "import sqlalchemy"),
    ("outbound/route.py", "import httpx"),
    ("files/common.py", "import threading"),
    ("stray.py", "import faxdaemon.core"),
]


def lint(package_root: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-logo", "--no-cache"],
        cwd=package_root,
        env={"PYTHONPATH": str(package_root), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "faxdaemon", root / "faxdaemon", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def test_the_contracts_hold(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(("module", "line"), FORBIDDEN)
def test_a_forbidden_import_is_found(copy: Path, module: str, line: str) -> None:
    path = copy / "faxdaemon" / module
    before = path.read_text("utf-8") if path.exists() else None
    path.write_text((before or "") + f"\n{line}\n", "utf-8")
    try:
        result = lint(copy)
    finally:
        path.unlink() if before is None else path.write_text(before, "utf-8")
    assert result.returncode == 1, result.stdout + result.stderr
    assert "broken" in result.stdout


@pytest.mark.parametrize("path", PURE, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_core_and_contracts_import_the_standard_library_only(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            imported.add((node.module or "").split(".")[0])
    allowed = {"numbers.py": {"phonenumbers"}, "regular.py": {"regex"}}.get(path.name, set())
    assert imported - sys.stdlib_module_names - {"faxdaemon"} - allowed == set()
