"""Report: tell the drop folder what became of a fax (steps O12 and O13).

Promise   document and answer appear in `sent/`, `failed/` or `held/` once, whole, the answer last, because that is what
          an application waits for; nothing that lies there is ever overwritten, and only what is ours is moved or
          removed (see `shown`).  One fax that cannot be reported does not stop the others.
Needs     the hidden folder on the same file system, so that publishing is a rename; and the very folder in which it
          was staged (see `mark`).
Crash     before the commit: staged again.  After it: each file still staged is published; one that is gone was
          published already, so an application that eats answers never sees one twice.

The answer is made from the journal alone (no "now"), so that writing it again gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

import structlog

from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.files import Files
from faxdaemon.contracts.format import AnswerFile, ReportFacts
from faxdaemon.contracts.journal import OutboundJournal, ReportWork
from faxdaemon.contracts.stage import NOTHING_DUE, Wake
from faxdaemon.core.errors import FilesError
from faxdaemon.core.model import Document, Outcome, Role
from faxdaemon.core.naming import fit
from faxdaemon.core.places import DropPlaces, Spool
from faxdaemon.core.states import Outbound, Reporting
from faxdaemon.outbound import shown
from faxdaemon.outbound.dialects import Dialects
from faxdaemon.outbound.mark import FolderMark

log = structlog.get_logger()

BATCH = 32
ORIGINALS = 1000
"""Temporaries from this number on are originals that were restored; below it are answers."""
RETRY = 10.0
"""Seconds after which what could not be reported is tried again."""


class ReportStage:
    """Reports into one drop folder."""

    def __init__(
        self,
        places: DropPlaces,
        spool: Spool,
        *,
        dialects: Dialects,
        files: Files,
        journal: OutboundJournal,
        alert: Alert,
    ) -> None:
        self._places = places
        self._spool = spool
        self._dialects = dialects
        self._files = files
        self._journal = journal
        self._alert = alert
        self._mark = FolderMark(places, spool, files=files)
        self._trouble = f"report:{places.folder}"

    def step(self) -> Wake:
        """Report one batch."""
        works = self._journal.claim_reports(str(self._places.folder), BATCH)
        if not works:
            return NOTHING_DUE
        try:
            self._mark.check()
            published = self._publish(self._staged(works))
        except FilesError as error:
            self._alert.raise_(self._trouble, f"cannot report into {self._places.folder}: {error.reason}")
            return RETRY
        self._journal.reported(published)
        self._alert.clear(self._trouble)
        for work in published:
            self._tell(work)
        return 0.0 if len(published) == len(works) else RETRY

    def _tell(self, work: ReportWork) -> None:
        self._alert.clear(f"report:{work.fax_id}")
        if (work.plan or {}).get("overall") != Outbound.HELD.value:
            self._alert.clear(f"held:{work.fax_id}")
            return
        why = "; ".join(o.reason for o in work.outcomes if o.state is Outbound.HELD and o.reason)
        self._alert.raise_(f"held:{work.fax_id}", f"fax {work.fax_id} is held for a person to decide: {why}")

    def _stuck(self, work: ReportWork, reason: str) -> None:
        self._mark.check()  # else it is the folder's trouble, not this fax's
        self._alert.raise_(f"report:{work.fax_id}", f"fax {work.fax_id} cannot be reported: {reason}")

    # -- staging

    def _staged(self, works: Sequence[ReportWork]) -> list[ReportWork]:
        """What may be published: staged now, or in an earlier life."""
        staged = [work for work in works if work.state is Reporting.REPORTING]
        taken = {target for work in staged for _, target in (work.plan or {}).get("moves", ())}
        plans: list[tuple[ReportWork, Mapping[str, Any]]] = []
        for work in works:
            if work.state is Reporting.DUE:
                try:
                    plans.append((work, self._stage(work, taken)))
                except FilesError as error:
                    self._stuck(work, error.reason)
                except Exception as error:
                    log.exception("unexpected error while reporting", fax=work.fax_id)
                    self._stuck(work, f"an unexpected {type(error).__name__}; the log tells more")
        self._files.sync([self._places.staging])
        return staged + self._journal.staged(plans)

    def _stage(self, work: ReportWork, taken: set[str]) -> Mapping[str, Any]:
        """Make the answer ready, under names that neither a file nor another fax of this batch (`taken`) has."""
        overall = overall_of(work.outcomes)
        ended = [outcome.ended_at for outcome in work.outcomes if outcome.ended_at]
        day = max(ended, default=work.received_at).astimezone().date().isoformat()
        target = self._places.outcome(overall, day)
        answers = self._answers(work, overall)
        originals = self._originals(work)
        outdated = shown.answers(self._files, work.fax_id, work.published)
        ours = {str(source) for _, source in originals} | {path for path, _ in outdated}
        places = [(PurePath(name).stem, PurePath(name).suffix, target) for name, _ in originals]
        stem = PurePath(work.origin.name).stem
        places += [(e.stem or stem, e.suffix, self._places.folder if e.in_folder else target) for e in answers]
        names = self._free_names(work, places, taken, ours)
        moves = [
            (str(source), name) for (_, source), name in zip(originals, names, strict=False) if str(source) != name
        ]
        digests: dict[str, str] = {}
        for number, (answer, place) in enumerate(zip(answers, names[len(originals) :], strict=True), 2):
            temporary = self._places.staged(work.fax_id, number)
            digests[place] = self._files.write_new(temporary, [answer.content]).sha256
            moves.append((str(temporary), place))
        taken.update(names)
        lead = next((n for n, (name, _) in enumerate(originals) if name == work.origin.name), None)
        return {
            "overall": overall,
            "moves": moves,
            "document": None if lead is None else names[lead],
            "documents": {name: place for (name, _), place in zip(originals, names, strict=False)},
            "answers": digests,
            "remove": outdated,
        }

    def _originals(self, work: ReportWork) -> list[tuple[str, Path]]:
        """Each dropped file of this fax, by its name, where it is now: in its claim, or where an earlier report put it,
        or restored from the spool."""
        found = []
        for number, document in enumerate(work.documents, 1):
            dropped = document.original or document.name == work.origin.name
            place = self._original(work, number, document) if dropped else None
            if place is not None:
                found.append((document.name, place))
        return found or self._unread(work)

    def _original(self, work: ReportWork, number: int, document: Document) -> Path | None:
        claimed = (
            self._places.claims / document.original
            if document.original
            else self._places.claimed(work.fax_id, document.name)
        )
        if self._files.stat(claimed) is not None:
            return claimed
        found = shown.document(self._files, work.fax_id, work.published, document)
        if found is not None:
            return found
        spooled = self._spool.path(document.spool)
        if self._files.stat(spooled) is None:
            log.warning("no copy of a document is left to report with", fax=work.fax_id)
            return None
        restored = self._places.staged(work.fax_id, ORIGINALS + number)
        self._files.copy_new(spooled, restored)
        return restored

    def _unread(self, work: ReportWork) -> list[tuple[str, Path]]:
        """The files of a claim that was never read: they were refused as they lay there."""
        claimed = self._places.claimed(work.fax_id, work.origin.name)
        if self._files.stat(claimed) is not None and claimed.parent == self._places.claims:
            return [(work.origin.name, claimed)]
        folder = self._places.claims / work.fax_id
        if self._files.stat(folder) is None:
            return []
        with self._files.scan(folder) as entries:
            return sorted((entry.path.name, entry.path) for entry in entries)

    def _free_names(
        self, work: ReportWork, places: Sequence[tuple[str, str, Path]], taken: set[str], ours: set[str]
    ) -> list[str]:
        """Where documents and answers go (stem, suffix, folder); with the id's end in their names when one is taken."""
        for tail in ("", f".{work.fax_id[-8:]}", f".{work.fax_id}"):
            paths = [folder / fit(stem + tail, suffix) for stem, suffix, folder in places]
            used = (str(p) in taken or (str(p) not in ours and self._files.stat(p) is not None) for p in paths)
            if len(set(paths)) == len(paths) and not any(used):
                return [str(path) for path in paths]
        raise FilesError(f"{places[0][2]}: there is a file for fax {work.fax_id} already; move it away")

    # -- publishing

    def _publish(self, works: Sequence[ReportWork]) -> Sequence[ReportWork]:
        """Show what is staged; returns the works of which nothing is left to show."""
        try:
            self._show(works)
        except FilesError:
            return [work for work in works if self._shown_alone(work)]
        return works

    def _shown_alone(self, work: ReportWork) -> bool:
        try:
            self._show([work])
        except FilesError as error:
            self._stuck(work, error.reason)
            return False
        return True

    def _show(self, works: Sequence[ReportWork]) -> None:
        moves: list[tuple[Path, Path]] = []
        done: set[Path] = set()
        for work in works:
            plan = work.plan or {}
            self._remove_outdated(plan)
            for source, target in plan["moves"]:
                if self._is_staged(work, Path(source)):
                    moves.append((Path(source), self._still_free(work, Path(target))))
                else:
                    done.add(Path(target).parent)
        self._files.make_dirs(sorted({target.parent for _, target in moves}))
        self._files.move(moves)
        if done:
            self._mark.check()  # what is gone was published only if the folder has not gone away meanwhile
        # What was moved by a process that died then may not be durable yet.
        self._files.sync(sorted(folder for folder in done if self._files.stat(folder) is not None))
        for work in works:
            self._forget_claim(work)

    def _remove_outdated(self, plan: Mapping[str, Any]) -> None:
        """Answers of an earlier report; never what this one has published under the same name already."""
        published = {target for source, target in plan["moves"] if self._files.stat(Path(source)) is None}
        old = [(Path(path), sha256) for path, sha256 in plan["remove"] if path not in published]
        self._files.remove([path for path, sha256 in old if shown.holds(self._files, path, sha256)])

    def _is_staged(self, work: ReportWork, source: Path) -> bool:
        """Whether `source` is still there, and ours: what lies in our work folder is, elsewhere the content tells."""
        if self._places.hidden in source.parents:
            return self._files.stat(source) is not None
        return any(shown.holds(self._files, source, document.sha256) for document in work.documents)

    def _still_free(self, work: ReportWork, target: Path) -> Path:
        """`target`, or a name with the id in it when somebody has put a file there since it was staged."""
        return target if self._files.stat(target) is None else shown.aside(work.fax_id, target)

    def _forget_claim(self, work: ReportWork) -> None:
        """Remove the folders of the claim, if it has any; what a stranger has put into one keeps it, and what belongs
        to another fax of the same drop."""
        folders = {(self._places.claims / str(d.original)).parent for d in work.documents if d.original}
        folders.add(self._places.claimed(work.fax_id, work.origin.name).parent)
        for folder in sorted(folders - {self._places.claims}):
            try:
                if not self._holds_more(folder):
                    self._files.remove([folder])
            except FilesError as error:
                log.warning("the folder of a claim stays", fax=work.fax_id, reason=error.reason)

    def _holds_more(self, folder: Path) -> bool:
        if self._files.stat(folder) is None:
            return False
        with self._files.scan(folder) as entries:
            return next(entries, None) is not None

    def _answers(self, work: ReportWork, overall: str) -> list[AnswerFile]:
        """In the dialect of the asker, also where it was not understood what is asked."""
        control = next((document for document in work.documents if document.role is Role.CONTROL), None)
        if control is None:
            return self._dialects.answer(work.format, _facts(work, overall))
        with self._files.read(self._spool.path(control.spool)) as stream:
            content = stream.read()
        spoken = work.format or self._dialects.spoken(control.name, content)
        return self._dialects.answer(spoken, _facts(work, overall, content))


def overall_of(outcomes: Sequence[Outcome]) -> str:
    """One word for a fax: held before failed before cancelled before sent, so that nothing bad is hidden."""
    states = {outcome.state for outcome in outcomes}
    for state in (Outbound.HELD, Outbound.FAILED, Outbound.CANCELLED):
        if state in states:
            return state.value
    return Outbound.SENT.value


def _facts(work: ReportWork, overall: str, control: bytes | None = None) -> ReportFacts:
    return ReportFacts(
        fax_id=work.fax_id,
        name=work.origin.name,
        received_at=_iso(work.received_at),
        documents=tuple(
            {"name": d.name, "bytes": d.size, "sha256": d.sha256, "pages": d.pages}
            for d in work.documents
            if d.role is Role.DOCUMENT
        ),
        outcomes=work.outcomes,
        overall=overall,
        fields=work.fields,
        control=control,
        part=work.part,
    )


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
