"""`faxdaemon config sample`: what an application would write."""

from __future__ import annotations

import pytest
from support.dialects import NAMES, read
from typer.testing import CliRunner

from faxdaemon import cli
from faxdaemon.outbound.dialects import Asked


def asked(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli.app, ["config", "sample", *words])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("name", [name for name in NAMES if name != "site_codes"])
def test_every_dialect_has_one(name: str) -> None:
    code, out, _ = asked(name)
    assert code == 0
    assert "3035550123" in out


def test_it_asks_for_what_was_told() -> None:
    words = ["--to", "303 555 0123", "--to", "3035550124", "--name", "Dr. Lee", "--document", "S:\\a.pdf"]
    code, out, err = asked("gfi_xml", *words, "--wish", "subject=Rates & more", "--wish", "phone=555")
    assert (code, err) == (0, "in a file such as order17.xml\n")
    found = read("gfi_xml", "order17.xml", out.encode())
    assert isinstance(found, Asked)
    (order,) = found.orders
    assert order.documents == ("S:\\a.pdf",)
    assert [(r.number, r.name) for r in order.requests] == [("303 555 0123", "Dr. Lee"), ("3035550124", "Dr. Lee")]
    assert (order.requests[0].options, order.requests[0].fields) == ({"subject": "Rates & more"}, {"phone": "555"})


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["faxbot", "--name", "Dr. Lee"], "has no words for it, or not in this combination: name"),
        (["request", "--wish", "priority=now"], "priority: “now” is not possible"),
        (["nothing"], "there is no dialect “nothing”; there are: activefax,"),
        (["site_codes"], "under `codes` of the folder"),
    ],
)
def test_what_cannot_be_written_is_told(words: list[str], why: str) -> None:
    code, out, err = asked(*words)
    assert code != 0
    assert out == ""
    assert why in " ".join(err.split())
