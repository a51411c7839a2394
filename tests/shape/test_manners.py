"""Manners of the whole repository: every exception carries its reason, and nothing of one machine slips in."""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = sorted(
    path for part in ("faxdaemon", "tests") for path in (ROOT / part).rglob("*.py") if "__pycache__" not in path.parts
)
# Spelt in two halves, or this file would find itself.
REGISTRIES = re.compile(
    "|".join(map(re.escape, ("py" + "pi.org", "python" + "hosted", "npm" + "js", "crates" + ".io")))
)
WORKSHOP = re.compile(r"(?<![\w./~-])/(?:" + "wo" + "rk)(?:/|\\b)")
EXCEPTION = re.compile(r"#\s*(?:noqa|type:\s*ignore)")
REASONED = re.compile(r"#\s*(?:noqa:\s*[A-Z]+[0-9]+(?:,\s*[A-Z]+[0-9]+)*|type:\s*ignore\[[\w, -]+\])\s+[-–—#]\s*\w+")


def tracked() -> list[Path]:
    """The files of the repository, those not yet committed included."""
    listing = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    names = [os.fsdecode(name) for name in listing.stdout.split(b"\0") if name]
    if not names:
        pytest.skip("platform: not a git checkout, so it cannot be told what belongs to the repository")
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def test_every_ignored_warning_says_why() -> None:
    bare = []
    for path in PYTHON:
        for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
            if token.type == tokenize.COMMENT and EXCEPTION.search(token.string) and not REASONED.search(token.string):
                bare += [f"{path.relative_to(ROOT)}:{token.start[0]}: {token.string}"]
    assert bare == []


def test_every_skip_says_why() -> None:
    bare = []
    for path in (path for path in PYTHON if "tests" in path.relative_to(ROOT).parts):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            named = {keyword.arg for keyword in node.keywords} if isinstance(node, ast.Call) else set()
            if name in {"pytest.skip", "pytest.xfail"}:
                silent = not (isinstance(node, ast.Call) and node.args) and "reason" not in named
            elif name in {"pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail", "pytest.importorskip"}:
                silent = "reason" not in named
            else:
                silent = False
            if silent:
                bare.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert bare == []


@pytest.mark.parametrize("pattern", [REGISTRIES, WORKSHOP], ids=["package registries", "one machine's paths"])
def test_nothing_of_one_machine_is_named(pattern: re.Pattern[str]) -> None:
    named = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", "replace")
        named += [f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, m.start()) + 1}" for m in pattern.finditer(text)]
    assert named == []


SKIPPING = """
import pytest

def test_passes():
    pass

@pytest.mark.skipif(True, reason="{0}: by mark")
def test_mark():
    pass

def test_call():
    pytest.skip("{0}: by call")
"""


def run(folder: Path, body: str, ci: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    (folder / "test_it.py").write_text(body, "utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, folder],
        cwd=folder,
        env={**os.environ, "CI": ci, "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("reason", "ci", "summary"),
    [
        ("no database here", "true", "1 failed, 1 passed, 1 error"),
        ("no database here", "", "1 passed, 2 skipped"),
        ("platform", "true", "1 passed, 2 skipped"),
    ],
)
def test_a_skip_fails_where_everything_is_there(tmp_path: Path, reason: str, ci: str, summary: str) -> None:
    result = run(tmp_path, SKIPPING.format(reason), ci)
    assert summary in result.stdout
    assert (result.returncode != 0) == ("failed" in summary)


def test_a_module_that_skips_itself_fails_too(tmp_path: Path) -> None:
    result = run(tmp_path, "import pytest\npytest.importorskip('no_such_module', reason='not here')\n", "true")
    assert result.returncode != 0
    assert "not here" in result.stdout
