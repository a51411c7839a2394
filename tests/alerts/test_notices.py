"""Notices: whoever asked for a fax is told once what became of it, by mail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support.mailbox import BREAK_OFF, MailBox, mailbox, server
from support.scripted import Crash, Faulty, Signals, Site

from faxdaemon.alerts import Alerts
from faxdaemon.alerts.notices import EVERY, GIVE_UP, LATER, MARK, NoticeStage
from faxdaemon.alerts.options import Notices
from faxdaemon.config.load import load
from faxdaemon.contracts.journal import Routed
from faxdaemon.core.errors import ConfigError
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Route
from faxdaemon.mailing import Mailer

ASKER, DESK = "asker@example.org", "desk@example.org"
DAY = 86400.0


class Office:
    """A site whose folder wants notices."""

    def __init__(self, place: Path, box: MailBox) -> None:
        self.site = Site(place)
        self.box = box
        self.options = Notices(on=["sent", "failed", "held"], to=DESK)
        self.begin()

    def begin(self, **parts: Any) -> None:
        """The process begins (anew)."""
        site = self.site
        self.alerts = Alerts(site.state / "alerts", files=site.files, clock=site.clock, signals=Signals())
        self.alerts.join("mail", lambda key: True)
        self.stage = NoticeStage(
            {str(site.out): self.options},
            site.state / "notices",
            site.spool,
            mailer=Mailer(server(self.box)),
            alerts=self.alerts,
            journal=site.journal,
            documents=site.documents,
            clock=site.clock,
            **{"files": site.files, **parts},
        )

    def restart(self) -> None:
        self.site.restart()
        self.begin()

    def ended(self, how: str = "failed", **wishes: Any) -> FaxId:
        """A fax with an outcome that was put into the folder."""
        site = self.site
        fax = site.received()
        site.journal.route([Routed(fax, (Route("+13035550123", None, ("main",), wishes),), (1,), DAY)])
        submission = site.claimed()
        if how == "failed":
            assert site.journal.refused(submission, "the number is not in service")
        else:
            assert site.journal.lost(submission, "time-out", 0.0)
            (uncertain,) = site.journal.claim_uncertain("main", 1, 10.0)
            assert site.journal.given_up(uncertain, "nothing can tell")
            if how == "sent":
                site.journal.mark_sent(fax)
        works = site.journal.claim_reports(str(site.out), 10)
        works = site.journal.staged([(work, {"overall": how, "moves": []}) for work in works])
        site.journal.reported(works)
        site.later(5)
        return fax

    def waiting(self) -> int:
        """Letters that are not sent."""
        return len(list((self.site.state / "notices").glob("*.eml")))

    def happened(self) -> list[str]:
        return [one.message for one in self.alerts.problems().values() if one.once]


@pytest.fixture
def box() -> Iterator[MailBox]:
    with mailbox() as found:
        yield found


@pytest.fixture
def office(tmp_path: Path, box: MailBox) -> Iterator[Office]:
    made = Office(tmp_path, box)
    made.stage.step()  # what was before is nobody's news
    yield made
    made.site.journal.close()


@pytest.mark.parametrize(
    ("how", "words"), [("failed", "failed"), ("sent", "was sent"), ("held", "is held: a person must decide")]
)
def test_each_outcome_is_told_once(office: Office, box: MailBox, how: str, words: str) -> None:
    fax = office.ended(how, notify_to=ASKER)
    for _ in range(3):
        assert office.stage.step() == EVERY
    office.restart()
    office.stage.step()
    (letter,) = box.letters
    assert letter.to == [ASKER]
    assert letter.message["Subject"] == f"Fax {fax} {words}"
    text = letter.message.get_content()
    assert "+1303•••••23" in text
    assert "5550123" not in text
    assert ("the number is not in service" in text) == (how == "failed")
    assert office.waiting() == 0


@pytest.mark.parametrize(
    ("wishes", "to"),
    [
        ({}, [DESK]),
        ({"notify_to": ASKER}, [ASKER]),
        ({"notify_to": "https://example.org/hook"}, [DESK]),
        ({"notify_to": ASKER, "notify": "none"}, None),
    ],
)
def test_who_is_told(office: Office, box: MailBox, wishes: dict[str, Any], to: list[str] | None) -> None:
    office.ended(**wishes)
    office.stage.step()
    assert [letter.to for letter in box.letters] == ([to] if to else [])


def test_nobody_is_told_who_is_not_named(office: Office, box: MailBox) -> None:
    office.options = Notices(on=["failed"])
    office.begin()
    office.stage.step()
    office.ended()
    office.ended("sent", notify_to=ASKER)
    office.stage.step()
    assert box.letters == []
    office.ended(notify_to=ASKER)
    office.stage.step()
    assert len(box.letters) == 1


def test_a_folder_without_notices_tells_nobody(office: Office, box: MailBox) -> None:
    office.stage._folders = {"/elsewhere": office.options}
    office.ended(notify_to=ASKER)
    office.stage.step()
    assert box.letters == []


def test_the_first_page_as_a_picture(office: Office, box: MailBox) -> None:
    office.options = Notices(on=["failed"], to=DESK, image=True)
    office.begin()
    office.stage.step()
    office.ended()
    office.stage.step()
    (attached,) = box.letters[0].message.iter_attachments()
    assert attached.get_content_type() == "image/png"
    assert attached.get_content().startswith(b"\x89PNG")


def test_an_outcome_that_changes_is_told_again(office: Office, box: MailBox) -> None:
    office.ended("held")
    office.stage.step()
    fax = office.ended("sent")
    office.stage.step()
    assert len(box.letters) == 2
    assert fax in box.letters[1].message["Subject"]


# -- trouble


def test_a_server_that_is_down_loses_nothing_and_is_told(office: Office, box: MailBox) -> None:
    box.will("MAIL", "451 later", "451 later")
    faxes = [office.ended(notify_to=ASKER) for _ in range(2)]
    assert office.stage.step() == LATER
    assert "not told" in office.alerts.open_alerts()["notices"]
    office.restart()
    office.site.later(LATER)
    office.stage.step()
    office.site.later(LATER)
    office.stage.step()
    assert [letter.message["Subject"] for letter in box.letters] == [f"Fax {fax} failed" for fax in faxes]
    assert office.alerts.open_alerts() == {}


def test_one_that_is_put_off_delays_no_other(office: Office, box: MailBox) -> None:
    box.will(ASKER, "450 greylisted")
    office.ended(notify_to=ASKER)
    office.ended()
    office.stage.step()
    office.stage.step()
    assert [letter.to for letter in box.letters] == [[DESK]]
    office.site.later(LATER)
    office.stage.step()
    assert [letter.to for letter in box.letters] == [[DESK], [ASKER]]


def test_one_that_is_refused_is_told_once(office: Office, box: MailBox) -> None:
    box.will(ASKER, "550 no such user").will("DATA", "554 spam")
    fax = office.ended(notify_to=ASKER)
    office.stage.step()
    assert office.happened() == [f"a•••@example.org was not told what became of fax {fax}: 550 no such user"]
    assert office.waiting() == 0
    office.ended()
    office.stage.step()
    assert office.waiting() == 0
    assert len(office.happened()) == 2


def test_one_that_is_put_off_for_ever_is_given_up(office: Office, box: MailBox) -> None:
    box.will(ASKER, *["450 greylisted"] * 3)
    office.ended(notify_to=ASKER)
    office.stage.step()
    office.site.later(LATER)
    office.stage.step()
    assert office.happened() == []
    office.site.later(GIVE_UP)
    office.stage.step()
    assert "450 greylisted" in office.happened()[0]
    assert office.waiting() == 0


def test_a_crash_after_the_servers_yes_sends_the_very_same_again(office: Office, box: MailBox) -> None:
    office.ended()
    office.begin(files=Faulty(office.site.files, remove=[Crash()]))
    with pytest.raises(Crash):
        office.stage.step()
        office.stage.step()
    office.restart()
    office.stage.step()
    assert len({letter.content for letter in box.letters}) == 1
    assert len(box.letters) == 2


def test_a_crash_before_the_mark_moves_on_loses_nothing(office: Office, box: MailBox) -> None:
    office.ended()
    office.begin(files=Faulty(office.site.files, write_new=[Crash()]))
    with pytest.raises(Crash):
        office.stage.step()
    office.restart()
    office.stage.step()
    assert len(box.letters) == 1


def test_an_answer_that_is_lost_sends_the_same_again(office: Office, box: MailBox) -> None:
    box.will("DATA", BREAK_OFF)
    office.ended()
    office.stage.step()
    office.stage.step()
    first, second = box.letters
    assert first.content == second.content


def test_what_was_while_nobody_wanted_to_know_is_no_news(office: Office, box: MailBox) -> None:
    office.alerts.marks.pop(MARK)
    office.alerts.save(always=True)
    office.ended()
    office.restart()
    office.stage.step()
    office.stage.step()
    assert box.letters == []


# -- configuration


def test_a_folder_with_notices_wants_a_server(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"""
state: {tmp_path}/state
accounts: {{main: {{provider: faxage, username: u, company: c, password: "${{env:PW}}"}}}}
outbound:
  - {{folder: {tmp_path}/out, accounts: [main], notices: {{to: {DESK}}}}}
alerts: {{mail: [{{to: [{DESK}]}}]}}
""")
    with pytest.raises(ConfigError) as caught:
        load(path, env={"PW": "x"})
    assert len([one for one in caught.value.problems if "no server would carry it" in one]) == 2
    path.write_text(path.read_text() + "mail: {host: h, from: fax@example.org}\n")
    assert load(path, env={"PW": "x"}).outbound[0].notices == Notices(to=DESK)


def test_what_is_refused() -> None:
    with pytest.raises(ValidationError):
        Notices(on=[])
    with pytest.raises(ValidationError, match="no e-mail address"):
        Notices(to="nobody")
