"""A private CUPS scheduler and virtual IPP printers, made, started and thrown away by the test run itself.

The scheduler listens on a Unix socket in its own folder only.  A printer is CUPS' own `ippeveprinter`; it keeps every
document that it was sent, which is what would be on paper.
"""

from __future__ import annotations

import contextlib
import getpass
import grp
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pypdfium2
import pytest
from support.ports import free_port

PATIENCE = 30.0
_STUB = """
/* ippeveprinter wants to announce itself by Avahi and ends where there is none: here it may believe that it did. */
static int thing;
#define GIVES_SOMETHING(name) void *name(void) { return &thing; }
#define DOES_NOTHING(name) int name(void) { return 0; }
GIVES_SOMETHING(avahi_threaded_poll_new)
GIVES_SOMETHING(avahi_threaded_poll_get)
GIVES_SOMETHING(avahi_client_new)
GIVES_SOMETHING(avahi_entry_group_new)
GIVES_SOMETHING(avahi_string_list_add_printf)
DOES_NOTHING(avahi_client_errno)
DOES_NOTHING(avahi_entry_group_add_service_strlst)
DOES_NOTHING(avahi_entry_group_add_service_subtype)
DOES_NOTHING(avahi_entry_group_commit)
DOES_NOTHING(avahi_entry_group_free)
DOES_NOTHING(avahi_string_list_free)
DOES_NOTHING(avahi_threaded_poll_lock)
DOES_NOTHING(avahi_threaded_poll_start)
DOES_NOTHING(avahi_threaded_poll_unlock)
const char *avahi_client_get_host_name_fqdn(void) { return "localhost"; }
"""
_CUPSD = """
Listen {folder}/sock
Browsing Off
BrowseLocalProtocols none
WebInterface No
LogLevel info
MaxLogSize 0
DefaultAuthType None
JobRetryInterval 1
{more}
PreserveJobFiles No
<Location />
  Order allow,deny
  Allow all
</Location>
<Location /admin>
  Order allow,deny
  Allow all
</Location>
<Policy default>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
"""
_FILES = """
ServerRoot {folder}/root
ServerBin /usr/lib/cups
DataDir /usr/share/cups
RequestRoot {folder}/spool
TempDir {folder}/spool/tmp
CacheDir {folder}/cache
StateDir {folder}/state
ServerKeychain {folder}/keys
AccessLog {folder}/access.log
ErrorLog {folder}/error.log
PageLog {folder}/page.log
User {user}
Group {group}
SystemGroup root
"""


class NoCups(Exception):
    """There is none on this machine; the message says what was looked for."""


def programs() -> dict[str, str]:
    """Where the programs are that this needs."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    found = {name: shutil.which(name, path=path) for name in ("cupsd", "lpadmin", "ippeveprinter", "gcc")}
    missing = [name for name, place in found.items() if place is None]
    try:
        import cups  # noqa: F401 - only whether it is there
    except ImportError:
        missing.append("Python's cups")
    if missing:
        raise NoCups(f"no CUPS to print with: {', '.join(missing)} is not here")
    return {name: place for name, place in found.items() if place}


def until(seen: Callable[[], bool], what: str) -> None:
    """Wait for it."""
    deadline = time.monotonic() + PATIENCE
    while not seen():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {PATIENCE:.0f} s")
        time.sleep(0.01)


class Shop:
    """One scheduler."""

    def __init__(self, folder: Path, more: str) -> None:
        self.folder = folder
        self.server = str(folder / "sock")
        self._programs = programs()
        self.printers: list[Printer] = []
        self._running: list[subprocess.Popen[bytes]] = []
        self._scheduler: subprocess.Popen[bytes] | None = None
        root = os.geteuid() == 0
        user, group = ("lp", "lp") if root else (getpass.getuser(), grp.getgrgid(os.getegid()).gr_name)
        folder.chmod(0o755)
        for name in ("root", "spool", "spool/tmp", "cache", "state", "keys"):
            (folder / name).mkdir()
            (folder / name).chmod(0o770)
            if root:
                shutil.chown(folder / name, "root", group)
        names = {"folder": folder, "user": user, "group": group, "more": more}
        (folder / "root" / "cupsd.conf").write_text(_CUPSD.format(**names))
        (folder / "root" / "cups-files.conf").write_text(_FILES.format(**names))
        self._stub = folder / "announced.so"
        (folder / "announced.c").write_text(_STUB)
        self.run("gcc", "-shared", "-fPIC", "-o", str(self._stub), str(folder / "announced.c"))
        self.start()

    def run(self, program: str, *arguments: str) -> str:
        """One of CUPS' own commands, or the compiler."""
        command = [self._programs.get(program, program), *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stdout.decode(errors='replace')}")
        return done.stdout.decode(errors="replace")

    def start(self) -> None:
        """Start the scheduler and wait until it answers."""
        place = self.folder / "root"
        command = [self._programs["cupsd"], "-f", "-c", str(place / "cupsd.conf"), "-s", str(place / "cups-files.conf")]
        with (self.folder / "cupsd.out").open("ab") as log:
            self._scheduler = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def answers() -> bool:
            with socket.socket(socket.AF_UNIX) as peer:
                return peer.connect_ex(self.server) == 0

        until(answers, "the scheduler listens")

    def kill(self) -> None:
        """The scheduler is gone at once."""
        assert self._scheduler is not None
        self._scheduler.kill()
        self._scheduler.wait()

    def close(self) -> None:
        self.kill()
        for process in self._running:
            process.kill()
            process.wait()

    def printer(self, name: str, *options: str, command: str = "/bin/true") -> Printer:
        """A queue of that name with a printer behind it; `options` are `lpadmin`'s."""
        printer = Printer(name, self)
        self.printers.append(printer)
        printer.on(command)
        printer.enter(*options)
        return printer

    def spawn(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """A virtual printer's process."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [self._programs["ippeveprinter"], *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "LD_PRELOAD": str(self._stub)},
                start_new_session=True,
            )
        self._running.append(process)
        return process


class Printer:
    """One queue and the printer behind it."""

    def __init__(self, name: str, shop: Shop) -> None:
        self.name = name
        self.shop = shop
        self._tray = shop.folder / f"tray-{name}"
        self._tray.mkdir()
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def enter(self, *options: str) -> None:
        """Make the scheduler know it.  It asks the printer for what it can do, and then starts the queue, whatever was
        done to it meanwhile."""
        log = self.shop.folder / "error.log"
        read = log.stat().st_size
        self.queue("lpadmin", "-E", "-v", f"ipp://127.0.0.1:{self.port}/ipp/print", "-m", "everywhere", *options)
        started = f'Printer "{self.name}" is now available'.encode()
        until(lambda: started in log.read_bytes()[read:], "the queue is ready")

    def on(self, command: str = "/bin/true") -> None:
        """Switch the printer on; each document is given to `command`, whose exit status is the printer's."""
        forms = "application/pdf,image/jpeg,image/pwg-raster"
        where = ("-p", str(self.port), "-d", str(self._tray), "-n", "localhost", "-r", "off")
        self._process = self.shop.spawn(self.name, "-k", *where, "-f", forms, "-c", command, self.name)

        def listens() -> bool:
            with socket.socket() as peer:
                return peer.connect_ex(("127.0.0.1", self.port)) == 0

        until(listens, "the printer listens")

    def off(self) -> None:
        """Switch the printer off."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def queue(self, program: str, *arguments: str) -> None:
        """What an administrator does to the queue: `cupsdisable`, `cupsenable`, `cupsreject`, `cupsaccept`, `cancel`,
        `lpadmin`."""
        words = ["-p", self.name, *arguments] if program == "lpadmin" else [*arguments, self.name]
        self.shop.run(program, "-h", self.shop.server, *words)

    def papers(self) -> list[list[tuple[int, int]]]:
        """What it was sent, in order: for each document the sizes of its pages, in points."""
        return [_sizes(path) for path in sorted(self._tray.rglob("*.pdf"), key=lambda path: path.stat().st_mtime_ns)]

    def black(self) -> tuple[float, float]:
        """How much of the first page of the last document is black, of its width and of its height."""
        path = max(self._tray.rglob("*.pdf"), key=lambda path: path.stat().st_mtime_ns)
        document = pypdfium2.PdfDocument(path)
        try:
            page = document[0].render(scale=0.5, grayscale=True).to_pil().point(lambda dot: 255 * (dot < 128))
        finally:
            document.close()
        left, top, right, bottom = page.getbbox() or (0, 0, 0, 0)
        return (right - left) / page.width, (bottom - top) / page.height


def _sizes(path: Path) -> list[tuple[int, int]]:
    document = pypdfium2.PdfDocument(path)
    try:
        sizes = [document[number].get_size() for number in range(len(document))]
        return [(round(width), round(height)) for width, height in sizes]
    finally:
        document.close()


@contextlib.contextmanager
def shop_or_skip() -> Iterator[Shop]:
    """A scheduler that writes down each job at once; where there is none, the test is skipped."""
    try:
        with running_shop("DirtyCleanInterval 0") as shop:
            yield shop
    except NoCups as error:
        pytest.skip(str(error))


@contextlib.contextmanager
def running_shop(more: str = "") -> Iterator[Shop]:
    """A scheduler for as long as the block lasts, with `more` in its configuration; `NoCups` where there is none."""
    programs()
    # Not pytest's own folder: the path of a Unix socket must be short, and the user `lp` must be able to enter.
    with tempfile.TemporaryDirectory(prefix="faxcups-", ignore_cleanup_errors=True) as name:
        shop = Shop(Path(name), more)
        try:
            yield shop
        finally:
            shop.close()
