"""FAXAGE: listfax, getfax, delfax, handled."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from faxdaemon.sandbox.faults import Play
from faxdaemon.sandbox.model import Received
from faxdaemon.sandbox.wire import Reply, Request, text

NOTHING = "ERR11: No incoming faxes available"
NOT_FOUND = "FAX ID not found or does not belong to you"


def _written(number: str | None) -> str:
    """A number as FAXAGE lists it, `(303)555-0100`."""
    if not number:
        return "Unavailable"
    digits = number.removeprefix("+1")
    return f"({digits[:3]}){digits[3:6]}-{digits[6:]}" if len(digits) == 10 else number


def listfax(request: Request) -> Reply:
    """The faxes that wait."""
    form = request.form
    faxes = [fax for fax in request.network.inbox.waiting(request.account.name) if _wanted(request, fax)]
    if not faxes:
        return text(NOTHING)
    if not form.flag("idasc"):
        faxes.sort(key=lambda fax: fax.number, reverse=True)
        faxes.sort(key=lambda fax: fax.line)
    return text("".join("\t".join(_record(request, fax)) + "\n" for fax in faxes))


def _wanted(request: Request, fax: Received) -> bool:
    form = request.form
    after, begin = form.text("idgt"), request.moment("begin")
    return not (
        (after.isdigit() and fax.number <= int(after))
        or (begin and fax.received_at.replace(microsecond=0) < begin)
        or (form.text("didnumber") and fax.line != f"+1{form.text('didnumber')}")
        or (form.flag("unhandled") and fax.handled)
    )


def _record(request: Request, fax: Received) -> list[str]:
    form = request.form
    fields = [str(fax.number), request.stamp(fax.received_at)]
    if form.flag("starttime"):
        fields.append(request.stamp(fax.started_at))
    fields += [_written(fax.caller), _written(fax.line)]
    if form.flag("filename"):
        fields.append(fax.path.name)
    if form.flag("pagecount"):
        fields.append(str(fax.pages))
    if form.flag("showtsid"):
        fields.append(fax.csid or "")
    return fields


def getfax(request: Request) -> Reply:
    """Download one; it counts as fetched when all of it is sent."""
    fax = _fax(request, "faxid")
    if fax and request.fault and request.fault.play is Play.DELETED_ELSEWHERE:
        request.network.inbox.delete(fax)
        fax = None
    if fax is None:
        return text(f"ERR12: {NOT_FOUND}")
    try:
        content = fax.path.read_bytes()
    except OSError:
        return text("ERR13: File could not be opened")
    disposition = ("Content-Disposition", f'attachment; filename="{fax.path.name}"')
    return Reply(
        content,
        content_type="application/octet-stream",
        headers=(disposition,),
        sent=lambda: request.network.inbox.fetched(fax),
    )


def delfax(request: Request) -> Reply:
    """Delete one."""
    fax = _fax(request, "faxid")
    if fax is None:
        return text(f"ERR14: {NOT_FOUND}")
    if not (request.fault and request.fault.play is Play.ITEM_AGAIN):
        request.network.inbox.delete(fax)
    request.network.inbox.released(fax)
    return text("Deleted")


def handled(request: Request) -> Reply:
    """Mark one as dealt with, or take the mark away (later revision of the API)."""
    fax = _fax(request, "recvid")
    if fax is None:
        return text(f"ERR14: {NOT_FOUND}")
    done = request.form.flag("handled")
    request.network.inbox.mark_handled(fax, done)
    if done:
        request.network.inbox.released(fax)
    return text(f"Fax {fax.number} marked {'handled' if done else 'unhandled'}")


def _fax(request: Request, field: str) -> Received | None:
    number = request.form.text(field)
    return request.network.inbox.fax(request.account.name, int(number)) if number.isdigit() else None


OPERATIONS: Mapping[str, Callable[[Request], Reply]] = {
    "listfax": listfax,
    "getfax": getfax,
    "delfax": delfax,
    "handled": handled,
}
