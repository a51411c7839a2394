"""A letter, and how it is written down: headers that nothing in them can end, and bytes that every server takes.

Promise   the same letter gives the same headers; only the marks between its parts are drawn anew each time, so what is
          to be sent again is kept as bytes.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from faxdaemon.core.text import printable

SUBJECT = 200
"""Characters of a subject, or of a file's name, at most: writing a header down takes the square of its length."""
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_POLICY = policy.SMTP.clone(cte_type="7bit")
"""Every server takes it, whatever it can: RFC 5321 line ends, and nothing but ASCII."""


def is_address(text: str) -> bool:
    """Whether every server can deliver to it: ASCII, without a name."""
    return bool(_ADDRESS.fullmatch(text))


def is_sender(text: str) -> bool:
    """Whether it can stand in `From`: an address, or `Name <address>`."""
    return is_address(parseaddr(text)[1]) and text.isprintable()


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that goes with a letter."""

    name: str
    media: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be sent."""

    to: Sequence[str]
    subject: str
    text: str
    message_id: str
    """What comes before the `@`: the same for every repeat of this letter."""
    date: datetime
    attached: Sequence[Attached] = ()


def compose(sender: str, letter: Letter) -> bytes:
    """The letter from `sender` (`is_sender`) as it is sent."""
    name, address = parseaddr(sender)
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = [Address(addr_spec=one) for one in letter.to]
    message["Subject"] = _line(letter.subject)[:SUBJECT]
    message["Date"] = format_datetime(letter.date)
    message["Message-ID"] = f"<{letter.message_id}@{address.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice answers
    message.set_content(_clean(letter.text))
    for one in letter.attached:
        major, _, minor = one.media.partition("/")
        message.add_attachment(one.content, maintype=major, subtype=minor, filename=_line(one.name)[:SUBJECT])
    return message.as_bytes()


def _line(text: str) -> str:
    return printable(_clean(text))


def _clean(text: str) -> str:
    """Without the halves of characters that no encoding takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
