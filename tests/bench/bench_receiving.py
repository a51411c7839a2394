"""Receiving: 2,000 faxes in one go over 20 lines, one destination blocked for half of the time.

    python tests/bench/bench_receiving.py [--count 2000] [--place FOLDER]

All faxes wait at the simulated provider when the daemon starts; each line has one folder.  The folder of the first line
is away until half of all faxes have been delivered, as a share that is not mounted.  Told: the rate, whether anything
was lost or came twice, whether the order within each line was kept (by the order in which the journal recorded each
publication), and how much later the other lines were done than in a run in which nothing is blocked.
"""

from __future__ import annotations

import argparse
import itertools
import sqlite3
import sys
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import yaml
from ground import Figure, configure, daemon, place

sys.path.append(str(Path(__file__).parents[2]))
from faxdaemon.sandbox import DEFAULT_ACCOUNTS, Sandbox

LINES = tuple(f"+130355502{n:02}" for n in range(20))
LATER = 1.25
"""How much longer the other lines may take while one is blocked."""


class Run:
    """One daemon that receives `count` faxes."""

    def __init__(self, site: Path, count: int, *, block: bool) -> None:
        self.site, self.count, self.block = site, count, block
        self.folders = {line: site / "in" / line for line in LINES}
        self.took = self.others = 0.0

    def live(self) -> None:
        """From the start of the daemon to the last acknowledgement."""
        for folder in self.folders.values():
            folder.mkdir(parents=True)
        clinic = next(account for account in DEFAULT_ACCOUNTS if account.provider == "faxage")
        ours = replace(clinic, lines=LINES)
        with Sandbox(seconds_per_page=0.01, directory=self.site / "sandbox", accounts=[ours]) as box:
            for n in range(self.count):
                box.inject(LINES[n % len(LINES)], pages=1)
            config = self._configure(box.url)
            blocked = self.folders[LINES[0]]
            if self.block:
                blocked.rename(blocked.with_name("away"))
            began = time.monotonic()
            with daemon(config) as process:
                if self.block:
                    process.wait("half of them", lambda: self.delivered() >= self.count // 2, rhythm=0.1)
                    blocked.with_name("away").rename(blocked)
                rest = self.count - self.count // len(LINES)
                process.wait("the other lines", lambda: self.delivered(LINES[1:]) >= rest, rhythm=0.05)
                self.others = time.monotonic() - began
                process.wait("all of them", lambda: self.delivered() >= self.count, rhythm=0.05)
                self.took = time.monotonic() - began
                process.wait("all acknowledged", lambda: not box.inbox(ours.name), rhythm=0.2)

    def _configure(self, url: str) -> Path:
        config = configure(self.site, url, [self.site / "out"])
        whole = yaml.safe_load(config.read_text("utf-8"))
        lines = {line: {"folder": {"path": str(folder)}} for line, folder in self.folders.items()}
        whole["inbound"] = [{"account": "clinic", "poll": "2s", "lines": lines}]
        config.write_text(yaml.safe_dump(whole), encoding="utf-8")
        return config

    def delivered(self, lines: tuple[str, ...] = LINES) -> int:
        """Documents that people see."""
        there = [self.folders[line] for line in lines if self.folders[line].exists()]
        return sum(1 for folder in there for _ in folder.glob("*.pdf"))

    def sidecars(self) -> int:
        """What lies beside them."""
        return sum(1 for folder in self.folders.values() for _ in folder.glob("*.json"))

    def disorder(self) -> int:
        """Publications that came after a younger fax's of the same line."""
        published = defaultdict(list)
        with sqlite3.connect(f"file:{self.site / 'state' / 'journal.sqlite3'}?mode=ro", uri=True) as connection:
            for subject, fax in connection.execute(
                "SELECT subject, fax_id FROM event WHERE event='publish' ORDER BY id"
            ):
                published[subject].append(fax)
        return sum(a > b for faxes in published.values() for a, b in itertools.pairwise(faxes))


def measure(quick: bool, root: Path | None = None) -> list[Figure]:
    """For the table."""
    return receiving(200 if quick else 2000, root)


def receiving(count: int, root: Path | None) -> list[Figure]:
    """With and without a blocked destination."""
    runs = []
    for block in (False, True):
        with place(root) as site:
            run = Run(site, count, block=block)
            run.live()
            runs.append((run, run.delivered(), run.sidecars(), run.disorder()))
    (free, *_), (blocked, documents, sidecars, disorder) = runs
    what = f"{count} received faxes over {len(LINES)} lines"
    slower = blocked.others / free.others
    return [
        Figure(f"{what}: all delivered", f"{count / free.took:.0f}/s ({free.took:.1f} s)"),
        Figure(
            f"{what}, one folder away for the first half: documents and sidecars",
            f"{documents} and {sidecars}",
            f"{count} and {count}",
            documents == sidecars == count,
        ),
        Figure("the same: out of order within a line", str(disorder), "0", disorder == 0),
        Figure(
            "the same: until the other 19 lines are done, against the run without",
            f"{slower:.2f} ({blocked.others:.1f} s against {free.others:.1f} s)",
            f"< {LATER}",
            slower < LATER,
        ),
        Figure("the same: until the blocked line is done, too", f"{blocked.took:.1f} s"),
    ]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--place", type=Path)
    arguments = parser.parse_args()
    figures = receiving(arguments.count, arguments.place)
    for figure in figures:
        print(f"{figure.what}: {figure.measured} {figure.bar}")
    sys.exit(any(figure.kept is False for figure in figures))


if __name__ == "__main__":
    main()
