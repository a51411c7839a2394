"""The shape of the code: sizes, man pages, and who may change files, wait, or read a clock.

Each exception is listed with its reason; one that is no longer needed fails too, so that the lists stay true.
"""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "faxdaemon"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "versions" not in path.parts)
LONGEST = 350
LONGER: Mapping[str, str] = {}

NO_MAN_PAGE = {
    "core/": "pure: promises nothing beyond its types, cannot crash",
    "contracts/": "the promises themselves, told method by method",
    "sandbox/": "stands for the outside world, which promises nothing; one page for all, in its __init__",
    "cli/": "parses, calls, prints; one page for all commands, in its __init__",
    "journal/migrations/": "alembic's own form",
    "options.py": "nouns only",
    "clock.py": "three calls of the system's",
}
TIME = {
    "clock.py": "it is the clock",
    "sandbox/": "stands for the outside world, which has its own time",
    "journal/writer.py": "waits for a database that another program has locked; no stage is stepped meanwhile",
    "files/locking.py": "waits for the holder of a lock, for as long as its caller says",
    "files/windows.py": "waits for a virus scanner to let go of a file, at most a second",
    "cli/": "waits for a person or for the daemon",
    "web/loopback.py": "draws the token that guards the daemon's port",
}
WRITES = {
    "files/": "its home",
    "sandbox/": "stands for the outside world; its papers are nobody's fax",
    "cli/cover.py": "a preview, where the person says",
    "cli/init.py": "the first configuration, before there is anything else",
    "cli/demo.py": "plays the application that drops files",
    "documents/outside.py": "a copy for another program, in a temporary folder that is gone afterwards",
    "documents/render.py": "renders into a file that the caller names; used by the sandbox only",
    "journal/": "the database's own folder, lock and backup",
    "logs/": "the log's own file",
    "web/local.py": "the socket by which commands find the daemon; nobody's fax",
    "web/loopback.py": "likewise where there are no such sockets",
}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def excused(name: str, exceptions: Mapping[str, str]) -> bool:
    return any(name == entry or (entry.endswith("/") and name.startswith(entry)) for entry in exceptions)


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def reads_time(call: ast.Call) -> bool:
    name = dotted(call.func)
    return name in {"time.sleep", "time.time", "datetime.now", "datetime.utcnow", "date.today"} or name.startswith(
        ("random.", "secrets.token", "uuid.")
    )


def changes_files(call: ast.Call) -> bool:
    name = dotted(call.func)
    owner, _, verb = name.rpartition(".")
    if owner == "shutil" or name in {"os.open", "os.remove", "os.rename", "os.replace", "os.unlink", "os.truncate"}:
        return True
    if verb in {"write_text", "write_bytes", "unlink", "rename", "rmdir", "mkdir", "makedirs", "touch", "symlink_to"}:
        return True
    if verb == "replace" and len(call.args) == 1 and not call.keywords:  # Path.replace; that of a text takes two
        return True
    return verb == "open" and bool(set(mode_of(call, 1 if name == "open" else 0)) & set("wax+"))


def mode_of(call: ast.Call, position: int) -> str:
    given = [keyword.value for keyword in call.keywords if keyword.arg == "mode"] + call.args[position : position + 1]
    return str(given[0].value) if given and isinstance(given[0], ast.Constant) else ""


def offences(test: Callable[[ast.Call], bool]) -> dict[str, list[int]]:
    found = {name_of(path): [call.lineno for call in calls(path) if test(call)] for path in MODULES}
    return {name: lines for name, lines in found.items() if lines}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_short_enough_to_read(path: Path) -> None:
    too_long = len(path.read_text("utf-8").splitlines()) > LONGEST
    assert too_long == (name_of(path) in LONGER), f"{LONGEST} lines at most; which two things does it do?"


def test_the_typical_module(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = [len(path.read_text("utf-8").splitlines()) for path in MODULES if path.name != "__init__.py"]
    with capsys.disabled():
        print(f"\n{len(sizes)} modules, median {statistics.median(sizes):.0f} lines, longest {max(sizes)}")
    assert sizes


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_opens_with_its_man_page(path: Path) -> None:
    page = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    assert len(page.split()) > 2, "say in a line or more what this module is for"
    if path.name == "__main__.py" or excused(name_of(path), NO_MAN_PAGE):
        return
    one_provider = path.parent.parent.name == "providers"  # a large provider is a folder, with one page for all
    if one_provider != (path.name == "__init__.py"):
        return
    missing = [label for label in ("Promise", "Needs", "Crash") if not re.search(rf"^{label}\b", page, re.MULTILINE)]
    assert not missing, "say what it promises, what it needs and what a crash does, as core/states.py does"


@pytest.mark.parametrize(
    ("test", "exceptions"), [(reads_time, TIME), (changes_files, WRITES)], ids=["time and chance", "changed files"]
)
def test_only_those_do_it_who_may(test: Callable[[ast.Call], bool], exceptions: Mapping[str, str]) -> None:
    found = offences(test)
    assert {name: lines for name, lines in found.items() if not excused(name, exceptions)} == {}
    idle = [entry for entry in exceptions if not any(excused(name, {entry: ""}) for name in found)]
    assert idle == [], "these exceptions are no longer needed"


@pytest.mark.parametrize(
    ("line", "test"),
    [
        ("time.sleep(1)", reads_time),
        ("datetime.now(UTC)", reads_time),
        ("random.choice(x)", reads_time),
        ("path.write_text('x')", changes_files),
        ("path.open('wb')", changes_files),
        ("open(path, mode='a')", changes_files),
        ("open(path, 'x')", changes_files),
        ("os.replace(a, b)", changes_files),
        ("path.replace(other)", changes_files),
        ("path.unlink()", changes_files),
        ("shutil.rmtree(path)", changes_files),
    ],
)
def test_the_tests_above_would_see_it(line: str, test: Callable[[ast.Call], bool]) -> None:
    call = ast.parse(line, mode="eval").body
    assert isinstance(call, ast.Call)
    assert test(call)


@pytest.mark.parametrize("line", ["text.replace('a', 'b')", "path.open('rb')", "open(path)", "day.replace(hour=1)"])
def test_the_tests_above_do_not_see_ghosts(line: str) -> None:
    call = ast.parse(line, mode="eval").body
    assert isinstance(call, ast.Call)
    assert not changes_files(call)
