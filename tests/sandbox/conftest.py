"""A sandbox that is quick, and clients of its two accounts."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from support.papers import pdf_bytes

from faxdaemon.sandbox import DEFAULT_ACCOUNTS, Sandbox, SandboxAccount


class Client:
    """What a customer of the provider can do."""

    def __init__(self, sandbox: Sandbox, account: SandboxAccount) -> None:
        self.sandbox = sandbox
        self.account = account
        self.http = httpx.Client(timeout=20, verify=False)  # no TLS here, and loading certificates takes long

    def post(self, script: str = "httpsfax.php", **fields: Any) -> httpx.Response:
        who = {
            "username": self.account.username,
            "company": self.account.company,
            "password": self.account.password,
        }
        return self.http.post(f"{self.sandbox.faxage_url}/{script}", data={**who, **fields})

    def ask(self, operation: str, **fields: Any) -> str:
        answer = self.post(operation=operation, **fields)
        assert answer.status_code == 200
        return answer.text

    def send(self, number: str = "3035550150", content: bytes = b"", name: str = "a.pdf", **fields: Any) -> str:
        files = {
            "faxfilenames[]": name,
            "faxfiledata[]": base64.b64encode(content or pdf_bytes(2)).decode(),
        }
        return self.ask("sendfax", faxno=number, recipname="token-1", **files, **fields)

    def sent(self, number: str = "3035550150", **fields: Any) -> str:
        """Send and give the job id."""
        return self.send(number, **fields).removeprefix("JOBID: ")

    def record(self, job: str, **flags: str) -> list[str]:
        """The fields of a job's status record."""
        return self.ask("status", jobid=job, **flags).removesuffix("\n").split("\t")

    def ended(self, job: str) -> list[str]:
        """Wait for the end of a job, then its record."""
        self.sandbox.wait(lambda: any(e.job == job and e.result for e in self.sandbox.sent()))
        return self.record(job)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seconds_per_page=0.01) as running:
        yield running


@pytest.fixture
def client_of() -> Iterator[Callable[..., Client]]:
    """Makes clients and closes them."""
    made: list[Client] = []

    def make(sandbox: Sandbox, account: SandboxAccount = DEFAULT_ACCOUNTS[0]) -> Client:
        made.append(Client(sandbox, account))
        return made[-1]

    yield make
    for client in made:
        client.http.close()


@pytest.fixture
def clinic(sandbox: Sandbox, client_of: Callable[..., Client]) -> Client:
    return client_of(sandbox, DEFAULT_ACCOUNTS[0])


@pytest.fixture
def lab(sandbox: Sandbox, client_of: Callable[..., Client]) -> Client:
    return client_of(sandbox, DEFAULT_ACCOUNTS[1])
