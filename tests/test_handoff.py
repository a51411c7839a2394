"""The one algorithm for acts that cannot be undone."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
from structlog.testing import capture_logs

from faxdaemon.contracts.provider import Unknown
from faxdaemon.core.errors import JournalBusy, JournalError, NotSent, OutcomeUnknown
from faxdaemon.handoff import hand_off


class Book:
    """What was recorded."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, Any]] = []

    def record(self, intent: str, answer: Any) -> None:
        self.entries.append((intent, answer))


def raising(error: BaseException) -> Any:
    def act(_: str) -> NoReturn:
        raise error

    return act


def test_the_answer_is_recorded_under_its_intent_and_returned() -> None:
    book = Book()
    acts: list[str] = []

    def act(intent: str) -> str:
        assert book.entries == [], "nothing is recorded before the act"
        acts.append(intent)
        return "done"

    assert hand_off("intent", act, book.record, unknown=str) == "done"
    assert acts == ["intent"], "once"
    assert book.entries == [("intent", "done")]


@pytest.mark.parametrize("error", [ValueError("x"), OSError(5), NotSent("no"), OutcomeUnknown("?"), MemoryError()])
def test_what_nobody_expected_is_recorded_as_unknown(error: Exception) -> None:
    book = Book()
    with capture_logs() as logs:
        answer = hand_off("intent", raising(error), book.record, unknown=Unknown)
    assert book.entries == [("intent", answer)]
    assert isinstance(answer, Unknown)
    assert type(error).__name__ in answer.reason
    assert [(e["log_level"], e["kind"]) for e in logs] == [("error", type(error).__name__)]


def test_the_reason_tells_nothing_of_what_the_error_says() -> None:
    """An exception's text may hold what the provider echoes of the request."""
    book = Book()
    hand_off("intent", raising(ValueError("Mrs. Smith, HIV negative")), book.record, unknown=Unknown)
    assert "Smith" not in book.entries[0][1].reason


@pytest.mark.parametrize("error", [JournalError("disk"), JournalBusy("taken"), KeyboardInterrupt(), SystemExit()])
def test_a_broken_journal_and_the_end_of_the_process_pass_through_unrecorded(error: BaseException) -> None:
    book = Book()
    with pytest.raises(type(error)):
        hand_off("intent", raising(error), book.record, unknown=Unknown)
    assert book.entries == [], "the intent speaks for itself"


@pytest.mark.parametrize("error", [JournalError("disk"), ValueError("a bug")])
def test_a_record_that_fails_is_not_repeated(error: Exception) -> None:
    tries: list[Any] = []

    def record(intent: str, answer: Any) -> None:
        tries.append(answer)
        raise error

    with pytest.raises(type(error)):
        hand_off("intent", lambda _: "done", record, unknown=Unknown)
    assert tries == ["done"], "an answer that could not be recorded is never turned into another one"
