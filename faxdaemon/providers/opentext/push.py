"""OpenText's web-hooks: the status of a job, and a received fax with its document.

Promise   what is pushed has the form of what the API answers (quick start guide), and is read by the same rules, under
          the same names: a fax that is handed out besides is the same fax.
Needs     the address, set up by OpenText.
Crash     keeps nothing.

Method, acknowledgement and repetition are not published: JSON by POST is expected, an object or a list of them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from faxdaemon.contracts.push import Kind, NotUnderstood, Push, PushedFax, Understood
from faxdaemon.providers.opentext import answers
from faxdaemon.providers.opentext.receiving import listed_as


def understand(request: Push) -> Understood | NotUnderstood:
    """Either kind."""
    said = answers.parsed(request.body)
    entries = said if isinstance(said, list) else [said]
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        return NotUnderstood("it is no JSON object")
    if request.kind == Kind.FAX:
        return _faxes(entries)
    return _statuses(entries)


def _statuses(entries: list[Any]) -> Understood | NotUnderstood:
    statuses, references = [], {}
    for entry in entries:
        job = entry.get("job_id")
        status = answers.status_of(job, entry) if isinstance(job, str) and answers.is_job_id(job) else None
        if status is None:
            return NotUnderstood("it is no status of a job")
        statuses.append(status)
        if reference := _reference(entry):
            references[status.provider_id] = reference
    return Understood(tuple(statuses), references)


def _reference(entry: Mapping[str, Any]) -> str:
    """Ours, of the one destination."""
    deliveries = entry.get("deliveries")
    found = [one for one in deliveries if isinstance(one, dict)] if isinstance(deliveries, list) else []
    told = found[0].get("ref_base64") if len(found) == 1 else None
    try:
        return base64.b64decode(told, validate=True).decode("ascii") if isinstance(told, str) else ""
    except (binascii.Error, ValueError):
        return ""


def _faxes(entries: list[Any]) -> Understood | NotUnderstood:
    faxes = []
    for entry in entries:
        document = entry.get("document")
        data = document.get("data") if isinstance(document, dict) else None
        if not isinstance(document, dict) or not (data is None or isinstance(data, str)):
            return NotUnderstood("it is no received fax")
        try:
            content = None if data is None else base64.b64decode("".join(data.split()), validate=True)
        except (binascii.Error, ValueError):
            return NotUnderstood("its document is not base64")
        about = {name: value for name, value in document.items() if name != "data"}
        listed = listed_as({**entry, "document": about})
        if not entry.get("job_id") and not content:
            return NotUnderstood("it names no received fax")
        faxes.append(PushedFax(listed, content or None))
    return Understood(faxes=tuple(faxes))
