"""The control API: the sandbox's own methods over HTTP, for tests in another process and for the demo."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from faxdaemon.sandbox.faults import Fault
from faxdaemon.sandbox.ledger import as_json
from faxdaemon.sandbox.wire import Reply

if TYPE_CHECKING:
    from faxdaemon.sandbox.box import Sandbox


def answer(sandbox: Sandbox, method: str, place: str, body: bytes) -> Reply:
    """Do what is asked; 400 with the reason when it cannot be understood."""
    try:
        asked = json.loads(body) if body else {}
        return _do(sandbox, f"{method} {place}", asked)
    except (ValueError, TypeError, KeyError, OSError) as error:
        return _json({"error": f"{type(error).__name__}: {error}"}, 400)


def _do(sandbox: Sandbox, what: str, asked: dict[str, Any]) -> Reply:
    act = _PLACES.get(what)
    return _json(act(sandbox, asked)) if act else _json({"error": "no such place"}, 404)


def _arm(sandbox: Sandbox, asked: dict[str, Any]) -> object:
    return {"armed": str(sandbox.fault(Fault(**asked)).play)}


def _disarm(sandbox: Sandbox, _asked: dict[str, Any]) -> object:
    sandbox.clear_faults()
    return {}


def _switch(sandbox: Sandbox, asked: dict[str, Any]) -> object:
    sandbox.switches.update(asked)
    return sandbox.switches


def _receive(sandbox: Sandbox, asked: dict[str, Any]) -> object:
    if asked.get("document"):
        asked["document"] = Path(asked["document"])
    return {"id": sandbox.inject(**asked)}


_PLACES: Mapping[str, Callable[[Sandbox, dict[str, Any]], object]] = MappingProxyType(
    {
        "GET ledger": lambda sandbox, _asked: [as_json(entry) for entry in sandbox.ledger()],
        "GET state": lambda sandbox, _asked: _state(sandbox),
        "POST faults": _arm,
        "DELETE faults": _disarm,
        "POST switches": _switch,
        "POST receive": _receive,
    }
)


def _state(sandbox: Sandbox) -> dict[str, Any]:
    accounts = []
    for account in sandbox.accounts:
        shown = dataclasses.asdict(account)
        del shown["password"]
        waiting = sandbox.inbox(account.name)
        accounts.append({**shown, "waiting": [fax.number for fax in waiting]})
    under_way = sum(1 for entry in sandbox.sent() if entry.result is None)
    return {
        "switches": dict(sandbox.switches),
        "accounts": accounts,
        "sent": len(sandbox.sent()),
        "under_way": under_way,
    }


def _json(value: object, status: int = 200) -> Reply:
    return Reply(json.dumps(value).encode(), status, "application/json")
