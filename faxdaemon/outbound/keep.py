"""Keep: what the provider shows of a sent fax, put beside its answer (steps O14 and O15).

Promise   each picture that a folder asks for appears beside the answer once, whole, never over another file; or its
          story says why it does not, and an alert with it.  No answer waits for a picture, and none is changed by one.
Needs     the answer to be published, for its place is the picture's; the hidden folder on the same file system.
Crash     before the commit of the fetching: fetched again, over the same temporary.  After it: what is still staged is
          published; what is gone was published already, even if a reader has taken it away since.

A provider has the picture for a limited time, and perhaps not yet, or never: so it is fetched as soon as the outcome is
known, even where other recipients keep the answer waiting, and given up by age.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePath

from faxdaemon.asking import Asking
from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.files import Files
from faxdaemon.contracts.keeping import KeepJournal, KeepWork
from faxdaemon.contracts.provider import Capabilities
from faxdaemon.contracts.services import Images
from faxdaemon.contracts.stage import NOTHING_DUE, Wake
from faxdaemon.core.errors import FilesError, ItemGone, ProviderTrouble, UserError
from faxdaemon.core.model import IMAGE, TRANSMITTAL, Picture
from faxdaemon.core.naming import fit
from faxdaemon.core.places import DropPlaces, Spool
from faxdaemon.core.schedule import TRY_AGAIN
from faxdaemon.core.states import Kept
from faxdaemon.outbound import shown
from faxdaemon.outbound.mark import FolderMark
from faxdaemon.pipe import chunks_of

REFUSED = 3600.0
"""Seconds for which a provider that says "there is none" is asked once more: it may not have drawn it yet."""
PATIENCE = 24 * 3600.0
"""Seconds for which one that cannot be asked is asked once more."""
MARGIN = 30.0
"""Seconds of the claim that must be left to write down what was fetched."""
_SUFFIXES = {"pdf": ".pdf", "tiff": ".tif"}
_KEPT = re.compile(rf"\.({IMAGE}|{TRANSMITTAL})(-\d+)?\.(pdf|tif)$")


def asked(keep: Sequence[str], form: str) -> tuple[Picture, ...]:
    """A folder's wish: these pictures, the image in this form."""
    return tuple(Picture(what, form if what == IMAGE else "pdf") for what in keep)


def wanted(keep: Sequence[Picture], capabilities: Capabilities, *, sent: bool) -> tuple[Picture, ...]:
    """What to fetch of a fax that ended: of one that failed there is no image, but perhaps a page about it."""
    return tuple(one for one in keep if one.what in capabilities.pictures and (sent or one.what == TRANSMITTAL))


def is_picture(name: str) -> bool:
    """Whether a dropped file is what we have put beside an answer, moved along with its document by mistake."""
    return _KEPT.search(name) is not None


class KeepStage:
    """Keeps the pictures that one drop folder asks for."""

    def __init__(
        self,
        places: DropPlaces,
        spool: Spool,
        timeout: float,
        *,
        services: Mapping[str, tuple[Images, Asking]],
        files: Files,
        journal: KeepJournal,
        clock: Clock,
        alert: Alert,
    ) -> None:
        """`timeout`: seconds that one exchange with any of `services` (by account) may take."""
        self._places = places
        self._within = timeout + 10 * MARGIN
        self._services = services
        self._files = files
        self._journal = journal
        self._clock = clock
        self._alert = alert
        self._mark = FolderMark(places, spool, files=files)
        self._trouble = f"keep:{places.folder}"
        self._missing = f"picture:{places.folder}"

    def step(self) -> Wake:
        """Fetch one, or publish one."""
        folder = str(self._places.folder)
        work = self._journal.claim_kept(folder, self._within)
        if work is None:
            due = self._journal.next_kept_due(folder)
            return NOTHING_DUE if due is None else min(max(due, 0.1), NOTHING_DUE)
        try:
            self._mark.check()  # before the provider is asked for what could not be put anywhere
            if work.state is Kept.WANTED:
                self._fetch(work)
            else:
                self._publish(work)
        except FilesError as error:
            self._journal.keep_postponed(work, error.reason, self._delay(work))
            self._alert.raise_(self._trouble, f"nothing can be kept in {folder}: {error.reason}")
        else:
            self._alert.clear(self._trouble)
        return 0.0

    def _age(self, work: KeepWork) -> float:
        return (self._clock.now() - work.since).total_seconds()

    def _delay(self, work: KeepWork) -> float:
        return TRY_AGAIN.delay(self._age(work), self._clock.chance())

    # -- fetching

    def _fetch(self, work: KeepWork) -> None:
        if work.account not in self._services:
            self._again(work, f"the account {work.account} is no longer in the configuration", PATIENCE)
            return
        service, asking = self._services[work.account]
        wait = asking.wait()
        if wait > 0:
            self._journal.keep_postponed(work, "the account is asked nothing for now", wait)
            return
        try:
            sha256 = self._staged(work, service)
        except (UserError, ItemGone) as error:
            self._again(work, str(error), REFUSED)
        except FilesError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug is told with its stack by `failed`, and costs this picture alone
            self._again(work, asking.failed(error, "while fetching a picture", fax=work.fax_id), PATIENCE)
        else:
            if sha256 is not None:
                self._journal.fetched(work, sha256)

    def _staged(self, work: KeepWork, service: Images) -> str | None:
        """The hash of what now lies durable in the hidden folder; None when it took so long that it may be somebody
        else's by now."""
        begun = self._clock.monotonic()
        with chunks_of(_download(work, service)) as chunks:
            if self._clock.monotonic() - begun > self._within - MARGIN:
                return None
            written = self._files.write_new(self._temporary(work), chunks)
        if not written.size:
            self._files.remove([self._temporary(work)])
            raise ProviderTrouble("the provider's answer was empty")
        self._files.sync([self._places.staging])
        return written.sha256

    def _temporary(self, work: KeepWork) -> Path:
        return self._places.picture(work.fax_id, work.picture.what, work.recipient, work.submission)

    def _again(self, work: KeepWork, reason: str, patience: float) -> None:
        """Once more later; or never, and then loudly."""
        if self._age(work) < patience:
            self._journal.keep_postponed(work, reason, self._delay(work))
            return
        self._journal.keep_given_up(work, reason)
        command = f"faxdaemon account {work.account} {work.picture.what} {work.fax_id}"
        self._alert.raise_(
            self._missing,
            f"fax {work.fax_id}: its {work.picture.what} is not kept in {self._places.folder}: {reason}; "
            f"`{command}` asks for it once more",
        )

    # -- publishing

    def _publish(self, work: KeepWork) -> None:
        temporary = self._temporary(work)
        folder, names = _names(work)
        if self._files.stat(temporary) is None:  # in the folder that we know, so it was published in an earlier life
            found = next((n for n in names if shown.holds(self._files, folder / n, work.sha256 or "")), None)
            self._files.sync([path for path in (folder, self._places.staging) if self._files.stat(path) is not None])
            target = None if found is None else folder / found
        else:
            self._files.make_dirs([folder])
            target = self._free(temporary, [folder / name for name in names])
            self._files.move([(temporary, target)])
        self._journal.kept(work, None if target is None else str(target))
        self._alert.clear(self._missing)

    def _free(self, temporary: Path, candidates: list[Path]) -> Path:
        """A name that nobody has, or that is this very file's already (a link and unlink that was cut in between)."""
        ours = self._files.stat(temporary)
        for path in candidates:
            there = self._files.stat(path)
            if there is None or (ours and (there.device, there.inode) == (ours.device, ours.inode)):
                return path
        raise FilesError(f"{candidates[-1]}: there is a file by that name already; move it away")


def _download(work: KeepWork, service: Images) -> Callable[[Callable[[bytes], object]], None]:
    if work.picture.what == IMAGE:
        return partial(service.sent_image, work.provider_id, work.picture.form)
    return partial(service.transmittal, work.provider_id)


def _names(work: KeepWork) -> tuple[Path, list[str]]:
    """The answer's folder, and the picture's name there: the plain one, and one that only it can have."""
    answer = work.answer or {}
    document = answer.get("document")
    beside = document or next(iter(answer.get("answers", ())), None)
    if beside is None:
        raise FilesError(f"the answer of fax {work.fax_id} is nowhere, so there is no place beside it")
    stem = PurePath(document or work.name).stem
    which = f".{work.picture.what}" + (f"-{work.recipient}" if work.several else "")
    suffix = which + _SUFFIXES[work.picture.form]
    return Path(beside).parent, [fit(stem, suffix), fit(f"{stem}.{work.fax_id}-{work.submission}", suffix)]
