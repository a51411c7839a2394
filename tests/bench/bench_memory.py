"""How much memory a large document costs when it is sent, with every provider:
`python tests/bench/bench_memory.py [megabytes] [provider ...]`.

For each one a process of its own sends one small document, notes its peak, sends the large one, and notes the peak
again; a server in this process drains the requests.  Ends with status 1 when a peak grew by more than 64 MB.
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIMIT_MB = 64
MB = 1024 * 1024

SOAP = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{}</s:Body></s:Envelope>'
CONCORD = (
    '<FaxSendExResponse xmlns="urn:FaxWS"><return>true</return><FaxJobIds><item><JobId>br1</JobId></item></FaxJobIds>'
    "<TTFP>1</TTFP><WSError><ErrorCode>0</ErrorCode><ErrorString/></WSError></FaxSendExResponse>"
)
FAXDE = (
    '<n:SendJobResponse xmlns:n="urn:XMLWSIntf-IntfXMLWS"><return>0</return><JobId>1</JobId>'
    "<RecipientsCount>1</RecipientsCount><PageCount>1</PageCount></n:SendJobResponse>"
)
JSON = {
    "SendFaxExResponse": {
        "return": True,
        "FaxJobIds": [{"JobId": "br1"}],
        "TTFP": 1,
        "WSError": {"ErrorCode": 0, "ErrorString": ""},
    }
}
WSDL = str(Path(__file__).parents[2] / "faxdaemon" / "providers" / "concord" / "faxws.wsdl")
#: What the server says, and the account's settings at an address.
KINDS: dict[str, tuple[str, str, Callable[[str], dict[str, Any]]]] = {
    "faxage": ("text/plain", "JOBID: 1", lambda url: {"username": "u", "company": "1", "url": url}),
    "concord": ("text/xml", SOAP.format(CONCORD), lambda url: {"user_id": "u", "url": url, "wsdl": WSDL}),
    "concord (JSON)": (
        "application/json",
        json.dumps(JSON),
        lambda url: {"user_id": "u", "url": url, "protocol": "json"},
    ),
    "faxde": ("text/xml", SOAP.format(FAXDE), lambda url: {"customer": "u", "url": url}),
    "opentext": ("application/json", '{"job_id": "xsi-1"}', lambda url: {"username": "u", "url": url}),
}


def serve(listener: socket.socket, kind: str, received: list[int]) -> None:
    """Read each request to its end, keep nothing, accept the fax."""
    media, words, _ = KINDS[kind]
    reply = f"HTTP/1.1 200 OK\r\ncontent-type: {media}\r\ncontent-length: {len(words)}\r\nconnection: close\r\n\r\n"
    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
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
            sock.sendall(f"{reply}{words}".encode())


def peak_mb() -> float:
    """The largest resident size of this process so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MB


def child(kind: str, port: str, *papers: str) -> None:
    """Send each file as a fax of its own and print the peak after each."""
    from support.faxes import new_submission
    from support.wire import RealClock

    from faxdaemon import plugins
    from faxdaemon.contracts.provider import Accepted, Content
    from faxdaemon.parts import open_account

    name = kind.partition(" ")[0]
    settings = KINDS[kind][2](f"http://127.0.0.1:{port}")
    module = plugins.load("faxdaemon.providers", name)
    options = module.Options(provider=name, password="p", timeout=600.0, **settings)
    provider = open_account(options, RealClock())
    peaks = []
    for paper in map(Path, papers):
        content = Content(paper.name, paper.stat().st_size, lambda paper=paper: paper.open("rb"))
        answer = provider.submit(new_submission(), [content])
        assert isinstance(answer, Accepted), answer
        peaks.append(peak_mb())
    print(json.dumps(peaks))


def measure(kind: str, small: Path, large: Path) -> float:
    """How much the peak of one provider grew, in MB."""
    received: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener, kind, received), daemon=True).start()
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, __file__, "--child", kind, str(listener.getsockname()[1]), str(small), str(large)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests")))},
        )
    before, after = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{kind}: {received[-1] / MB:.0f} MB on the wire, {time.monotonic() - began:.1f} s: "
        f"peak {before:.0f} MB before, {after:.0f} MB after, grew by {after - before:.1f} MB",
        flush=True,
    )
    return float(after - before)


ROOT = Path(__file__).parents[2]


def main(megabytes: int, kinds: list[str]) -> int:
    """Measure and report."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.pdf"), Path(folder, "large.pdf")
        small.write_bytes(os.urandom(100_000))
        with large.open("wb") as file:
            for _ in range(megabytes):
                file.write(os.urandom(MB))
        print(f"a document of {megabytes} MB")
        grown = [measure(kind, small, large) for kind in kinds]
    return int(max(grown) > LIMIT_MB)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
    else:
        given = sys.argv[1:]
        size = int(given.pop(0)) if given and given[0].isdigit() else 200
        sys.exit(main(size, [kind for kind in KINDS if not given or kind.partition(" ")[0] in given]))
