"""What FAXAGE offers beyond sending and receiving: lines, numbers, call records, images, clearing, resending, URL mode.

Promise   each is one method of `faxdaemon.contracts.services`; what FAXAGE refuses is a `UserError` with its reason,
          what cannot be read is trouble, never an empty list.
Needs     the account's url, identity, zone and http.
Crash     an order, a return, a resend or a fax from the web whose answer was lost may have been carried out: FAXAGE
          knows no reference of ours for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from faxdaemon.contracts.services import Table
from faxdaemon.core.errors import ProviderTrouble, UserError
from faxdaemon.http import Http
from faxdaemon.providers.faxage import answers, dialect, form

FORM = {"content-type": "application/x-www-form-urlencoded"}
LARGEST_IMAGE = 256 * 1024 * 1024
"""Bytes."""
RECIPNAME = 32
"""Bytes of a recipient's name."""
CALL = ("calldate", "direction", "src", "dst", "duration")
"""The columns of getcdr.php; times in the account's zone, the duration in seconds."""
MOST_ROWS = 250_000
"""In one answer."""
_KIND = re.compile(r"[a-z0-9]{1,5}")


class _Identity(Protocol):
    def fields(self) -> list[tuple[str, str]]: ...


class Services:
    """The methods; an account has them beside those of the contract."""

    __slots__ = ()
    url: str
    identity: _Identity
    zone: ZoneInfo
    http: Http

    # -- lines

    def lines(self) -> Table:
        """`listlines`."""
        return Table(("line",), tuple((f"+1{digits}",) for digits in self._numbers("httpsfax.php", "listlines")))

    def set_line(self, number: str, *, enabled: bool) -> str:
        """`enabledid`, `disabledid`: a disabled line gives callers a fast busy tone."""
        operation, word = ("enabledid", "Enabled") if enabled else ("disabledid", "Disabled")
        self._told("httpsfax.php", operation, word, ("didnumber", _ten(number)), refusals=(16, 17))
        return f"{number} is {word.lower()}"

    # -- numbers

    def area_codes(self) -> Table:
        """`listac`."""
        return Table(("ac",), tuple((line,) for line in self._lines_of("listac", r"\d{3}")))

    def exchanges(self, area: str | None) -> Table:
        """`listnpanxx`."""
        values = [("ac", area)] if area else []
        lines = self._lines_of("listnpanxx", r"\d{6}\t[^\t]*\t[^\t]*", *values)
        return Table(("npanxx", "rcname", "rcstate"), tuple(tuple(line.split("\t")) for line in lines))

    def free_numbers(self, area: str | None, exchange: str | None) -> Table:
        """`listdids`."""
        values = [("npanxx", exchange)] if exchange else [("ac", area)] if area else []
        return Table(
            ("did",), tuple((f"+1{digits}",) for digits in self._numbers("provision.php", "listdids", *values))
        )

    def order_number(self, number: str) -> str:
        """`provdid`."""
        digits = _ten(number)
        self._told("provision.php", "provdid", "provisioned", ("didnumber", digits), refusals=(4, 5), fresh=True)
        return f"{number} is the account's now"

    def return_number(self, number: str) -> str:
        """`deprovdid`."""
        digits = _ten(number)
        self._told("provision.php", "deprovdid", "deprovisioned", ("didnumber", digits), refusals=(4, 5), fresh=True)
        return f"{number} was given back"

    def portable(self, number: str) -> bool:
        """`portable`: whether the number's rate center is served."""
        answer = self._said("httpsfax.php", "portable", ("didnumber", _ten(number))).strip()
        if answer not in {"0", "1"}:
            raise _unread("portable")
        return answer == "1"

    # -- records

    def records(self, since: datetime, until: datetime, number: str | None) -> Table:
        """getcdr.php by time; with `number`, the calls that came in on it."""
        window = [("begin", dialect.told(since, self.zone)), ("end", dialect.told(until, self.zone))]
        return self._calls(CALL, number, *window)

    def records_after(self, mark: int, number: str | None) -> Table:
        """getcdr.php by `nuidgt`.  The calls come by time, not by number: the next mark is the largest."""
        return self._calls(("nuid", *CALL), number, ("nuidshow", "1"), ("nuidgt", str(mark)))

    def _calls(self, columns: tuple[str, ...], number: str | None, *values: tuple[str, str]) -> Table:
        line = [("didnumber", _ten(number))] if number else []
        text = self._said("getcdr.php", None, *values, *line)
        rows = tuple(tuple(field.strip() for field in line.split(",")) for line in _rows("getcdr.php", text))
        if any(len(row) != len(columns) or row[columns.index("direction")] not in {"IN", "OUT"} for row in rows):
            raise _unread("getcdr.php")
        return Table(columns, rows)

    # -- what was sent

    def sent_image(self, provider_id: str, form: str, write: Callable[[bytes], object]) -> None:
        """`dlstatus`."""
        self._document("dlstatus", write, ("jobid", provider_id), ("viewtype", form))

    def transmittal(self, provider_id: str, write: Callable[[bytes], object]) -> None:
        """`dltrans`."""
        self._document("dltrans", write, ("jobid", provider_id))

    def _document(self, operation: str, write: Callable[[bytes], object], *values: tuple[str, str]) -> None:
        out = answers.Sniffer(write)
        reply = self.http.download(
            "POST",
            self.url,
            headers=FORM,
            content=self._body(operation, values),
            write=out,
            wanted=out.wanted,
            limit=LARGEST_IMAGE,
        )
        code = answers.read(reply, out.finish() or reply.text, (6, 24, 25))
        if code:
            raise UserError(dialect.sentence(code))
        if not out.passed:
            raise _unread(operation)

    def forget(self, provider_id: str) -> str:
        """`clear`."""
        self._told("httpsfax.php", "clear", "cleared", ("jobid", provider_id), refusals=(7,))
        return f"FAXAGE has forgotten job {provider_id}"

    # -- outside the promise

    def send_again(self, provider_id: str, number: str | None) -> str:
        """`resend` (later revisions of the service)."""
        to = [("faxno", _ten(number))] if number else []
        return self._job("resend", (4, 5, 6, 40), ("jobid", provider_id), *to)

    def send_addresses(
        self, number: str, name: str, addresses: Sequence[str], kinds: Sequence[str], *, wait: bool
    ) -> str:
        """`sendfax` in URL mode."""
        _check_addresses(addresses, kinds)
        what = [("faxurls[]", address) for address in addresses] + [("faxurltypes[]", kind) for kind in kinds]
        if len(addresses) == 1 and not kinds:
            what = [("faxurl", addresses[0])]
        if not wait:
            what.append(("async", "1"))
        to = [("recipname", name.encode()[:RECIPNAME].decode(errors="ignore")), ("faxno", _ten(number))]
        return self._job("sendfax", (3, 4, 5), *to, *what)

    def _job(self, operation: str, refusals: Sequence[int], *values: tuple[str, str]) -> str:
        job = dialect.job_of(self._said("httpsfax.php", operation, *values, refusals=refusals, fresh=True))
        if job is None:
            raise _unread(operation)
        return job

    # -- asking

    def _body(self, operation: str | None, values: Iterable[tuple[str, str]]) -> bytes:
        named = [("operation", operation)] if operation else []
        return form.fields([*self.identity.fields(), *named, *values])

    def _said(
        self,
        script: str,
        operation: str | None,
        *values: tuple[str, str],
        refusals: Sequence[int] = (),
        fresh: bool = False,
    ) -> str:
        """The text of an answer; `refusals` are the person's to read.  `fresh`: on a connection of its own, for what
        must not be sent twice."""
        url = f"{self.url.rpartition('/')[0]}/{script}"
        reply = self.http.send("POST", url, headers=FORM, content=self._body(operation, values), fresh=fresh)
        code = answers.read(reply, reply.text, refusals, script)
        if code:
            raise UserError(dialect.sentence(code, script))
        return reply.text

    def _told(
        self,
        script: str,
        operation: str,
        word: str,
        *values: tuple[str, str],
        refusals: Sequence[int],
        fresh: bool = False,
    ) -> None:
        """A request whose success is told by a word."""
        text = self._said(script, operation, *values, refusals=refusals, fresh=fresh)
        if not re.search(rf"\b{word}\b", text, re.IGNORECASE):
            raise _unread(operation)

    def _numbers(self, script: str, operation: str, *values: tuple[str, str]) -> list[str]:
        return self._lines_of(operation, r"\d{10}", *values, script=script)

    def _lines_of(
        self, operation: str, pattern: str, *values: tuple[str, str], script: str = "provision.php"
    ) -> list[str]:
        lines = _rows(operation, self._said(script, operation, *values))
        if not all(re.fullmatch(pattern, line) for line in lines):
            raise _unread(operation)
        return lines


def _rows(operation: str, text: str) -> list[str]:
    if text.count("\n") > MOST_ROWS:
        raise _unread(operation)
    return [line.strip(" ") for line in text.replace("\r", "").split("\n") if line.strip()]


def _unread(operation: str) -> ProviderTrouble:
    return ProviderTrouble(f"FAXAGE's answer to {operation} could not be read")


def _ten(number: str) -> str:
    """E.164 as FAXAGE writes it."""
    digits = number.removeprefix("+1")
    if not re.fullmatch(r"\d{10}", digits, re.ASCII):
        raise UserError("FAXAGE has only numbers of the US and Canada: +1 and ten digits")
    return digits


def _check_addresses(addresses: Sequence[str], kinds: Sequence[str]) -> None:
    if not addresses or not all(re.match(r"https?://[^/\s]", address) for address in addresses):
        raise UserError("FAXAGE fetches only what begins with http:// or https://")
    if kinds and (len(kinds) != len(addresses) or not all(map(_KIND.fullmatch, kinds))):
        raise UserError("give a kind (doc, pdf, html …) for each address, or for none")
