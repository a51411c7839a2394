"""Other programs that make PDF of what only they can read: LibreOffice, Ghostscript, GhostPCL, ocrmypdf.

Promise   a document is opened with no macros, no links to other files and, where the system lets us, no network; the
          program gets `TIME` seconds, `MEMORY` bytes and a folder of its own, and is ended with everything that it
          started.  Whatever it does, the answer is a whole PDF or `CannotMake`.
Needs     the programs on PATH; `prlimit` and `unshare` (Linux) for the limits and for the missing network.
Crash     leaves a folder in the system's temporary one, and at worst a program that ends itself after `TIME`.

The programs are looked for each time: one that is installed later is used without a restart.
"""

from __future__ import annotations

import functools
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from faxdaemon.contracts.documents import CannotMake
from faxdaemon.documents import identify
from faxdaemon.program import DYING, Ended, run

TIME = 120.0
"""Seconds for one document."""
MEMORY = 4 * 1024**3
"""Bytes of address space; LibreOffice maps about one without touching it."""
LARGEST = 512 * 1024**2
"""Bytes of a file that it may write."""


@dataclass(frozen=True, slots=True)
class Program:
    """One that makes PDF."""

    title: str
    names: tuple[str, ...]
    """What it is called on PATH."""
    origin: str
    """Where it is to be had."""
    suffixes: dict[str, str]
    """What it reads: MIME type, and the suffix by which it recognises it."""
    arguments: Callable[[Path, Path], list[str]]
    """What to call it with, for a document in a folder of its own; it writes `<stem>.pdf` beside it."""

    def found(self) -> str | None:
        """Where it is; None when it is not installed."""
        return next(filter(None, map(which, self.names)), None)


_OFFICE = {
    identify.HTML: ".html",
    identify.RTF: ".rtf",
    identify.DOCX: ".docx",
    identify.XLSX: ".xlsx",
    identify.PPTX: ".pptx",
    identify.DOC: ".doc",
    identify.XLS: ".xls",
    identify.PPT: ".ppt",
    identify.ODT: ".odt",
    identify.ODS: ".ods",
    identify.ODP: ".odp",
}

_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel" oor:op="fuse">
<value>3</value></prop><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop>
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update"><prop oor:name="Link" oor:op="fuse"><value>2</value>
</prop></item>
<item oor:path="/org.openoffice.Office.Calc/Content/Update"><prop oor:name="Link" oor:op="fuse"><value>2</value></prop>
</item>
</oor:items>
"""
"""A fresh profile of LibreOffice: no macros at all, no links followed (2: never)."""


def _soffice(document: Path, profile: Path) -> list[str]:
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE, "utf-8")
    options = ["--headless", "--norestore", "--nolockcheck", "--nodefault", "--nologo", "--nofirststartwizard"]
    if document.suffix == ".html":  # its own choice, for pages on screens, loses the first paragraph (seen with 7.4)
        options.append("--infilter=HTML (StarWriter)")
    out = ["--convert-to", "pdf", "--outdir", str(document.parent), str(document)]
    return [f"-env:UserInstallation={profile.as_uri()}", *options, *out]


def _ghost(document: Path, _profile: Path) -> list[str]:
    out = f"-sOutputFile={document.with_suffix('.pdf')}"
    return ["-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", out, str(document)]


PROGRAMS = (
    Program("LibreOffice", ("soffice", "libreoffice"), "Debian: libreoffice-writer-nogui", _OFFICE, _soffice),
    Program("Ghostscript", ("gs", "gswin64c"), "Debian: ghostscript", {identify.POSTSCRIPT: ".ps"}, _ghost),
    Program("GhostPCL", ("gpcl6", "pcl6"), "from ghostscript.com, Debian has none", {identify.PCL: ".pcl"}, _ghost),
)


def reader(media: str) -> Program | None:
    """The program that reads documents of this kind, be it installed or not."""
    return next((program for program in PROGRAMS if media in program.suffixes), None)


def convert(path: Path, media: str, seconds: float = TIME) -> bytes:
    """A PDF of the document at `path`, made within so many seconds.  Raises `CannotMake`, OSError."""
    program = reader(media)
    where = program.found() if program else None
    if program is None or where is None:
        raise CannotMake(f"is of a kind that cannot be turned into a PDF here ({media})" + advice(media))
    with tempfile.TemporaryDirectory(prefix="faxdaemon-", ignore_cleanup_errors=True) as folder:
        document = Path(folder) / f"document{program.suffixes[media]}"
        document.write_bytes(path.read_bytes())
        command = [where, *program.arguments(document, Path(folder) / "profile")]
        _run([*_fences(), *command], Path(folder), program.title, seconds)
        made = document.with_suffix(".pdf")
        content = made.read_bytes() if made.is_file() and made.stat().st_size <= LARGEST else b""
    if not content.startswith(b"%PDF-"):
        raise CannotMake(f"cannot be read by {program.title}; open it, save it as PDF and drop that")
    return content


def searches() -> bool:
    """Whether ocrmypdf is installed."""
    return which("ocrmypdf") is not None


def searchable(content: bytes, language: str, seconds: float) -> bytes:
    """A PDF with its pictures as they are, and behind them the text that ocrmypdf reads on them, in a language by
    Tesseract's name.  Raises `CannotMake`, OSError."""
    where = which("ocrmypdf")
    if where is None:
        raise CannotMake("cannot be read: ocrmypdf is not installed")
    with tempfile.TemporaryDirectory(prefix="faxdaemon-", ignore_cleanup_errors=True) as folder:
        document, made = Path(folder, "document.pdf"), Path(folder, "searchable.pdf")
        document.write_bytes(content)
        # pages that have a text keep it; one at a time; PDF/A would draw the pictures anew
        wanted = ("--quiet", "--skip-text", "--jobs", "1", "--output-type", "pdf", "--optimize", "0", "-l", language)
        ended = _ended([*_fences(), where, *wanted, str(document), str(made)], Path(folder), seconds)
        if ended.status is None:
            raise CannotMake(f"keeps ocrmypdf busy for more than {seconds:.0f} s")
        found = made.read_bytes() if made.is_file() and made.stat().st_size <= LARGEST else b""
    if ended.status or not found.startswith(b"%PDF-"):
        raise CannotMake(f"cannot be read by ocrmypdf (exit status {ended.status})")
    return found


def advice(media: str) -> str:
    """What to install for documents of this kind, as the rest of a sentence; empty where nothing would help."""
    program = reader(media)
    if program is None or program.found():
        return ""
    return f"; with {program.title} ({program.origin}) on this machine it could be"


def _run(command: list[str], folder: Path, title: str, seconds: float) -> None:
    """Let it run, with a home and temporary files of its own, and end it when its time is over."""
    ended = _ended(command, folder, seconds)
    if ended.status is None:
        raise CannotMake(f"keeps {title} busy for too long; save it as PDF and drop that")
    if ended.status:
        raise CannotMake(f"cannot be read by {title}; open it, save it as PDF and drop that")


def _ended(command: list[str], folder: Path, seconds: float) -> Ended:
    own = {"HOME": str(folder), "TMPDIR": str(folder), "TMP": str(folder), "TEMP": str(folder), "LC_ALL": "C.UTF-8"}
    return run(command, folder, own, seconds)


@functools.cache
def _fences() -> tuple[str, ...]:
    """What stands before a command, so that it cannot use too much nor reach the network, as far as there is such."""
    limits = ("prlimit", f"--as={MEMORY}", f"--fsize={LARGEST}", f"--cpu={TIME:.0f}", "--core=0", "--nofile=1024")
    alone = (("unshare", "-n"), ("unshare", "-r", "-n"), ())
    prefix = limits if _works(limits) else ()
    return (*next(fence for fence in alone if not fence or _works(fence)), *prefix)


def _works(prefix: tuple[str, ...]) -> bool:
    nothing = which("true")
    if nothing is None or which(prefix[0]) is None:
        return False
    command = [*prefix, nothing]
    return subprocess.run(command, capture_output=True, check=False, timeout=DYING).returncode == 0  # noqa: S603 - ours
