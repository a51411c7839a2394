"""A site for one stage at a time: the real journal and real files, a clock that waits, a provider that reads its
answers from a list.

A crash is `Crash`, raised out of the middle of a stage by a `Faulty` part; what comes after it is a new stage object on
the same disk, and `Site.restart` opens the journal anew as a new process would.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.clock import FakeClock
from support.journals import put_journal
from support.papers import pdf_bytes
from support.sinking import sink_tools

from faxdaemon.asking import Asking
from faxdaemon.contracts.journal import Filter, Journal, Routed
from faxdaemon.contracts.provider import Accepted, Capabilities, Content, Duplicates, Find
from faxdaemon.contracts.sink import SinkTools
from faxdaemon.core.ids import FaxId, new_fax_id
from faxdaemon.core.model import Document, Drop, Listed, Origin, Route, Submission
from faxdaemon.core.places import DropPlaces, Spool
from faxdaemon.documents import open_documents
from faxdaemon.files import open_files
from faxdaemon.journal import open_journal
from faxdaemon.outbound.choose import FolderRules
from faxdaemon.outbound.deciding import Deciding
from faxdaemon.outbound.preparing import Preparing
from faxdaemon.outbound.route import Pending, PrepareStage, RouteStage
from faxdaemon.outbound.submit import AccountRules, SubmitStage

NODE = "node"
NUMBER = "+13035550123"
SUFFIXES = frozenset({".pdf", ".tif"})


class Crash(BaseException):
    """The process is gone: nothing in the program may catch this."""


class Unscripted(BaseException):
    """The stage asked what the test did not foresee; no stage may take it for trouble."""


def capabilities(**changes: Any) -> Capabilities:
    """A provider that looks up by reference and does not redial, but for `changes`."""
    values: dict[str, Any] = {
        "reference_length": 64,
        "duplicates": Duplicates.SENDS,
        "find": Find.BY_REFERENCE,
        "status_batch": 10,
        "retries_itself": False,
        "can_cancel": True,
        "head_of_queue_inbox": False,
        "suffixes": SUFFIXES,
        "regions": None,
    }
    return Capabilities(**{**values, **changes})


def rules(name: str = "main", **changes: Any) -> AccountRules:
    """An account's rules, in round numbers: time limit 100 s, settling 60 s, so that a lease is 190 s."""
    values: dict[str, Any] = {
        "timeout": 100.0,
        "poll": 30.0,
        "settle": 60.0,
        "retries": 3,
        "resend_unknown": False,
    }
    return AccountRules(name=name, **{**values, **changes})


class Scripted:
    """A provider whose answers are a list per method.  An exception in the list is raised, a function is called with
    what the provider was given, everything else is returned."""

    def __init__(self, **changes: Any) -> None:
        self.capabilities = capabilities(**changes)
        self.calls: list[tuple[str, Any]] = []
        self.sent: list[tuple[str, tuple[bytes, ...]]] = []
        """Every submission that was handed over: its reference and the content of its documents."""
        self._answers: dict[str, deque[Any]] = defaultdict(deque)
        self._jobs = 0

    def will(self, method: str, *answers: Any) -> Scripted:
        """The next answers of `method`."""
        self._answers[method].extend(answers)
        return self

    def asked(self, method: str) -> list[Any]:
        """What `method` was given, call by call."""
        return [argument for name, argument in self.calls if name == method]

    def left(self) -> dict[str, int]:
        """Answers that nobody asked for."""
        return {method: len(answers) for method, answers in self._answers.items() if answers}

    def forget(self, method: str) -> Scripted:
        """Nobody will ask for these answers after all."""
        self._answers[method].clear()
        return self

    def _answer(self, method: str, argument: Any = None) -> Any:
        self.calls.append((method, argument))
        if not self._answers[method]:
            raise Unscripted(f"{method}({argument!r})")
        answer = self._answers[method].popleft()
        if isinstance(answer, BaseException):
            raise answer
        return answer(argument) if callable(answer) else answer

    def submit(self, submission: Submission, contents: Sequence[Content]) -> Any:
        """The whole of each document is read, as a real one does."""
        self.sent.append((submission.reference, tuple(_read(content) for content in contents)))
        answer = self._answer("submit", submission)
        if answer is not ACCEPTED:
            return answer
        self._jobs += 1  # no two submissions have one job
        return Accepted(f"job-{self._jobs}")

    def find(self, submission: Submission) -> Any:
        return self._answer("find", submission)

    def status(self, provider_ids: Sequence[str]) -> Any:
        return self._answer("status", list(provider_ids))

    def cancel(self, provider_id: str) -> Any:
        return self._answer("cancel", provider_id)

    def inbox(self) -> Any:
        return self._answer("inbox")

    def fetch(self, listed: Listed, write: Callable[[bytes], object]) -> None:
        """An answer of bytes is written in two pieces."""
        content = self._answer("fetch", listed)
        write(content[: len(content) // 2])
        write(content[len(content) // 2 :])

    def acknowledge(self, listed: Listed) -> None:
        self._answer("acknowledge", listed)

    def check(self) -> str:
        """All is well, unless the test says otherwise."""
        return str(self._answer("check")) if self._answers["check"] else "well"

    def close(self) -> None:
        self.calls.append(("close", None))


def _read(content: Content) -> bytes:
    with content.open() as stream:
        return stream.read()


class Alerts:
    """`faxdaemon.contracts.alert.Alert` that remembers: what is open, and everything that was told."""

    def __init__(self) -> None:
        self.open: dict[str, str] = {}
        self.told: list[str] = []
        self.said: list[str] = []
        self.over: list[str] = []

    def raise_(self, key: str, message: str) -> None:
        if self.open.get(key) != message:
            self.told.append(key)
            self.said.append(message)
        self.open[key] = message

    def clear(self, key: str) -> None:
        if self.open.pop(key, None) is not None:
            self.over.append(key)


class Signals:
    """Remembers who was woken."""

    def __init__(self) -> None:
        self.topics: list[str] = []

    def notify(self, *topics: str) -> None:
        self.topics += topics


class Faulty:
    """A part of which chosen methods misbehave: `Faulty(files, move=[None, Crash()])` lets the first `move` through and
    crashes in place of the second.  A function in the list is called in place of the method, with its arguments and
    before them the real method."""

    def __init__(self, part: Any, **faults: Sequence[Any]) -> None:
        self._part = part
        self._faults = {name: deque(each) for name, each in faults.items()}
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._part, name)
        if not callable(real):
            return real

        def called(*args: Any, **kwargs: Any) -> Any:
            self.calls.append((name, args))
            faults = self._faults.get(name)
            fault = faults.popleft() if faults else None
            if isinstance(fault, BaseException):
                raise fault
            return real(*args, **kwargs) if fault is None else fault(real, *args, **kwargs)

        return called


class Site:
    """One drop folder, one spool, one journal."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.out = place / "out"
        self.state = place / "state"
        self.out.mkdir()
        self.state.mkdir()
        self.clock = FakeClock()
        self.files: Any = open_files()
        self.documents: Any = open_documents()
        self.alerts = Alerts()
        self.signals = Signals()
        self.spool = Spool(self.state)
        self.places = DropPlaces(self.out, NODE)
        self.files.make_dirs([self.spool.root, *self.places.needed()])
        self.journal: Any = self._open()

    def _open(self) -> Journal:
        put_journal(self.state)
        return open_journal("sqlite", state=self.state, clock=self.clock, signals=self.signals, node=NODE)

    def restart(self) -> None:
        """The process died and a new one begins; what was being submitted is uncertain from now on."""
        self.journal.close()
        self.alerts = Alerts()
        self.journal = self._open()
        self.journal.interrupt(60.0)

    def asking(self, name: str = "main") -> Asking:
        """When that account may be asked, as one process knows it."""
        return Asking(name, accounts=self.journal, clock=self.clock)

    def sink_tools(self) -> SinkTools:
        """What a destination of received faxes is given here."""
        return sink_tools(self.state / "sinks", files=self.files, documents=self.documents, clock=self.clock)

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)

    # -- faxes, put where a test begins

    def new_id(self) -> FaxId:
        self.clock.advance(0.001)
        return new_fax_id(int(self.clock.now().timestamp() * 1000), self.clock.entropy(10))

    def received(self, name: str = "3035550123_x.pdf", content: bytes | None = None) -> FaxId:
        """A drop that intake took: claimed, spooled, RECEIVED."""
        fax_id = self.new_id()
        data = pdf_bytes(text=name) if content is None else content
        claim = self.places.claimed(fax_id, name)
        claim.parent.mkdir(parents=True, exist_ok=True)
        claim.write_bytes(data)
        spool = self.spool.name("out", fax_id, 1, Path(name).suffix)
        self.spool.path(spool).parent.mkdir(parents=True, exist_ok=True)
        written = self.files.copy_new(claim, self.spool.path(spool))
        info = claim.stat()
        origin = Origin(str(self.out), name, info.st_size, info.st_mtime_ns, info.st_ino)
        self.journal.accept([Drop(fax_id, origin, (Document(name, spool, written.size, written.sha256),))])
        return fax_id

    def ready(
        self,
        name: str = "3035550123_x.pdf",
        *,
        content: bytes | None = None,
        numbers: Sequence[str] = (NUMBER,),
        accounts: tuple[str, ...] = ("main",),
        expire: float = 24 * 3600.0,
    ) -> FaxId:
        """A fax that may be submitted."""
        fax_id = self.received(name, content)
        routes = tuple(Route(number, None, accounts, {}) for number in numbers)
        self.journal.route([Routed(fax_id, routes, (1,), expire)])
        return fax_id

    def claimed(self, account: str = "main", lease: float = 190.0) -> Submission:
        """Claim the one fax that is due, as the submitting stage does."""
        (submission,) = self.journal.claim_ready(account, 1, lease)
        return submission

    def uncertain(self, name: str = "3035550123_x.pdf", settle: float = 60.0, **changes: Any) -> FaxId:
        """A fax whose submission got no answer; due to be looked up after `settle`."""
        fax_id = self.ready(name, **changes)
        assert self.journal.lost(self.claimed(), "time-out", settle)
        return fax_id

    def accepted(self, provider_id: str = "job-1", name: str = "3035550123_x.pdf", **changes: Any) -> FaxId:
        """A fax that the provider has, due to be asked for now."""
        fax_id = self.ready(name, **changes)
        assert self.journal.accepted(self.claimed(), provider_id, 0.0)
        return fax_id

    def routing(
        self,
        rules: FolderRules | None,
        able: Mapping[str, Capabilities],
        *,
        documents: Any = None,
        files: Any = None,
        elsewhere: Mapping[str, FolderRules] | None = None,
    ) -> tuple[RouteStage, PrepareStage]:
        """The stages that decide, for this folder (None: for no folder) and those `elsewhere`."""
        documents = documents or self.documents
        preparing = Preparing(self.spool, documents=documents, files=files or self.files)
        deciding = Deciding(able, documents=documents, preparing=preparing)
        folders = {**({str(self.out): rules} if rules else {}), **(elsewhere or {})}
        pending = Pending(self.signals)
        route = RouteStage(
            folders, self.spool, deciding=deciding, pending=pending, journal=self.journal, alert=self.alerts
        )
        prepare = PrepareStage(
            folders,
            self.spool,
            deciding=deciding,
            preparing=preparing,
            pending=pending,
            journal=self.journal,
            alert=self.alerts,
        )
        return route, prepare

    # -- looking

    def states(self, fax_id: str) -> list[str]:
        """The state of each recipient."""
        rows = [row for row in self.journal.find(Filter()) if row.fax_id == fax_id]
        return [row.state for row in sorted(rows, key=lambda row: row.recipient)]

    def state_of(self, fax_id: str) -> str:
        """The state of the only recipient."""
        (state,) = self.states(fax_id)
        return state

    def reason(self, fax_id: str) -> str:
        """Why it is in its state."""
        (row,) = [row for row in self.journal.find(Filter()) if row.fax_id == fax_id]
        return row.reason or ""

    def events(self, fax_id: str) -> list[str]:
        """What happened to it, oldest first."""
        return [event.event for event in self.journal.life(fax_id).events]

    def shown(self, folder: str) -> list[str]:
        """The files below one of the outcome folders."""
        return sorted(path.name for path in (self.out / folder).rglob("*") if path.is_file())

    def leftovers(self) -> list[str]:
        """Claims and staged files, and whatever lies in the spool without a row."""
        hidden = [p for top in (self.places.claims, self.places.staging) for p in top.rglob("*") if p.is_file()]
        return sorted(str(path.relative_to(self.out)) for path in hidden)

    def spooled(self) -> list[str]:
        """Every file in the spool."""
        return sorted(str(p.relative_to(self.spool.root)) for p in self.spool.root.rglob("*") if p.is_file())


def listed(provider_id: str = "in-1", **changes: Any) -> Listed:
    """A received fax as a provider lists it."""
    values: dict[str, Any] = {
        "called": "+13035550100",
        "caller": "+13035550177",
        "csid": "THEIR FAX",
        "received_at": datetime(2026, 11, 20, 8, 59, tzinfo=UTC),
        "pages": 1,
        "metadata": {"recvid": provider_id},
    }
    return Listed(provider_id=provider_id, **{**values, **changes})


ACCEPTED = Accepted("job-1")
"""What `Scripted` makes job-1, job-2, … of."""


def replaced(value: Any, **changes: Any) -> Any:
    """`dataclasses.replace`, for any of the plain values."""
    return dataclasses.replace(value, **changes)


def submit(site: Site, provider: Scripted) -> None:
    """Offer one fax, if one is due."""
    SubmitStage(
        rules(),
        site.spool,
        provider=provider,
        files=site.files,
        journal=site.journal,
        accounts=site.journal,
        clock=site.clock,
        alert=site.alerts,
    ).step()
