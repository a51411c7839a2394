"""How much memory a large document costs when it is sent: `python tests/bench/bench_memory.py [megabytes]`.

A process of its own sends one small document, notes its peak, sends the large one, and notes the peak again; a server
in this process drains the requests.  Ends with status 1 when the peak grew by more than 64 MB.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

LIMIT_MB = 64
MB = 1024 * 1024


def serve(listener: socket.socket, received: list[int]) -> None:
    """Read each request to its end, keep nothing, accept the fax."""
    while True:
        sock, _ = listener.accept()
        with sock:
            head = b""
            while b"\r\n\r\n" not in head and (data := sock.recv(65536)):
                head += data
            head, _, rest = head.partition(b"\r\n\r\n")
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if not lengths:
                return
            size = int(lengths[0].split(b":")[1])
            got = len(rest)
            while got < size and (data := sock.recv(1 << 18)):
                got += len(data)
            received.append(got)
            sock.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\nJOBID: 1")


def peak_mb() -> float:
    """The largest resident size of this process so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MB


def child(port: str, *papers: str) -> None:
    """Send each file as a fax of its own and print the peak after each."""
    from support.faxes import new_submission
    from support.wire import RealClock

    from faxdaemon.contracts.provider import Accepted, Content
    from faxdaemon.http import Http
    from faxdaemon.providers import faxage

    clock = RealClock()
    options = faxage.Options(
        provider="faxage", url=f"http://127.0.0.1:{port}", username="u", company="1", password="p", timeout=600.0
    )
    provider = faxage.open_account(options, Http(timeout=600, clock=clock), clock)
    peaks = []
    for paper in map(Path, papers):
        content = Content(paper.name, paper.stat().st_size, lambda paper=paper: paper.open("rb"))
        answer = provider.submit(new_submission(), [content])
        assert isinstance(answer, Accepted), answer
        peaks.append(peak_mb())
    print(json.dumps(peaks))


def main(megabytes: int) -> int:
    """Measure and report."""
    received: list[int] = []
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener, received), daemon=True).start()
        small, large = Path(folder, "small.pdf"), Path(folder, "large.pdf")
        small.write_bytes(os.urandom(100_000))
        with large.open("wb") as file:
            for _ in range(megabytes):
                file.write(os.urandom(MB))
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, __file__, "--child", str(listener.getsockname()[1]), str(small), str(large)],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        )
    before, after = json.loads(done.stdout.splitlines()[-1])
    seconds = time.monotonic() - began
    print(
        f"{megabytes} MB document, {received[-1] / MB:.0f} MB on the wire, {seconds:.1f} s: "
        f"peak {before:.0f} MB before, {after:.0f} MB after, grew by {after - before:.1f} MB"
    )
    return int(after - before > LIMIT_MB)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
    else:
        sys.exit(main(int(sys.argv[1]) if sys.argv[1:] and sys.argv[1].isdigit() else 200))
