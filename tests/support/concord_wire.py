"""Concord's answers for tests that decide each of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from xml.sax.saxutils import escape

from support.wire import RealClock, Talk, WireServer, reply

from faxdaemon.contracts.cache import Cache, NoCache
from faxdaemon.http import Http
from faxdaemon.providers import concord
from faxdaemon.providers.concord.wsdl import BUNDLED

OK: dict[str, Any] = {"ErrorCode": 0, "ErrorString": ""}
SETTINGS_OK: dict[str, Any] = {"return": True, "AccountInfo": {"DefaultCSID": "X"}, "WSError": OK}
#: The answer's element by operation, where it is another than `<operation>Response`.
_ELEMENTS = {
    "SendFaxEx": "FaxSendExResponse",
    "GetFaxStatus": "FaxStatusResponse",
    "GetFaxCoverList": "FaxCoverResponse",
    "SimpleSendFax": "SimpleFaxSendResponse",
    "SimpleGetFaxStatus": "SimpleFaxStatusResponse",
}

Answer = bytes | Callable[[str], bytes]


def refusal(code: int | str, words: str = "Quentin Private, PIN 4711") -> dict[str, Any]:
    """`return` false."""
    return {"return": False, "WSError": {"ErrorCode": code, "ErrorString": words}}


def xml(value: Any) -> str:
    """Fields as elements, lists with `item`."""
    if isinstance(value, Mapping):
        return "".join(f"<{name}>{xml(entry)}</{name}>" for name, entry in value.items())
    if isinstance(value, list):
        return "".join(f"<item>{xml(entry)}</item>" for entry in value)
    return str(value).lower() if isinstance(value, bool) else escape(str(value))


def soap(inside: str, status: str = "200 OK", **headers: str) -> bytes:
    """An envelope around anything."""
    head = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    return reply(f"{head}{inside}</s:Body></s:Envelope>", status, **{"content_type": "text/xml", **headers})


def said(protocol: str, operation: str, fields: Mapping[str, Any], **headers: str) -> bytes:
    """An answer in the words of the protocol."""
    if protocol == "json":
        body = json.dumps({f"{operation}Response": fields})
        return reply(body, **{"content_type": "application/json", **headers})
    name = _ELEMENTS.get(operation, f"{operation.removeprefix('Get')}Response")
    name = f"{operation}Response" if operation == "GetFaxAccountSettings" else name
    return soap(f'<{name} xmlns="urn:FaxWS">{xml(fields)}</{name}>', **headers)


def inbound(operation: str, fields: Mapping[str, Any], namespace: str = "urn:any") -> bytes:
    """An answer of the inbound service."""
    return soap(f'<{operation}Response xmlns="{namespace}">{xml(fields)}</{operation}Response>')


class Script:
    """Answers by operation, each list in turn, the last for ever.  `asked` are the operations that came."""

    def __init__(self, protocol: str = "soap", **answers: Any) -> None:
        self.protocol = protocol
        self.asked: list[str] = []
        self.bodies: list[str] = []
        self._answers = {name: list(a) if isinstance(a, list | tuple) else [a] for name, a in answers.items()}

    def __call__(self, talk: Talk) -> None:
        while True:
            body = talk.request().body.decode()
            match = re.search(r"Body><(?:\w+:)?(\w+)", body) or re.match(r'\{"(\w+)"', body)
            operation = match[1] if match else "token"
            self.asked.append(operation)
            self.bodies.append(body)
            waiting = self._answers[operation]
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            if callable(answer):
                answer(talk)
                return
            talk.send(said(self.protocol, operation, answer) if isinstance(answer, Mapping) else answer)


@contextmanager
def account(script: Script, cache: Cache | None = None, **changes: Any) -> Iterator[Any]:
    """An account whose service answers as the script says."""
    with WireServer(script) as server:
        clock = RealClock()
        http = Http(timeout=60, clock=clock, silence=30)
        values = {"provider": "concord", "url": server.url, "user_id": "mbx1", "password": "4711", "wsdl": str(BUNDLED)}
        values = {**values, "protocol": script.protocol, **changes}
        values = {name: v.replace("SERVER", server.url) if isinstance(v, str) else v for name, v in values.items()}
        try:
            yield concord.open_with_cache(concord.Options(**values), http, clock, cache or NoCache())
        finally:
            http.close()
