"""Each file in `bad` is refused, for exactly the reasons beside it.

`UPDATE=1 pytest tests/config` writes the reasons anew; read the difference before you commit it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from faxdaemon.config.load import load
from faxdaemon.core.errors import ConfigError

BAD = Path(__file__).parent / "bad"
SECRETS = ("hunter2", "47114711", "the environment's own")


def problems_of(name: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(BAD)
    with pytest.raises(ConfigError) as caught:
        load(Path(name), env={"PASSWORD": SECRETS[2]})
    return list(caught.value.problems)


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("name", sorted(path.name for path in BAD.glob("*.yaml")))
def test_refused_for_these_reasons(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    problems = problems_of(name, monkeypatch)
    expected = (BAD / name).with_suffix(".expected")
    if os.environ.get("UPDATE"):
        expected.write_text("".join(f"{problem}\n" for problem in problems), encoding="utf-8")
    assert problems == expected.read_text(encoding="utf-8").splitlines()
    for problem in problems:
        assert re.match(rf"{re.escape(name)}:[1-9][0-9]*: \S", problem)
        assert "; " in problem, "it says what is wrong, but not what would be right"
        for secret in SECRETS:
            assert secret not in problem


@pytest.mark.usefixtures("parts")
def test_ten_mistakes_are_ten_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {
        number for number, line in enumerate((BAD / "ten-mistakes.yaml").read_text().splitlines(), 1) if "  # " in line
    }
    assert len(wanted) == 10
    found = [int(problem.split(":")[1]) for problem in problems_of("ten-mistakes.yaml", monkeypatch)]
    assert found == sorted(wanted)


def test_no_reasons_without_a_file() -> None:
    assert {path.stem for path in BAD.glob("*.expected")} == {path.stem for path in BAD.glob("*.yaml")}
