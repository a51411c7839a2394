"""From a callback to a stream: what a provider pushes is what a file layer pulls."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import faxdaemon.pipe as module
from faxdaemon.core.errors import ProviderTrouble
from faxdaemon.pipe import chunks_of

Write = Callable[[bytes], object]


def pushing(*pieces: bytes) -> Callable[[Write], None]:
    def download(write: Write) -> None:
        for piece in pieces:
            write(piece)

    return download


@pytest.mark.parametrize("pieces", [(), (b"",), (b"a", b"", b"bc"), (b"x" * 3_000_000, b"y")])
def test_every_byte_comes_out_in_order(pieces: tuple[bytes, ...]) -> None:
    with chunks_of(pushing(*pieces)) as chunks:
        assert b"".join(chunks) == b"".join(pieces)


def test_more_than_fits_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 10)
    with chunks_of(pushing(b"a" * 8, b"b" * 8)) as chunks:
        assert b"".join(chunks) == b"a" * 8 + b"b" * 8


def test_nothing_is_given_before_the_download_has_ended() -> None:
    """A download that breaks off gives no document at all, not half of one."""

    def download(write: Write) -> None:
        write(b"half")
        raise ProviderTrouble("broken off")

    with pytest.raises(ProviderTrouble), chunks_of(download):
        raise AssertionError("half a document was given")
