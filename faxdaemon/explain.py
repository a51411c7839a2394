"""`faxdaemon explain`: what would become of these files, and why.  Nothing is sent, moved or written down.

Promise   the very code that decides in the daemon decides here, so that what is told is what would happen; what the
          other faxes tell (a first number, a look-alike, a full hour) is asked of the journal where there is one.
Needs     the files; a configuration, or without one every dialect and an account that takes everything.
Crash     keeps nothing.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from faxdaemon import plugins
from faxdaemon.clock import SystemClock
from faxdaemon.config.kinds import FORMATS
from faxdaemon.config.types import DropFolder, Settings
from faxdaemon.contracts.documents import CannotRead, Documents, Page
from faxdaemon.contracts.files import Files
from faxdaemon.contracts.format import BadRequest, FolderAsks, Looks, NotMine, Papers
from faxdaemon.contracts.journal import Foreseen, HistoryJournal
from faxdaemon.contracts.provider import Capabilities, Duplicates, Find
from faxdaemon.core.errors import UserError
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Document, Role
from faxdaemon.core.places import Spool
from faxdaemon.core.wishes import VOCABULARY
from faxdaemon.documents import open_documents
from faxdaemon.files import open_files
from faxdaemon.outbound.attachments import Attachments, Reach
from faxdaemon.outbound.caution import Care, Hold, Refuse
from faxdaemon.outbound.choose import FolderRules, without
from faxdaemon.outbound.deciding import Deciding, Decision, Drop, Refusal
from faxdaemon.outbound.dialects import Dialects
from faxdaemon.outbound.grouping import CONTROL_LIMIT, Grouping, Read
from faxdaemon.outbound.ordering import Ordering, Part, Piece
from faxdaemon.outbound.preparing import Preparing
from faxdaemon.parts import open_account, rules_of

NOBODY = FaxId("0" * 26)
ANY = "any account"
PATTERN = "{number}[_{name}][_{reference}]"


@dataclass(frozen=True, slots=True)
class Told:
    """What would become of one fax."""

    outcome: str
    """`sent`, `held` or `refused`."""
    why: str | None
    files: tuple[str, ...]
    steps: tuple[tuple[str, str], ...] = ()
    """What was looked at, and what came of it, in order."""
    recipients: tuple[Mapping[str, object], ...] = ()
    pages: int | None = None
    """None where only the provider can count them."""
    made: bool = False
    """Whether a PDF is made of the documents first."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What decides."""

    rules: FolderRules
    able: Mapping[str, Capabilities]
    reach: Reach = field(default_factory=Reach)
    folder: str = ""
    journal: HistoryJournal | None = None
    """Where there is one to be asked."""

    @property
    def others_matter(self) -> bool:
        """Whether what other faxes tell could hold or delay this one."""
        guard = self.rules.care.guard(remember=False)
        return guard.first_time or guard.lookalike > 0 or guard.per_hour is not None


def configured(settings: Settings, folder: Path | None, files: Sequence[Path]) -> tuple[DropFolder, Ground]:
    """As the daemon would decide for the files if they were dropped into `folder`, or where they lie; `UserError`."""
    chosen = _folder(settings, folder, files)
    able: dict[str, Capabilities] = {}
    for name in chosen.accounts:
        with closing(open_account(settings.accounts[name], SystemClock())) as provider:
            able[name] = provider.capabilities
    reach = Reach(tuple(chosen.roots), chosen.paths)
    return chosen, Ground(rules_of(settings, chosen), able, reach, str(chosen.folder))


def unconfigured(region: str, files: Sequence[Path]) -> Ground:
    """Every dialect there is, and an account that takes everything.  Where one dialect follows a control file, another
    one that would only refuse it is left out: a real folder lists what its askers speak."""
    asks = FolderAsks(PATTERN, None, region=region)
    opened = [(name, plugins.load(FORMATS, name).open_format(asks)) for name in plugins.names(FORMATS)]
    order = {Looks.CONTROL: 0, Looks.CONTENT: 1, Looks.NAME: 2}
    # The file name's pattern takes any name; our own request file tells best what is wrong with one.
    opened.sort(key=lambda each: (order[each[1].looks_at], each[0] == "filename", each[0] != "request"))
    papers = [Papers(path.name, path.read_bytes()) for path in files if path.stat().st_size <= CONTROL_LIMIT]
    read = {name: [each.read(one) for one in papers if each.is_control(one.name)] for name, each in opened}
    if any(isinstance(found, list) for several in read.values() for found in several):
        opened = [(name, each) for name, each in opened if not any(isinstance(f, BadRequest) for f in read[name])]
    takes_all = Capabilities(
        reference_length=64,
        duplicates=Duplicates.SENDS,
        find=Find.NOT,
        status_batch=1,
        retries_itself=False,
        can_cancel=False,
        head_of_queue_inbox=False,
        suffixes=_Everything(),
        wishes=frozenset(VOCABULARY),
    )
    rules = FolderRules(Dialects(opened), (ANY,), region, {}, 86400.0, care=Care(agree=False))
    return Ground(rules, {ANY: takes_all})


class _Everything(frozenset[str]):
    """Every suffix."""

    def __contains__(self, item: object) -> bool:
        return True


def explain(files: Sequence[Path], ground: Ground) -> list[Told]:
    """What would become of files that were dropped together."""
    return _Explaining(ground, open_files(), open_documents()).told([path.absolute() for path in files])


class _Explaining:
    def __init__(self, ground: Ground, files: Files, documents: Documents) -> None:
        self._ground = ground
        self._files = files
        self._documents = documents

    def told(self, files: Sequence[Path]) -> list[Told]:
        place = files[0].parent
        attachments = Attachments(place, self._ground.reach, files=self._files)
        dialects = self._ground.rules.dialects
        grouping = Grouping(
            dialects, attachments, 0.0, files=self._files, documents=self._documents, clock=SystemClock()
        )
        pieces = [Piece(path.name, path, Role.DOCUMENT, path.name) for path in files]
        read = grouping.control({path.name: path for path in files})
        if read is None:
            alone = [(piece, [Part(NOBODY, 0, [piece])]) for piece in pieces]
        else:
            alone = [Ordering(attachments, files=self._files).parts(NOBODY, pieces, read)]
        with tempfile.TemporaryDirectory(prefix="faxdaemon-explain-") as work:
            return [self._part(lead.name, part, read, Path(work)) for lead, parts in alone for part in parts]

    def _part(self, name: str, part: Part, read: Read | None, work: Path) -> Told:
        names = tuple(piece.name for piece in part.pieces)
        documents = tuple(self._document(n, piece, work) for n, piece in enumerate(part.pieces))
        steps = self._looked(name, documents, read)
        if part.problem:
            return Told("refused", part.problem, names, steps)
        spool = Spool(work)
        preparing = Preparing(spool, documents=self._documents, files=self._files)
        deciding = Deciding(self._ground.able, documents=self._documents, preparing=preparing)
        try:
            decision = deciding.decide(Drop(name, documents, part.number), self._ground.rules)
        except Refusal as refusal:
            return Told("held" if refusal.hold else "refused", refusal.reason, names, steps)
        return self._decided(decision, names, steps, self._foreseen(decision, documents))

    def _foreseen(self, decision: Decision, documents: Sequence[tuple[Document, Path]]) -> Foreseen:
        """What the other faxes say; nothing without a journal."""
        if self._ground.journal is None:
            return Foreseen((), None)
        hashed = []
        for document, path in documents:
            with path.open("rb") as stream:
                hashed.append(replace(document, sha256=hashlib.file_digest(stream, "sha256").hexdigest()))
        numbers = [route.number for route in decision.routes]
        guard = self._ground.rules.care.guard(remember=False)
        return self._ground.journal.foresee(self._ground.folder, numbers, hashed, guard)

    def _document(self, number: int, piece: Piece, work: Path) -> tuple[Document, Path]:
        if isinstance(piece.source, bytes):
            path = work / f"{number}.txt"
            self._files.write_new(path, [piece.source])
        else:
            path = piece.source
        return Document(piece.name, "", path.stat().st_size, "", None, piece.role), path

    def _looked(
        self, name: str, documents: Sequence[tuple[Document, Path]], read: Read | None
    ) -> tuple[tuple[str, str], ...]:
        """What each dialect, in the folder's order, makes of it."""
        first, path = documents[0]
        papers = {
            Looks.NAME: Papers(first.name),
            Looks.CONTENT: Papers(first.name, pages=cache(lambda: self._text(path, first.name))),
        }
        steps = []
        for each, dialect in self._ground.rules.dialects.formats:
            looks = dialect.looks_at
            if looks is not Looks.CONTROL:
                found = dialect.read(papers[looks])
            elif read is not None and dialect.is_control(read.name):
                found = dialect.read(Papers(read.name, read.path.read_bytes()))
            else:
                continue
            if isinstance(found, BadRequest):
                words = f"refuses: {found.reason}"
            elif isinstance(found, NotMine):
                words = "does not match"
            else:
                written = ", ".join(f"“{r.number}”" for order in found for r in order.requests[:5])
                words = f"matches: {written or 'nothing'}"
            steps.append((f"{each} ({looks.value} of {name if looks is Looks.CONTROL else first.name})", words))
        return tuple(steps)

    def _text(self, path: Path, name: str) -> tuple[Page, ...]:
        try:
            return self._documents.text(path, name)
        except CannotRead:
            return ()  # deciding will tell

    def _decided(
        self, decision: Decision, names: tuple[str, ...], steps: tuple[tuple[str, str], ...], foreseen: Foreseen
    ) -> Told:
        rules = [
            (f"rule {name}", verdict.reason if isinstance(verdict, Refuse | Hold) else verdict.note)
            for name, verdict in decision.judgement.told
        ]
        rules += [("the journal", words) for words in (*foreseen.holds, foreseen.waits) if words]
        rules += [
            (f"page {each.page}", f"“{each.text}” is taken out" if each.text else "is left out")
            for each in decision.order.removals
        ]
        if decision.order.encoding:
            rules.append(("encoding", decision.order.encoding))
        holds = "; ".join(filter(None, (decision.hold, *foreseen.holds))) or None
        pages = [each.pages for each in decision.inspections]
        recipients = tuple(
            {
                "written": request.number,
                "number": route.number,
                "name": route.name,
                "accounts": list(route.accounts),
                "options": dict(route.options),
                "left_out": {a: lost for a in route.accounts if (lost := without(route.options, self._ground.able[a]))},
                "not_before": route.not_before,
                "fields": dict(route.fields),
            }
            for request, route in zip(decision.order.requests, decision.routes, strict=True)
        )
        return Told(
            "held" if holds else "sent",
            holds,
            names,
            (*steps, ("understood as", decision.format), *rules),
            recipients,
            None if None in pages else sum(page for page in pages if page is not None),
            decision.merging,
        )


def _folder(settings: Settings, folder: Path | None, files: Sequence[Path]) -> DropFolder:
    wanted = (folder or files[0].parent).absolute()
    for each in settings.outbound:
        if each.folder == wanted:
            return each
    if folder is None and len(settings.outbound) == 1:
        return settings.outbound[0]
    known = ", ".join(str(each.folder) for each in settings.outbound) or "none"
    raise UserError(f"{wanted} is no drop folder of the configuration; say --folder, with one of: {known}")
