"""The tables of codes in docs/providers.md, made by giving each code to the adapter and writing down what it says.

`refresh` puts them between their two marks in the page and changes nothing else.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from structlog.testing import capture_logs
from support.faxes import Paper, new_submission
from support.wire import RealClock

from faxdaemon.contracts.provider import Accepted, AccountRefused, Cancelled, JobStatus, NotNow, Refused, Unknown
from faxdaemon.contracts.push import Push, Understood
from faxdaemon.core.errors import CredentialsRefused, ItemGone, ProviderTrouble, UserError
from faxdaemon.core.model import Listed
from faxdaemon.http import Reply
from faxdaemon.providers import concord, faxage, faxde
from faxdaemon.providers.concord import answers as concord_answers
from faxdaemon.providers.concord.errors import UNKNOWN_JOB, Errors
from faxdaemon.providers.concord.talk import Talk
from faxdaemon.providers.concord.voice import Spoken
from faxdaemon.providers.faxage import answers as faxage_answers
from faxdaemon.providers.faxde import answers as faxde_answers
from faxdaemon.providers.faxde import protocols
from faxdaemon.providers.faxde import push as faxde_push
from faxdaemon.providers.faxde.wire import Told
from faxdaemon.providers.opentext import answers as opentext_answers

BEGIN = "<!-- codes: generated from the adapters; see tests/support/provider_codes.py -->"
END = "<!-- end of the codes -->"
NUMBER, NOW = "+13035550100", datetime(2026, 11, 20, tzinfo=UTC)
LISTED = Listed("7", None, None, None, None, None, {})

CLASSES: Mapping[type, str] = {
    Accepted: "taken",
    NotNow: "not now",
    AccountRefused: "account",
    Refused: "refused",
    Unknown: "unknown",
    CredentialsRefused: "account",
    ItemGone: "gone",
    ProviderTrouble: "trouble",
    UserError: "told",
}
#: FAXAGE: the errors that its document gives, by script and operation, with the adapter's method.
FAXAGE: Mapping[tuple[str, str], tuple[Sequence[int], Callable[[Any], Any]]] = {
    ("httpsfax.php", "sendfax"): ((1, 2, 3, 4, 5, 8, 15), lambda p: p.submit(new_submission(), [Paper(b"x").content])),
    ("httpsfax.php", "status"): ((1, 2, 6, 8), lambda p: p.status(["7"])),
    ("httpsfax.php", "dlstatus"): ((1, 2, 6, 24, 25), lambda p: p.sent_image("7", "pdf", bytes)),
    ("httpsfax.php", "dltrans"): ((1, 2, 6, 24, 25), lambda p: p.transmittal("7", bytes)),
    ("httpsfax.php", "clear"): ((1, 2, 7, 8), lambda p: p.forget("7")),
    ("httpsfax.php", "listfax"): ((1, 2, 8, 11), lambda p: p.inbox()),
    ("httpsfax.php", "getfax"): ((1, 2, 8, 12, 13), lambda p: p.fetch(LISTED, bytes)),
    ("httpsfax.php", "delfax"): ((1, 2, 8, 14), lambda p: p.acknowledge(LISTED)),
    ("httpsfax.php", "stopfax"): ((1, 2, 8, 18, 19, 20, 21, 22, 23), lambda p: p.cancel("7")),
    ("httpsfax.php", "disabledid"): ((1, 2, 8, 16, 17), lambda p: p.set_line(NUMBER, enabled=False)),
    ("httpsfax.php", "enabledid"): ((1, 2, 8, 16, 17), lambda p: p.set_line(NUMBER, enabled=True)),
    ("httpsfax.php", "portable"): ((1, 2, 8), lambda p: p.portable(NUMBER)),
    ("httpsfax.php", "listlines"): ((1, 2, 8), lambda p: p.lines()),
    ("httpsfax.php", "resend"): ((40,), lambda p: p.send_again("7", None)),
    ("getcdr.php", "by time or number"): ((1, 2), lambda p: p.records(NOW, NOW, None)),
    ("provision.php", "listac"): ((1, 2, 3), lambda p: p.area_codes()),
    ("provision.php", "listnpanxx"): ((1, 2, 3), lambda p: p.exchanges(None)),
    ("provision.php", "listdids"): ((1, 2, 3), lambda p: p.free_numbers(None, None)),
    ("provision.php", "provdid"): ((1, 2, 3, 4, 5), lambda p: p.order_number(NUMBER)),
    ("provision.php", "deprovdid"): ((1, 2, 3, 4, 5), lambda p: p.return_number(NUMBER)),
}
#: FAX.de: the results of the other methods than SendJob.
FAXDE: Mapping[str, tuple[Sequence[int], Callable[[Any], Any]]] = {
    "JobStatus": ((0, 1, 2, 3, 4, 5, 6), lambda p: p.status(["7"])),
    "CancelJob": ((0, 1, -1, -2, -3), lambda p: p.cancel("7")),
    "RequestReceived": ((0, 1, 2, 3, 4, 5), lambda p: p.inbox()),
    "DeleteReceived": ((0, 1, 2, 3, 4, 5), lambda p: p.acknowledge(LISTED)),
}
HTTP = (
    200,
    204,
    301,
    307,
    308,
    400,
    401,
    403,
    404,
    405,
    407,
    408,
    410,
    411,
    413,
    414,
    415,
    421,
    422,
    425,
    429,
    431,
    451,
)
HTTP_LATER = (500, 502, 503, 504)


def refresh(page: str) -> str:
    """`page` with the tables as they should be; `ValueError` when it lacks the marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page must contain “{BEGIN}” and “{END}”")
    tables = "\n\n".join((_faxage(), _faxde(), _faxde_words(), _concord(), _opentext(), _opentext_words(), _http()))
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [f"### {title}", "", "| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def judged(ask: Callable[[], Any]) -> tuple[str, str]:
    """The class of what the adapter says, and its words."""
    try:
        said = ask()
    except (CredentialsRefused, ProviderTrouble, ItemGone, UserError) as error:
        return CLASSES[type(error)], str(error)
    if type(said) in CLASSES:
        return CLASSES[type(said)], getattr(said, "reason", "")
    if isinstance(said, Cancelled):
        return ("stopped" if said is Cancelled.DONE else "too late"), ""
    if isinstance(said, list) and said and isinstance(said[0], JobStatus):
        return said[0].progress.value, said[0].text
    return ("nothing there" if said == [] else "done"), ""


class _Says:
    """An HTTP client whose every reply is the same."""

    def __init__(self, words: str) -> None:
        self.reply = Reply(status=200, headers={"content-type": "text/plain"}, body=words.encode(), framed=True)

    def send(self, *_: Any, **__: Any) -> Reply:
        return self.reply

    download = send


def _faxage() -> str:
    found: dict[tuple[str, int], dict[str, list[str]]] = {}
    words: dict[tuple[str, int], str] = {}
    for (script, operation), (codes, ask) in FAXAGE.items():
        for code in codes:
            options = faxage.Options(provider="faxage", username="u", company="1", password="p")
            provider = faxage.open_account(options, _Says(f"ERR{code:02}: x"), RealClock())  # type: ignore[arg-type] # stands for one
            kind, _ = judged(lambda ask=ask, provider=provider: ask(provider))  # type: ignore[misc] # mypy cannot infer it
            found.setdefault((script, code), {}).setdefault(kind, []).append(operation)
            words[script, code] = faxage.account.dialect.sentence(code, script)
    rows = [
        (
            script,
            f"ERR{code:02}",
            "; ".join(f"**{kind}** ({', '.join(ops)})" for kind, ops in kinds.items()),
            words[key],
        )
        for key, kinds in sorted(found.items())
        for script, code in [key]
    ]
    return _table("FAXAGE", ("script", "code", "class (operations)", "in words"), rows)


def _told(code: int, **more: str) -> Told:
    values = {"return": str(code), **more}
    return Told(200, SimpleNamespace(told=values.get, find=lambda *_: None))  # type: ignore[arg-type] # stands for one


def _faxde() -> str:
    rows: list[Sequence[object]] = []
    for code in [0, *sorted((*faxde_answers.SEND, faxde_answers.DUPLICATE), key=lambda c: (c > 0, abs(c)))]:
        told = _told(code, JobId="7")
        kind, said = judged(lambda told=told: faxde_answers.taken(told, doubt=False, is_ours=lambda _: True))  # type: ignore[misc] # mypy cannot infer it
        if code == faxde_answers.DUPLICATE:
            kind += "; of an attempt in doubt: taken"
        rows.append(("SendJob", code, f"**{kind}**", said.removesuffix(f" ({code})")))
    options = faxde.Options(provider="faxde", customer="c", password="p")
    for method, (codes, ask) in FAXDE.items():
        for code in codes:
            told = _told(code, FaxId="7", SendResult="OK")
            wire = SimpleNamespace(call=lambda *_, told=told, **__: told, download=lambda *_, told=told, **__: told)
            provider = faxde.open_account(options, _Says(""), RealClock())  # type: ignore[arg-type] # stands for one
            changed = dataclasses.replace(provider, wire=wire)  # type: ignore[type-var] # it is a dataclass
            kind, said = judged(lambda ask=ask, changed=changed: ask(changed))  # type: ignore[misc] # mypy cannot infer it
            rows.append((method, code, f"**{kind}**", said.removesuffix(f" ({code})")))
    return _table("FAX.de", ("method", "result", "class", "in words"), rows)


def _faxde_words() -> str:
    """JobStatus' words (and those of the StatusFile), and STATURL's."""
    rows: list[Sequence[object]] = []
    for word in ("OK", "Busy", "No Answer", "Voice", "No Service", "Send-Fail", "Call failed", "Black-List"):
        status = protocols.finished("7", _told(0, SendResult=word))
        rows.append(("SendResult, RESULT", word, f"**{status.progress.value}**", _for_good(status)))
    status = protocols.finished("7", _told(0, SendResult="anything else"))
    rows.append(("SendResult, RESULT", "any other", f"**{status.progress.value}**", "a person must look"))
    rows.append(("SendResult", "multi", "by the StatusFile", "sent when all recipients are"))
    for word in sorted(faxde_push.RESULTS):
        said = faxde_push.understand(Push("status", "GET", {"j": "7", "s": word}, {}, b""))
        assert isinstance(said, Understood)
        rows.append(("$STAT", word, f"**{said.statuses[0].progress.value}**", _for_good(said.statuses[0])))
    return _table("FAX.de, words", ("field", "word", "class", ""), rows)


def _for_good(status: JobStatus) -> str:
    return "dialling the number again is pointless" if status.permanent else ""


class _Well:
    """A voice by which only the control question is asked; the account is well."""

    def ask(self, *_: Any, **__: Any) -> Spoken:
        return Spoken(Reply(status=200, headers={}, body=b"", framed=True), {"return": "true"})


def _concord() -> str:
    errors = Errors()
    talk = Talk(_Well(), {}, errors)

    def row(code: str, status: int, said: dict[str, Any] | None, fault: str | None = None) -> tuple[str, ...]:
        spoken = Spoken(Reply(status=status, headers={}, body=b"", framed=True), said, fault)
        with capture_logs():
            kind, words = judged(lambda: concord_answers.taken(spoken, talk))
            other, why = judged(lambda: talk.judged("GetRealTimeFaxStatusEx3", spoken, ()))
        return code, f"**{kind}**", f"**{other}**", words or why

    done = {"return": "true", "FaxJobIds": [{"JobId": "br1"}]}
    numbers = {f"ErrorCode {UNKNOWN_JOB}": UNKNOWN_JOB, "ErrorCode, any other": -5000, "ErrorCode, none": None}
    rows = [row("`return` true, with one job id", 200, done), row("`return` true, without", 200, {"return": "true"})]
    for name, code in numbers.items():
        code_, kind, _, words = row(name, 200, {"return": "false", "WSError": {"ErrorCode": code}})
        rows.append((code_, kind, f"**{errors.kind(code)}**", words.replace(" (error -5000)", "")))
    rows.append(row("`return` unreadable", 200, {}))
    faults = ("Client", "VersionMismatch", "MustUnderstand", "Server", "any other")
    rows += [row(f"SOAP fault {fault}", 500, None, fault) for fault in faults]
    rows += [row(f"HTTP {status}", status, None) for status in (*HTTP, *HTTP_LATER) if status != 200]
    rows += [
        (f"FaxJobStatusId {number}", "", f"**{_told_by_concord(number).progress.value}**", words)
        for number, words in {
            1: "",
            2: "unless the entry's own error says that the job is unknown; its text is the reason",
            3: "",
            "any other": "asked again; after two days a person is told",
        }.items()
    ]
    return _table("Concord", ("code", "class (submission)", "class (any other request)", "in words"), rows)


def _told_by_concord(number: int | str) -> JobStatus:
    """The status of a job with this FaxJobStatusId."""
    options = concord.Options(provider="concord", user_id="u", password="p", protocol="json")
    said = {"return": True, "FaxStatusList": [{"FaxJobId": "br1", "FaxJobStatusId": number}]}
    http: Any = _Says(json.dumps({"GetRealTimeFaxStatusEx3Response": said}))
    (status,) = concord.open_account(options, http, RealClock()).status(["br1"])
    return status


def _http() -> str:
    """What a submission's HTTP status says, of the two whose other tables do not tell."""
    rows: list[Sequence[object]] = []
    for status in (*HTTP[2:], 302, 303, 417, *HTTP_LATER):
        reply = Reply(status=status, headers={}, body=b"", framed=True)
        faxde_kind, _ = judged(lambda status=status: faxde_answers.taken(Told(status), doubt=False, is_ours=bool))  # type: ignore[misc] # likewise
        faxage_kind, _ = judged(lambda reply=reply: faxage_answers.taken(reply))  # type: ignore[misc] # likewise
        rows.append((f"HTTP {status}", f"**{faxde_kind}**", f"**{faxage_kind}**"))
    return _table("FAX.de and FAXAGE, by HTTP status", ("status", "FAX.de (submission)", "FAXAGE (submission)"), rows)


def _opentext_words() -> str:
    rows: list[Sequence[object]] = []
    for word in sorted(opentext_answers._STATES, key=lambda word: (word.isdigit(), word)):
        attempt = {"state": word, "delivery_time": "2026-11-20T09:00:00.000Z"}
        answer = {"job_state": ["Complete"], "deliveries": [{"delivery_attempts": [attempt]}]}
        status = opentext_answers.status_of("xsi-1", answer)
        rows.append(("delivery_attempts.state", word, f"**{status.progress.value if status else 'trouble'}**"))
    for word in ("Complete", "Error", "Cancelled", "purged", "Processing", "Held"):
        status = opentext_answers.status_of("xsi-1", {"job_state": [word], "deliveries": []})
        rows.append(("job_state, without a delivery", word, f"**{status.progress.value if status else 'trouble'}**"))
    return _table("OpenText, words", ("field", "word", "class"), rows)


def _opentext() -> str:
    rows: list[Sequence[object]] = []
    for status in (*HTTP, *HTTP_LATER):
        body = b'{"job_id": "xsi-1"}' if status == 200 else b""
        reply = Reply(status=status, headers={}, body=body, framed=True)
        kind, said = judged(lambda reply=reply: opentext_answers.taken(reply))  # type: ignore[misc] # mypy cannot infer it
        other, _ = judged(lambda reply=reply: opentext_answers.checked(reply, (200, 204)))  # type: ignore[misc] # likewise
        rows.append((f"HTTP {status}", f"**{kind}**", "done" if isinstance(other, Reply) else other, said))
    rows += [(f"gamma code {code}", "", "**failed**", words) for code, words in opentext_answers.GAMMA.items()]
    return _table("OpenText", ("code", "class (submission)", "class (any other request)", "in words"), rows)
