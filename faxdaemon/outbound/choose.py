"""From what is asked for to a route: the recipient, the wishes, the accounts that can do it.

Promise   the same request is decided in the same way, whenever; what cannot be is `Unroutable`, in words for the person
          who asked.  An account that does not take a wish that matters is left out; `without` tells of the others.
Needs     what the folder decides for its faxes, and what each account can do.
Crash     keeps nothing.

A fax for a service that reaches addresses (`core.wishes.ADDRESSED`) has its address where others have their number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import PurePath
from typing import Any

from faxdaemon.contracts.provider import Capabilities
from faxdaemon.core import wishes
from faxdaemon.core.model import Document, Picture, Request, Route
from faxdaemon.core.numbers import NotANumber, is_emergency, to_e164
from faxdaemon.core.wishes import VOCABULARY, BadWish, Need
from faxdaemon.outbound.caution import Care
from faxdaemon.outbound.covers import Covers, stand_in, taken
from faxdaemon.outbound.dialects import Dialects

HEAD_START = 3600.0
"""Seconds: what is urgent goes before what has waited for up to an hour, so that nothing waits for ever."""
_WHEN = "send_at"


@dataclass(frozen=True, slots=True)
class FolderRules:
    """What a drop folder decides for its faxes."""

    dialects: Dialects
    accounts: tuple[str, ...]
    region: str
    options: Mapping[str, Any]
    """Wishes for every fax, as `core.wishes.parse` gives them; those of the fax itself come first."""
    expire: float
    """Seconds from acceptance, or from its time, after which an unsent fax fails."""
    zone: tzinfo | None = None
    """In which times without one are meant; the machine's own without it."""
    keep: tuple[Picture, ...] = ()
    """What is wanted beside the answer."""
    care: Care = field(default_factory=Care)
    covers: Covers = field(default_factory=dict)
    """Cover pages that are made here."""


class Unroutable(Exception):
    """It cannot be sent; the message says why."""


def choose(
    request: Request, documents: Sequence[Document], rules: FolderRules, capabilities: Mapping[str, Capabilities]
) -> Route:
    """The route of one recipient.  Raises `Unroutable`."""
    try:
        asked = {**rules.options, **wishes.parse(request.options, rules.zone)}
        number = _recipient(request, asked, rules.region)
    except (BadWish, NotANumber) as error:
        raise Unroutable(str(error)) from None
    begin, end = wishes.moment(asked, _WHEN), wishes.moment(asked, "expire_at")
    if begin and end and end <= begin:
        raise Unroutable("it is to be sent only after the time at which it expires; put `send_at` or `expire_at` right")
    if asked.get("service") == "fax":
        del asked["service"]  # every account does that
    cover = taken(asked, rules.covers)
    if cover is not None:
        documents = (stand_in(), *documents)
    accounts = _able(_chosen(rules.accounts, request.account), number, asked, documents, capabilities)
    waits_there = all(_WHEN in capabilities[account].wishes for account in accounts)
    if not waits_there:
        asked.pop(_WHEN, None)
    return Route(
        number,
        request.name,
        accounts,
        asked,
        not_before=None if waits_there else begin,
        expires_at=end,
        head_start=HEAD_START if asked.get("priority") == "high" else 0.0,
        keep=rules.keep,
        fields=_fields(request),
        cover=cover,
    )


def _chosen(accounts: Sequence[str], wanted: str | None) -> Sequence[str]:
    """The folder's accounts, or the one of them that the drop asks for."""
    if wanted is None:
        return accounts
    if wanted not in accounts:
        raise Unroutable(f"it asks for the account “{wanted[:40]}”; this folder may use: {', '.join(accounts)}")
    return (wanted,)


def _fields(request: Request) -> dict[str, str]:
    """What the answer gives back."""
    own = {"name": request.name, "reference": request.reference}
    return {**request.fields, **{key: value for key, value in own.items() if value}}


def without(asked: Mapping[str, Any], capabilities: Capabilities) -> list[str]:
    """The wishes that such an account leaves out."""
    return sorted(name for name in asked if VOCABULARY[name].need is Need.MAY and name not in capabilities.wishes)


def lacking(asked: Mapping[str, Any], capabilities: Capabilities) -> list[str]:
    """The wishes for which such an account cannot be used."""
    return sorted(name for name in asked if VOCABULARY[name].need is Need.MUST and name not in capabilities.wishes)


def _recipient(request: Request, asked: dict[str, Any], region: str) -> str:
    """The number in E.164, or the address; `asked` is made to agree."""
    if not wishes.to_address(asked):
        if "address" in asked:
            services = " or ".join(sorted(wishes.ADDRESSED))
            raise BadWish("address", f"is of use only with the service {services}; ask for one, or give a number only")
        if is_emergency(request.number, region):
            raise NotANumber(f"“{request.number}” calls for help (region {region}): no fax is sent there")
        return to_e164(request.number, region)
    asked["address"] = asked.get("address") or wishes.value_of("address", request.number)
    return str(asked["address"])


def _able(
    accounts: Sequence[str],
    number: str,
    asked: Mapping[str, Any],
    documents: Sequence[Document],
    capabilities: Mapping[str, Capabilities],
) -> tuple[str, ...]:
    """The accounts that can do it at all."""
    able, reasons = [], []
    for account in accounts:
        reason = _cannot(capabilities[account], number, asked, documents)
        if reason:
            reasons.append(f"{account}: {reason}")
        else:
            able.append(account)
    if not able:
        raise Unroutable("no account can send it (" + "; ".join(reasons) + ")")
    return tuple(able)


def _cannot(
    capabilities: Capabilities, number: str, asked: Mapping[str, Any], documents: Sequence[Document]
) -> str | None:
    missing = lacking(asked, capabilities)
    if missing:
        return f"does not take {', '.join(missing)}"
    regions = None if wishes.to_address(asked) else capabilities.regions
    if regions is not None and not any(number.startswith(f"+{code}") for code in regions):
        return f"reaches only numbers with {', '.join('+' + code for code in sorted(regions))}"
    return _unfit(documents, capabilities)


def _unfit(documents: Sequence[Document], capabilities: Capabilities) -> str | None:
    """What about the documents keeps such an account from it."""
    if capabilities.documents is not None and len(documents) > capabilities.documents:
        return f"takes {capabilities.documents} documents in one fax, and these are {len(documents)}"
    for number, document in enumerate(documents):
        suffix = PurePath(document.name).suffix.lower()
        if suffix not in capabilities.suffixes:
            kind = f"files of type {suffix}" if suffix else "files without a suffix such as .pdf"
            return f"does not take {kind}"
        if number and suffix in capabilities.only_first:
            return f"takes files of type {suffix} as the first document only"
    return None
