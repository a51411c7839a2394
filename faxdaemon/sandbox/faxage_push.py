"""FAXAGE's push of received faxes, a later feature known from one public handler: the particulars, no document.

Forms: `form` (the usual) or `json`.  The same fax is told again when the answer was not 2xx (that handler's comments).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any
from urllib.parse import urlencode

from faxdaemon.sandbox.dialect import Push
from faxdaemon.sandbox.model import Received
from faxdaemon.sandbox.pushes import setup

_STAMP = "%Y-%m-%d %H:%M:%S"


def arrived(fax: Received, switches: Mapping[str, Any], zone: tzinfo) -> Push | None:
    """The push, if there is one."""
    wanted = setup(switches, "faxage", fax.account)
    if wanted.fax is None:
        return None
    fields = {
        "recvid": str(fax.number),
        "recvdate": fax.received_at.astimezone(zone).strftime(_STAMP),
        "starttime": fax.started_at.astimezone(zone).strftime(_STAMP),
        "cid": fax.caller or "",
        "dnis": fax.line,
        "pagecount": str(fax.pages),
        "tsid": fax.csid or "",
    }
    as_json = wanted.fax_form == "json"
    return Push(
        wanted.fax,
        (json.dumps(fields) if as_json else urlencode(fields)).encode(),
        "application/json" if as_json else "application/x-www-form-urlencoded",
        headers=wanted.headers,
        number=fax.line,
        again=wanted.again,
    )
