"""The inbound half of an OpenText account.

Promise   a fax is deleted at the service only by `acknowledge`, or when it is met again after `acknowledge` was asked
          for it.  What cannot be read is never a document; its reservation ends, and it comes again.
Needs     the shelf on which documents lie between `inbox` and `fetch`.
Crash     the reservations end by themselves, after `hold` seconds.

A listed fax carries `doc_id` and `held_until` in its metadata: by them a delete knows, in the next process too, whether
"not found" means gone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote, urlencode

import structlog

from faxdaemon.contracts.clock import Clock
from faxdaemon.core.errors import ItemGone, ProviderTrouble
from faxdaemon.core.model import Listed
from faxdaemon.http import Http, Reply
from faxdaemon.providers.opentext import answers
from faxdaemon.providers.opentext.held import Held, Shelf, text_of
from faxdaemon.providers.opentext.reading import LeanReader, decoded, is_long

if TYPE_CHECKING:
    from faxdaemon.providers.opentext.account import Identity

LARGEST = 350 * 1024 * 1024
"""The longest answer that is taken in, in bytes: a document of 256 MiB as base64."""
_TAKE_TIME = 60.0
"""Seconds after which no further document is asked for in one go."""
_GONE = (404, 410)

log = structlog.get_logger()


class Receiver:
    """See the module."""

    def __init__(
        self,
        url: str,
        query: Mapping[str, str],
        hold: float,
        *,
        identity: Identity,
        http: Http,
        clock: Clock,
        shelf: Shelf,
    ) -> None:
        self._url = url
        self._query = urlencode(query)
        self._hold = hold
        self._identity = identity
        self._http = http
        self._clock = clock
        self._shelf = shelf

    def inbox(self) -> list[Listed]:
        """What is reserved for us."""
        self._take()
        return self._shelf.listed()

    def fetch(self, listed: Listed, write: Callable[[bytes], object]) -> None:
        """Pass on the document; after a restart it has to be handed out again first."""
        held = self._shelf.get(listed.provider_id)
        if held is None:
            emptied, _ = self._take()
            held = self._shelf.get(listed.provider_id)
            # one reservation more than known of: another process may have been handed it since
            if held is None and emptied and not self._reserved(listed, self._hold):
                raise ItemGone("OpenText does not hand this received fax out (any more)")
        if held is None or not held.copy(write):
            raise ProviderTrouble("OpenText has reserved this received fax for an earlier request; it comes again")

    def acknowledge(self, listed: Listed) -> None:
        """Delete it at the service; "not found" is believed as far as the package's page says."""
        name = listed.provider_id
        self._shelf.allow_delete(name, _print(listed.metadata))
        known = self._shelf.reservation(name)
        doc_id = known.doc_id if known else text_of(listed.metadata, "doc_id") or name
        good = known.until > self._clock.monotonic() if known else self._reserved(listed)
        pushed = bool(listed.metadata.get("pushed"))  # taking it was the acknowledgement; where it waits, too, it goes
        if not self._delete(doc_id) and not good and not pushed:
            emptied, deleted = self._take()
            if not emptied and name not in deleted:
                raise ProviderTrouble(
                    "OpenText no longer knows the reservation; the fax is deleted when it comes again"
                )
        self._shelf.drop(name)

    def close(self) -> None:
        """Give up the documents."""
        self._shelf.close()

    def _reserved(self, listed: Listed, grace: float = 0.0) -> bool:
        """Whether the reservation that it was listed with lasts, or ended less than `grace` seconds ago."""
        until = answers.moment_of(text_of(listed.metadata, "held_until"))
        return until is not None and self._clock.now() < until + timedelta(seconds=grace)

    def _take(self) -> tuple[bool, frozenset[str]]:
        """Take in what waits while there is room: whether nothing waits any more, and what was deleted instead."""
        deleted: set[str] = set()
        with self._shelf.taking:
            until = self._clock.monotonic() + _TAKE_TIME
            while self._clock.monotonic() < until and self._shelf.room():
                held = self._next()
                if held is None:
                    return True, frozenset(deleted)
                name = held.listed.provider_id
                if self._shelf.may_delete(name) is not None:  # another fax has got another name by now
                    held.close()
                    if self._delete(held.doc_id):
                        deleted.add(name)
                        log.info("opentext.deleted_again", document=name)
                elif not self._shelf.put(held):
                    break  # reservations end sooner than they should: enough for now
        return False, frozenset(deleted)

    def _next(self) -> Held | None:
        """GET inbound/documents/next; None when nothing waits."""
        reader = LeanReader()
        asked, now = self._clock.monotonic(), self._clock.now()
        try:
            reply = self._identity.send(lambda who: self._download(who, reader))
            if answers.checked(reply, fine=(200, 204)).status == 204:
                return None
            return self._held(*reader.finish(), asked + self._hold, now + timedelta(seconds=self._hold))
        except OSError as error:
            reader.close()
            raise ProviderTrouble(f"no room for a received document here ({type(error).__name__})") from None
        except BaseException:
            reader.close()
            raise

    def _download(self, who: Mapping[str, str], reader: LeanReader) -> Reply:
        return self._http.download(
            "GET",
            f"{self._url}/next?{self._query}",
            headers={"accept": "application/json", **who},
            write=reader,
            wanted=lambda head: head.status == 200 and head.framed and head.media != "text/html",
            limit=LARGEST,
        )

    def _held(self, answer: Any, long: BinaryIO | None, until: float, held_until: Any) -> Held:
        document = answer.get("document") if isinstance(answer, dict) else None
        data = document.get("data") if isinstance(document, dict) else None
        doc_id = answer.get("doc_id") if isinstance(answer, dict) else None
        if not isinstance(document, dict) or not isinstance(data, str) or not isinstance(doc_id, str) or not doc_id:
            raise ProviderTrouble("OpenText handed out something else than a received fax")
        about = {name: value for name, value in document.items() if name != "data"}
        metadata = {**answer, "document": about, "held_until": held_until.isoformat()}
        listed, print_ = _listed(metadata), _print(metadata)
        if self._shelf.may_delete(listed.provider_id) not in (None, print_):
            # another fax under the name of one that is done: a name that repeats must not cost a fax
            log.error("opentext.repeated_name", document=listed.provider_id)
            listed = _listed(metadata, f":{print_}")
        if is_long(data) and long:
            return Held(listed, doc_id, until, long)
        if long:
            raise ProviderTrouble("OpenText handed out something else than a received fax")
        return Held(listed, doc_id, until, decoded(data))

    def _delete(self, doc_id: str) -> bool:
        """DELETE; False when there is nothing by that name."""
        url = f"{self._url}/{quote(doc_id, safe='')}"
        reply = self._identity.send(lambda who: self._http.send("DELETE", url, headers=who))
        return answers.checked(reply, (200, 202, 204, *_GONE)).status not in _GONE


def listed_as(answer: Mapping[str, Any]) -> Listed:
    """A fax that was pushed, by the same name as when it is handed out."""
    return _listed({**answer, "pushed": True})


def _listed(metadata: Mapping[str, Any], more: str = "") -> Listed:
    info = _info(metadata)
    names = [text_of(metadata, "job_id"), text_of(info, "internal_fax_id")]
    pages = info.get("page_count")
    return Listed(
        provider_id=(":".join(name for name in names if name) or _print(metadata)) + more,
        called=_number(text_of(info, "dnis")),
        caller=_number(text_of(info, "ani")),
        csid=text_of(info, "tsid").strip() or None,
        received_at=answers.moment_of(info.get("call_date")),
        pages=pages if isinstance(pages, int) and not isinstance(pages, bool) and pages > 0 else None,
        metadata=metadata,
        duration_s=_count(info.get("connect_time")),
        resolution=text_of(info, "fax_mode").lower() or None,
        speed=_count(info.get("baud_rate")),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _info(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    info = answer.get("transaction_info")
    return info if isinstance(info, dict) else {}


def _print(answer: Mapping[str, Any]) -> str:
    """The call by which a fax came, as a short text: two faxes of one name are two when this differs.  Made of what the
    service said, so that it is the same after a restart."""
    call = json.dumps([answer.get("job_id"), _info(answer)], sort_keys=True)
    return hashlib.sha256(call.encode()).hexdigest()[:16]


def _number(text: str) -> str | None:
    """A number as E.164 where its form can be understood; None when there is none; else the text."""
    digits = re.sub(r"[\s().-]", "", text)
    if re.fullmatch(r"[2-9]\d{9}", digits):
        return f"+1{digits}"
    if re.fullmatch(r"1[2-9]\d{9}", digits):
        return f"+{digits}"
    if re.fullmatch(r"011[1-9]\d{6,14}", digits):
        return f"+{digits[3:]}"
    return (digits if re.fullmatch(r"\+[1-9]\d{6,14}", digits) else text.strip()) or None
