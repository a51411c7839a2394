"""Notices: mail to whoever asked for a fax, about what became of it.

Promise   each outcome that was reported into the folder is told once to the fax's own address, or to the folder's.  A
          mail server that is down, or one that puts a recipient off, delays nothing but mail; what it refuses, or has
          not taken for `GIVE_UP` seconds, is an alert.
Needs     the journal; the mail server; a folder of its own on a local disk.
Crash     the letter is written and synced before the mark moves on: written again under the same name.  Between the
          server's yes and the removal of the letter it is sent again, the same to the byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import structlog

from faxdaemon.alerts import Alerts
from faxdaemon.alerts.options import Notices, Outcome
from faxdaemon.alerts.watch import Journal
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.documents import Documents
from faxdaemon.contracts.files import Files
from faxdaemon.contracts.stage import Wake
from faxdaemon.core.errors import FilesError, UserError
from faxdaemon.core.ids import FaxId, delivery_id, is_fax_id
from faxdaemon.core.model import Role
from faxdaemon.core.numbers import masked, masked_within
from faxdaemon.core.places import Spool
from faxdaemon.core.states import Outbound
from faxdaemon.mailing import Attached, Letter, Mailer, MailRefused, compose, is_address

log = structlog.get_logger()

MARK = "notices"
"""The mark of how far outcomes were written down as letters."""
EVERY = 10.0
"""Seconds between two looks."""
LATER = 300.0
"""Seconds until mail that was put off is tried again."""
GIVE_UP = 2 * 86400.0
"""Seconds after which a letter is given up."""
MOST_PAGES = 50
"""Pages of a document at most of which the first is drawn: all of them are, on the way."""
_BATCH = 50
_WORDS: Mapping[Outcome, str] = {"sent": "was sent", "failed": "failed", "held": "is held: a person must decide"}


class NoticeStage:
    """See the module."""

    def __init__(
        self,
        folders: Mapping[str, Notices],
        place: Path,
        spool: Spool,
        *,
        mailer: Mailer,
        alerts: Alerts,
        journal: Journal,
        documents: Documents,
        files: Files,
        clock: Clock,
    ) -> None:
        self._folders = folders
        self._place = place
        self._spool = spool
        self._mailer = mailer
        self._alerts = alerts
        self._journal = journal
        self._documents = documents
        self._files = files
        self._clock = clock
        self._again: dict[Path, float] = {}

    def step(self) -> Wake:
        """Write down what is new, then send what there is."""
        try:
            self._files.make_dirs([self._place])
            more = self._collect()
            wait = self._send()
        except FilesError as error:
            self._alerts.raise_("notices", f"those who asked for faxes are not told: {error.reason}")
            return LATER
        return 0.0 if more else wait

    # -- writing

    def _collect(self) -> bool:
        """Whether there is more."""
        mark = self._alerts.marks.get(MARK)
        if mark is None:  # what was before is nobody's news
            self._alerts.marks[MARK] = self._journal.last_event()
            self._alerts.save(always=True)
            return False
        found = self._journal.reported_after(mark, _BATCH)
        for event, fax_id in found:
            letter = self._letter(event, fax_id)
            if letter is not None:
                self._files.write_new(self._place / f"{event:012d}-{fax_id}.eml", [letter])
        if found:
            self._files.sync([self._place])
            self._alerts.marks[MARK] = found[-1][0]
            self._alerts.save(always=True)
        return len(found) == _BATCH

    def _letter(self, event: int, fax_id: FaxId) -> bytes | None:
        """None when nobody is to be told."""
        try:
            facts = self._journal.life(fax_id).facts
        except UserError:
            return None  # cleared away meanwhile
        folder = self._folders.get(facts["folder"])
        parts: Sequence[Mapping[str, Any]] = facts["recipients"]
        outcome = _outcome(parts)
        if folder is None or outcome is None or outcome not in folder.on:
            return None
        to = _address(parts, folder)
        if to is None:
            return None
        letter = Letter(
            [to],
            f"Fax {fax_id} {_WORDS[outcome]}",
            _text(fax_id, parts, outcome),
            delivery_id(fax_id, f"{MARK}:{event}"),
            self._clock.now(),
            self._picture(facts["documents"]) if folder.image else (),
        )
        return compose(self._mailer.server.from_, letter)

    def _picture(self, documents: Sequence[Mapping[str, Any]]) -> list[Attached]:
        made = [one for one in documents if one["role"] == Role.MADE.value]
        given = [one for one in documents if one["role"] == Role.DOCUMENT.value]
        for one in (made or given)[:1]:
            if (one["pages"] or 0) <= MOST_PAGES:
                picture = self._documents.first_page(self._spool.path(one["spool"]))
                if picture is not None:
                    return [Attached("page-1.png", "image/png", picture)]
        return []

    # -- sending

    def _send(self) -> Wake:
        with self._files.scan(self._place) as entries:
            paths = sorted(entry.path for entry in entries if entry.path.suffix == ".eml")
        for path in paths:
            if self._again.get(path, 0.0) > self._clock.monotonic():
                continue
            with self._files.read(path) as stream:
                content = stream.read()
            # `SinkOffline` is a `FilesError`: no letter can be sent then.
            if not self._sent(path, content):
                self._again[path] = self._clock.monotonic() + LATER
                continue
            self._again.pop(path, None)
            self._files.remove([path])
            self._files.sync([self._place])
        self._alerts.clear("notices")
        return EVERY

    def _sent(self, path: Path, content: bytes) -> bool:
        """Whether nothing is left to do about this letter."""
        message = message_from_bytes(content, policy=policy.default)
        to = [one.addr_spec for one in message["To"].addresses]
        try:
            posted = self._mailer.send(content, to)
        except MailRefused as error:
            why = str(error)
        else:
            if not posted.refused and not posted.later:
                return True
            why = "; ".join({**posted.refused, **posted.later}.values())
            late = self._clock.now() - message["Date"].datetime > timedelta(seconds=GIVE_UP)
            if posted.later and not late:
                return False
        fax_id = path.stem.partition("-")[2]
        about = f"fax {fax_id}" if is_fax_id(fax_id) else "a fax"
        to_whom = ", ".join(masked(one) for one in to)
        self._alerts.happened(f"notice:{fax_id}", f"{to_whom} was not told what became of {about}: {why}")
        return True


def _outcome(parts: Sequence[Mapping[str, Any]]) -> Outcome | None:
    """The one that matters most; None when nothing was sent and nothing failed."""
    states = {part["state"] for part in parts}
    order: tuple[tuple[Outbound, Outcome], ...] = (
        (Outbound.HELD, "held"),
        (Outbound.FAILED, "failed"),
        (Outbound.SENT, "sent"),
    )
    return next((outcome for state, outcome in order if state.value in states), None)


def _address(parts: Sequence[Mapping[str, Any]], folder: Notices) -> str | None:
    """Who is told: whom the fax names, unless it wants nobody told."""
    wishes: Mapping[str, Any] = next((part["options"] for part in parts if part["options"]), {})
    if wishes.get("notify") == "none":
        return None
    wanted = str(wishes.get("notify_to") or "")
    return wanted if is_address(wanted) else folder.to


def _text(fax_id: FaxId, parts: Sequence[Mapping[str, Any]], outcome: Outcome) -> str:
    lines = [f"Your fax {fax_id} {_WORDS[outcome]}.", ""]
    for part in parts:
        pages = f", {part['pages']} pages" if part["pages"] else ""
        reason = f": {masked_within(part['reason'])}" if part["reason"] and part["state"] != Outbound.SENT.value else ""
        lines.append(f"* to {masked(part['number'])}: {part['state']}{pages}{reason}")
    return "\n".join([*lines, "", f"`faxdaemon show {fax_id}` tells all about it.", ""])
