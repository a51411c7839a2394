"""Report: tell the drop folder what became of a fax (steps O12 and O13).

Promise   document and answer appear in `sent/`, `failed/` or `held/` once, whole, the answer last, because that is what
          an application waits for; nothing that lies there is ever overwritten.
Needs     the hidden folder on the same file system, so that publishing is a rename.
Crash     before the commit: staged again.  After it: each file still staged is published; one that is gone was
          published already, so an application that eats answers never sees one twice.

The answer is made from the journal alone (no "now"), so that writing it again gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.files import Files
from faxdaemon.contracts.format import Format, ReportFacts
from faxdaemon.contracts.journal import OutboundJournal, ReportWork
from faxdaemon.contracts.stage import NOTHING_DUE, Wake
from faxdaemon.core.errors import FilesError, FolderOffline
from faxdaemon.core.model import Outcome
from faxdaemon.core.naming import fit
from faxdaemon.core.places import DropPlaces, Spool
from faxdaemon.core.states import Outbound, Reporting

BATCH = 32
RETRY = 10.0
"""Seconds after which a folder that could not be written is tried again."""


class ReportStage:
    """Reports into one drop folder."""

    def __init__(
        self,
        places: DropPlaces,
        spool: Spool,
        *,
        answerer: Format,
        files: Files,
        journal: OutboundJournal,
        alert: Alert,
    ) -> None:
        self._places = places
        self._spool = spool
        self._answerer = answerer
        self._files = files
        self._journal = journal
        self._alert = alert
        self._trouble = f"report:{places.folder}"

    def step(self) -> Wake:
        """Report one batch."""
        works = self._journal.claim_reports(str(self._places.folder), BATCH)
        if not works:
            return NOTHING_DUE
        try:
            if self._files.stat(self._places.staging) is None:
                # Without it, "the temporary is gone" would prove nothing: the share may not be mounted.
                raise FolderOffline("its work folder is missing; is it mounted?")
            staged = [work for work in works if work.state is Reporting.REPORTING]
            taken = {target for work in staged for _, target in (work.plan or {}).get("moves", ())}
            plans = [(work, self._stage(work, taken)) for work in works if work.state is Reporting.DUE]
            self._files.sync([self._places.staging])
            staged += self._journal.staged(plans)
            self._publish(staged)
        except FilesError as error:
            self._alert.raise_(self._trouble, f"cannot report into {self._places.folder}: {error.reason}")
            return RETRY
        self._journal.reported(staged)
        self._alert.clear(self._trouble)
        return 0.0

    # -- staging

    def _stage(self, work: ReportWork, taken: set[str]) -> Mapping[str, Any]:
        """Make the answer ready, under names that neither a file nor another fax of this batch (`taken`) has."""
        overall = overall_of(work.outcomes)
        ended = [outcome.ended_at for outcome in work.outcomes if outcome.ended_at]
        day = max(ended, default=work.received_at).astimezone().date().isoformat()
        target = self._places.outcome(overall, day)
        self._files.make_dirs([target])
        answers = self._answerer.answer(_facts(work, overall))
        name, answer_names = self._free_names(work, target, [answer.suffix for answer in answers], taken)
        moves: list[tuple[str, str]] = []
        source = self._original(work)
        if source is not None:
            moves.append((str(source), str(target / name)))
        for number, (answer, answer_name) in enumerate(zip(answers, answer_names, strict=True), 2):
            temporary = self._places.staged(work.fax_id, number)
            self._files.write_new(temporary, [answer.content])
            moves.append((str(temporary), str(target / answer_name)))
        taken.update(place for _, place in moves)
        return {"overall": overall, "moves": moves, "remove": self._outdated(work)}

    def _original(self, work: ReportWork) -> Path | None:
        """The dropped file where it is now: in its claim, or where an earlier report put it, or restored from the
        spool."""
        claimed = self._places.claimed(work.fax_id, work.origin.name)
        if self._files.stat(claimed) is not None:
            return claimed
        if work.published:
            shown = Path(work.published["moves"][0][1])
            if shown.name and self._files.stat(shown) is not None:
                return shown
        if not work.documents:
            return None
        restored = self._places.staged(work.fax_id, 1)
        self._files.copy_new(self._spool.path(work.documents[0].spool), restored)
        return restored

    def _outdated(self, work: ReportWork) -> list[str]:
        """Answers of an earlier report (it was held, and now there is an outcome)."""
        if not work.published:
            return []
        return [target for source, target in work.published["moves"] if _is_staged(source)]

    def _free_names(
        self, work: ReportWork, target: Path, suffixes: Sequence[str], taken: set[str]
    ) -> tuple[str, list[str]]:
        """The dropped name and its answers' names; with the id's end in them when one of them is taken."""
        pure = PurePath(work.origin.name)
        for stem in (pure.stem, f"{pure.stem}.{work.fax_id[-8:]}", f"{pure.stem}.{work.fax_id}"):
            name = fit(stem, pure.suffix)
            answers = [fit(stem, suffix) for suffix in suffixes]
            places = [target / each for each in (name, *answers)]
            if not any(str(place) in taken or self._files.stat(place) is not None for place in places):
                return name, answers
        raise FilesError(f"{target}: there is a file for fax {work.fax_id} already; move it away")

    # -- publishing

    def _publish(self, works: Sequence[ReportWork]) -> None:
        moves: list[tuple[Path, Path]] = []
        for work in works:
            plan = work.plan or {}
            self._files.remove([Path(path) for path in plan.get("remove", ())])
            for source, target in plan.get("moves", ()):
                if self._files.stat(Path(source)) is not None:
                    moves.append((Path(source), self._still_free(work, Path(target))))
        self._files.move(moves)
        claims = [self._places.claimed(work.fax_id, work.origin.name).parent for work in works]
        self._files.remove([folder for folder in claims if folder != self._places.claims])

    def _still_free(self, work: ReportWork, target: Path) -> Path:
        """`target`, or a name with the id in it when somebody has put a file there since it was staged."""
        if self._files.stat(target) is None:
            return target
        return target.with_name(fit(f"{target.stem}.{work.fax_id}", target.suffix))


def overall_of(outcomes: Sequence[Outcome]) -> str:
    """One word for a fax: held before failed before cancelled before sent, so that nothing bad is hidden."""
    states = {outcome.state for outcome in outcomes}
    for state in (Outbound.HELD, Outbound.FAILED, Outbound.CANCELLED):
        if state in states:
            return state.value
    return Outbound.SENT.value


def _is_staged(source: str) -> bool:
    path = PurePath(source)
    return path.parent.name == "staged" and not path.name.endswith("-1")


def _facts(work: ReportWork, overall: str) -> ReportFacts:
    return ReportFacts(
        fax_id=work.fax_id,
        name=work.origin.name,
        received_at=_iso(work.received_at),
        documents=tuple(
            {"name": d.name, "bytes": d.size, "sha256": d.sha256, "pages": d.pages} for d in work.documents
        ),
        outcomes=work.outcomes,
        overall=overall,
        fields=work.fields,
    )


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
