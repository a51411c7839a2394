"""Mail: what the server says is what we know; encrypted, in time, and with headers that nothing ends."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support.certificates import self_signed
from support.mailbox import BREAK_OFF, PASSWORD, USER, MailBox, mailbox, server
from support.ports import free_port

from faxdaemon.core.errors import SinkOffline
from faxdaemon.mailing import Attached, Letter, Mailer, MailRefused, MailServer, compose, is_address

TO = ("desk@example.org", "ward@example.org")
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def box() -> Iterator[MailBox]:
    with mailbox() as found:
        yield found


def letter(**changes: Any) -> Letter:
    values: dict[str, Any] = {"to": TO, "subject": "A fax", "text": "Look.\n", "message_id": "one", "date": NOW}
    return Letter(**{**values, **changes})


def content(**changes: Any) -> bytes:
    return compose("Fax <fax@example.org>", letter(**changes))


def send(box: MailBox, what: bytes | None = None, **changes: Any) -> Any:
    return Mailer(server(box, **changes)).send(what or content(), TO)


# -- letters


def test_a_letter_arrives_as_it_was_written(box: MailBox) -> None:
    pdf = bytes(range(256)) * 4
    posted = send(box, content(text="Grüße\n.\n.. \n", attached=[Attached("fäx.pdf", "application/pdf", pdf)]))
    assert (posted.refused, posted.later) == ({}, {})
    (got,) = box.letters
    message = got.message
    assert (got.sender, got.to) == ("fax@example.org", list(TO))
    assert (message["From"], message["To"]) == ("Fax <fax@example.org>", ", ".join(TO))
    assert (message["Subject"], message["Message-ID"]) == ("A fax", "<one@example.org>")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_body().get_content().splitlines() == ["Grüße", ".", ".. "]
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content(), attached.get_content_type()) == (
        "fäx.pdf",
        pdf,
        "application/pdf",
    )
    assert got.content.isascii(), "any server takes it"


@pytest.mark.parametrize(
    "hostile",
    ["A\r\nBcc: all@example.org", "A\nBcc: x@example.org\n\nbody", "A\rB", "\x00\x1b[31m", "\udcff\u202eA", "ß" * 5000],
)
def test_nothing_in_a_header_begins_another(hostile: str) -> None:
    raw = content(subject=hostile, attached=[Attached(hostile, "application/pdf", b"%PDF-")])
    message = message_from_bytes(raw, policy=policy.default)
    names = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    assert sorted(message.keys()) == sorted(names)
    assert raw.isascii()
    assert len(message["Subject"]) <= 200


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("desk@example.org", True),
        ("a.b+c@x-y.example", True),
        ("Desk <desk@example.org>", False),
        ("desk@example.org\nBcc: x@y.z", False),
        ("desk@example.org>", False),
        ("dêsk@example.org", False),
        ("desk", False),
        ("", False),
    ],
)
def test_what_is_an_address(text: str, good: bool) -> None:
    assert is_address(text) == good


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"from": "nobody"}, "is no sender"),
        ({"from": "A\nBcc: x@y.z <fax@example.org>"}, "is no sender"),
        ({"username": "fax"}, "needs both"),
        ({"username": "fax", "password": "p"}, "unencrypted"),
    ],
)
def test_a_server_that_is_configured_wrongly(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        MailServer.model_validate({"host": "h", "tls": "none", "from": "fax@example.org", **changes})


# -- what the server says


def test_each_recipient_has_an_answer_of_its_own(box: MailBox) -> None:
    box.will(TO[0], "550 5.1.1 no such user").will(TO[1], "451 4.7.1 greylisted")
    posted = send(box)
    assert posted.refused == {TO[0]: "550 5.1.1 no such user"}
    assert posted.later == {TO[1]: "451 4.7.1 greylisted"}
    assert box.letters == []


def test_who_is_not_refused_has_it(box: MailBox) -> None:
    box.will(TO[0], "550 no")
    assert list(send(box).refused) == [TO[0]]
    assert [one.to for one in box.letters] == [[TO[1]]]


@pytest.mark.parametrize("answer", ["421 closing", "530 5.7.0 authentication required"])
def test_a_server_that_takes_nothing_refuses_nobody(box: MailBox, answer: str) -> None:
    box.will(TO[0], answer)
    with pytest.raises(SinkOffline, match="takes nothing now: " + answer[:3]):
        send(box)


@pytest.mark.parametrize(
    ("step", "answer", "large"),
    [
        ("DATA", "554 5.7.1 looks like spam", False),
        ("DATA", "552 too much", True),
        ("DATA", "554 5.3.4 message too big", True),
        ("MAIL", "552 5.3.4 too big", True),
    ],
)
def test_a_letter_refused_for_good(box: MailBox, step: str, answer: str, large: bool) -> None:
    with pytest.raises(MailRefused, match=answer) as caught:
        send(box.will(step, answer))
    assert caught.value.too_large == large
    assert box.letters == []


@pytest.mark.parametrize(
    ("step", "answer", "words"),
    [
        ("DATA", "451 4.3.0 later", "takes nothing now: 451"),
        ("DATA", "452 4.3.1 disk full", "takes nothing now: 452"),
        ("MAIL", "550 5.7.1 not yours", "does not take our sender"),
        ("MAIL", "450 later", "does not take our sender"),
    ],
)
def test_what_is_not_the_letters_fault_waits(box: MailBox, step: str, answer: str, words: str) -> None:
    with pytest.raises(SinkOffline, match=words):
        send(box.will(step, answer))
    assert box.letters == []


def test_a_limit_that_is_announced_is_kept_before_anything_is_sent() -> None:
    with mailbox(data_size_limit=2000) as box:
        big = content(text="x" * 3000)
        with pytest.raises(MailRefused, match="2000") as caught:
            send(box, big)
        assert caught.value.too_large
        send(box)
    assert len(box.letters) == 1


def test_an_answer_that_is_lost_is_not_a_no(box: MailBox) -> None:
    with pytest.raises(SinkOffline, match="broke off"):
        send(box.will("DATA", BREAK_OFF))
    assert len(box.letters) == 1


def test_words_are_shown_without_what_acts_on_a_terminal(box: MailBox) -> None:
    box.will(TO[0], "550 no \x1b[31m" + "x" * 400)
    answer = send(box).refused[TO[0]]
    assert answer.isprintable()
    assert len(answer) <= 204


# -- the connection


@pytest.mark.parametrize("kind", ["starttls", "implicit"])
def test_encrypted_and_logged_in(certificate: tuple[Path, ssl.SSLContext], kind: str) -> None:
    cert, context = certificate
    with mailbox(**{kind: context}, auth_required=True) as box:
        options = {"tls": kind, "ca": cert, "username": USER, "password": PASSWORD}
        send(box, **options)
        assert [one.encrypted for one in box.letters] == [True]
        assert "takes our login" in Mailer(server(box, **options)).check()
        with pytest.raises(SinkOffline, match="refuses our login") as caught:
            send(box, **{**options, "password": "wrong"})
        assert "wrong" not in str(caught.value)


@pytest.mark.parametrize("kind", ["starttls", "implicit"])
def test_a_certificate_of_nobody_we_trust(certificate: tuple[Path, ssl.SSLContext], kind: str) -> None:
    with mailbox(**{kind: certificate[1]}) as box:
        with pytest.raises(SinkOffline, match="cannot be trusted"):
            send(box, tls=kind)
        assert box.letters == []


def test_a_server_without_starttls_gets_nothing(box: MailBox) -> None:
    with pytest.raises(SinkOffline, match="STARTTLS"):
        send(box, tls="starttls")
    assert box.letters == []


def test_certificates_that_cannot_be_read(box: MailBox, tmp_path: Path) -> None:
    with pytest.raises(SinkOffline, match=r"missing\.pem .* cannot be used"):
        send(box, tls="starttls", ca=tmp_path / "missing.pem")


def test_nobody_listens() -> None:
    nobody = MailBox()
    nobody.port = free_port()
    with pytest.raises(SinkOffline, match="cannot be reached"):
        send(nobody)


@contextmanager
def dribbling() -> Iterator[int]:
    """A server that says a letter now and then, and never a line."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            with listener.accept()[0] as peer:
                while not over.wait(0.05):
                    try:
                        peer.sendall(b"2")  # what there is of the line is "222..." in the end, like an answer
                    except OSError:
                        return

        thread = threading.Thread(target=talk)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            thread.join()


def test_a_server_that_dribbles_is_cut_off_when_the_time_is_over() -> None:
    with dribbling() as port:
        slow = MailBox()
        slow.port = port
        began = time.monotonic()
        with pytest.raises(SinkOffline, match="did not answer in time"):
            send(slow, timeout=1.0)
        assert time.monotonic() - began < 30, "without the cut it would go on for ever"
