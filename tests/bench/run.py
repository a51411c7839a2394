"""All benchmarks, and one table: `make bench`, or

    python tests/bench/run.py [--quick] [--only throughput,latency] [--place FOLDER]

A full run takes about 20 minutes; `--quick` is for trying, its figures prove nothing.  `--place` is a folder on the
disk that is to be measured (a temporary file system makes every fsync free, and the figures too good).  Nothing else
should run on the machine.  Ends with status 1 when a bar was missed.  What the figures mean is in `docs/speed.md`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from ground import Figure  # noqa: E402 - the benchmarks are scripts, not a package

NAMES = ("throughput", "latency", "idle", "history", "backlog", "large", "receiving", "documents", "adapter", "journal")
_GREW = re.compile(r"grew by ([\d.]+) MB")


def adapter(quick: bool) -> list[Figure]:
    """`bench_memory.py`: the provider's adapter alone."""
    megabytes = 50 if quick else 200
    said = _script("bench_memory.py", str(megabytes))
    found = _GREW.search(said)
    grew = float(found[1]) if found else float("inf")
    return [Figure(f"document of {megabytes} MB: memory of the adapter alone", f"{grew:.0f} MB", "< 64 MB", grew < 64)]


def journal(quick: bool, place: Path | None) -> list[Figure]:
    """`bench_journal.py`: whole lives of faxes in the journal, without anything else."""
    where = ["--state", str(place)] if place else []
    said = _script("bench_journal.py", "--seconds", "2" if quick else "10", *where)
    line = next((line for line in said.splitlines() if line.startswith("lives")), "lives ?")
    return [Figure("journal alone: whole lives of faxes", " ".join(line.split()[1:]))]


def _script(name: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name(name)), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    print(done.stdout, end="")
    return done.stdout


def measure(name: str, quick: bool, place: Path | None) -> list[Figure]:
    """One benchmark; one that breaks is a line of the table, and the others go on."""
    print(f"== {name}", flush=True)
    try:
        if name == "adapter":
            return adapter(quick)
        if name == "journal":
            return journal(quick, place)
        found: list[Figure] = importlib.import_module(f"bench_{name}").measure(quick, place)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - told in the table
        return [Figure(name, f"did not finish: {error}".splitlines()[0], "", False)]
    return found


def machine() -> str:
    """What the figures were taken on."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {system}"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default=",".join(NAMES), help=f"some of {', '.join(NAMES)}")
    parser.add_argument("--place", type=Path)
    arguments = parser.parse_args()
    wanted = arguments.only.split(",")
    if unknown := set(wanted) - set(NAMES):
        parser.error(f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(NAMES)}")
    figures = [figure for name in wanted for figure in measure(name, arguments.quick, arguments.place)]
    title = machine() + ("; --quick: proves nothing" if arguments.quick else "")
    table = Table("what", "measured", "bar", "", title=title)
    for figure in figures:
        kept = {True: "kept", False: "MISSED", None: ""}[figure.kept]
        table.add_row(figure.what, figure.measured, figure.bar, kept)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    sys.exit(any(figure.kept is False for figure in figures))


if __name__ == "__main__":
    main()
