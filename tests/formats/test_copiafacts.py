"""CopiaFacts FS files, and what is added to them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from support.dialects import ASKS, opened, orders, read, refusal

from faxdaemon.contracts.format import FolderAsks, ReportFacts
from faxdaemon.core.model import Outcome, Request
from faxdaemon.core.states import Outbound
from faxdaemon.outbound.dialects import Asked

FS = "copiafacts"
SAMPLE = (
    '$var_def DATA5 "4234"\r\n'
    "; written by the switch\r\n"
    "$var_def ASCII_TEMPLATE C:\\Copia\\FaxFacts\\STANDARD.GTT\r\n"
    "$fax_filename C:\\Copia\\FaxFacts\\callback\\messages\\00006101.cap\r\n"
    '$fax_filename "S:\\two words.tif" 0 0\r\n'
    '$fax_phone "(303) 555-0123"\r\n'
    "$fax_status1 2\r\n"
    "$fax_origin user_request\r\n"
    "$fax_user C:\\Copia\\FaxFacts\\fax.usr ; the profile\r\n"
    '$fax_receiver "North; Heating & A/C     3035550123"\r\n'
    '$fax_header "Messages from your service"\r\n'
    "$fax_cover @FFBASE\\test.cvr 1\r\n"
    "$fax_send_date 12/25/2026\r\n"
    "$fax_send_time 07:30:00\r\n"
    "$retry_max 2\r\n"
    "$alternate_phone 303-555-0199\r\n"
)


def test_a_file_in_full() -> None:
    (order,) = orders(FS, SAMPLE)
    assert order.documents == ("C:\\Copia\\FaxFacts\\callback\\messages\\00006101.cap", "S:\\two words.tif")
    assert order.requests == (
        Request(
            "3035550123",
            "North; Heating & A/C 3035550123",
            None,
            {
                "alternate_phone": "303-555-0199",
                "fax_origin": "user_request",
                "fax_user": "C:\\Copia\\FaxFacts\\fax.usr",
                "DATA5": "4234",
                "ASCII_TEMPLATE": "C:\\Copia\\FaxFacts\\STANDARD.GTT",
            },
            {
                "header": "Messages from your service",
                "retries": "2",
                "cover": "@FFBASE\\test.cvr",
                "send_at": "2026-12-25T07:30:00",
            },
        ),
    )


@pytest.mark.parametrize("number", ["303 555 0123", "[303]/555-0123", '"303~555-0123"', "(303)5550123 ; home"])
def test_what_copiafacts_discards_is_discarded(number: str) -> None:
    (order,) = orders(FS, f"$FAX_PHONE {number}\n")
    assert order.requests == (Request("3035550123"),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("$fax_user U\n", "it has no $fax_phone"),
        ('$fax_phone ""\n', "it has no $fax_phone"),
        ("$fax_phone 9,5550123\n", "has more than a number in it"),
        ("$fax_phone 5550123,,,34\n", "has more than a number in it"),
        ("$fax_phone TW5550123\n", "has more than a number in it"),
        ("$fax_phone 1\n$fax_phone 2\n", "line 2: $fax_phone is said a second time"),
        ("$fax_phone 1\n$email_address a@example.org\n", "line 2: $email_address is not known here, or cannot be done"),
        ("$fax_phone 1\n$apply_gct x.gct\n", "line 2: $apply_gct"),
        ("$fax_phone 1\n$fax_status1 3 12\n", "line 2: the file says that it is being sent elsewhere"),
        ("$fax_phone 1\n$fax_filename\n", "line 2: $fax_filename without a file"),
        ("$fax_phone 1\n$fax_filename a.tif 0 0 0 3\n", "line 2: single pages"),
        ("$fax_phone 1\n$fax_send_date 12/25/2026\n", "$fax_send_date and $fax_send_time must both be there"),
        ("$fax_phone 1\n$fax_send_date 25.12.2026\n$fax_send_time 8:00\n", "MM/DD/YYYY"),
        ("$fax_phone 1\n$var_def\n", "line 2: $var_def without a name"),
        ("fax_phone 1\n", "line 1: “fax_phone 1” is not a $command"),
        ("$fax_phone " + "1" * 20_000, "line 1: "),
    ],
)
def test_why_it_cannot_be_followed(text: str, why: str) -> None:
    assert why in refusal(FS, text)


# -- the answer


def outcome(state: Outbound = Outbound.SENT) -> Outcome:
    sent = state is Outbound.SENT
    return Outcome(
        recipient=1,
        number="+13035550123",
        name=None,
        state=state,
        reason=None if sent else "busy\r\n$fax_status2 0",
        account="main",
        provider_id="1",
        reference="x-1-1",
        pages=2 if sent else None,
        ended_at=datetime(2026, 11, 20, 16, 1, 30, tzinfo=UTC),
        submissions=1,
        remote_csid='TH"EM',
        duration_s=90,
    )


def answer(control: bytes | None, state: Outbound = Outbound.SENT) -> list[str]:
    folder = FolderAsks(ASKS.filename, None, timezone="America/Denver")
    facts = ReportFacts(
        fax_id="0" * 26,
        name="12345678.FS",
        received_at="2026-11-20T09:00:00.000+00:00",
        documents=({"name": "a.pdf", "bytes": 1, "sha256": "0", "pages": 2},),
        outcomes=(outcome(state),),
        overall=state.value,
        fields={},
        control=control,
    )
    files = {each.suffix: each.content for each in opened(FS, folder).answer(facts)}
    assert ".result.json" in files
    content = files.get(".result.fs")
    return [] if content is None else content.decode("cp1252").split("\r\n")


def test_a_sent_fax_has_its_record_in_the_same_file() -> None:
    lines = answer(SAMPLE.encode())
    kept = [line for line in SAMPLE.split("\r\n") if line and not line.startswith("$fax_status1")]
    assert lines[: len(kept)] == kept
    assert lines[len(kept) :] == [
        "$fax_status1 6",
        "$fax_status2 0",
        '$attempt_record 11/20/2026 09:00:00 0 0 2 0 S 2 0 0 F1 0 0 90 "TH EM"',
        "",
    ]


def test_a_failed_one_has_its_reason_where_no_command_can_hide() -> None:
    lines = answer(SAMPLE.encode(), Outbound.FAILED)
    assert "$fax_status2 1" in lines
    assert "$fax_status2 0" not in lines
    assert "; busy  $fax_status2 0" in lines
    assert any(line.startswith("$attempt_record 11/20/2026 09:00:00 0 0 2 1 Z 0 ") for line in lines)


def test_an_answer_dropped_as_a_request_is_the_same_request() -> None:
    """Records of earlier attempts change nothing, so that a failed file can be offered again."""
    first = read(FS, "1.fs", SAMPLE.encode())
    again = read(FS, "1.fs", "\r\n".join(answer(SAMPLE.encode(), Outbound.FAILED)).encode())
    assert isinstance(first, Asked)
    assert again == first


def test_its_own_encoding_is_kept() -> None:
    assert '$fax_receiver "Müller"' in answer('$fax_phone 1\r\n$fax_receiver "Müller"\r\n'.encode("cp1252"))


def test_what_was_dropped_without_a_file_gets_our_own_answer_only() -> None:
    assert answer(None) == []


def test_our_answer_is_no_request() -> None:
    assert not opened(FS).is_control("12345678.result.fs")
    assert opened(FS).is_control("12345678.FS")
