"""Telling: what a channel does not know, once; a channel that is down loses nothing and delays nobody."""

from __future__ import annotations

import json
import stat
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.clock import FakeClock
from support.mailbox import MailBox, mailbox, server
from support.scripted import Signals
from support.wire import RealClock

from faxdaemon.alerts import Alerts
from faxdaemon.alerts.channels import ByCommand, ByHook, ByMail, open_channels
from faxdaemon.alerts.options import Alerting, ToldByCommand, ToldByHook, ToldByMail, kind_of
from faxdaemon.alerts.telling import CHANGED, GAP, LONGEST, MOST, Message, News, TellStage
from faxdaemon.contracts.stage import NOTHING_DUE
from faxdaemon.core.errors import FilesError, NotSent, OutcomeUnknown, SinkOffline, UserError
from faxdaemon.files import open_files
from faxdaemon.mailing import Mailer

DAY = 86400.0


class Channel:
    """A channel that writes down what it is told."""

    def __init__(self, name: str = "one", *, only: str = "") -> None:
        self.name = name
        self.title = f"channel {name}"
        self.messages: list[Message] = []
        self.faults: deque[BaseException | None] = deque()
        self._only = only

    def wants(self, key: str) -> bool:
        return key.startswith(self._only)

    def tell(self, message: Message) -> None:
        fault = self.faults.popleft() if self.faults else None
        if fault is not None:
            raise fault
        self.messages.append(message)

    @property
    def told(self) -> list[list[tuple[str, str]]]:
        return [[(news.what, news.key) for news in message.news] for message in self.messages]


class Desk:
    """Alerts with channels, in virtual time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.alerts = self.open()

    def open(self) -> Alerts:
        return Alerts(self.folder, files=open_files(), clock=self.clock, signals=Signals())

    def stage(self, channel: Any, remind: float = DAY) -> TellStage:
        return TellStage(channel, self.alerts, node="fax1", remind=remind, clock=self.clock)

    def restart(self) -> None:
        self.alerts = self.open()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "alerts")


# -- once


def test_a_problem_is_told_once_and_its_end_once(desk: Desk) -> None:
    channel = Channel()
    stage = desk.stage(channel)
    assert stage.step() == NOTHING_DUE
    desk.alerts.raise_("space:x", "disk full")
    for _ in range(5):
        stage.step()
        desk.clock.advance(GAP)
    desk.alerts.clear("space:x")
    for _ in range(5):
        stage.step()
        desk.clock.advance(GAP)
    assert channel.told == [[("new", "space:x")], [("over", "space:x")]]


def test_a_restart_tells_nothing_again_and_forgets_nothing(desk: Desk) -> None:
    first, other = Channel(), Channel("other")
    desk.alerts.raise_("a", "one")
    desk.stage(first).step()
    desk.stage(other)
    desk.alerts.raise_("b", "two")
    desk.alerts.save()
    desk.restart()
    again, slow = desk.stage(first), desk.stage(other)
    desk.alerts.raise_("a", "one")
    again.step()
    slow.step()
    assert first.told == [[("new", "a")], [("new", "b")]]
    assert other.told == [[("new", "a"), ("new", "b")]]


def test_news_wait_for_the_gap_and_come_together(desk: Desk) -> None:
    channel = Channel()
    stage = desk.stage(channel)
    desk.alerts.raise_("a", "one")
    assert stage.step() == GAP
    desk.alerts.raise_("b", "two")
    desk.alerts.raise_("c", "three")
    assert 0 < stage.step() <= GAP
    assert len(channel.told) == 1
    desk.clock.advance(GAP)
    stage.step()
    assert channel.told[1:] == [[("new", "b"), ("new", "c")]]


def test_what_came_and_went_meanwhile_is_no_news(desk: Desk) -> None:
    channel = Channel()
    stage = desk.stage(channel)
    desk.alerts.raise_("a", "one")
    stage.step()
    for _ in range(20):
        desk.alerts.clear("a")
        desk.alerts.raise_("b", "flaps")
        desk.alerts.clear("b")
        desk.alerts.raise_("a", "one")
    desk.clock.advance(GAP)
    stage.step()
    assert channel.told == [[("new", "a")]]


def test_other_words_are_told_but_not_at_once(desk: Desk) -> None:
    channel = Channel()
    stage = desk.stage(channel)
    desk.alerts.raise_("a", "one")
    stage.step()
    desk.alerts.raise_("a", "two")
    desk.clock.advance(GAP)
    stage.step()
    assert len(channel.told) == 1
    desk.clock.advance(CHANGED)
    stage.step()
    assert channel.told[1:] == [[("changed", "a")]]
    assert channel.messages[-1].news[0].message == "two"


@pytest.mark.parametrize("remind", [DAY, 0.0])
def test_a_reminder_is_told_when_it_is_wanted(desk: Desk, remind: float) -> None:
    channel = Channel()
    stage = desk.stage(channel, remind)
    desk.alerts.raise_("a", "one")
    desk.alerts.happened("failed:x", "it failed")
    for _ in range(50):
        stage.step()
        desk.clock.advance(3600.0)
    reminders = [["still"], ["still"]] if remind else []
    assert [[what for what, _ in each] for each in channel.told] == [["new", "new"], *reminders]


def test_many_problems_come_in_several_messages(desk: Desk) -> None:
    channel = Channel()
    stage = desk.stage(channel)
    for number in range(MOST + 7):
        desk.alerts.raise_(f"held:{number}", "held")
    for _ in range(3):
        stage.step()
        desk.clock.advance(GAP)
    assert [len(each) for each in channel.told] == [MOST, 7]
    assert len({key for each in channel.told for _, key in each}) == MOST + 7


def test_each_is_told_of_what_it_wants(desk: Desk) -> None:
    one, other = Channel("one", only="held:"), Channel("other", only="space:")
    stages = [desk.stage(one), desk.stage(other)]
    desk.alerts.raise_("held:x", "held")
    desk.alerts.raise_("space:y", "full")
    for stage in stages:
        stage.step()
    assert (one.told, other.told) == ([[("new", "held:x")]], [[("new", "space:y")]])


# -- a channel in trouble


@pytest.mark.parametrize("fault", [SinkOffline("no server"), OutcomeUnknown("?"), NotSent("no"), ValueError("a bug")])
def test_a_channel_that_is_down_is_tried_again_and_told_of_elsewhere(desk: Desk, fault: Exception) -> None:
    down, well = Channel("down"), Channel("well")
    down.faults.extend([fault, fault])
    stages = [desk.stage(down), desk.stage(well)]
    desk.alerts.raise_("a", "one")
    for _ in range(40):
        for stage in stages:
            stage.step()
        desk.clock.advance(5.0)
    assert [key for _, key in down.told[0]] == ["a"], "nothing is lost, and its own trouble is not told by itself"
    assert len(down.told) == 1
    flat = [news for each in well.told for news in each]
    assert ("new", "a") in flat
    assert ("new", "alerts:down") in flat
    assert ("over", "alerts:down") in flat
    assert "a bug" not in str([message.news for message in well.messages])


def test_it_is_not_asked_all_the_time(desk: Desk) -> None:
    down = Channel()
    down.faults.extend([FilesError("no")] * 1000)
    stage = desk.stage(down)
    desk.alerts.raise_("a", "one")
    for _ in range(3600):
        stage.step()
        desk.clock.advance(1.0)
    assert 5 < 1000 - len(down.faults) < 25


# -- words


def message(*texts: str) -> Message:
    now = FakeClock().now()
    return Message("fax1", now, tuple(News("new", f"sink:{i}", text, now) for i, text in enumerate(texts)))


def test_no_number_is_shown_and_no_line_begun() -> None:
    text = message("sink main:+13035550123:mail\nBcc: x " + "y" * 2000).text
    assert "+13035550123" not in text
    assert "+1303" in text
    assert "\nBcc" not in text
    assert max(map(len, text.splitlines())) < LONGEST + 60


def test_the_same_news_have_the_same_id() -> None:
    assert message("a").id == message("a").id != message("b").id


@pytest.mark.parametrize(
    ("key", "kind"),
    [("held:x", "held"), ("sink:a:b", "destination"), ("space:/x", "disk"), ("journal", "journal"), ("odd", "worker")],
)
def test_kinds(key: str, kind: str) -> None:
    assert kind_of(key) == kind


# -- channels


@pytest.fixture
def box() -> Iterator[MailBox]:
    with mailbox() as found:
        yield found


def test_by_mail(box: MailBox) -> None:
    channel = ByMail(ToldByMail(to=["it@example.org", "boss@example.org"]), Mailer(server(box)))
    channel.tell(message("the share is away"))
    (letter,) = box.letters
    assert letter.to == ["it@example.org", "boss@example.org"]
    assert letter.message["Subject"] == "faxdaemon fax1: 1 new"
    assert "the share is away" in letter.message.get_content()
    box.will("boss@example.org", "550 no")
    channel.tell(message("x"))
    box.will("boss@example.org", "550 no").will("it@example.org", "450 later")
    with pytest.raises(FilesError, match="550 no"):
        channel.tell(message("x"))


def test_by_web_hook(hook: Any) -> None:
    place, seen = hook
    channel = ByHook(ToldByHook.model_validate({"url": place("/a?b=c"), "token": "s3cret"}), RealClock())
    channel.tell(message("the share is away"))
    ((path, headers, body),) = seen
    found = json.loads(body)
    assert path == "/a?b=c"
    assert headers["authorization"] == "Bearer s3cret"
    assert (found["schema"], found["node"]) == (1, "fax1")
    (news,) = found["news"]
    assert (news["what"], news["kind"], news["message"]) == ("new", "destination", "the share is away")
    with pytest.raises(FilesError, match="it answered 503"):
        ByHook(ToldByHook(url=place("/503")), RealClock()).tell(message("x"))


@pytest.mark.skipif(sys.platform == "win32", reason="platform: the program is a script with #!")
def test_by_command(tmp_path: Path) -> None:
    program = tmp_path / "tell"
    program.write_text(f'#!/bin/sh\nprintf "%s" "$FAXDAEMON_JSON" > {tmp_path}/got\nexit "$1"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    ByCommand(ToldByCommand(argv=[str(program), "0"])).tell(message("the share is away"))
    assert json.loads((tmp_path / "got").read_text())["news"][0]["message"] == "the share is away"
    with pytest.raises(FilesError, match="exit status 3"):
        ByCommand(ToldByCommand(argv=[str(program), "3"])).tell(message("x"))
    with pytest.raises(FilesError, match="cannot be started"):
        ByCommand(ToldByCommand(argv=[str(tmp_path / "none")])).tell(message("x"))


def test_mail_wants_a_server() -> None:
    options = Alerting(mail=[ToldByMail(to=["it@example.org"])])
    with pytest.raises(UserError, match="no mail server"):
        open_channels(options, None, FakeClock())


def test_a_channel_keeps_its_name_when_others_come(box: MailBox) -> None:
    one, two = ToldByMail(to=["a@example.org", "b@example.org"]), ToldByMail(to=["c@example.org"])
    turned = ToldByMail(to=["b@example.org", "a@example.org"], only=["held"])
    mailer = Mailer(server(box))
    names = [channel.name for channel in open_channels(Alerting(mail=[two, turned]), mailer, FakeClock())]
    (name,) = [channel.name for channel in open_channels(Alerting(mail=[one]), mailer, FakeClock())]
    assert names[1] == name != names[0]
