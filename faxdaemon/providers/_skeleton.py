"""NAME OF THE SERVICE (vendor, revision of its document).

Promise   what counts as accepted, as refused; that all else is unknown.
Needs     what the site must have set up at the vendor's.
Crash     nothing is kept; how a submission is found again.

A start for a new provider: copy it to `<name>.py` and follow `docs/adding-a-provider.md`.  It runs as it stands,
against a service that nobody offers: JSON in, JSON out, our reference in a field of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.provider import (
    Absent,
    Accepted,
    AccountRefused,
    Answer,
    Cancelled,
    Capabilities,
    Content,
    Duplicates,
    Find,
    Found,
    JobStatus,
    Lookup,
    NotNow,
    Progress,
    Provider,
    Refused,
    Unknown,
)
from faxdaemon.core.errors import CredentialsRefused, ItemGone, NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.core.model import Listed, Submission
from faxdaemon.http import Http, Reply, SizedStream
from faxdaemon.options import Account
from faxdaemon.providers._json import an_object

# Decide these first: the stages act by them and by nothing else.  In doubt, choose what holds a fax rather than what
# might send it twice: duplicates SENDS, find BY_MATCH or NOT.
CAPABILITIES = Capabilities(
    reference_length=64,
    duplicates=Duplicates.SENDS,
    find=Find.BY_REFERENCE,
    status_batch=1,
    retries_itself=False,
    can_cancel=False,
    head_of_queue_inbox=False,
    suffixes=frozenset({".pdf", ".tif", ".tiff"}),
)

_PROGRESS = {"waiting": Progress.PENDING, "sent": Progress.SENT, "failed": Progress.FAILED}


class Options(Account):
    """An account at the service."""

    token: SecretStr
    """The access token that the vendor assigned."""


def open_account(options: Options, http: Http, clock: Clock) -> Provider:  # noqa: ARG001 - the form of all providers
    """One account."""
    return Skeleton(options.url or "https://fax.example", options.token, http)


@dataclass(frozen=True, slots=True)
class Skeleton:
    """See the module."""

    url: str
    token: SecretStr
    http: Http
    capabilities: Capabilities = field(default=CAPABILITIES, init=False)

    def submit(self, submission: Submission, contents: Sequence[Content]) -> Answer:
        """Every way out is an `Answer`.  The document is read while it leaves, never as a whole."""
        if len(contents) != 1:
            return Refused("the service takes one document at a time")
        order = {"x-to": submission.number, "x-reference": submission.reference}
        body = SizedStream(contents[0].size, lambda: _pieces(contents[0]))
        try:
            # fresh: no kept connection, so that its sudden end cannot make the outcome unknown
            reply = self.http.send(
                "POST", f"{self.url}/faxes", headers={**self._headers(), **order}, content=body, fresh=True
            )
        except NotSent as error:
            return NotNow(f"the service could not be reached: {error}")
        except OutcomeUnknown as error:
            return Unknown(str(error))
        return _taken(reply)

    def find(self, submission: Submission) -> Lookup:
        """Absent only after a whole, readable answer that says so."""
        jobs = self._ask("GET", f"/faxes?reference={submission.reference}").get("faxes")
        if not isinstance(jobs, list) or any("id" not in job for job in jobs):
            raise ProviderTrouble("the service's list could not be read")
        return Found(str(jobs[0]["id"])) if jobs else Absent()

    def status(self, provider_ids: Sequence[str]) -> list[JobStatus]:
        """The provider's words go into `text`; what is not told stays None."""
        found = []
        for job in provider_ids:
            told = self._ask("GET", f"/faxes/{job}")
            progress = _PROGRESS.get(str(told.get("state")), Progress.PENDING)
            found.append(JobStatus(job, progress, str(told.get("text", ""))))
        return found

    def cancel(self, provider_id: str) -> Cancelled:  # noqa: ARG002 - the contract's form
        """`can_cancel` is False."""
        return Cancelled.UNSUPPORTED

    def inbox(self) -> list[Listed]:
        """Oldest first; every field of the service into `metadata`, under its own name."""
        faxes = self._ask("GET", "/received").get("faxes", [])
        return [Listed(str(fax["id"]), fax.get("to"), fax.get("from"), None, None, None, fax) for fax in faxes]

    def fetch(self, listed: Listed, write: Callable[[bytes], object]) -> None:
        """Only what is surely a document goes to `write`."""
        reply = self.http.download(
            "GET",
            f"{self.url}/received/{listed.provider_id}",
            headers=self._headers(),
            write=write,
            wanted=lambda head: head.status == 200 and head.media == "application/pdf",
            limit=256 * 1024 * 1024,
        )
        if reply.status in (404, 410):
            raise ItemGone("the service does not have this fax (any more)")
        if reply.status != 200 or reply.body:
            raise ProviderTrouble(f"the service gave no document (HTTP {reply.status})", reply.retry_after)

    def acknowledge(self, listed: Listed) -> None:
        """Already gone is fine."""
        self._ask("DELETE", f"/received/{listed.provider_id}", fine=(200, 204, 404, 410))

    def check(self) -> str:
        """The smallest request that needs the credentials and changes nothing."""
        self._ask("GET", "/account")
        return "the service accepts the token"

    def close(self) -> None:
        """Give up connections."""
        self.http.close()

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token.get_secret_value()}"}

    def _ask(self, method: str, path: str, fine: Sequence[int] = (200,)) -> dict[str, Any]:
        """A request that may be repeated; `NotSent` and `OutcomeUnknown` pass."""
        reply = self.http.send(method, self.url + path, headers=self._headers())
        if reply.status in (401, 403):
            raise CredentialsRefused("the service does not accept the token")
        if reply.status not in fine:
            raise ProviderTrouble(f"the service answered HTTP {reply.status}", reply.retry_after)
        answer = an_object(reply.body)
        if answer is None and reply.status == 200:
            raise ProviderTrouble("the service's answer could not be read")
        return answer or {}


def _pieces(content: Content) -> Iterator[bytes]:
    with content.open() as stream:
        while piece := stream.read(64 * 1024):
            yield piece


def _taken(reply: Reply) -> Answer:
    """Certainty first: what can come after the work is unknown, and a text that was cut off proves nothing."""
    if reply.status in (401, 403):
        return AccountRefused("the service does not accept the token")
    if reply.status == 429:
        return NotNow("the service is busy", reply.retry_after)
    if reply.status == 422:
        return Refused("the service does not take this fax")
    answer = an_object(reply.body)
    if reply.status == 201 and reply.framed and answer and isinstance(answer.get("id"), str):
        return Accepted(answer["id"])
    return Unknown(f"the service answered HTTP {reply.status}")  # never its text: it may echo our request
