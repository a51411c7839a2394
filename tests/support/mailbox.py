"""A real SMTP server (aiosmtpd) in a thread of its own, that answers as a test says."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from faxdaemon.mailing import MailServer

SENDER = "Fax <fax@example.org>"
USER, PASSWORD = "fax", "open sesame"
_ENDING = 5.0


@dataclass(frozen=True, slots=True)
class Received:
    """A letter that the server has."""

    sender: str
    to: list[str]
    content: bytes
    encrypted: bool

    @property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message


class MailBox:
    """Answers 250, but for what `will` says; keeps every letter."""

    def __init__(self) -> None:
        self.letters: list[Received] = []
        self.port = 0
        self.connections = 0
        self._answers: dict[str, deque[Any]] = defaultdict(deque)

    def will(self, what: str, *answers: Any) -> MailBox:
        """The next answers to `MAIL`, `DATA`, or to a recipient's address; None is 250, and a function is called with
        the server's protocol."""
        self._answers[what].extend(answers)
        return self

    def _answer(self, what: str, server: SMTP) -> str:
        answer = self._answers[what].popleft() if self._answers[what] else None
        if callable(answer):
            answer = answer(server)
        return answer or "250 OK"

    # -- what aiosmtpd calls

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._answer("MAIL", server)
        if answer.startswith("250"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._answer(address, server)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        answer = self._answer("DATA", server)
        if answer.startswith("250") or answer == BREAK_OFF:
            content = envelope.original_content or b""
            sender, to = str(envelope.mail_from), list(envelope.rcpt_tos)
            self.letters.append(Received(sender, to, content, session.ssl is not None or server_has_tls(server)))
        if answer == BREAK_OFF:
            server.transport.abort()
        return answer


BREAK_OFF = "(breaks off: it has the letter, and its answer is lost)"


def server_has_tls(server: SMTP) -> bool:
    """Whether the connection is encrypted."""
    return server.transport.get_extra_info("sslcontext") is not None


def _login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


@contextmanager
def mailbox(
    *, starttls: ssl.SSLContext | None = None, implicit: ssl.SSLContext | None = None, **options: Any
) -> Iterator[MailBox]:
    """A server on 127.0.0.1 while the test lasts; `options` as aiosmtpd's `SMTP` has them."""
    box, loop = MailBox(), asyncio.new_event_loop()

    def protocol() -> SMTP:
        box.connections += 1
        made = SMTP(box, hostname="mail.example.org", loop=loop, tls_context=starttls, authenticator=_login, **options)
        if implicit:
            made._auth_require_tls = False  # it knows of STARTTLS only, and would warn if it were told so above
        return made

    async def serve() -> asyncio.Server:
        return await loop.create_server(protocol, "127.0.0.1", 0, ssl=implicit)

    thread = threading.Thread(target=loop.run_forever, name="mailbox")
    thread.start()
    server = asyncio.run_coroutine_threadsafe(serve(), loop).result(_ENDING)
    box.port = server.sockets[0].getsockname()[1]

    async def end() -> None:
        server.close()
        others = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    try:
        yield box
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(_ENDING)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_ENDING)
        loop.close()


def server(box: MailBox, **changes: Any) -> MailServer:
    """How that server is configured."""
    values = {"host": "127.0.0.1", "port": box.port, "tls": "none", "from": SENDER, "timeout": 10.0}
    return MailServer.model_validate({**values, **changes})
