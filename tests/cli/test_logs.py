"""The log's lines."""

import io
import json
import logging
import re
import subprocess
import sys
import threading

import pytest
import structlog

from faxdaemon import logs


@pytest.fixture(autouse=True)
def _undo():
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.setLevel(level)
    root.handlers[:] = handlers


def configured(**how):
    stream = io.StringIO()
    logs.configure(stream=stream, **how)
    return structlog.get_logger(), stream


def test_a_text_line_has_time_level_event_and_values():
    log, stream = configured()
    log.info("fax accepted", fax="01jd", pages=3, number="+1303•••••00", name="a b", empty="", none=None)
    line = stream.getvalue()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z info     fax accepted .*\n", line)
    assert line.endswith(' fax=01jd pages=3 number=+1303•••••00 name="a b" empty=""\n')


def test_json_is_one_object_a_line_that_begins_with_the_time():
    log, stream = configured(format="json")
    log.warning("odd", path="/x/caf\udce9", other={1, 2})
    facts = json.loads(stream.getvalue())
    assert list(facts)[:3] == ["time", "level", "event"]
    assert (facts["level"], facts["event"], facts["path"]) == ("warning", "odd", "/x/caf\udce9")


@pytest.mark.parametrize("format_", ["text", "json"])
def test_no_value_begins_a_line_or_colours_a_terminal(format_):
    log, stream = configured(format=format_)
    log.info("x\nforged", name="\x1b[31mred\r\n2026 critical forged\u2028\u0085")
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert all(c.isprintable() for c in text[:-1])


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_number_is_masked_wherever_it_stands(format_, log_watch):
    log, stream = configured(format=format_)
    log.info("to +13035550123", subject="delivery main:+13035550124:folder", path="/x/+13035550125_a.pdf")
    try:
        {}["+13035550126"]
    except KeyError:
        log.exception("stage failed", worker="deliver:main:+13035550127")
    logging.getLogger("lib").error("to +13035550128")
    text = stream.getvalue()
    assert "+1303555" not in text
    for end in ("23", "24", "25", "26", "27", "28"):
        assert f"+1303•••••{end}" in text
    if format_ == "json":
        assert [json.loads(line)["level"] for line in text.splitlines()] == ["info", "error", "error"]


def test_less_important_lines_are_left_out():
    log, stream = configured(level="warning")
    log.info("quiet")
    log.warning("loud")
    assert "quiet" not in stream.getvalue() and "loud" in stream.getvalue()


def test_only_a_stack_is_more_than_a_line_and_it_is_indented():
    log, stream = configured()
    try:
        compile("first\n)second", "x\ny", "exec")
    except SyntaxError:
        log.exception("stage failed", worker="w")
    head, *rest = stream.getvalue().splitlines()
    assert head.endswith("error    stage failed worker=w")
    assert rest and all(line.startswith("    ") for line in rest)


LIBRARIES = """
import logging, sys, warnings
from faxdaemon import logs
logs.configure("debug", "json", sys.stdout)
library = logging.getLogger("some.library")
library.info("chatter")
library.error("broken %s", "pipe")
warnings.simplefilter("always")
warnings.warn("old", DeprecationWarning)
"""


def test_libraries_come_through_from_warnings_on():
    """In a process of its own, for warnings and the root logger belong to the whole process."""
    done = subprocess.run([sys.executable, "-c", LIBRARIES], capture_output=True, text=True, check=True)
    first, second = [json.loads(line) for line in done.stdout.splitlines()]
    assert (first["level"], first["event"], first["logger"]) == ("error", "broken pipe", "some.library")
    assert second["logger"] == "py.warnings" and "old" in second["event"]


def test_configuring_twice_does_not_double_the_lines_of_libraries():
    configured()
    _, stream = configured()
    logging.getLogger("lib").error("once")
    assert stream.getvalue().count("once") == 1


class Broken(io.StringIO):
    tried = 0

    def write(self, _text):
        self.tried += 1
        raise OSError(28, "No space left on device")


def test_a_log_that_cannot_be_written_stops_nothing():
    stream = Broken()
    logs.configure(stream=stream)
    structlog.get_logger().info("lost")
    structlog.get_logger().info("lost, too")
    assert stream.tried == 2


def test_a_stream_that_knows_only_ascii_takes_every_name():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", errors="strict")
    logs.configure(stream=stream)
    structlog.get_logger().info("drop", name="Müller\udce9")
    assert raw.getvalue().decode("ascii").rstrip().endswith(r'name="M\xfcller\udce9"')


def test_lines_of_several_threads_stay_apart():
    log, stream = configured(format="json")

    def many(worker):
        for n in range(200):
            log.info("step", worker=worker, n=n, filler="x" * 500)

    threads = [threading.Thread(target=many, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(found) == 800


class Counting(io.StringIO):
    writes = 0

    def write(self, text):
        self.writes += 1
        return super().write(text)


def test_what_is_logged_together_is_written_in_one_go_and_others_need_not_wait():
    stream = Counting()
    logs.configure(stream=stream)
    log = structlog.get_logger()
    with logs.together():
        log.info("first")
        log.info("second")
        other = threading.Thread(target=lambda: structlog.get_logger().info("between"))
        other.start()
        other.join()
        assert [line.split()[2] for line in stream.getvalue().splitlines()] == ["between"]
    assert [line.split()[2] for line in stream.getvalue().splitlines()] == ["between", "first", "second"]
    assert stream.writes == 2


def test_what_was_logged_together_before_a_failure_is_written():
    _, stream = configured()
    with pytest.raises(LookupError), logs.together():
        structlog.get_logger().info("first")
        raise LookupError
    assert "first" in stream.getvalue()
    structlog.get_logger().info("after")
    assert "after" in stream.getvalue()
