"""Mail as destination: each received fax is one letter to everybody in `to`, with the document or a pointer to it.

Promise   who has the letter does not get it again because another one's server said no.  A repeat after a crash, or
          after an answer that was lost, is the very same letter with the same Message-ID.
Needs     the site's mail server (`mail`).
Crash     before the plan is recorded: staged anew.  After it: what is still staged is sent; what is not was sent.  Only
          between the server's 250 and the removal of what was staged (no more than an fsync) a letter goes out twice:
          no SMTP server can be asked whether it has one.

The staged letter (`<fax id>.eml`) holds the document; it lies in our state folder, like the spool.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import structlog
from pydantic import Field, field_validator, model_validator

from faxdaemon.contracts.sink import SinkTools, Waiting
from faxdaemon.core.errors import SinkOffline, Undeliverable
from faxdaemon.core.ids import delivery_id
from faxdaemon.core.model import InboundFax
from faxdaemon.core.naming import safe_name
from faxdaemon.mailing import Attached, Letter, MailAddress, Mailer, MailRefused, Posted, compose
from faxdaemon.options import Destination
from faxdaemon.sinks._form import document_of
from faxdaemon.sinks._given import check_text, handed, text_of, tidy, values_of

log = structlog.get_logger()

LATER = 300.0
"""Seconds until a recipient who was put off is tried again: servers that put strangers off want five minutes."""
_NAME = 100
"""Bytes of an attachment's name."""


class Options(Destination):
    """Mail with received faxes; sent through the server in `mail`."""

    to: list[MailAddress] = Field(min_length=1, max_length=50)
    """Who gets each fax: all in one letter."""
    attach: Literal["pdf", "received", "none"] = "pdf"
    """The fax as PDF (made of a TIFF without loss), as the provider gave it, or not at all: then the letter holds
    `link` only."""
    name: str = "fax_{received:%Y-%m-%d_%H%M}_{pages}p"
    """The attachment's name without its suffix, with fields as in a folder's `name`."""
    subject: str = "Fax received: {pages} pages ({id})"
    """The subject, with the same fields.  It passes many servers unencrypted: better without names and numbers."""
    text: str = "A fax has arrived: {pages} pages, received {received:%Y-%m-%d %H:%M}.\nIts id is {id}."
    """The text, with the same fields."""
    link: str | None = None
    """Where the fax is to be found (a path, or a URL), with the same fields; stands below the text where the fax is
    not attached.  With it, a fax that is too large for the server is sent as a link."""

    @field_validator("name", "subject", "text", "link")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        problems = check_text(value) if value is not None else []
        if problems:
            raise ValueError("; ".join(problems))
        return value

    @model_validator(mode="after")
    def _something(self) -> Options:
        if self.attach == "none" and self.link is None:
            raise ValueError("has neither the fax nor a `link` to it; write one of them")
        if len({one.lower() for one in self.to}) < len(self.to):
            raise ValueError("names the same address twice in `to`")
        return self


def open_with_mail(key: str, options: Options, tools: SinkTools, mailer: Mailer) -> MailSink:
    """The sink that the configuration describes, known to the journal as `key`."""
    return MailSink(key, options, tools, mailer)


class MailSink:
    """See the module; `Sink` by mail, used by one thread."""

    def __init__(self, key: str, options: Options, tools: SinkTools, mailer: Mailer) -> None:
        self._key = key
        self._options = options
        self._tools = tools
        self._mailer = mailer

    @property
    def key(self) -> str:
        """The sink's identity in the journal."""
        return self._key

    # -- staging (I5)

    def stage(self, fax: InboundFax, document: Path) -> dict[str, Any]:
        """Write the letter, and the smaller one with a link where there may be need of it."""
        options, files = self._options, self._tools.files
        files.make_dirs([self._tools.work])
        letters = [(f"{fax.fax_id}.eml", options.attach != "none")]
        if options.attach != "none" and options.link is not None:
            letters.append((f"{fax.fax_id}-link.eml", False))
        for name, attached in letters:
            content = compose(self._mailer.server.from_, self._letter(fax, document, attached))
            files.write_new(self._tools.work / name, [content])
        files.sync([self._tools.work])
        have = self._have(fax.fax_id)
        return {
            "id": fax.fax_id,
            "letters": [name for name, _ in letters],
            "left": [one for one in options.to if one not in have],
            "have": sorted(have),
            "refused": {},
        }

    def _letter(self, fax: InboundFax, document: Path, attached: bool) -> Letter:
        options, values = self._options, values_of(self._tools, fax)
        parts = [text_of(options.text, values)]
        if not attached and options.link is not None:
            parts.append(text_of(options.link, values))
        warning = document_of(fax).warning
        if warning:
            parts.append(f"Note: {warning}.")
        files = []
        if attached:
            made = handed(self._tools, fax, document, options.attach)
            name = safe_name(text_of(options.name, values), _NAME) + made.suffix
            files.append(Attached(name, made.media, made.content))
        text = "\n\n".join(parts) + "\n"
        subject = text_of(options.subject, values)
        now = self._tools.clock.now()
        return Letter(options.to, subject, text, delivery_id(fax.fax_id, self._key), now, files)

    # -- publishing (I7)

    def publish(self, plan: Mapping[str, Any]) -> Waiting | None:
        """Send what is staged to those who do not have it."""
        letters = [self._tools.work / name for name in plan["letters"]]
        if not plan["left"]:
            self._ended(plan, letters)
            return None
        if self._tools.files.stat(letters[0]) is None:  # sent: a process died while it tidied up, or before it recorded
            tidy(self._tools, letters)
            return None
        try:
            posted = self._send(letters, plan["left"])
        except MailRefused as error:
            self._remember(plan["id"], plan["have"])
            raise Undeliverable(f"the mail server refuses the fax: {error}") from error
        have = [one for one in plan["left"] if one not in posted.refused and one not in posted.later]
        refused = {**plan["refused"], **posted.refused}
        if not posted.later and not refused:
            tidy(self._tools, letters)
            return None
        if not have and not posted.refused:
            raise SinkOffline(f"the mail server puts it off: {_told(posted.later)}")
        # Before anything else happens it is recorded who has it now.
        after = {**plan, "left": list(posted.later), "have": [*plan["have"], *have], "refused": refused}
        return Waiting(after, LATER if posted.later else 0.0, _trouble(posted))

    def _send(self, letters: list[Path], to: list[str]) -> Posted:
        try:
            return self._mailer.send(self._read(letters[0]), to)
        except MailRefused as error:
            if not error.too_large or len(letters) == 1:
                raise
        log.info("fax too large for the mail server, sent as a link", sink=self._key)
        return self._mailer.send(self._read(letters[1]), to)

    def _read(self, path: Path) -> bytes:
        with self._tools.files.read(path) as stream:
            return stream.read()

    def _ended(self, plan: Mapping[str, Any], letters: list[Path]) -> None:
        """Everybody was tried; the plan, which is recorded, tells how that went."""
        self._tools.files.remove(letters)
        if not plan["refused"]:
            return
        self._remember(plan["id"], plan["have"])
        others = f"; {len(plan['have'])} others have it" if plan["have"] else ""
        raise Undeliverable(f"the mail server does not take {_told(plan['refused'])}{others}")

    # -- who has it, should a person have it sent again

    def _remember(self, fax_id: str, have: list[str]) -> None:
        if have:
            self._tools.files.write_new(self._list(fax_id), [json.dumps(have).encode("ascii")])
            self._tools.files.sync([self._tools.work])

    def _have(self, fax_id: str) -> frozenset[str]:
        path = self._list(fax_id)
        return frozenset() if self._tools.files.stat(path) is None else frozenset(json.loads(self._read(path)))

    def _list(self, fax_id: str) -> Path:
        return self._tools.work / f"{fax_id}-have.json"


def _trouble(posted: Posted) -> str | None:
    return f"the mail server puts off {_told(posted.later)}" if posted.later else None


def _told(answers: Mapping[str, str]) -> str:
    return ", ".join(f"{address} ({words})" for address, words in answers.items())
