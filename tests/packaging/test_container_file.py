"""The container file and its compose example, as far as they can be judged without running them."""

from __future__ import annotations

from pathlib import Path

import yaml

FOLDER = Path(__file__).parents[2] / "packaging" / "container"


def test_the_container_has_no_root_and_says_whether_it_is_well() -> None:
    lines = (FOLDER / "Containerfile").read_text("utf-8").splitlines()
    last = len(lines) - 1 - next(n for n, line in enumerate(reversed(lines)) if line.startswith("FROM "))
    rest = lines[last:]
    assert [line for line in rest if line.startswith("USER ")] == ["USER 10000:10000"]
    assert any(line.startswith("HEALTHCHECK") and '"status"' in line for line in rest)


def test_the_example_is_read_only_and_may_nothing() -> None:
    whole = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
    service = whole["services"]["faxdaemon"]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["stop_grace_period"].removesuffix("s")) > 30
    assert not any(name in str(service.get("environment", "")).lower() for name in ("password", "secret"))
