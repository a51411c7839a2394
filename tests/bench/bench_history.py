"""History: does a journal with a million finished faxes slow the daemon down, or its start?

    python tests/bench/bench_history.py [--history 1000000] [--faxes 2000] [--rounds 3] [--cache FILE] [--place FOLDER]

The same faxes go through a daemon with an empty journal and through one with the history, in turns; compared is the
time until the provider took the last one.  The history is written straight into the file (fax, document, recipient and
eight events each), once; `--cache` keeps it for the next time.  The start is timed on the long history, from the
process's start to its log line `started`; the time before that on an empty journal says what is start-up as such.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from bench_journal import with_history
from bench_throughput import through_daemon
from ground import Figure, configure, daemon, place, started, write_documents

LOSS = 10.0
START = 2.0


def history(count: int, cache: Path) -> Path:
    """A journal with `count` finished faxes, made unless it is there."""
    if not cache.exists():
        print(f"writing {count} finished faxes into {cache}", flush=True)
        with tempfile.TemporaryDirectory(dir=cache.parent) as name:
            state = Path(name)
            with_history(state, count)
            (state / "journal.sqlite3").rename(cache)
    return cache


def measure(quick: bool, root: Path | None = None) -> list[Figure]:
    """For the table."""
    return compare(100_000 if quick else 1_000_000, 500 if quick else 2000, 1 if quick else 4, None, root)


def starts(site: Path, times: int) -> list[float]:
    """Seconds from process to log line; the same journal each time."""
    found = []
    for _ in range(times):
        with daemon(configure(site, "http://127.0.0.1:9", [site / "out"])) as process:
            found.append(started(process))
    return found


def fresh_site(root: Path, journal: Path | None) -> Path:
    """An empty site, with a copy of that journal."""
    site = root / "site"
    shutil.rmtree(site, ignore_errors=True)
    (site / "state").mkdir(parents=True)
    if journal is not None:
        shutil.copyfile(journal, site / "state" / "journal.sqlite3")
    return site


def compare(count: int, faxes: int, rounds: int, cache: Path | None, root: Path | None) -> list[Figure]:
    """In turns: empty, long, empty, long."""
    with place(root) as folder:
        long = history(count, cache or folder / "history.sqlite3")
        first = {journal: statistics.median(starts(fresh_site(folder, journal), 3)) for journal in (None, long)}
        speeds: dict[Path | None, list[float]] = {None: [], long: []}
        for _ in range(rounds):
            for journal in (None, long):
                documents = folder / "documents"
                write_documents(documents, faxes)
                accepted, answered, _ = through_daemon(fresh_site(folder, journal), documents, 4, "1s")
                speeds[journal].append(faxes / accepted)
                name = "empty" if journal is None else "long"
                print(f"{name}: accepted {faxes / accepted:.0f}/s, answered {faxes / answered:.0f}/s", flush=True)
    empty, loaded = statistics.median(speeds[None]), statistics.median(speeds[long])
    loss = (1 - loaded / empty) * 100
    told = f"{loss:+.1f} % ({empty:.0f}/s empty, {loaded:.0f}/s with it)"
    start = f"{first[long]:.2f} s ({first[None]:.2f} s with an empty journal)"
    return [
        Figure(f"{count} finished faxes in the journal: loss of throughput", told, f"< {LOSS:.0f} %", loss < LOSS),
        Figure(f"{count} finished faxes in the journal: start", start, f"< {START:.0f} s", first[long] < START),
    ]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--history", type=int, default=1_000_000)
    parser.add_argument("--faxes", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--place", type=Path)
    a = parser.parse_args()
    figures = compare(a.history, a.faxes, a.rounds, a.cache, a.place)
    for figure in figures:
        print(f"{figure.what}: {figure.measured} {figure.bar}")
    sys.exit(any(figure.kept is False for figure in figures))


if __name__ == "__main__":
    main()
