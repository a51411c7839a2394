"""Whatever a file holds, it loads or it is refused with lines: never another exception, never a secret in those."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faxdaemon.config.load import load
from faxdaemon.core.errors import ConfigError

SECRET = "the environment's own"
GOOD: dict[str, Any] = {
    "state": "/var/lib/faxdaemon",
    "journal": "postgresql://fax:${env:PW}@db/fax",
    "region": "US",
    "accounts": {
        "main": {
            "provider": "courier", "username": "u", "company": "1", "password": "${env:PW}",
            "extra": {"key": "${env:PW}"}, "ca": "/etc/ca.pem", "retries": 2,
        },
    },
    "outbound": [{"folder": "/srv/a", "accounts": ["main"], "to": "+13035550100", "formats": ["json"], "expire": "1h"}],
    "inbound": [{"account": "main", "lines": {"other": {"name": "x", "shelf": {"path": "/srv/in", "as": "pdf"}}}}],
    "web": {"listen": "localhost:8480"},
    "log": {"level": "info"},
}  # fmt: skip


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, one in inner for place in ((*way, key), *places(one, (*way, key)))]


odd_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
odd_texts = st.sampled_from(
    ["${env:PW}", "${env:NOPE}", "${", "$${x}", "/srv/a", "/srv/in", "main", "other", "*", "5m"]
)
odd = st.recursive(
    odd_scalars | odd_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_texts | st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
CALM = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def judged(path: Path) -> None:
    try:
        assert load(path, env={"PW": SECRET}).source == path
    except ConfigError as error:
        assert error.problems
        for problem in error.problems:
            assert re.match(rf"{re.escape(str(path))}:[1-9][0-9]*: \S", problem)
        assert SECRET not in str(error)


def test_the_good_one_is_good(parts: None, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(GOOD), encoding="utf-8")
    assert load(path, env={"PW": SECRET}).region == "US"


@pytest.mark.usefixtures("parts")
@CALM
@given(place=st.sampled_from(places(GOOD)), value=odd)
def test_any_value_anywhere(tmp_path: Path, place: tuple[Any, ...], value: Any) -> None:
    data = copy.deepcopy(GOOD)
    here: Any = data
    for part in place[:-1]:
        here = here[part]
    here[place[-1]] = value
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8", errors="surrogatepass")
    judged(path)


@pytest.mark.usefixtures("parts")
@CALM
@given(
    start=st.integers(0, 900),
    length=st.integers(0, 40),
    text=st.text(alphabet="\t\n :-[]{}\"'*&!|>%@`#,?ab\x00é", max_size=6),
)
def test_any_damage_to_the_text(tmp_path: Path, start: int, length: int, text: str) -> None:
    good = yaml.safe_dump(GOOD)
    path = tmp_path / "config.yaml"
    path.write_text(good[:start] + text + good[start + length :], encoding="utf-8")
    judged(path)
