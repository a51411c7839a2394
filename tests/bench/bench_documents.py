"""Documents: what it costs that PDFs are read in a process of their own: `python tests/bench/bench_documents.py`.

The same questions are asked in this process and aside, turn by turn, so that a neighbour disturbs both alike.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ground import Figure, pdf

from faxdaemon.documents import aside
from faxdaemon.documents.pdf import count_pages, text_of_pdf

BAR = 3.0
"""Milliseconds that an ordinary fax may pay."""


def measure(quick: bool, place: Path | None = None) -> list[Figure]:
    """For the table."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        path = Path(folder) / "a.pdf"
        path.write_bytes(pdf(1, 25_000))
        begun = time.perf_counter()
        aside.count(path)
        start = time.perf_counter() - begun
        turns = 200 if quick else 2000
        figures = [
            _compared("pages of a PDF counted", lambda: count_pages(path), lambda: aside.count(path), turns),
            _compared("text of a PDF read", lambda: text_of_pdf(path), lambda: aside.text(path), turns),
        ]
        return [*figures, Figure("the first document: the process aside is started", f"{start * 1000:.0f} ms")]


def _compared(what: str, here: Callable[[], object], there: Callable[[], object], turns: int) -> Figure:
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(turns):
        for times, ask in zip(taken, (here, there), strict=True):
            begun = time.perf_counter()
            ask()
            times.append((time.perf_counter() - begun) * 1000)
    inside, outside = (statistics.median(times) for times in taken)
    more = outside - inside
    measured = f"{outside:.2f} ms aside, {inside:.2f} ms here: {more:.2f} ms more"
    return Figure(what, measured, f"< {BAR:.0f} ms more", more < BAR)


if __name__ == "__main__":
    for figure in measure(False):
        print(f"{figure.what}: {figure.measured} {figure.bar}")
