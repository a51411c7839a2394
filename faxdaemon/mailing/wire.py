"""The connection to an SMTP server: trusted, within its time, and its troubles in words.

Promise   an exchange ends when its time is over, however slowly the other side answers: each single answer may be in
          time.  What `trouble` says is the rest of a sentence that begins with the server.
Needs     smtplib.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from typing import Any

from faxdaemon.core.text import printable

WORDS = 200
"""Characters of the server's own words that are kept."""
_TOO_LARGE = re.compile(r"^5\.(?:3\.4|2\.3)\b")
"""Enhanced status codes: message too big for the system, or for the mailbox (RFC 3463)."""


class _Watched(smtplib.SMTP):
    """Cuts the connection when the time for the whole exchange is over: each single answer may be in time."""

    _watch: threading.Timer | None = None
    _late = False

    def connect(self, *args: Any, **options: Any) -> tuple[int, bytes]:
        """As it is, under watch."""
        self._watch = threading.Timer(self.timeout, self._cut)
        self._watch.daemon = True
        self._watch.start()
        try:
            return super().connect(*args, **options)
        except OSError:
            self._watch.cancel()
            raise

    def getreply(self) -> tuple[int, bytes]:
        """As it is; but what was read when the time was over is no answer, whatever it looks like."""
        answer = super().getreply()
        if self._late:
            self.close()
            raise smtplib.SMTPServerDisconnected
        return answer

    def _cut(self) -> None:
        self._late = True
        if self.sock is not None:
            with suppress(OSError):  # the plain one: under TLS the other thread is in the middle of something
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """As it is; the watch is over."""
        if self._watch is not None:
            self._watch.cancel()
        super().close()


class Client(_Watched):
    """Without encryption in the beginning."""


class TlsClient(_Watched, smtplib.SMTP_SSL):
    """With encryption from the first byte on."""


def trouble(error: OSError) -> str:
    """What the server did to us."""
    if isinstance(error, smtplib.SMTPResponseException):
        return _answered(error, words(error.smtp_code, error.smtp_error))
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "cannot do what is configured (STARTTLS, or a login); see `tls` and `username`"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"cannot be trusted ({error.verify_message}); see `host` and `ca`"
    if isinstance(error, (smtplib.SMTPServerDisconnected, TimeoutError)):
        return "did not answer in time, or broke off"
    return f"cannot be reached ({error.strerror or type(error).__name__})"


def _answered(error: smtplib.SMTPResponseException, said: str) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"refuses our login ({said}); put user name and password right"
    if isinstance(error, smtplib.SMTPSenderRefused):
        return f"does not take our sender ({said}); put `from` right"
    return f"takes nothing now: {said}"


def too_large(code: int, answer: bytes | str) -> bool:
    """Whether it says that the letter is too large."""
    return code == 552 or bool(_TOO_LARGE.match(_text(answer)))


def words(code: int, answer: bytes | str) -> str:
    """The server's own words, for people."""
    return f"{code} {printable(_text(answer))[:WORDS]}"


def _text(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())
