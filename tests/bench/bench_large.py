"""Large documents: how far memory rises when a document of 200 MB is dropped and sent.

    python tests/bench/bench_large.py [--megabytes 200] [--place FOLDER]

A real daemon and a real sandbox process.  Told is the daemon's peak (`VmHWM`) less its memory when idle, after a small
fax has made it load what it loads once.  `bench_memory.py` measures the provider's adapter alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ground import NUMBER, Figure, configure, daemon, ledger, pdf, place, sandbox

BAR = 64.0


def measure(quick: bool, root: Path | None = None) -> list[Figure]:
    """For the table."""
    return large(50 if quick else 200, root)


def write(path: Path, megabytes: int) -> None:
    """A valid PDF with a comment of that size behind its first line."""
    head, line, rest = pdf(1, 25_000).partition(b"\n")
    with path.open("wb") as file:
        file.write(head + line + rest)
        for _ in range(megabytes):
            file.write(b"%" + b"p" * (1_000_000 - 2) + b"\n")
        file.write(rest[rest.rindex(b"startxref") :])


def large(megabytes: int, root: Path | None) -> list[Figure]:
    """Idle, peak, difference."""
    with place(root) as site:
        out, draft = site / "out", site / f"{NUMBER}_large.pdf"
        write(draft, megabytes)
        with sandbox(site / "sandbox") as url, daemon(configure(site, url, [out], poll="1s")) as process:
            small = site / f"{NUMBER}_small.pdf"
            small.write_bytes(pdf(2, 25_000))
            small.rename(out / small.name)
            process.wait("the small answer", lambda: list((out / "sent").rglob("*small.result.json")), 60)
            time.sleep(2)
            idle, start = process.memory(), time.monotonic()
            draft.rename(out / draft.name)
            process.wait("the large answer", lambda: list((out / "sent").rglob("*large.result.json")), 600)
            took, peak = time.monotonic() - start, process.peak()
            results = [entry["result"] for entry in ledger(url)]
    if results != ["success", "success"]:
        raise SystemExit(f"the sandbox had {results}")
    told = f"{peak - idle:.0f} MB ({idle:.0f} idle, {peak:.0f} peak, {took:.1f} s to the answer)"
    return [Figure(f"document of {megabytes} MB: memory above idle", told, f"< {BAR:.0f} MB", peak - idle < BAR)]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--place", type=Path)
    arguments = parser.parse_args()
    figures = large(arguments.megabytes, arguments.place)
    for figure in figures:
        print(f"{figure.what}: {figure.measured} {figure.bar}")
    sys.exit(any(figure.kept is False for figure in figures))


if __name__ == "__main__":
    main()
