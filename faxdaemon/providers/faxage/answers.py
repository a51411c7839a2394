"""What a reply of FAXAGE means: HTTP status, frame and error code together.

Promise   *refused* and *not now* are concluded only from what cannot come after the work: the service's own refusals of
          `sendfax`, and statuses as `_statuses` has them.  All unread replies are unknown.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from faxdaemon.contracts.provider import Accepted, AccountRefused, Answer, Refused, Unknown
from faxdaemon.core.errors import CredentialsRefused, ProviderTrouble
from faxdaemon.http import Reply
from faxdaemon.providers._statuses import LETS_NOBODY_IN, answer_of
from faxdaemon.providers.faxage import dialect

_CUT_OFF = "FAXAGE's answer does not tell its own length, so it may have been cut off"


def taken(reply: Reply) -> Answer:
    """The answer to `sendfax`."""
    if reply.status != 200:
        return answer_of("FAXAGE", reply.status, reply.retry_after)
    if not reply.framed:  # `JOBID: 12` may have been `JOBID: 1234`
        return Unknown(_CUT_OFF)
    if job := dialect.job_of(reply.text):
        return Accepted(job)
    code = dialect.error_of(reply.text)
    if code is None:
        return Unknown("FAXAGE answered with neither a job id nor an error")
    if code == 2:
        return AccountRefused(dialect.sentence(code))
    # ERR01 and ERR15 come from the service's database, before or after the job was entered: nobody can tell
    return Refused(dialect.sentence(code)) if code in (3, 4, 5, 8) else Unknown(dialect.sentence(code))


def read(reply: Reply, text: str, expected: Sequence[int], script: str = "httpsfax.php") -> int | None:
    """Which `expected` error the answer is, None when it is none; every other one is raised."""
    if reply.status in LETS_NOBODY_IN:
        raise CredentialsRefused(f"FAXAGE answered HTTP {reply.status}: it does not let us in")
    if reply.status != 200:
        raise ProviderTrouble(f"FAXAGE answered HTTP {reply.status}", reply.retry_after)
    if not reply.framed:
        raise ProviderTrouble(_CUT_OFF)
    code = dialect.error_of(text)
    if code is None or code in expected:
        return code
    raise (CredentialsRefused if code == 2 else ProviderTrouble)(dialect.sentence(code, script))


class Sniffer:
    """Passes a document on to `write`, unless its first bytes are those of an error."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._kept = b""
        self.passed = False
        """Whether it is a document."""

    @staticmethod
    def wanted(head: Reply) -> bool:
        """Whether what follows this head may be a document."""
        return head.status == 200 and head.framed and not head.media.startswith("text/")

    def __call__(self, piece: bytes) -> None:
        if self.passed:
            self._write(piece)
            return
        self._kept += piece
        if self._is_error():
            self._kept = self._kept[:1024]
        elif len(self._kept) >= 16:
            self._pass()

    def _is_error(self) -> bool:
        return dialect.error_of(self._kept[:64].decode("latin-1")) is not None

    def _pass(self) -> None:
        self.passed = True
        self._write(self._kept)
        self._kept = b""

    def finish(self) -> str:
        """The error's text; empty when it was a document, or nothing came."""
        if self._kept and not self._is_error():
            self._pass()
        return self._kept.decode("utf-8", "replace")
