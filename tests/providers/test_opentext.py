"""OpenText: what is its own in sending and following; the contract suite has the rest."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from support.faxes import Paper, new_submission
from support.papers import pdf_bytes
from support.provider_rigs import opentext as rig
from support.wire import Talk, WireServer, always, reply

from faxdaemon.contracts.provider import (
    Accepted,
    AccountRefused,
    Ambiguous,
    Answer,
    Cancelled,
    Content,
    Duplicates,
    Find,
    JobStatus,
    NotNow,
    Progress,
    Provider,
    Refused,
    Unknown,
)
from faxdaemon.core.errors import CredentialsRefused, NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.providers.opentext import Options, answers, request
from faxdaemon.sandbox import Fault, Play, Sandbox

PAPER = Paper(pdf_bytes())
Opened = Callable[..., Provider]


def basic(url: str, **changes: Any) -> Options:
    return Options(**{"provider": "opentext", "url": url, "username": "u", "password": "p", **changes})


def answered(opened: Opened, answer: bytes) -> Answer:
    with WireServer(always(answer)) as server:
        return opened(basic(server.url)).submit(new_submission(), [PAPER.content])


def once(answer: bytes) -> Callable[[Talk], None]:
    """Answer one request and close."""

    def behave(talk: Talk) -> None:
        talk.request()
        talk.send(answer)

    return behave


# --- the request --------------------------------------------------------------------------------------------------


def settings(**changes: Any) -> Options:
    """An account's settings."""
    return Options(provider="opentext", username="u", password="p", **changes)


def made(sending: Options, *papers: Paper, **changes: Any) -> Any:
    stream = request.body(new_submission(**changes), [p.content for p in papers or (PAPER,)], sending)
    body = b"".join(stream.chunks())
    assert len(body) == stream.size
    return json.loads(body)


def test_the_same_submission_gives_the_same_bytes() -> None:
    submission = new_submission()
    wishes = settings(stop_after=3600.0, cover="f2m_default", reports="conditional", report_to=("a@example.com",))
    first, second = (b"".join(request.body(submission, [PAPER.content], wishes).chunks()) for _ in "12")
    assert first == second
    assert json.loads(first)["options"]["message_id"] == submission.reference


def test_nothing_is_asked_for_that_nobody_wished_for() -> None:
    submission = new_submission()
    body = json.loads(b"".join(request.body(submission, [PAPER.content], settings()).chunks()))
    assert set(body) == {"destinations", "options", "documents"}
    assert body["destinations"] == [{"fax": "3035550123", "ref": submission.reference}]
    assert body["options"] == {"message_id": submission.reference, "customer_reference": submission.reference}
    assert "Smith" not in json.dumps(body)


def test_wishes_are_asked_for_in_its_words() -> None:
    sending = settings(
        resolution="standard",
        orientation="landscape",
        pilot_line='North "Clinic"',
        cover="f2m_default",
        cover_from="Desk",
        customer_reference="ours",
        billing_code="b1",
        stop_after=7200.0,
        reports="conditional",
        report_to=("a@example.com",),
    )
    taken_at = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    body = made(sending, accepted_by=taken_at)
    options = body["options"]
    del options["message_id"]
    assert options == {
        "customer_reference": "ours",
        "billing_code": "b1",
        "end_time": "2026-11-20T11:30:00.000Z",
        "coversheet": {"enabled": True, "name": "f2m_default", "from": "Desk"},
        "translation_options": {"fax_mode": "standard", "page_orientation": "landscape"},
        "pilot_line": {"text": 'North "Clinic"'},
    }
    destinations = [{"email": "a@example.com"}]
    assert body["reports"] == {"type": "conditional", "report_destinations": destinations}
    nested = made(sending.model_copy(update={"report_form": "nested"}))["reports"]
    assert nested == {"delivery_report": {"type": "conditional", "report_destinations": destinations}}


@pytest.mark.parametrize(("asked", "mode"), [("standard", "standard"), ("fine", "fine"), ("hyperfine", "fine")])
def test_the_resolution_of_the_fax_comes_before_the_accounts(asked: str, mode: str) -> None:
    body = made(settings(resolution="standard" if mode == "fine" else "fine"), options={"resolution": asked})
    assert body["options"]["translation_options"] == {"fax_mode": mode}


@pytest.mark.parametrize(
    ("number", "us", "digits", "plus"),
    [
        ("+13035550123", "3035550123", "13035550123", "+13035550123"),
        ("+494055500130", "011494055500130", "494055500130", "+494055500130"),
        ("+1303555012", "0111303555012", "1303555012", "+1303555012"),
    ],
)
def test_numbers_are_written_as_configured(number: str, us: str, digits: str, plus: str) -> None:
    for form, written in (("us", us), ("digits", digits), ("plus", plus)):
        assert made(settings(number_form=form), number=number)["destinations"][0]["fax"] == written


def test_a_number_abroad_arrives(opened: Opened, box: Sandbox) -> None:
    for form in ("us", "digits", "plus"):
        assert isinstance(
            opened(rig.options(box, number_form=form)).submit(new_submission("+494055500130"), [PAPER.content]),
            Accepted,
        )
    assert {entry.destination for entry in box.sent()} == {"+494055500130"}


def test_documents_have_neutral_names_and_its_types() -> None:
    body = made(
        settings(), PAPER, Paper(b"x", name="Müller.TXT"), Paper(b"", name="b.jpeg"), Paper(b"1234", name="a.doc")
    )
    assert [(d["name"], d["type"], d["data"]) for d in body["documents"][1:]] == [
        ("2.txt", "text", "eA=="),
        ("3.jpeg", "JPEG", ""),
        ("4.doc", "MSW", "MTIzNA=="),
    ]
    assert body["documents"][0]["type"] == "PDF"


@pytest.mark.parametrize("name", ["a.docx", "a", "a.wav", "pdf"])
def test_other_documents_are_refused_unsent(opened: Opened, box: Sandbox, name: str) -> None:
    answer = opened(rig.options(box)).submit(new_submission(), [Paper(b"x", name=name).content])
    assert isinstance(answer, Refused)
    assert box.sent() == []


@pytest.mark.parametrize("size", [5, 1_000_000, 10_000_000])
def test_a_document_that_changes_its_size_breaks_the_exchange(opened: Opened, box: Sandbox, size: int) -> None:
    lying = Content("a.pdf", size, lambda: io.BytesIO(b"x" * 1_500_000))
    answer = opened(rig.options(box)).submit(new_submission(), [lying])
    assert isinstance(answer, (Unknown, NotNow))
    assert box.sent() == []


@pytest.mark.parametrize("size", [1, 4, 7, 9, 11, 12, 100])
def test_no_more_and_no_less_than_was_said_leaves(size: int) -> None:
    stream = request.body(new_submission(), [Content("a.pdf", size, lambda: io.BytesIO(b"0123456789"))], settings())
    made_ = 0
    with pytest.raises(OSError, match="changed its size"):
        for piece in stream.chunks():
            made_ += len(piece)
    assert made_ < stream.size


def test_memory_does_not_grow_with_a_document() -> None:
    class Endless(io.RawIOBase):
        left = 30_000_000

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            size = min(len(buffer), self.left)
            self.left -= size
            buffer[:size] = bytes(size)
            return size

    stream = request.body(new_submission(), [Content("a.pdf", 30_000_000, Endless)], settings())  # type: ignore[arg-type] # it only has to be read
    tracemalloc.start()
    try:
        sent = sum(map(len, stream.chunks()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sent == stream.size > 40_000_000
    assert peak < 2_000_000


# --- the answer to it ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *[(status, AccountRefused) for status in (301, 307, 308, 401, 403, 404, 405, 407, 410, 451)],
        *[(status, Refused) for status in (400, 411, 413, 414, 415, 422, 431)],
        *[(status, NotNow) for status in (408, 421, 425, 429)],
        *[(status, Unknown) for status in (204, 302, 409, 418, 500, 502, 503, 504)],
    ],
)
def test_every_status_has_its_class(opened: Opened, status: int, kind: type[Answer]) -> None:
    answer = answered(opened, reply('{"job_id": "xsi-1", "echo": "+13035550123"}', f"{status} Whatever"))
    assert type(answer) is kind
    assert "+1303" not in repr(answer)


def test_it_is_told_when_to_come_again(opened: Opened) -> None:
    assert answered(opened, reply("{}", "429 Too Many", retry_after="17")) == NotNow(
        "OpenText answered HTTP 429: not now", 17
    )


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "202 Accepted"])
def test_a_job_id_is_accepted(opened: Opened, status: str) -> None:
    assert answered(opened, reply('{"job_id": "xsi-1111111111"}', status)) == Accepted("xsi-1111111111")


@pytest.mark.parametrize(
    "body",
    ["", "{}", "[]", '"xsi-1"', '{"job_id": null}', '{"job_id": ""}', '{"job_id": "a b"}', '{"job_id": "xsi-1"', "<p>"],
)
def test_a_200_without_a_job_id_is_unknown(opened: Opened, body: str) -> None:
    assert isinstance(answered(opened, reply(body)), Unknown)


def test_an_answer_that_may_be_cut_off_is_unknown(opened: Opened) -> None:
    with WireServer(once(reply('{"job_id": "xsi-1"}', content_length=""))) as server:
        answer = opened(basic(server.url)).submit(new_submission(), [PAPER.content])
    assert answer == Unknown("OpenText answered HTTP 200 without a job id")


# --- doubt --------------------------------------------------------------------------------------------------------


def test_unproven_a_lost_answer_has_no_remedy(opened: Opened, box: Sandbox) -> None:
    provider = opened(rig.options(box))
    assert (provider.capabilities.duplicates, provider.capabilities.find) == (Duplicates.SENDS, Find.NOT)
    assert isinstance(provider.find(new_submission()), Ambiguous)


@pytest.mark.parametrize(
    "play", [Play.ACCEPT_THEN_DROP, Play.DROP_BEFORE_ACCEPT, Play.ACCEPT_THEN_ANSWER, Play.ACCEPT_LATE]
)
def test_trusted_the_same_request_again_makes_one_fax(opened: Opened, box: Sandbox, play: Play) -> None:
    provider = opened(rig.options(box, trust_message_id=True))
    assert provider.capabilities.duplicates is Duplicates.REFUSES
    submission = new_submission()
    box.fault(Fault(play))
    assert isinstance(provider.submit(submission, [PAPER.content]), Unknown)
    answer = provider.submit(replace(submission, epoch=2, attempts=1), [PAPER.content])
    assert [Accepted(entry.job) for entry in box.sent()] == [answer]


def test_another_submission_of_the_same_fax_is_another_job(opened: Opened, box: Sandbox) -> None:
    provider = opened(rig.options(box, trust_message_id=True))
    first = new_submission()
    answers_ = [provider.submit(s, [PAPER.content]) for s in (first, replace(first, reference=f"{first.reference}2"))]
    assert len(set(map(repr, answers_))) == len(box.sent()) == 2


def test_the_request_is_named_for_the_vendor(opened: Opened) -> None:
    submission = new_submission()
    with WireServer(always(reply('{"job_id": "xsi-1"}'))) as server:
        opened(basic(server.url)).submit(submission, [PAPER.content])
    (seen,) = server.requests
    assert seen.headers["x-mra-submitid"] == submission.reference
    assert seen.headers["authorization"] == "Basic dTpw"


# --- OAuth --------------------------------------------------------------------------------------------------------


def oauth(box: Sandbox, **changes: Any) -> Options:
    given = {
        "auth": "client_credentials",
        "token_url": f"{box.url_of('opentext')}/tenants/t1/oauth2/token",
        "client_id": "opentext",
        "client_secret": "sandbox-password",
    }
    return rig.options(box, **{**given, **changes})


@pytest.mark.parametrize("refresh", [False, True])
@pytest.mark.parametrize("grant", ["client_credentials", "password"])
def test_a_token_that_ends_in_mid_session_is_renewed(opened: Opened, box: Sandbox, grant: str, refresh: bool) -> None:
    box.switches["opentext.refresh"] = refresh
    provider = opened(oauth(box, auth=grant))
    box.inject(rig.LINE)
    tokens = box.fault(Fault(Play.SLOW_BEFORE, operation="token", count=0))
    refused = [
        box.fault(Fault(Play.WRONG_CREDENTIALS, operation=name)) for name in ("status", "submit", "next", "delete")
    ]
    assert provider.check()
    assert isinstance(provider.submit(new_submission(), [PAPER.content]), Accepted)
    (listed,) = provider.inbox()
    provider.fetch(listed, lambda _: None)
    provider.acknowledge(listed)
    assert [fault.played for fault in refused] == [1, 1, 1, 1]
    assert tokens.played == 5
    assert len(box.sent()) == 1
    assert box.inbox(rig.ACCOUNT) == []


def test_an_ended_token_costs_one_more_request(opened: Opened, box: Sandbox) -> None:
    box.switches.update({"opentext.token_life": 0.0, "opentext.token_told": 3600})
    token = box.fault(Fault(Play.SLOW_BEFORE, operation="token", count=0))
    submit = box.fault(Fault(Play.SLOW_BEFORE, operation="submit", count=0))
    assert isinstance(opened(oauth(box)).submit(new_submission(), [PAPER.content]), AccountRefused)
    assert (token.played, submit.played) == (2, 2)
    assert box.sent() == []


def test_a_wrong_client_refuses_the_account_and_nothing_leaves(opened: Opened, box: Sandbox) -> None:
    provider = opened(oauth(box, client_secret="wrong"))
    assert isinstance(provider.submit(new_submission(), [PAPER.content]), AccountRefused)
    with pytest.raises(CredentialsRefused):
        provider.check()


@pytest.mark.parametrize(
    "play", [Play.HTTP_ERROR, Play.DROP_BEFORE_ACCEPT, Play.ERR01, Play.GARBAGE, Play.ACCEPT_THEN_DROP]
)
def test_trouble_with_the_token_is_never_doubt_about_the_fax(opened: Opened, box: Sandbox, play: Play) -> None:
    box.fault(Fault(play, operation="token"))
    provider = opened(oauth(box))
    assert isinstance(provider.submit(new_submission(), [PAPER.content]), NotNow)
    assert isinstance(provider.submit(new_submission(), [PAPER.content]), Accepted)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"auth": "basic"}, "username, password"),
        ({"auth": "basic", "username": "u"}, "password"),
        ({"auth": "client_credentials", "username": "u", "password": "p"}, "token_url, client_id, client_secret"),
        ({"auth": "password", "token_url": "https://example.com"}, "username, password"),
        ({"username": "u", "password": "p", "reports": "conditional"}, "report_to"),
        ({"username": "u", "password": "p", "hold": 4}, "hold"),
    ],
)
def test_what_is_missing_is_named(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Options(provider="opentext", **given)


# --- following ----------------------------------------------------------------------------------------------------

SENT = {
    "state": "Sent",
    "first_attempt": "2020-05-08T03:35:07.000Z",
    "delivery_time": "2020-05-08T03:35:34.000Z",
    "delivery_sec": 8,
    "pages_delivered": 1,
    "baud_rate": 31200,
    "rcsid": "011919164813456 ",
}


def status(states: Any, *attempts: Any, **more: Any) -> JobStatus | None:
    deliveries = [{"fax": "1234567890", "delivery_attempts": list(attempts)}] if attempts else []
    return answers.status_of("xsi-1", {"job_id": "xsi-1", "job_state": states, "deliveries": deliveries, **more})


def test_the_documents_own_example() -> None:
    assert status(["Complete", "Posted"], SENT) == JobStatus(
        "xsi-1", Progress.SENT, "Sent", 1, datetime(2020, 5, 8, 3, 35, 34, tzinfo=UTC), 8, "011919164813456"
    )


@pytest.mark.parametrize(
    ("states", "state", "progress"),
    [
        (["Complete", "Posted"], "Sent", Progress.SENT),
        (["Delivering"], "Sent", Progress.SENT),
        (["complete", "CANCELLED", "Posted"], "sent", Progress.SENT),
        (["Complete", "Cancelled"], "Cancelled", Progress.CANCELLED),
        (["Complete", "Canceled"], "canceled", Progress.CANCELLED),
        (["Complete", "Error"], "Error", Progress.FAILED),
        (["COMPLETE"], "EXPIRED", Progress.FAILED),
        ("Complete", "Error", Progress.FAILED),
        (["Delivering"], "Error", Progress.PENDING),  # it may try again
        (["Awaiting Delivery"], "Expired", Progress.PENDING),
        (["Something new"], "Error", Progress.PENDING),
        (["Complete"], "In Process", Progress.PENDING),
        (["Held"], "Held", Progress.PENDING),
        (["Complete"], "quite new", Progress.PENDING),
        (["Complete"], 7, Progress.SENT),
        (["Complete"], "4", Progress.FAILED),
        (["Purged"], "Sent", Progress.UNKNOWN_JOB),
    ],
)
def test_a_delivery_decides_for_itself(states: Any, state: Any, progress: Progress) -> None:
    found = status(states, {"state": state})
    assert found
    assert found.progress is progress


def test_the_last_attempt_counts() -> None:
    found = status(["Complete", "Posted"], {"state": "Error", "gamma_code": 3001}, SENT)
    assert found
    assert found.progress is Progress.SENT
    again = status(["Complete", "Error"], SENT, {"state": "Error"})
    assert again
    assert again.progress is Progress.FAILED


@pytest.mark.parametrize(
    ("code", "words", "permanent"),
    [
        (2004, "not a fax number", True),
        (5000, "cancelled", False),
        (3001, "failure number 3001", False),
        (0, "^Error$", False),
        (None, "^Error$", False),
        (True, "^Error$", False),
    ],
)
def test_gamma_codes_have_words(code: Any, words: str, permanent: bool) -> None:
    found = status(["Complete", "Error"], {"state": "Error", "gamma_code": code})
    assert found
    assert (found.progress, found.permanent) == (Progress.FAILED, permanent)
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(found.text)


def test_a_failure_number_beside_sent_is_no_success() -> None:
    found = status(["Complete"], {"state": "Sent", "gamma_code": 9})
    assert found
    assert found.progress is Progress.FAILED


@pytest.mark.parametrize(
    ("states", "progress"),
    [
        (["Setup"], Progress.PENDING),
        (["Complete", "Error"], Progress.FAILED),
        (["Complete", "Cancelled"], Progress.CANCELLED),
        (["Complete"], Progress.UNKNOWN_JOB),
        (["purged"], Progress.UNKNOWN_JOB),
    ],
)
def test_a_job_without_deliveries(states: Any, progress: Progress) -> None:
    found = status(states)
    assert found
    assert found.progress is progress


def test_of_several_deliveries_the_least_happy_one_counts() -> None:
    def delivery(state: str) -> dict[str, Any]:
        return {"delivery_attempts": [{"state": state}]}

    def of(*states: str) -> Progress:
        found = answers.status_of("xsi-1", {"job_state": ["Complete"], "deliveries": [delivery(s) for s in states]})
        assert found
        return found.progress

    assert of("Sent", "Error") is Progress.FAILED
    assert of("Error", "Pending", "Sent") is Progress.PENDING
    assert of("Sent", "Sent") is Progress.SENT


@pytest.mark.parametrize(
    "answer",
    [None, [], "x", {}, {"job_id": "xsi-2", "job_state": ["Complete"]}, {"job_id": "xsi-1", "deliveries": 5}],
)
def test_what_is_no_status_is_none(answer: Any) -> None:
    assert answers.status_of("xsi-1", answer) is None


@pytest.mark.parametrize(
    "odd",
    [
        {"delivery_time": 5, "delivery_sec": "8", "pages_delivered": -1, "rcsid": None},
        {"delivery_time": "soon", "delivery_sec": True, "pages_delivered": 10**9, "rcsid": " "},
    ],
)
def test_odd_values_are_left_out(odd: dict[str, Any]) -> None:
    assert status(["Complete"], {"state": "Sent", **odd}) == JobStatus("xsi-1", Progress.SENT, "Sent")


def test_a_time_without_a_zone_is_utc() -> None:
    assert answers.moment_of("2020-05-08T03:35:34.000") == datetime(2020, 5, 8, 3, 35, 34, tzinfo=UTC)


@pytest.mark.parametrize(
    "answer",
    [
        reply("<html>", "404 Not Found", content_type="text/html"),
        reply("{}", "503 Service Unavailable"),
        reply("{}", "400 Bad Request"),
        reply("{}"),
        reply('{"job_id": "xsi-1", "job_state": ["Complete"]}', content_length=""),
    ],
)
def test_what_is_not_the_services_own_no_is_trouble(opened: Opened, answer: bytes) -> None:
    with WireServer(once(answer)) as server, pytest.raises(ProviderTrouble):
        opened(basic(server.url)).status(["xsi-1"])


def test_a_job_that_is_not_answered_well_leaves_the_others_answered(opened: Opened, box: Sandbox) -> None:
    provider = opened(rig.options(box))
    jobs = [
        a.provider_id for _ in "123" if isinstance(a := provider.submit(new_submission(), [PAPER.content]), Accepted)
    ]
    box.fault(Fault(Play.HTTP_ERROR, operation="status", skip=1))
    assert [found.provider_id for found in provider.status(jobs)] == jobs[:1]
    assert [found.provider_id for found in provider.status(jobs)] == jobs


def test_a_batch_ends_when_its_time_is_over(opened: Opened, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faxdaemon.providers.opentext.account._BATCH_TIME", 0.0)
    provider = opened(rig.options(box))
    assert [found.provider_id for found in provider.status(["xsi-1", "xsi-2"])] == ["xsi-1"]


def test_a_job_id_is_put_into_the_address_safely(opened: Opened) -> None:
    with WireServer(always(reply("{}", "404 Not Found"))) as server:
        opened(basic(server.url)).status(["xsi-1&job_id=xsi-2"])
    assert server.requests[0].path == "/mra/v1/outbound/faxes/status?job_id=xsi-1%26job_id%3Dxsi-2"


def test_it_cannot_cancel(opened: Opened, box: Sandbox) -> None:
    assert opened(rig.options(box)).cancel("xsi-1") is Cancelled.UNSUPPORTED


@pytest.mark.parametrize("play", [Play.HTTP_ERROR, Play.DROP_BEFORE_ACCEPT])
def test_check_says_what_is_wrong(opened: Opened, box: Sandbox, play: Play) -> None:
    box.fault(Fault(play, operation="status"))
    with pytest.raises((ProviderTrouble, OutcomeUnknown, NotSent)):
        opened(rig.options(box)).check()
    box.switches["opentext.entitled"] = False
    with pytest.raises(CredentialsRefused):
        opened(rig.options(box)).check()
