"""FAXAGE: lines (disabledid, enabledid, portable, listlines), getcdr.php and provision.php."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from faxdaemon.sandbox.numbering import ten_digits
from faxdaemon.sandbox.wire import Reply, Request, text

#: Numbers that can be had: area and exchange with the place they are in.
PLACES = {"303555": ("DENVER", "CO"), "202555": ("WASHINGTON", "DC"), "800555": ("Toll-Free", "Toll-Free")}
_LAST_FOUR = ("0130", "0131", "0132")
FREE = tuple(place + last for place in sorted(PLACES) for last in _LAST_FOUR)


def _own_line(request: Request, act: Callable[[str], object], word: str) -> Reply:
    digits = request.form.text("didnumber")
    if not ten_digits(digits):
        return text("ERR16: invalid DID number")
    if request.network.inbox.owner(f"+1{digits}") is not request.account:
        return text("ERR17: DID not found or doesn't belong to you")
    act(f"+1{digits}")
    return text(word)


def disabledid(request: Request) -> Reply:
    """Let a line give a busy tone."""
    return _own_line(request, request.network.disabled.add, "Disabled")


def enabledid(request: Request) -> Reply:
    """Let it receive again."""
    return _own_line(request, request.network.disabled.discard, "Enabled")


def portable(request: Request) -> Reply:
    """Whether a number could be moved to FAXAGE."""
    return text("1" if request.form.text("didnumber")[:6] in PLACES else "0")


def listlines(request: Request) -> Reply:
    """The account's numbers."""
    return text("".join(f"{line[-10:]}\n" for line in request.network.inbox.lines(request.account.name)))


def call_records(request: Request) -> Reply:
    """getcdr.php: nothing, unless asked by time or by number."""
    form = request.form
    begin, end, after = request.moment("begin"), request.moment("end"), form.text("nuidgt")
    calls = request.network.books.calls(request.account.name)
    if after.isdigit():
        calls = [call for call in calls if call.number > int(after)]
    elif begin and end:
        calls = [call for call in calls if begin <= call.at.replace(microsecond=0) <= end]
    else:
        return text("")
    if form.text("didnumber"):
        line = f"+1{form.text('didnumber')}"
        calls = [call for call in calls if call.direction == "IN" and call.destination == line]
    lines = []
    for call in sorted(calls, key=lambda call: call.at):
        fields = [request.stamp(call.at), call.direction, call.source[-10:], call.destination[-10:], str(call.seconds)]
        lines.append(",".join(([str(call.number)] if form.flag("nuidshow") else []) + fields))
    return text("".join(f"{line}\n" for line in lines))


def _free(request: Request) -> list[str]:
    return [digits for digits in FREE if request.network.inbox.owner(f"+1{digits}") is None]


def listac(request: Request) -> Reply:
    """Area codes with free numbers."""
    return text("".join(f"{area}\n" for area in sorted({digits[:3] for digits in _free(request)})))


def listnpanxx(request: Request) -> Reply:
    """Exchanges with free numbers, and where they are."""
    free = sorted({digits[:6] for digits in _free(request) if digits.startswith(request.form.text("ac"))})
    return text("".join("\t".join((place, *PLACES[place])) + "\n" for place in free))


def listdids(request: Request) -> Reply:
    """Free numbers."""
    start = request.form.text("npanxx") or request.form.text("ac")
    return text("".join(f"{digits}\n" for digits in _free(request) if digits.startswith(start)))


def provdid(request: Request) -> Reply:
    """Give the account a free number."""
    digits = request.form.text("didnumber")
    if not ten_digits(digits):
        return text("ERR04: Invalid DID number")
    if digits not in _free(request):
        return text(f"ERR05: {digits} does not appear to be available")
    request.network.inbox.assign(f"+1{digits}", request.account.name)
    return text(f"{digits} provisioned")


def deprovdid(request: Request) -> Reply:
    """Take a number away from the account."""
    digits = request.form.text("didnumber")
    if not ten_digits(digits):
        return text("ERR04: Invalid DID number")
    if request.network.inbox.owner(f"+1{digits}") is not request.account:
        return text(f"ERR05: {digits} is invalid or does not belong to you")
    request.network.inbox.assign(f"+1{digits}", None)
    return text(f"{digits} deprovisioned")


OPERATIONS: Mapping[str, Callable[[Request], Reply]] = {
    "disabledid": disabledid,
    "enabledid": enabledid,
    "portable": portable,
    "listlines": listlines,
}
PROVISION: Mapping[str, Callable[[Request], Reply]] = {
    "listac": listac,
    "listnpanxx": listnpanxx,
    "listdids": listdids,
    "provdid": provdid,
    "deprovdid": deprovdid,
}
