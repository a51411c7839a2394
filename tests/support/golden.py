"""Golden exchanges: one file per case, the request as it must go over the wire and the reply that came.

    POST /faxage/httpsfax.php HTTP/1.1
    content-type: ...
    (empty line)
    body
    -- reply --
    HTTP/1.1 200 OK
    ...

The reply is played back to the provider; the request it makes is compared.  With `GOLDEN=write` in the environment the
request part is written anew instead: look at the difference before you commit it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from support.wire import Seen, WireServer, always

MARK = "\n-- reply --\n"
#: Changes from run to run, or with our version.
_VARIES = ("host", "user-agent")


def play(path: Path, act: Callable[[str], None], hide: Mapping[str, str]) -> None:
    """Run `act(url)` against the file's reply and compare its one request; `hide` are texts to replace."""
    known, mark, answer = path.read_text(encoding="utf-8").partition(MARK)
    assert mark, f"{path} has no line “{MARK.strip()}”"
    head, _, body = answer.partition("\n\n")
    data = body.rstrip("\n").replace("\\t", "\t").encode()
    head = head.replace("\n", "\r\n").replace("LENGTH", str(len(data)))
    with WireServer(always(head.encode() + b"\r\n\r\n" + data)) as server:
        act(server.url)
    (seen,) = server.requests
    shown = _shown(seen, hide)
    if os.environ.get("GOLDEN") == "write":
        path.write_text(shown + MARK + answer, encoding="utf-8")
    else:
        assert shown == known, f"the request differs from {path.name}; if that is meant, run with GOLDEN=write"


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
