"""Golden exchanges: one file per case, the requests as they must go over the wire and the replies that came.

    POST /faxage/httpsfax.php HTTP/1.1
    content-type: ...
    (empty line)
    body
    -- reply --
    HTTP/1.1 200 OK
    ...
    -- then --
    (the next request, where an act takes several)

The replies are played back to the provider; the requests it makes are compared.  With `GOLDEN=write` in the environment
the requests are written anew instead: look at the difference before you commit it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from support.wire import FixedClock, Seen, WireServer, always

from faxdaemon.contracts.provider import Provider
from faxdaemon.http import Http

MARK = "\n-- reply --\n"
THEN = "\n-- then --\n"
#: Changes from run to run, or with our version.
_VARIES = ("host", "user-agent")

Act = Callable[[Any], object]
Open = Callable[[str, Http, FixedClock], Provider]


def exchange(path: Path, opened: Open, act: Act, expected: object, hide: Mapping[str, str], clock: FixedClock) -> None:
    """Open an account, let it `act` against the file, compare what comes of it, and what was asked."""
    http = Http(timeout=20, clock=clock)

    def run(url: str) -> None:
        provider = opened(url, http, clock)
        try:
            assert act(provider) == expected
        finally:
            provider.close()

    play(path, run, hide)


def complete(place: Path, cases: Iterable[str]) -> None:
    """Every file has its case, and every case its file."""
    assert {path.stem for path in place.glob("*.http")} == set(cases)


def play(path: Path, act: Callable[[str], None], hide: Mapping[str, str]) -> None:
    """Run `act(url)` against the file's replies and compare its requests; `hide` are texts to replace."""
    parts = [part.partition(MARK) for part in path.read_text(encoding="utf-8").split(THEN)]
    assert all(mark for _, mark, _ in parts), f"{path} has no line “{MARK.strip()}”"
    replies = [_reply(answer) for _, _, answer in parts]
    with WireServer(always(*replies)) as server:
        act(server.url)
    hide = {**hide, server.url: "http://server"}
    shown = [_shown(seen, hide) for seen in server.requests]
    assert len(shown) == len(parts), f"{path.name} tells of {len(parts)} requests, and there were {len(shown)}"
    if os.environ.get("GOLDEN") == "write":
        written = [made + MARK + answer for made, (_, _, answer) in zip(shown, parts, strict=True)]
        path.write_text(THEN.join(written), encoding="utf-8")
    else:
        known = [request for request, _, _ in parts]
        assert shown == known, f"the request differs from {path.name}; if that is meant, run with GOLDEN=write"


def _reply(answer: str) -> bytes:
    head, _, body = answer.partition("\n\n")
    data = body.rstrip("\n").replace("\\t", "\t").encode()
    head = head.rstrip("\n").replace("\n", "\r\n").replace("LENGTH", str(len(data)))
    return head.encode() + b"\r\n\r\n" + data


def _one_a_line(xml: str) -> str:
    return re.sub(r"<([\w:]+)([^<>]*)>\n</\1>", r"<\1\2></\1>", xml.replace("><", ">\n<"))


def _shown(seen: Seen, hide: Mapping[str, str]) -> str:
    lines = [f"{seen.method} {seen.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in seen.headers.items() if name not in _VARIES]
    body = seen.body.decode("utf-8")
    xml = "xml" in seen.headers.get("content-type", "")
    text = "\n".join([*lines, "", _one_a_line(body) if xml else body.replace("&", "\n&")])
    for secret, name in hide.items():
        text = text.replace(secret, name)
    return text
