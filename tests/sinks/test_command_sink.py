"""A program as destination: what it is given, what its exit status means, and that nothing of it is left."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs
from support.delivering import deliver, state, stored
from support.papers import pdf_bytes
from support.scripted import Crash, Faulty, Site

from faxdaemon.core.errors import FilesError, SinkOffline, Undeliverable
from faxdaemon.inbound.deliver import WITHIN
from faxdaemon.sinks.command import CommandSink, Options, open_sink

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="platform: the programs are scripts with #!")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    place = Site(tmp_path)
    yield place
    place.journal.close()


def script(site: Site, body: str) -> Path:
    """A program that writes down its arguments and its environment, then does `body`."""
    path = site.place / "take it"
    path.write_text(
        f"#!/bin/sh\nn={site.place}/calls; mkdir -p $n; c=$n/$(ls $n | wc -l); mkdir $c\n"
        f'printf "%s\\n" "$@" > $c/args; env > $c/env\n{body}\n'
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def calls(site: Site) -> list[tuple[list[str], dict[str, str]]]:
    """How it was called each time."""
    found = []
    for call in sorted((site.place / "calls").glob("*")):
        env = dict(line.split("=", 1) for line in (call / "env").read_text().splitlines() if "=" in line)
        found.append(((call / "args").read_text().splitlines(), env))
    return found


def sink(site: Site, body: str, *arguments: str, files: Any = None, **options: Any) -> CommandSink:
    tools = site.sink_tools()
    if files is not None:
        tools = type(tools)(files, tools.documents, tools.clock, tools.work)
    return open_sink("desk", Options(argv=[str(script(site, body)), *arguments], **options), tools)


def staged(site: Site, sink: CommandSink) -> Any:
    (work,) = site.journal.claim_deliveries("desk", 1, 10.0)
    return sink.stage(work.fax, site.spool.path(work.fax.document.spool))


# -- the plain way


def test_the_program_gets_document_sidecar_and_facts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "not for others")
    fax = stored(site, caller="+13035550177")
    keep = f'cp "$1" {site.place}/got.pdf; cp "$2" {site.place}/got.json'
    arguments = ("{document}", "{sidecar}", "--from={from}", "{received:%d/%m/%Y}", "{pages:03} {{x}}", "$HOME;`id`")
    deliver(site, sink(site, keep, *arguments)).step()
    ((args, env),) = calls(site)
    assert args[2:] == ["--from=+13035550177", "20/11/2026", "001 {x}", "$HOME;`id`"]
    assert (site.place / "got.pdf").read_bytes() == pdf_bytes(text="in-1")
    sidecar = json.loads((site.place / "got.json").read_text())
    assert (sidecar["id"], sidecar["file"], sidecar["size"]) == (fax, Path(args[0]).name, len(pdf_bytes(text="in-1")))
    assert (env["FAXDAEMON_FAX"], env["FAXDAEMON_SINK"], env["FAXDAEMON_FROM"]) == (fax, "desk", "+13035550177")
    assert (env["FAXDAEMON_DOCUMENT"], env["FAXDAEMON_SIDECAR"]) == tuple(args[:2])
    assert "SECRET" not in env
    assert state(site, fax) == "delivered"
    assert list(site.sink_tools().work.iterdir()) == []


def test_a_caller_gives_no_options(site: Site) -> None:
    stored(site, csid="--delete\n-x")
    deliver(site, sink(site, "", "{csid}", "-c{csid}")).step()
    ((args, env),) = calls(site)
    assert args == ["_-delete\\n-x", "-c_-delete\\n-x"]
    assert env["FAXDAEMON_CSID"] == "--delete\\n-x"


def test_what_it_prints_is_counted_and_not_kept(site: Site) -> None:
    stored(site)
    with capture_logs() as logs:
        deliver(site, sink(site, "head -c 300000 /dev/zero; echo John Doe >&2")).step()
    (told,) = [one for one in logs if one["event"] == "command ended"]
    assert (told["status"], told["printed"]) == (0, 300009)
    assert "John" not in str(logs)


# -- what its exit status means


@pytest.mark.parametrize(
    ("status", "options", "error", "words"),
    [
        (75, {}, SinkOffline, "takes nothing now"),
        (1, {}, FilesError, r"take it failed \(exit status 1\)"),
        (65, {"give_up": [64, 65]}, Undeliverable, "exit status 65"),
        (3, {"otherwise": "give_up"}, Undeliverable, "exit status 3"),
        (75, {"otherwise": "give_up"}, SinkOffline, "takes nothing now"),
    ],
)
def test_what_an_exit_status_means(
    site: Site, status: int, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    stored(site)
    one = sink(site, f"exit {status}", **options)
    plan = staged(site, one)
    with pytest.raises(error, match=words) as caught:
        one.publish(plan)
    assert type(caught.value) is error
    with pytest.raises(error):
        one.publish(plan)  # what is staged is still there
    assert len(calls(site)) == 2


def test_one_that_is_killed_is_tried_again(site: Site) -> None:
    stored(site)
    one = sink(site, "kill -9 $$")
    with pytest.raises(FilesError, match="ended by signal 9"):
        one.publish(staged(site, one))


def test_one_that_is_not_there(site: Site) -> None:
    stored(site)
    one = sink(site, "")
    (site.place / "take it").unlink()
    with pytest.raises(SinkOffline, match="cannot be started: No such file"):
        one.publish(staged(site, one))


def test_one_that_does_not_end_is_ended_with_its_children(site: Site) -> None:
    stored(site)
    fifo = site.place / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    one = sink(site, f"(exec sleep 600) 3>{fifo} & exec sleep 600", timeout=1.0)
    with pytest.raises(FilesError, match="did not end within 1s"):
        one.publish(staged(site, one))
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b"", "its child had the other end: it is gone"
    os.close(reader)


def test_it_is_tried_again_and_a_change_of_its_arguments_counts(site: Site) -> None:
    fax = stored(site)
    deliver(site, sink(site, "exit 1", "--wrong")).step()
    assert state(site, fax) == "stored"
    site.later(800)
    deliver(site, sink(site, "exit 0", "--right", "{id}")).step()
    assert state(site, fax) == "delivered"
    assert [args for args, _ in calls(site)] == [["--wrong"], ["--right", fax]]


# -- crashes


def test_a_crash_after_it_took_the_fax_gives_it_again_under_the_same_name(site: Site) -> None:
    fax = stored(site)
    with pytest.raises(Crash):
        deliver(site, sink(site, "", "{delivery}", files=Faulty(site.files, remove=[Crash()]))).step()
    site.restart()
    site.later(WITHIN)
    deliver(site, sink(site, "", "{delivery}")).step()
    (first, one), (second, other) = calls(site)
    assert first == second == [one["FAXDAEMON_DELIVERY"]] == [other["FAXDAEMON_DELIVERY"]]
    assert state(site, fax) == "delivered"


def test_a_crash_after_what_was_staged_is_gone_runs_nothing(site: Site) -> None:
    fax = stored(site)
    with pytest.raises(Crash):
        deliver(site, sink(site, ""), journal=Faulty(site.journal, delivery_done=[Crash()])).step()
    site.restart()
    site.later(WITHIN)
    deliver(site, sink(site, "")).step()
    assert len(calls(site)) == 1
    assert state(site, fax) == "delivered"


def test_a_crash_while_it_tidied_up_leaves_nothing_and_runs_nothing(site: Site) -> None:
    def half(real: Any, paths: Any) -> None:
        real(paths[:1])
        raise Crash

    fax = stored(site)
    with pytest.raises(Crash):
        deliver(site, sink(site, "", files=Faulty(site.files, remove=[half]))).step()
    site.restart()
    site.later(WITHIN)
    deliver(site, sink(site, "")).step()
    assert len(calls(site)) == 1
    assert state(site, fax) == "delivered"
    assert list(site.sink_tools().work.iterdir()) == []


def test_another_fax_has_another_name(site: Site) -> None:
    stage = deliver(site, sink(site, "", "{delivery}"))
    for number in range(2):
        stored(site, f"in-{number}")
        stage.step()
    assert len({args[0] for args, _ in calls(site)}) == 2


# -- configuration


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"argv": []}, "at least 1"),
        ({"argv": ["{from}"]}, "no field"),
        ({"argv": ["C:\\take.BAT", "x"]}, "batch file"),
        ({"argv": [" "]}, "program itself"),
        ({"argv": ["x", "{caller}"]}, "is not known"),
        ({"argv": ["x", "a\0b"]}, "null character"),
        ({"argv": ["x"], "timeout": 0}, "greater than or equal to 1"),
    ],
)
def test_what_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Options.model_validate(options)


def test_an_argument_may_be_empty() -> None:
    assert Options(argv=["x", ""]).argv == ["x", ""]
