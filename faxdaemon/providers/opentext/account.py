"""One OpenText account: sending, and what sending and receiving share.  What it means is in the package's page."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import urlencode

from pydantic import SecretStr

from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.provider import (
    AccountRefused,
    Ambiguous,
    Answer,
    Cancelled,
    Capabilities,
    Content,
    Duplicates,
    Find,
    JobStatus,
    Lookup,
    NotNow,
    Progress,
    Refused,
    Unknown,
)
from faxdaemon.core.errors import CredentialsRefused, NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.core.model import Listed, Submission
from faxdaemon.http import Http, Reply
from faxdaemon.providers._documents import suffix
from faxdaemon.providers.opentext import answers, request
from faxdaemon.providers.opentext.held import Shelf
from faxdaemon.providers.opentext.options import Options
from faxdaemon.providers.opentext.receiving import Receiver

CAPABILITIES = Capabilities(
    reference_length=80,
    duplicates=Duplicates.SENDS,
    find=Find.NOT,
    status_batch=20,  # one request for each
    retries_itself=True,
    can_cancel=False,  # only in the vendor's older SOAP interface
    head_of_queue_inbox=True,  # one that is reserved lets the next come, but there is room for `held.ROOM` of them only
    suffixes=frozenset(request.TYPES),
    wishes=request.WISHES,
)
_BATCH_TIME = 20.0
"""Seconds after which no further job of a batch is asked for: the claim on it lasts for one request and half a
minute."""
_NO_JOB = "xsi-0"
"""A job that does not exist."""


def capabilities_for(*, trusted: bool) -> Capabilities:
    """What the service can do, when its dealing with a repeated message id is `trusted` or not."""
    return replace(CAPABILITIES, duplicates=Duplicates.REFUSES) if trusted else CAPABILITIES


class Identity(Protocol):
    """How a request says who we are."""

    def send(self, act: Callable[[Mapping[str, str]], Reply]) -> Reply:
        """Call `act` with the headers for that."""
        ...


@dataclass(frozen=True, slots=True)
class Basic:
    """User id and password."""

    username: str
    password: SecretStr

    def send(self, act: Callable[[Mapping[str, str]], Reply]) -> Reply:
        """HTTP Basic (RFC 7617)."""
        pair = f"{self.username}:{self.password.get_secret_value()}".encode()
        return act({"authorization": f"Basic {base64.b64encode(pair).decode()}"})


class Opentext:
    """See the package."""

    def __init__(
        self,
        url: str,
        identity: Identity,
        options: Options,
        capabilities: Capabilities,
        *,
        inbound: Mapping[str, str],
        hold: float,
        http: Http,
        clock: Clock,
        shelf: Shelf,
    ) -> None:
        self._url = url
        self._identity = identity
        self._options = options
        self._capabilities = capabilities
        self._http = http
        self._clock = clock
        documents = f"{url}/inbound/documents"
        self._receiver = Receiver(documents, inbound, hold, identity=identity, http=http, clock=clock, shelf=shelf)

    @property
    def capabilities(self) -> Capabilities:
        """What this account can do."""
        return self._capabilities

    # -- sending

    def submit(self, submission: Submission, contents: Sequence[Content]) -> Answer:
        """POST outbound/faxes."""
        if problem := _unfit(contents):
            return Refused(problem)
        body = request.body(submission, contents, self._options)
        about = {
            "content-type": "application/json",
            "accept": "application/json",
            "x-mra-submitid": submission.reference,
        }
        address = f"{self._url}/outbound/faxes"
        try:
            reply = self._identity.send(
                lambda who: self._http.send("POST", address, headers={**about, **who}, content=body, fresh=True)
            )
        except CredentialsRefused as error:  # this and the next come from the token server: the fax has not left
            return AccountRefused(str(error))
        except ProviderTrouble as error:
            return NotNow(str(error), error.retry_after)
        except NotSent as error:
            return NotNow(f"OpenText could not be reached: {error}")
        except OutcomeUnknown as error:
            return Unknown(str(error))
        return answers.taken(reply)

    def find(self, submission: Submission) -> Lookup:  # noqa: ARG002 - whatever it is, there is no way
        """There is no way; `Find.NOT` says so."""
        return Ambiguous("OpenText offers no way to look a submission up")

    def status(self, provider_ids: Sequence[str]) -> list[JobStatus]:
        """GET outbound/faxes/status, once for each job; what is not asked for in time, or not answered well after the
        first one, is left for the next time."""
        until = self._clock.monotonic() + _BATCH_TIME
        found: list[JobStatus] = []
        for job in provider_ids:
            if found and self._clock.monotonic() >= until:
                break
            try:
                status = self._status(job)
            except (ProviderTrouble, NotSent, OutcomeUnknown):
                if not found:
                    raise
                break
            found.append(status)
        return found

    def _status(self, job: str) -> JobStatus:
        reply = self._ask("GET", f"/outbound/faxes/status?{urlencode({'job_id': job})}", fine=(200, 404, 410))
        if reply.status != 200:
            return JobStatus(job, Progress.UNKNOWN_JOB, "OpenText no longer knows the job; it forgets after some days")
        status = answers.status_of(job, answers.parsed(reply.body))
        if status is None:
            raise ProviderTrouble("OpenText's status of a job could not be read")
        return status

    def cancel(self, provider_id: str) -> Cancelled:  # noqa: ARG002 - whatever it is, there is no way
        """Not in this interface."""
        return Cancelled.UNSUPPORTED

    # -- receiving

    def inbox(self) -> list[Listed]:
        """What is reserved for us now, after taking in what waits."""
        return self._receiver.inbox()

    def fetch(self, listed: Listed, write: Callable[[bytes], object]) -> None:
        """The document that came with the list."""
        self._receiver.fetch(listed, write)

    def acknowledge(self, listed: Listed) -> None:
        """DELETE inbound/documents/<doc_id>."""
        self._receiver.acknowledge(listed)

    # -- the rest

    def check(self) -> str:
        """Ask for a job that does not exist: needs the credentials and changes nothing."""
        self._ask("GET", f"/outbound/faxes/status?job_id={_NO_JOB}", fine=(200, 404, 410))
        return "OpenText accepts these credentials"

    def close(self) -> None:
        """Give up connections and the documents that were not fetched; their reservations end by themselves."""
        self._receiver.close()
        self._http.close()

    def _ask(self, method: str, path: str, fine: Sequence[int]) -> Reply:
        """A request that may be repeated."""
        reply = self._identity.send(lambda who: self._http.send(method, self._url + path, headers={**_JSON, **who}))
        return answers.checked(reply, fine)


_JSON: Mapping[str, Any] = {"accept": "application/json"}


def _unfit(contents: Sequence[Content]) -> str | None:
    """Why it need not even be tried."""
    if not contents:
        return "there is no document to send"
    wrong = {suffix(content.name) for content in contents} - CAPABILITIES.suffixes
    if wrong:
        kinds = ", ".join(sorted(kind or "(no suffix)" for kind in wrong))
        return f"OpenText does not take documents of this kind: {kinds}"
    return "a document is empty" if any(content.size == 0 for content in contents) else None
