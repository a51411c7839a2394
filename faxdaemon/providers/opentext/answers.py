"""What a reply of OpenText means: HTTP status first, then the words of a status.

Promise   *refused* and *not now* are concluded only from statuses that cannot come after the work; all 5xx and all
          unread replies are unknown.  A delivery is called sent only by its own last attempt.
Needs     nothing.
Crash     keeps nothing.

The bodies of errors are not published and may echo the request: they are neither read nor shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from faxdaemon.contracts.provider import Accepted, Answer, JobStatus, Progress, Unknown
from faxdaemon.core.errors import CredentialsRefused, ProviderTrouble
from faxdaemon.http import Reply
from faxdaemon.providers._json import BadJson, parse
from faxdaemon.providers._statuses import LETS_NOBODY_IN, answer_of
from faxdaemon.providers._words import shown

_UNFIT = "it does not take this fax: number, document or a setting of the account is not as it wants them"
#: Refusals by status, in words for people.
_REQUEST: Mapping[int, str] = MappingProxyType(
    {400: _UNFIT, 415: "it does not take this kind of document", 422: _UNFIT}
)

#: Failure numbers whose meaning is known; OpenText gives the list (gammacodes.pdf) to customers only.
GAMMA: Mapping[int, str] = MappingProxyType(
    {
        2004: "OpenText says that this is not a fax number (gamma code 2004)",
        5000: "the delivery was cancelled (gamma code 5000)",
    }
)
_PERMANENT = frozenset({2004})

#: By word and by the number of the vendor's older interface.
_STATES: Mapping[str, Progress] = MappingProxyType(
    {
        "pending": Progress.PENDING,
        "1": Progress.PENDING,
        "submitted": Progress.PENDING,
        "2": Progress.PENDING,
        "inprocess": Progress.PENDING,
        "3": Progress.PENDING,
        "error": Progress.FAILED,
        "4": Progress.FAILED,
        "cancelled": Progress.CANCELLED,
        "canceled": Progress.CANCELLED,
        "5": Progress.CANCELLED,
        "held": Progress.PENDING,  # until a person there releases it
        "6": Progress.PENDING,
        "sent": Progress.SENT,
        "7": Progress.SENT,
        "expired": Progress.FAILED,
        "8": Progress.FAILED,
    }
)
_OVER = frozenset({"complete", "cancelled", "canceled", "error"})
_JOB_ID = re.compile(r"[\w.:@+-]{1,100}", re.ASCII)


def taken(reply: Reply) -> Answer:
    """The answer to a submission."""
    if reply.status >= 300:
        return answer_of("OpenText", reply.status, reply.retry_after, _REQUEST)
    answer = parsed(reply.body) if reply.status in (200, 201, 202) and reply.framed else None
    job = answer.get("job_id") if isinstance(answer, dict) else None
    if isinstance(job, str) and _JOB_ID.fullmatch(job):
        return Accepted(job)
    return Unknown(f"OpenText answered HTTP {reply.status} without a job id")


def checked(reply: Reply, fine: Sequence[int]) -> Reply:
    """A reply to any other request, when its status is one of `fine`; everything else is raised.

    A page in HTML comes from something before the service, whatever its status.
    """
    if reply.status in LETS_NOBODY_IN:
        raise CredentialsRefused(f"OpenText answered HTTP {reply.status}: it does not let us in")
    if reply.status not in fine or reply.media == "text/html":
        raise ProviderTrouble(f"OpenText answered HTTP {reply.status}", reply.retry_after)
    if not reply.framed:
        raise ProviderTrouble("OpenText's answer does not tell its own length, so it may have been cut off")
    return reply


def parsed(body: bytes) -> Any:
    """A body as JSON, or None."""
    try:
        return parse(body)
    except BadJson:
        return None


def is_job_id(text: str) -> bool:
    """Whether it has the form of a job's id."""
    return bool(_JOB_ID.fullmatch(text))


def status_of(provider_id: str, answer: Any) -> JobStatus | None:
    """What a status answer says of the job; None when it is none."""
    if not isinstance(answer, dict) or answer.get("job_id", provider_id) != provider_id:
        return None
    words = _words(answer.get("job_state"))
    if "purged" in words:
        return JobStatus(provider_id, Progress.UNKNOWN_JOB, "OpenText has purged the job's records")
    deliveries = answer.get("deliveries")
    if not words and not isinstance(deliveries, list):
        return None
    found = [delivery for delivery in deliveries or [] if isinstance(delivery, dict)]
    over = bool(_OVER & words)
    if not found:
        return _without_delivery(provider_id, words, over=over)
    statuses = [_delivery(provider_id, delivery, over=over) for delivery in found]
    # one destination is asked for; were there more, the least happy one counts
    order = (Progress.PENDING, Progress.FAILED, Progress.CANCELLED, Progress.SENT)
    return min(statuses, key=lambda status: order.index(status.progress))


def _without_delivery(provider_id: str, words: frozenset[str], *, over: bool) -> JobStatus:
    """Before the first delivery exists, or of a job that never came to one."""
    text = f"the job is {shown(', '.join(sorted(words)))}"
    if not over:
        return JobStatus(provider_id, Progress.PENDING, text)
    if "error" in words:
        return JobStatus(provider_id, Progress.FAILED, f"{text}: OpenText could not prepare the fax")
    if words & {"cancelled", "canceled"}:
        return JobStatus(provider_id, Progress.CANCELLED, text)
    return JobStatus(provider_id, Progress.UNKNOWN_JOB, f"{text}, but OpenText tells nothing of its delivery")


def _delivery(provider_id: str, delivery: Mapping[str, Any], *, over: bool) -> JobStatus:
    attempts = delivery.get("delivery_attempts")
    last = attempts[-1] if isinstance(attempts, list) and attempts and isinstance(attempts[-1], dict) else {}
    word = shown(str(last.get("state", "")))
    progress = _STATES.get(re.sub(r"[\s_-]", "", word.lower()), Progress.PENDING)
    gamma = last.get("gamma_code")
    code = gamma if isinstance(gamma, int) and not isinstance(gamma, bool) else 0
    if progress is Progress.SENT and code:
        progress = Progress.FAILED  # the number says failure; vendor's advice: unknown ones are errors
    if progress is not Progress.SENT and not over:
        return JobStatus(provider_id, Progress.PENDING, word or "not begun")
    return JobStatus(
        provider_id,
        progress,
        _sentence(word, code),
        pages=_count(last.get("pages_delivered")),
        ended_at=moment_of(last.get("delivery_time")) if progress is not Progress.PENDING else None,
        duration_s=_count(last.get("delivery_sec")),
        remote_csid=shown(str(last.get("rcsid") or "")) or None,
        permanent=code in _PERMANENT,
    )


def _sentence(word: str, code: int) -> str:
    if not code:
        return word or "OpenText gives no reason"
    return GAMMA.get(code, f"{word}: OpenText's failure number {code} (gamma code; the list is with OpenText)")


def moment_of(value: Any) -> datetime | None:
    """A time as the service writes it; None for whatever is none."""
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _count(value: Any) -> int | None:
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1_000_000
    return round(value) if good else None


def _words(value: Any) -> frozenset[str]:
    values = value if isinstance(value, list) else [value]
    return frozenset(word.strip().lower() for word in values if isinstance(word, str) and word.strip())
