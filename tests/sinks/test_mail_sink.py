"""Mail as destination, against a real server: who has a fax does not get it twice, and nothing about it is silent."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import ValidationError
from support.delivering import deliver, deliveries, state, stored
from support.mailbox import BREAK_OFF, MailBox, mailbox, server
from support.papers import pdf_bytes
from support.scripted import Crash, Faulty, Site

from faxdaemon.config.load import load
from faxdaemon.core.errors import ConfigError, Undeliverable
from faxdaemon.inbound.deliver import WITHIN
from faxdaemon.mailing import Mailer
from faxdaemon.sinks.mail import LATER, MailSink, Options, open_with_mail

DESK, WARD, BOSS = "desk@example.org", "ward@example.org", "boss@example.org"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    place = Site(tmp_path)
    yield place
    place.journal.close()


@pytest.fixture
def box() -> Iterator[MailBox]:
    with mailbox() as found:
        yield found


def sink(site: Site, box: MailBox, *, files: Any = None, **options: Any) -> MailSink:
    tools = site.sink_tools()
    if files is not None:
        tools = type(tools)(files, tools.documents, tools.clock, tools.work)
    return open_with_mail("desk", Options.model_validate({"to": [DESK], **options}), tools, Mailer(server(box)))


def left(site: Site) -> list[str]:
    """What is still staged."""
    work = site.sink_tools().work
    return sorted(path.name for path in work.iterdir()) if work.exists() else []


def tiff() -> bytes:
    out = io.BytesIO()
    Image.new("1", (1728, 100), 1).save(out, "TIFF", compression="group4", dpi=(204, 196))
    return out.getvalue()


# -- the plain way


def test_a_fax_is_mailed_and_delivered(site: Site, box: MailBox) -> None:
    fax = stored(site)
    stage = deliver(site, sink(site, box, to=[DESK, WARD]))
    assert stage.step() == 0.0
    (letter,) = box.letters
    assert letter.to == [DESK, WARD]
    (attached,) = letter.message.iter_attachments()
    assert attached.get_content() == pdf_bytes(text="in-1")
    assert attached.get_filename().endswith("_1p.pdf")
    assert letter.message["Date"].datetime == site.clock.now()
    assert state(site, fax) == "delivered"
    assert left(site) == []


def test_nothing_of_a_patient_is_said_unless_the_site_wants_it(site: Site, box: MailBox) -> None:
    fax = stored(site, csid="DR MILLER", caller="+13035550177")
    deliver(site, sink(site, box)).step()
    message = box.letters[0].message
    shown = f"{message['Subject']}\n{message.get_body().get_content()}"
    assert fax in shown
    for private in ("MILLER", "5550177"):
        assert private not in shown


def test_words_of_the_site_and_a_caller_who_writes_headers(site: Site, box: MailBox) -> None:
    stored(site, csid="X\r\nBcc: all@example.org\r\n\r\nHello")
    words = {"subject": "From {csid} on {line}", "text": "See {received:%d/%m/%Y}: {csid}"}
    deliver(site, sink(site, box, **words)).step()
    (letter,) = box.letters
    message = letter.message
    assert letter.to == [DESK]
    assert "Bcc" not in message
    assert message["Subject"].startswith("From X\\r\\nBcc: all@example.org")
    assert message.get_body().get_content().startswith("See 20/11/2026: X\\r\\nBcc")


@pytest.mark.parametrize(("attach", "kind"), [("pdf", "application/pdf"), ("received", "image/tiff")])
def test_the_form_of_the_document(site: Site, box: MailBox, attach: str, kind: str) -> None:
    stored(site, content=tiff(), media="image/tiff")
    deliver(site, sink(site, box, attach=attach)).step()
    (attached,) = box.letters[0].message.iter_attachments()
    assert attached.get_content_type() == kind
    assert attached.get_content().startswith(b"%PDF-") == (attach == "pdf")


def test_a_link_instead_of_the_document(site: Site, box: MailBox) -> None:
    fax = stored(site, warning="announced with 2 pages, and has 1")
    deliver(site, sink(site, box, attach="none", link="https://fax.example.org/in/{id}")).step()
    message = box.letters[0].message
    assert list(message.iter_attachments()) == []
    text = message.get_content()
    assert f"https://fax.example.org/in/{fax}" in text
    assert "Note: announced with 2 pages" in text


# -- crashes


def test_a_crash_before_the_letter_is_gone_sends_it_once(site: Site, box: MailBox) -> None:
    fax = stored(site)
    with pytest.raises(Crash):
        deliver(site, sink(site, box), journal=Faulty(site.journal, delivering=[Crash()])).step()
    assert box.letters == []
    site.restart()
    site.later(WITHIN)
    deliver(site, sink(site, box)).step()
    assert len(box.letters) == 1
    assert state(site, fax) == "delivered"


def test_a_crash_right_after_the_servers_yes_sends_the_very_same_again(site: Site, box: MailBox) -> None:
    """The one place where nobody can tell: the receiver can, by the Message-ID."""
    stored(site)
    with pytest.raises(Crash):
        deliver(site, sink(site, box, files=Faulty(site.files, remove=[Crash()]))).step()
    site.restart()
    site.later(WITHIN)
    deliver(site, sink(site, box)).step()
    first, second = box.letters
    assert first.content == second.content
    assert first.message["Message-ID"] == second.message["Message-ID"]


def test_a_crash_after_what_was_staged_is_gone_sends_nothing(site: Site, box: MailBox) -> None:
    fax = stored(site)
    with pytest.raises(Crash):
        deliver(site, sink(site, box), journal=Faulty(site.journal, delivery_done=[Crash()])).step()
    site.restart()
    site.later(WITHIN)
    deliver(site, sink(site, box)).step()
    assert len(box.letters) == 1
    assert state(site, fax) == "delivered"


def test_staged_anew_it_has_the_same_message_id_and_another_fax_has_another(site: Site, box: MailBox) -> None:
    stored(site)
    for _ in range(2):
        (work,) = site.journal.claim_deliveries("desk", 1, 10.0)
        mail = sink(site, box)
        mail.publish(mail.stage(work.fax, site.spool.path(work.fax.document.spool)))
        site.later(10)
    stored(site, "in-2")
    deliver(site, sink(site, box)).step()
    deliver(site, sink(site, box)).step()
    names = [letter.message["Message-ID"] for letter in box.letters]
    assert names[0] == names[1]
    assert len(set(names)) == 2


# -- a server that says no, or later


@pytest.mark.parametrize(
    ("what", "answer", "words"),
    [("DATA", "451 4.3.0 later", "451"), ("MAIL", "550 5.7.1 no", "sender"), ("DATA", BREAK_OFF, "broke off")],
)
def test_a_server_that_takes_nothing_is_tried_again_told_once_and_told_over(
    site: Site, box: MailBox, what: str, answer: str, words: str
) -> None:
    fax = stored(site)
    box.will(what, answer, answer)
    stage = deliver(site, sink(site, box))
    for _ in range(2):
        stage.step()
        assert state(site, fax) == "stored"
        site.later(800)
    assert site.alerts.told == ["sink:desk"]
    assert words in site.alerts.said[0]
    stage.step()
    assert state(site, fax) == "delivered"
    assert site.alerts.over == ["sink:desk"]


def test_one_is_refused_one_is_put_off_and_who_has_it_does_not_get_it_again(site: Site, box: MailBox) -> None:
    fax = stored(site)
    box.will(WARD, "451 4.7.1 greylisted").will(BOSS, "550 5.1.1 no such user")
    mail = sink(site, box, to=[DESK, WARD, BOSS])
    stage = deliver(site, mail)
    stage.step()
    assert [letter.to for letter in box.letters] == [[DESK]]
    assert WARD in site.alerts.open["sink:desk"]
    assert "greylisted" in site.alerts.open["sink:desk"]
    site.restart()
    site.later(LATER)
    stage = deliver(site, mail)
    stage.step()
    assert [letter.to for letter in box.letters] == [[DESK], [WARD]]
    stage.step()
    assert deliveries(site, fax) == {"desk": "held"}
    assert "boss@example.org (550 5.1.1 no such user); 2 others have it" in " ".join(site.alerts.open.values())
    # A person puts the address right and has it offered once more.
    site.journal.release(fax)
    deliver(site, sink(site, box, to=[DESK, WARD, "new@example.org"])).step()
    assert [letter.to for letter in box.letters][2:] == [["new@example.org"]]
    assert deliveries(site, fax) == {"desk": "done"}


def test_who_has_it_is_recorded_before_another_is_tried(site: Site, box: MailBox) -> None:
    fax = stored(site)
    box.will(WARD, "451 later")
    deliver(site, sink(site, box, to=[DESK, WARD])).step()
    site.restart()
    site.later(LATER)
    deliver(site, sink(site, box, to=[DESK, WARD])).step()
    assert [letter.to for letter in box.letters] == [[DESK], [WARD]]
    assert state(site, fax) == "delivered"
    assert left(site) == []


def test_nobody_is_there(site: Site, box: MailBox) -> None:
    mail = sink(site, box, to=[DESK, WARD])
    stored(site)
    (work,) = site.journal.claim_deliveries("desk", 1, 10.0)
    box.will(DESK, "550 no").will(WARD, "553 no")
    waiting = mail.publish(mail.stage(work.fax, site.spool.path(work.fax.document.spool)))
    assert waiting is not None
    assert waiting.delay == 0
    with pytest.raises(Undeliverable, match=r"desk@example.org \(550 no\), ward@example.org \(553 no\)$"):
        mail.publish(waiting.plan)
    with pytest.raises(Undeliverable):
        mail.publish(waiting.plan)  # a crash before it was recorded


def test_all_are_put_off(site: Site, box: MailBox) -> None:
    fax = stored(site)
    box.will(DESK, "450 greylisted")
    stage = deliver(site, sink(site, box))
    stage.step()
    assert "greylisted" in site.alerts.open["sink:desk"]
    site.later(800)
    stage.step()
    assert state(site, fax) == "delivered"
    assert deliveries(site, fax) == {"desk": "done"}


@pytest.mark.parametrize("how", ["announced", "552 5.3.4 too much"])
def test_too_large_for_the_server(site: Site, how: str) -> None:
    options = {"data_size_limit": 3000} if how == "announced" else {}
    with mailbox(**options) as box:
        content = pdf_bytes(size=8000)
        stored(site, content=content)
        (work,) = site.journal.claim_deliveries("desk", 1, 10.0)
        path = site.spool.path(work.fax.document.spool)
        if how != "announced":
            box.will("DATA", how, how)
        without = sink(site, box)
        plan = without.stage(work.fax, path)
        with pytest.raises(Undeliverable, match="refuses the fax"):
            without.publish(plan)
        with pytest.raises(Undeliverable):
            without.publish(plan)  # a crash before it was recorded
        linked = sink(site, box, link=r"\\server\faxes\{id}")
        if how != "announced":
            box.will("DATA", how)
        assert linked.publish(linked.stage(work.fax, path)) is None
    (letter,) = box.letters
    assert list(letter.message.iter_attachments()) == []
    assert rf"\\server\faxes\{work.fax.fax_id}" in letter.message.get_content()
    assert left(site) == []


def test_what_the_server_does_not_want_to_see(site: Site, box: MailBox) -> None:
    """A link does not help against a server that takes the fax for something bad."""
    stored(site)
    (work,) = site.journal.claim_deliveries("desk", 1, 10.0)
    mail = sink(site, box.will("DATA", "554 5.7.1 a virus"), link="x/{id}")
    with pytest.raises(Undeliverable, match="a virus"):
        mail.publish(mail.stage(work.fax, site.spool.path(work.fax.document.spool)))
    assert box.letters == []


def test_a_document_that_rotted_is_not_sent(site: Site, box: MailBox) -> None:
    fax = stored(site)
    (path,) = [p for p in site.spool.root.rglob("*.pdf") if fax in p.name]
    path.write_bytes(b"rotten")
    deliver(site, sink(site, box)).step()
    assert box.letters == []
    assert "content has changed" in site.alerts.open[f"delivery:{fax}:desk"]


# -- configuration


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"to": []}, "at least 1"),
        ({"to": ["nobody"]}, "no e-mail address"),
        ({"to": [f"A <{DESK}>"]}, "no e-mail address"),
        ({"to": [DESK, DESK.upper()]}, "twice"),
        ({"attach": "none"}, "neither the fax nor a `link`"),
        ({"subject": "{caller}"}, "is not known"),
        ({"text": "{received:%Q}"}, "%Q is not known"),
        ({"link": "{id"}, "has no partner"),
    ],
)
def test_what_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Options.model_validate({"to": [DESK], **options})


def test_a_line_with_mail_wants_a_server(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"""
state: {tmp_path}
accounts: {{main: {{provider: faxage, username: u, company: c, password: "${{env:PW}}"}}}}
inbound:
  - account: main
    lines: {{other: {{mail: {{to: [{DESK}]}}}}}}
""")
    with pytest.raises(
        ConfigError, match=r"config\.yaml:6: inbound\[0\]\.lines\.other\.mail: no server would carry it"
    ):
        load(path, env={"PW": "x"})
    path.write_text(path.read_text() + "mail: {host: h, from: fax@example.org}\n")
    settings = load(path, env={"PW": "x"})
    assert settings.mail is not None
    assert settings.mail.sender == "fax@example.org"


def test_a_path_may_be_a_link() -> None:
    assert Options.model_validate({"to": [DESK], "link": r"\\fax\in/{received:%Y/%m}/{id}"}).link
