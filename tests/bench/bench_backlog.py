"""Backlog: a drop folder with very many files when the daemon starts.

    python tests/bench/bench_backlog.py [--files 100000] [--seconds 90] [--place FOLDER]

The files lie there since longer than the settling time, as after a night without the daemon.  Told: when the first
byte of a fax is at the provider, counted from the start of the process and from its log line `started`; and whether
memory stays flat while it works the backlog off (resident memory each second, and its slope after the warm-up).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

from bench_latency import Stub
from ground import NUMBER, Figure, Process, configure, daemon, pdf, place, started

BAR = 2.0
WARM_UP = 75.0
"""Seconds; until then the database's page cache fills (16 MB), which is not what is looked for."""
FLAT = 20.0
"""MB that memory may rise over the measured time and still count as flat."""


def measure(quick: bool, root: Path | None = None) -> list[Figure]:
    """For the table."""
    return backlog(10_000 if quick else 100_000, 60.0 if quick else 120.0, root)


def fill(out: Path, files: int) -> None:
    """Small distinct PDFs; what is in them does not matter here, how many they are does."""
    out.mkdir()
    head, mark, tail = pdf(0, 2_000).partition(b"stream\n")
    for n in range(files):
        comment = b"%% drop %d\n" % n
        (out / f"{NUMBER}_drop{n}.pdf").write_bytes(head + mark + tail + comment + b"%%EOF\n")


def watch_memory(process: Process, seconds: float) -> list[float]:
    """Resident MB, once a second."""
    samples = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        samples.append(process.memory())
        time.sleep(1)
    return samples


def backlog(files: int, seconds: float, root: Path | None) -> list[Figure]:
    """Start, first byte, memory."""
    with place(root) as site:
        stub, out = Stub(), site / "out"
        fill(out, files)
        config = configure(site, stub.url, [out])
        time.sleep(6)  # the default settling time, and a second
        with daemon(config, wait=False) as process:
            process.wait("the first byte", lambda: stub.first, patience=300, rhythm=0.005)
            first = min(stub.first.values()) - process.started
            ready = started(process)
            time.sleep(WARM_UP)
            sent, start = len(stub.first), time.monotonic()
            samples = watch_memory(process, seconds)
            speed = (len(stub.first) - sent) / (time.monotonic() - start)
            left = files - len(stub.first)
    slope = statistics.linear_regression(range(len(samples)), samples).slope * 60
    flat = max(samples) - statistics.median(samples[:5]) < FLAT
    told = f"{min(samples):.0f}/{statistics.median(samples):.0f}/{max(samples):.0f} MB, {slope:+.1f} MB/min"
    what = f"backlog of {files} files"
    return [
        Figure(f"{what}: process start to first byte", f"{first:.2f} s", f"< {BAR:.0f} s", first < BAR),
        Figure(
            f"{what}: log line “started” to first byte", f"{first - ready:.2f} s", f"< {BAR:.0f} s", first - ready < BAR
        ),
        Figure(f"{what}: memory min/median/max over {seconds:.0f} s", told, f"rises < {FLAT:.0f} MB", flat),
        Figure(f"{what}: worked off meanwhile", f"{speed:.0f}/s, {left} left"),
    ]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--place", type=Path)
    arguments = parser.parse_args()
    figures = backlog(arguments.files, arguments.seconds, arguments.place)
    for figure in figures:
        print(f"{figure.what}: {figure.measured} {figure.bar}")
    sys.exit(any(figure.kept is False for figure in figures))


if __name__ == "__main__":
    main()
