"""OpenText's Fax REST API (`/mra/v1`), server side.

Source: OpenText's "Fax REST API Quick Start Guide" and the names in its published API description.  Error bodies,
what is done with a repeated `message_id`, and whether a `doc_id` lasts, are not published: they are switches or our
choice.

Promise   answers JSON with the HTTP status that says what happened; HTTP Basic or a bearer token of its own.
Needs     a network.
Crash     tokens, leases and what hangs together by several destinations are forgotten; a repeated `message_id` is not,
          the ledger knows it.

Switches (`opentext.<name>`):

    message_id        True    the same `options.message_id` once more gives the first job's id and makes no job
    doc_id_changes    True    each hand-out of a received fax gives it another doc_id
    hold              None    seconds for which a fax is really reserved, whatever hold_sec says
    token_life        3600    seconds for which a token really lasts; `token_told` for what is said (the same)
    refresh           False   whether tokens come with a refresh token
    entitled          True    False: 403 for everything
    busy              None    seconds: everything is answered 429 with Retry-After
    max_bytes         None    longer requests are answered 413
    push.<account>    {}      the web-hooks: see `pushes`
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from faxdaemon.sandbox.dialect import Around, Asked, Push
from faxdaemon.sandbox.faults import Fault, Play, Role
from faxdaemon.sandbox.model import Job, Received, SandboxAccount
from faxdaemon.sandbox.opentext_receive import Documents, document_of
from faxdaemon.sandbox.opentext_send import Faxes, status_of
from faxdaemon.sandbox.opentext_tokens import Tokens
from faxdaemon.sandbox.opentext_wire import BAD, JSON, Ask, Call, Refusal, error
from faxdaemon.sandbox.pushes import setup
from faxdaemon.sandbox.server import Handler
from faxdaemon.sandbox.wire import Reply

#: Method, path and what it is called here.
_PLACES = (
    ("POST", re.compile(r"(?:/tenants/[^/]+)?/oauth2/token"), "token"),
    ("POST", re.compile(r"/mra/v1/outbound/faxes/?"), "submit"),
    ("GET", re.compile(r"/mra/v1/outbound/faxes/status/?"), "status"),
    ("GET", re.compile(r"/mra/v1/inbound/documents/next/?"), "next"),
    ("DELETE", re.compile(r"/mra/v1/inbound/documents/([^/]+)"), "delete"),
)
_ROLES: Mapping[str, Role] = MappingProxyType(
    {"submit": Role.SEND, "status": Role.STATUS, "next": Role.FETCH, "delete": Role.DELETE}
)


class Opentext:
    """The dialect."""

    base = "/opentext"
    content_type = JSON

    def __init__(self, around: Around) -> None:
        self._around = around
        self._tokens = Tokens(around)
        faxes, documents = Faxes(around.network), Documents(around.network.inbox)
        self._do: Mapping[str, Callable[[Ask], Reply]] = {
            "submit": faxes.submit,
            "status": faxes.status,
            "next": documents.next,
            "delete": documents.delete,
        }

    def asked(self, handler: Handler, body: bytearray) -> Asked | None:
        """A resource and a method."""
        url = urlsplit(handler.path.removeprefix(self.base))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        query = dict(parse_qsl(url.query))
        known = [(method, path.fullmatch(url.path), name) for method, path, name in _PLACES]
        found = [(method, match, name) for method, match, name in known if match]
        operation = next((name for method, _, name in found if method == handler.command), "")
        variable = tuple(unquote(text) for text in found[0][1].groups()) if found else ()
        token = operation == "token"
        call = Call(
            operation or ("wrong method" if found else "nothing"),
            variable,
            {**query, "bytes": str(len(body))},
            headers,
            None if token else _json(body),
            dict(parse_qsl(body.decode("latin-1"))) if token else {},
        )
        account = self._account(call)
        return Asked(
            account,
            call.operation,
            _ROLES.get(operation),
            _number(call.body),
            lambda: f"{account and account.name} {handler.path}",
            request=call,
        )

    def _account(self, call: Call) -> SandboxAccount | None:
        if call.operation == "token":
            return self._tokens.client(call)
        kind, _, value = call.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._tokens.owner(value.strip())
        if kind.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return self._tokens.account(user, password)

    def answer(self, asked: Asked, fault: Fault | None) -> Reply:
        """Do what is asked and say so."""
        call: Call = asked.request
        if call.operation == "token":
            return self._tokens.answer(call, asked.account)
        if call.operation in {"nothing", "wrong method"}:
            return error(404 if call.operation == "nothing" else 405)
        if asked.account is None:
            return self.words(Play.WRONG_CREDENTIALS, asked)
        ask = Ask(self._around, asked.account, call, fault)
        try:
            _admit(ask)
            reply = self._do[call.operation](ask)
        except Refusal as refusal:
            reply = refusal.reply
        submit_id = call.headers.get("x-mra-submitid")
        echo = (("X-MRA-SubmitId", submit_id),) if submit_id else ()
        return Reply(reply.body, reply.status, reply.content_type, (*reply.headers, *echo), reply.sent)

    def words(self, play: Play, asked: Asked) -> Reply:
        """500 and 401."""
        if play is not Play.WRONG_CREDENTIALS:
            return error(500)
        if asked.operation == "token":
            return Tokens.refused()
        return error(401, WWW_Authenticate='Basic realm="mra"')

    def ended(self, job: Job) -> Push | None:
        """The web-hook with a job's status, once all of its destinations have ended."""
        wanted = setup(self._around.switches, "opentext", job.account)
        following = job.extra.get("following", ())
        if wanted.status is None or any(one.result is None for one in following):
            return None
        body = json.dumps(status_of(job)).encode()
        return Push(wanted.status, body, JSON, headers=wanted.headers, number=job.destination, again=wanted.again)

    def arrived(self, fax: Received) -> Push | None:
        """The web-hook with a received fax; taken, it does not wait any more."""
        wanted = setup(self._around.switches, "opentext", fax.account)
        if wanted.fax is None:
            return None
        account = self._around.network.accounts[fax.account]
        doc_id = base64.b64encode(f"push|{fax.number}".encode()).decode()
        body = json.dumps(document_of(fax, account, doc_id)).encode()
        inbox = self._around.network.inbox
        return Push(
            wanted.fax,
            body,
            JSON,
            headers=wanted.headers,
            number=fax.line,
            again=wanted.again,
            taken=(lambda: None) if wanted.keep else (lambda: inbox.delete(fax)),
        )


def open_dialect(around: Around) -> Opentext:
    """OpenText."""
    return Opentext(around)


def _admit(ask: Ask) -> None:
    """What is refused whatever it is about."""
    busy, longest = ask.switch("busy", None), ask.switch("max_bytes", None)
    if busy is not None:
        raise Refusal(429, Retry_After=str(busy))
    if not ask.switch("entitled", usual=True):
        raise Refusal(403)
    if longest is not None and int(ask.call.query["bytes"]) > longest:
        raise Refusal(413)


def _json(body: bytearray) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:  # also what is no UTF-8
        return BAD


def _number(body: Any) -> str | None:
    try:
        number = body["destinations"][0]["fax"]
    except (TypeError, KeyError, IndexError):
        return None
    return number if isinstance(number, str) else None
