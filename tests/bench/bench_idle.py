"""Idle: the processor time of a daemon that watches many folders in which nothing happens.

    python tests/bench/bench_idle.py [--folders 100] [--seconds 60] [--place FOLDER]

Every setting as delivered: each folder is watched and scanned every 30 seconds besides, so a shorter measurement than
that says nothing.  The figure is from the kernel (`/proc/PID/stat`), after the start has settled.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ground import Figure, configure, daemon, place

BAR = 0.5
WARM_UP = 10.0


def measure(quick: bool, root: Path | None = None) -> list[Figure]:
    """For the table."""
    return idle(100, 30.0 if quick else 90.0, root)


def idle(folders: int, seconds: float, root: Path | None) -> list[Figure]:
    """Percent of one core."""
    with place(root) as site:
        outs = [site / f"out{n:03}" for n in range(folders)]
        # Nothing listens there, and an idle daemon does not ask.
        with daemon(configure(site, "http://127.0.0.1:9", outs)) as process:
            process.wait("the last folder's first scan", (outs[-1] / ".faxdaemon").is_dir)
            time.sleep(WARM_UP)
            before, start = process.cpu(), time.monotonic()
            time.sleep(seconds)
            percent = (process.cpu() - before) / (time.monotonic() - start) * 100
            memory, threads = process.memory(), len(list(Path(f"/proc/{process.pid}/task").iterdir()))
    return [
        Figure(
            f"idle, {folders} folders, over {seconds:.0f} s", f"{percent:.2f} % of a core", f"< {BAR} %", percent < BAR
        ),
        Figure(f"idle, {folders} folders: memory, threads", f"{memory:.0f} MB, {threads}"),
    ]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folders", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--place", type=Path)
    arguments = parser.parse_args()
    figures = idle(arguments.folders, arguments.seconds, arguments.place)
    for figure in figures:
        print(f"{figure.what}: {figure.measured} {figure.bar}")
    sys.exit(any(figure.kept is False for figure in figures))


if __name__ == "__main__":
    main()
