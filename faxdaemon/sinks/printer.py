"""A printer as destination: each received fax is on paper once, every page of it.

Promise   a fax counts as delivered when the queue says that its job is completed.  What may be on paper already is
          never printed again by itself: where nobody can tell, it is held for a person.
Needs     a queue that remembers finished jobs (CUPS' PreserveJobHistory); our work folder.
Crash     a job is begun empty and its number is recorded, which prints nothing; then it is filled.  So after a crash an
          empty job proves that nothing was printed, and is replaced by a new one; one with a document is followed; and
          one that the queue has forgotten proves nothing.  An empty job whose number was never recorded prints nothing.

The queue is handed a PDF, also for a TIFF: CUPS prints only the first page of one with several.

The plan: `id`, `name` (the job's; random, so that a fax which a person releases is a new job), `file`, `server` and
`printer` as they were configured then, `step`: `staged`, `begun` (with `job`), `filled`; `since`, `tries`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import structlog
from pydantic import Field

from faxdaemon.contracts.sink import SinkTools, Waiting
from faxdaemon.core.errors import SinkOffline, Undeliverable
from faxdaemon.core.ids import token
from faxdaemon.core.model import InboundFax
from faxdaemon.core.schedule import TRY_AGAIN
from faxdaemon.options import Destination
from faxdaemon.printing import open_spooler
from faxdaemon.printing.spooler import Job, JobGone, Spooler, State
from faxdaemon.sinks._form import document_of
from faxdaemon.sinks._given import handed

log = structlog.get_logger()

SLOW = 120.0
"""Seconds after which a job that has begun and does not end is told of, whatever the printer says."""
STUCK = 600.0
"""Likewise for one that waits behind others."""
TRIES = 12
"""How often a job is begun anew that the queue gives up; about an hour and a half."""
_SOONEST, _LATEST = 1.0, 15.0
"""Seconds between two looks at a job: a tenth of its age between these."""
_SIDES = {"one-sided": "one-sided", "long-edge": "two-sided-long-edge", "short-edge": "two-sided-short-edge"}
_SCALING = {"fitted": "fit", "as_received": "none"}


class Options(Destination):
    """A printer that received faxes are printed on."""

    printer: str = Field(min_length=1, max_length=127, pattern=r"^[^\s/#?]+( [^\s/#?]+)*$")
    """The name of its queue."""
    server: str | None = None
    """The print server, `host` or `host:port`, or the path of a socket; this machine's own when empty."""
    copies: int = Field(default=1, ge=1, le=99)
    """How many of each fax."""
    media: str | None = None
    """The paper: `A4`, `Letter`, `iso_a4_210x297mm`, ...; the printer's own when empty."""
    duplex: Literal["one-sided", "long-edge", "short-edge"] | None = None
    """One side of the paper, or both, to be turned over the long or the short edge; the printer's own when empty."""
    pages: Literal["fitted", "as_received"] = "fitted"
    """`fitted` makes each page as large as the paper allows; `as_received` leaves its size, and what does not fit is
    cut off."""
    options: dict[str, str | int | bool] = Field(default_factory=dict)
    """Whatever else the queue is to be told (`lpoptions -l` lists it; IPP job attributes)."""
    reprint: Path | None = None
    """A folder: what is put there (PDF, TIFF or sidecar) is printed here once more; then it lies in `done/` below."""
    program: list[str] = Field(default_factory=list)
    """Windows only: the program that prints a PDF, with `{file}` and `{printer}` where they belong; see
    docs/printing.md."""


def open_sink(key: str, options: Options, tools: SinkTools) -> PrinterSink:
    """The sink that the configuration describes.  `UserError` where printing is not possible here."""
    open_spooler(options.server, options.program)  # told at the start, and not with the first fax
    return PrinterSink(key, options, tools, lambda server: open_spooler(server, options.program))


def check(options: Options) -> str:
    """What the queue says, for `faxdaemon check`; `UserError` or `SinkOffline` with what is wrong."""
    trouble = open_spooler(options.server, options.program).trouble(options.printer)
    return trouble or f"printer {options.printer}: can be printed on"


class PrinterSink:
    """See the module; `Sink` for one queue, used by one thread."""

    def __init__(self, key: str, options: Options, tools: SinkTools, spooler: Callable[[str | None], Spooler]) -> None:
        self._key = key
        self._options = options
        self._tools = tools
        self._spooler = spooler
        self._remember: set[str | None] = set()
        self._late: dict[str, str] = {}
        """What is told of jobs, by fax, that do not end.  Another fax that has just begun does not end that trouble."""
        self._untouched: set[str] = set()
        """Jobs, by name, that this process began and has not tried to fill."""

    @property
    def key(self) -> str:
        """The sink's identity in the journal."""
        return self._key

    def stage(self, fax: InboundFax, document: Path) -> dict[str, Any]:
        """Make the PDF.  Nothing under an older plan is in doubt: a fax is staged again only when none was recorded, or
        when a person wants it."""
        files, stored = self._tools.files, document_of(fax)
        made = handed(self._tools, fax, document, "pdf")
        if made.suffix != ".pdf":
            raise Undeliverable(
                f"what was received ({stored.media}) cannot be printed: it is damaged or of an unknown kind.  Its "
                f"document is in the spool as it came: {stored.spool}"
            )
        files.make_dirs([self._tools.work])
        name = f"fax {fax.fax_id} {token(self._tools.clock.entropy(8).hex(), 8)}"
        with files.scan(self._tools.work) as entries:
            older = [entry.path for entry in entries if entry.path.name.startswith(f"fax {fax.fax_id} ")]
        files.remove(older)
        target = self._tools.work / f"{name}.pdf"  # Windows calls a document by its file's name
        files.write_new(target, [made.content])
        files.sync([self._tools.work])
        problem = self._tools.documents.inspect(target, target.name).problem
        if problem:
            raise Undeliverable(f"what was received cannot be printed: {problem}.  It is in the spool: {stored.spool}")
        where = {"server": self._options.server, "printer": self._options.printer}
        return {"id": fax.fax_id, "name": name, "file": str(target), "step": "staged", "tries": 1, **where}

    def publish(self, plan: Mapping[str, Any]) -> Waiting | None:
        """One step nearer to paper; `SinkOffline` where the queue cannot be asked."""
        act = {"staged": self._begin, "begun": self._fill, "filled": self._follow}[plan["step"]]
        self._late.pop(plan["id"], None)
        return act(plan, self._spooler(plan["server"]))

    # -- the steps

    def _begin(self, plan: Mapping[str, Any], spooler: Spooler) -> Waiting:
        self._document(plan)
        printer = plan["printer"]
        trouble = self._trouble(plan, spooler)
        if plan["server"] not in self._remember:
            if not spooler.remembers(printer):
                raise SinkOffline(
                    f"printer {printer}: its server forgets jobs once they are over, so nobody could tell whether a "
                    "fax was printed; set PreserveJobHistory Yes there"
                )
            self._remember.add(plan["server"])
        name = f"{plan['name']}-{plan['tries']}"
        number = spooler.begin(printer, name, self._told())
        self._untouched.add(name)
        since = plan.get("since") or self._tools.clock.now().isoformat()
        return Waiting({**plan, "step": "begun", "job": number, "as": name, "since": since}, 0.0, trouble)

    def _fill(self, plan: Mapping[str, Any], spooler: Spooler) -> Waiting | None:
        """Hand over, unless some process may have tried to before."""
        printer, number, name = plan["printer"], plan["job"], plan["as"]
        if name not in self._untouched:
            return self._look_before(plan, spooler)
        document = self._document(plan)
        self._untouched.discard(name)
        try:
            spooler.fill(printer, number, name, document)
        except JobGone:
            return self._look_before(plan, spooler, untouched=True)
        log.info("handed over to a printer", fax=plan["id"], printer=printer, job=number)
        return Waiting({**plan, "step": "filled"}, _SOONEST, self._trouble(plan, spooler))

    def _look_before(self, plan: Mapping[str, Any], spooler: Spooler, *, untouched: bool = False) -> Waiting | None:
        printer, number, name = plan["printer"], plan["job"], plan["as"]
        job = spooler.look(printer, number, name)
        if job is not None and job.empty:
            # What a dying process sent may still be on its way.  An ended job takes no document any more.
            spooler.discard(number)
            job = spooler.look(printer, number, name)
        if job is None and not untouched:
            raise Undeliverable(_forgotten(plan))
        if job is None or job.empty:
            return Waiting(_anew(plan), 0.0, self._trouble(plan, spooler))
        return self._follow(plan, spooler)

    def _follow(self, plan: Mapping[str, Any], spooler: Spooler) -> Waiting | None:
        printer, number = plan["printer"], plan["job"]
        job = spooler.look(printer, number, plan["as"])
        if job is None:
            raise Undeliverable(_forgotten(plan))
        if job.state is State.COMPLETED:
            self._tools.files.remove([Path(plan["file"])])
            return None
        if job.state is State.CANCELED:
            raise Undeliverable(f"{_named(plan)} was cancelled there{_quoted(job)}; {_PERHAPS}")
        if job.state is State.ABORTED:
            return self._again(plan, job)
        late = self._lateness(plan, job)
        if late:
            self._late[plan["id"]] = late
        wait = min(max(self._age(plan) / 10, _SOONEST), _LATEST)
        return Waiting({**plan, "step": "filled"}, wait, self._trouble(plan, spooler))

    def _again(self, plan: Mapping[str, Any], job: Job) -> Waiting:
        """The queue gave it up.  Once a sheet may be out, only a person can tell what is missing."""
        if job.sheets:
            raise Undeliverable(f"{_named(plan)} was given up there{_quoted(job)}; {_PERHAPS}")
        if plan["tries"] >= TRIES:
            raise Undeliverable(
                f"{_named(plan)} was given up there{_quoted(job)}, like {TRIES - 1} before it; nothing was printed.  "
                "Look at the server's log, then release the fax"
            )
        delay = TRY_AGAIN.delay(self._age(plan), self._tools.clock.chance())
        trouble = (
            f"printer {plan['printer']} gives its jobs up{_quoted(job)}; nothing is printed, and they are tried again"
        )
        return Waiting(_anew(plan), delay, trouble)

    # -- helpers

    def _told(self) -> dict[str, str]:
        """What the queue is told of each job."""
        options = self._options
        told = {"print-scaling": _SCALING[options.pages], "copies": str(options.copies)}
        if options.media:
            told["media"] = options.media
        if options.duplex:
            told["sides"] = _SIDES[options.duplex]
        more = {
            key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in options.options.items()
        }
        return {**told, **more}

    def _document(self, plan: Mapping[str, Any]) -> Path:
        path = Path(plan["file"])
        if self._tools.files.stat(path) is None:
            raise Undeliverable(f"{path}, which was to be printed, is gone; release the fax, and it is made again")
        return path

    def _age(self, plan: Mapping[str, Any]) -> float:
        return max((self._tools.clock.now() - datetime.fromisoformat(plan["since"])).total_seconds(), 0.0)

    def _trouble(self, plan: Mapping[str, Any], spooler: Spooler) -> str | None:
        """What the printer says, or what is seen of any job on it."""
        return spooler.trouble(plan["printer"]) or next(iter(self._late.values()), None)

    def _lateness(self, plan: Mapping[str, Any], job: Job) -> str | None:
        if job.state is State.HELD:
            return f"{_named(plan)} is held there; to let it go on: lp -i {job.number} -H resume"
        if self._age(plan) < (STUCK if job.state is State.WAITING else SLOW):
            return None
        return f"printer {plan['printer']} does not get on{_quoted(job)}"


_PERHAPS = "pages may be on paper.  Look there: release the fax to print all of it, or give it up when it is there"


def _named(plan: Mapping[str, Any]) -> str:
    return f"job {plan['job']} of printer {plan['printer']}"


def _quoted(job: Job) -> str:
    return f" (“{job.message}”)" if job.message else ""


def _forgotten(plan: Mapping[str, Any]) -> str:
    return f"{_named(plan)} is no longer known there, so nobody can tell whether it was printed; {_PERHAPS}"


def _anew(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Once more, as a new job: what is known of the old one proves that it printed nothing."""
    return {**plan, "step": "staged", "tries": plan["tries"] + 1}
