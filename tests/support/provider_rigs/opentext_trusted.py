"""OpenText where a repeated message id is proven to give the first job."""

from __future__ import annotations

from typing import Any

from support.provider_rigs import opentext
from support.provider_rigs.opentext import ACCOUNT, BUSY, LINE, OPERATIONS, received_id

from faxdaemon.providers.opentext import Options
from faxdaemon.sandbox import Sandbox

__all__ = ["ACCOUNT", "BUSY", "LINE", "OPERATIONS", "options", "received_id"]


def options(box: Sandbox, **changes: Any) -> Options:
    """A configured account at the sandbox."""
    return opentext.options(box, trust_message_id=True, **changes)
