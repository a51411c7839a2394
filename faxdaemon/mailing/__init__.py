"""Mail: one SMTP server, and the letters that go through it.

Promise   what `send` returned of the recipients is what the server said: nobody has a letter for which it raised
          `MailRefused`.  After `SinkOffline` somebody may have it: the answer to a letter that was wholly sent may have
          been lost; it is then repeated with the same Message-ID and the same bytes.  Certificates are verified, a
          password never leaves unencrypted, no exchange takes longer than the server's `timeout`.  A header cannot be
          begun by what stands in another one.
Needs     the server.  This is the only module that speaks SMTP (RFC 5321, SIZE: RFC 1870, STARTTLS: RFC 3207).
Crash     keeps nothing.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from faxdaemon.core.errors import FaxdaemonError, SinkOffline
from faxdaemon.mailing.letters import Attached, Letter, compose, is_address, is_sender
from faxdaemon.mailing.wire import Client, TlsClient, too_large, trouble, words
from faxdaemon.options import Duration, Section

__all__ = [
    "Attached",
    "Letter",
    "MailAddress",
    "MailRefused",
    "MailServer",
    "Mailer",
    "Posted",
    "compose",
    "is_address",
]

_PORTS = {"starttls": 587, "implicit": 465, "none": 25}
_ACCESS = frozenset({530, 534, 535, 538})
"""It wants a login, another one, or encryption (RFC 4954, RFC 3207): our configuration, not the letter."""


def _address(value: str) -> str:
    if not is_address(value):
        raise ValueError(f"“{value}” is no e-mail address; write it like desk@example.org")
    return value


def _sender(value: str) -> str:
    if not is_sender(value):
        raise ValueError(f"“{value}” is no sender; write fax@example.org, or Fax <fax@example.org>")
    return value


MailAddress = Annotated[str, AfterValidator(_address)]


class MailServer(Section):
    """The server that takes our mail."""

    host: str = Field(min_length=1)
    """Its name, as its certificate says it."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """When empty: 587 with `starttls`, 465 with `implicit`, 25 with `none`."""
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    """How the connection is encrypted: from a plain beginning on, from the first byte on, or not at all."""
    ca: Path | None = None
    """Certificates to trust instead of the system's (PEM)."""
    username: str | None = None
    """With whom to log in, where the server wants a login."""
    password: SecretStr | None = None
    """Its password."""
    from_: Annotated[str, AfterValidator(_sender)] = Field(alias="from")
    """Who sends: `fax@example.org`, or `Fax <fax@example.org>`."""
    timeout: Duration = Field(default=120.0, ge=1, le=600)
    """The total time for one letter, attachment and the server's own checks included."""

    @model_validator(mode="after")
    def _login(self) -> MailServer:
        if (self.username is None) != (self.password is None):
            raise ValueError("needs both `username` and `password`, or neither")
        if self.password is not None and self.tls == "none":
            raise ValueError("would send the password unencrypted; write tls: starttls or tls: implicit")
        return self

    @property
    def sender(self) -> str:
        """The address alone."""
        return parseaddr(self.from_)[1]


class MailRefused(FaxdaemonError):
    """The server will not take this letter, for anybody; the message is its words."""

    def __init__(self, words: str, *, too_large: bool = False) -> None:
        super().__init__(words)
        self.too_large = too_large


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of the recipients that the server did not take; all others have the letter."""

    refused: Mapping[str, str]
    """For good, with the server's words."""
    later: Mapping[str, str]
    """Not now."""


class Mailer:
    """Sends through one server; a connection for each letter.  Used by several threads at once."""

    def __init__(self, server: MailServer) -> None:
        self.server = server

    def send(self, content: bytes, to: Sequence[str]) -> Posted:
        """Hand a composed letter over.  Raises `SinkOffline` (again later, the very same) and `MailRefused` (never)."""
        with self._connected() as client:
            largest = client.esmtp_features.get("size", "")
            if largest.isdigit() and 0 < int(largest) < len(content):
                limit = f"{len(content)} bytes are too large for the server, which takes {largest}"
                raise MailRefused(limit, too_large=True)
            return self._hand_over(client, content, to)

    def check(self) -> str:
        """Connect and log in; what the server is like, in words.  Raises `SinkOffline`."""
        with self._connected() as client:
            client.noop()
        return f"{self.server.host} can be reached{' and takes our login' if self.server.username else ''}"

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        server, client = self.server, None
        try:
            client = self._connect()
            if server.tls == "starttls":
                client.starttls(context=_trust(server))
            client.ehlo_or_helo_if_needed()
            if server.username is not None and server.password is not None:
                client.login(server.username, server.password.get_secret_value())
            yield client
            with suppress(OSError):
                client.quit()
        except OSError as error:  # which all errors of smtplib are
            raise SinkOffline(f"the mail server {server.host} {trouble(error)}") from error
        finally:
            if client is not None:
                client.close()

    def _connect(self) -> smtplib.SMTP:
        server = self.server
        port = server.port or _PORTS[server.tls]
        if server.tls == "implicit":
            return TlsClient(server.host, port, timeout=server.timeout, context=_trust(server))
        return Client(server.host, port, timeout=server.timeout)

    def _hand_over(self, client: smtplib.SMTP, content: bytes, to: Sequence[str]) -> Posted:
        try:
            refused = client.sendmail(self.server.sender, list(to), content)
        except smtplib.SMTPRecipientsRefused as error:
            refused = error.recipients
        except smtplib.SMTPSenderRefused as error:
            if too_large(error.smtp_code, error.smtp_error):
                raise MailRefused(words(error.smtp_code, error.smtp_error), too_large=True) from error
            raise
        except smtplib.SMTPDataError as error:
            if 500 <= error.smtp_code < 600 and error.smtp_code not in _ACCESS:
                large = too_large(error.smtp_code, error.smtp_error)
                raise MailRefused(words(error.smtp_code, error.smtp_error), too_large=large) from error
            raise
        ours = [answer for answer in refused.values() if answer[0] in _ACCESS or answer[0] == 421]
        if ours:  # nobody is refused: it does not take anything from us, or is closing
            raise smtplib.SMTPResponseException(*ours[0])
        for_good = {one for one, (code, _) in refused.items() if 500 <= code < 600}
        return Posted(
            {one: words(*refused[one]) for one in refused if one in for_good},
            {one: words(*refused[one]) for one in refused if one not in for_good},
        )


def _trust(server: MailServer) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(server.ca) if server.ca else None)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise SinkOffline(f"the certificates {server.ca} for the mail server cannot be used: {why}") from error
