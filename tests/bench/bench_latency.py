"""Delay: from the rename into the drop folder to the first byte at the provider.

    python tests/bench/bench_latency.py [--count 300] [--gap 0.03] [--place FOLDER]

Single drops into a local folder of an idle daemon, one every 30 ms.  The provider is a small server in this process
that takes the time when the first byte of a request arrives and accepts whatever it is sent; both times are of one
machine's monotonic clock.  Between the two lie the event, the claim, the copy, three commits and a new connection.
"""

from __future__ import annotations

import argparse
import re
import socket
import sys
import threading
import time
from pathlib import Path

from ground import NUMBER, Figure, configure, daemon, pdf, place

P50, P99 = 0.025, 0.100
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_NAME = re.compile(rb"recipname=drop(\d+)")
_JOBS = re.compile(rb"jobids%5B%5D=(\d+)")


class Stub:
    """Accepts connections, notes when their first byte came, answers as FAXAGE."""

    def __init__(self) -> None:
        self.first: dict[int, float] = {}
        """By the drop's number: when the first byte of its request was here."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(65536):
                at = time.monotonic()
                while b"\r\n\r\n" not in data:
                    data += connection.recv(65536)
                head, _, body = data.partition(b"\r\n\r\n")
                length = _LENGTH.search(head)
                while length and len(body) < int(length[1]) and (more := connection.recv(65536)):
                    body += more
                answer = self._answer(body, at)
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n\r\n%b"
                    % (len(answer), answer)
                )

    def _answer(self, body: bytes, at: float) -> bytes:
        name = _NAME.search(body[:1000])
        if name:
            self.first[int(name[1])] = at
            return b"JOBID: %d" % (int(name[1]) + 1)
        record = b"%b\t1\tdrop\t%b\tpending\tIn Queue\t2026-01-01 00:00:00\t0000-00-00 00:00:00\t00:00:00\t1\n"
        return b"".join(record % (job, NUMBER.encode()) for job in _JOBS.findall(body)) or b"ERR06: none"


def delays(count: int, gap: float, root: Path | None) -> list[float]:
    """Seconds of each drop, sorted."""
    with place(root) as site:
        stub, out = Stub(), site / "out"
        drafts = site / "drafts"
        drafts.mkdir()
        for n in range(count + 5):
            (drafts / f"{NUMBER}_drop{n}.pdf").write_bytes(pdf(n, 25_000))
        dropped: dict[int, float] = {}
        with daemon(configure(site, stub.url, [out])) as process:
            process.wait("the first scan", (out / ".faxdaemon").is_dir)
            time.sleep(1)
            for n in range(count + 5):  # the first five warm up: imports, connections, statement caches
                time.sleep(gap if n >= 5 else 0.3)
                draft = drafts / f"{NUMBER}_drop{n}.pdf"
                dropped[n] = time.monotonic()
                draft.rename(out / draft.name)
            process.wait("every fax at the provider", lambda: len(stub.first) == count + 5, patience=60)
    return sorted(stub.first[n] - dropped[n] for n in range(5, count + 5))


def measure(quick: bool, root: Path | None = None) -> list[Figure]:
    """For the table."""
    return judge(delays(100 if quick else 400, 0.03, root))


def judge(found: list[float]) -> list[Figure]:
    """Median, 99th percentile, worst."""
    p50, p99 = found[len(found) // 2], found[min(len(found) - 1, int(len(found) * 0.99))]
    what = f"rename-in to first byte at the provider, {len(found)} drops"
    worst = f"worst {found[-1] * 1000:.0f} ms"
    return [
        Figure(f"{what}: p50", f"{p50 * 1000:.1f} ms", f"< {P50 * 1000:.0f} ms", p50 < P50),
        Figure(f"{what}: p99", f"{p99 * 1000:.1f} ms ({worst})", f"< {P99 * 1000:.0f} ms", p99 < P99),
    ]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--gap", type=float, default=0.03, help="seconds between two drops")
    parser.add_argument("--place", type=Path)
    arguments = parser.parse_args()
    figures = judge(delays(arguments.count, arguments.gap, arguments.place))
    for figure in figures:
        print(f"{figure.what}: {figure.measured} {figure.bar}")
    sys.exit(any(figure.kept is False for figure in figures))


if __name__ == "__main__":
    main()
