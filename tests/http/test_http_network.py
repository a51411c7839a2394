"""The client against real sockets that misbehave."""

from __future__ import annotations

import gzip
import io
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from support.ports import free_port
from support.wire import Talk, WireServer, always, reply

from faxdaemon import http
from faxdaemon.core.errors import ConfigError, NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.http import LONGEST_WAIT, Http, Reply, SizedStream

Make = Callable[..., Http]
MB = 1024 * 1024


def stream(*pieces: bytes, size: int | None = None) -> SizedStream:
    return SizedStream(sum(map(len, pieces)) if size is None else size, lambda: iter(pieces))


# --- certainly not sent -----------------------------------------------------------------------------------------


def test_refused_connection_is_not_sent(client: Make) -> None:
    with pytest.raises(NotSent, match="could not be reached") as caught:
        client().send("POST", f"http://127.0.0.1:{free_port()}/x", content=b"a")
    assert "refused" in str(caught.value)


def test_black_hole_is_not_sent(client: Make) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(8)]  # the queue of the listener; the rest gets no answer at all
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        with pytest.raises(NotSent, match="did not accept a connection in time"):
            client(connect=0.3).send("POST", f"http://127.0.0.1:{full.getsockname()[1]}/", content=b"a")
        for sock in waiting:
            sock.close()


@pytest.mark.parametrize("host", ["x" * 70 + ".example", "name..example"])
def test_name_that_does_not_exist_is_not_sent(client: Make, host: str) -> None:
    with pytest.raises(NotSent, match=r"could not be reached|cannot be read"):
        client().send("POST", f"http://{host}/", content=b"a")


def test_resolver_trouble_is_not_sent(client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(NotSent, match="Temporary failure"):
        client().send("POST", "http://fax.example/", content=b"a")


def test_second_address_of_a_name_is_tried(client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with WireServer(always(reply("hello"))) as server:
        real = socket.getaddrinfo

        def two(host: str, port: int, *args: int, **kwargs: int) -> list[object]:
            if host != "fax.example":
                return list(real(host, port, *args, **kwargs))
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in ("127.0.0.2", "127.0.0.1")]

        monkeypatch.setattr(socket, "getaddrinfo", two)
        assert client().send("GET", f"http://fax.example:{server.port}/").text == "hello"


def test_tls_to_a_server_that_speaks_none_is_not_sent(client: Make) -> None:
    def plain(talk: Talk) -> None:
        talk.sock.recv(10)
        talk.send(b"220 this is something else\r\n")
        talk.until_gone()

    with WireServer(plain) as server, pytest.raises(NotSent, match="could not be reached"):
        client().send("POST", server.url.replace("http:", "https:"), content=b"a")
    assert server.requests == []


def test_tls_handshake_without_an_end_is_not_sent(client: Make) -> None:
    with WireServer(Talk.until_gone) as server, pytest.raises(NotSent, match="in time"):
        client(connect=0.3).send("POST", server.url.replace("http:", "https:"), content=b"a")


def test_untrusted_certificate_is_not_sent(client: Make, certificate: tuple[Path, ssl.SSLContext]) -> None:
    with WireServer(always(reply("x")), tls=certificate[1]) as server:
        with pytest.raises(NotSent, match="certificate"):
            client().send("POST", server.url, content=b"a")
        assert server.requests == []


def test_certificates_to_trust_are_trusted(client: Make, certificate: tuple[Path, ssl.SSLContext]) -> None:
    with WireServer(always(reply("x")), tls=certificate[1]) as server:
        assert client(ca=certificate[0]).send("POST", server.url, content=b"a").text == "x"


def test_what_one_account_trusts_no_other_does(client: Make, certificate: tuple[Path, ssl.SSLContext]) -> None:
    with WireServer(always(reply("x")), tls=certificate[1]) as server:
        assert client(ca=certificate[0]).send("POST", server.url, content=b"a").text == "x"
        with pytest.raises(NotSent, match="certificate"):
            client().send("POST", server.url, content=b"a")


def test_the_systems_certificates_are_read_once_for_all_accounts(client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    read, real = [], ssl.create_default_context
    monkeypatch.setattr(ssl, "create_default_context", lambda **how: (read.append(how), real(**how))[1])
    http._trusting_the_system.cache_clear()
    client(), client()
    assert read == [{}]


@pytest.mark.parametrize("content", [None, "this is no certificate"])
def test_unusable_certificate_file_is_a_mistake_in_the_configuration(
    client: Make, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)
    with pytest.raises(ConfigError, match=re.escape(f"ca: {path} cannot be used")):
        client(ca=path)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "127.0.0.1/x", "http://[broken/"])
def test_unusable_address_is_not_sent(client: Make, url: str) -> None:
    with pytest.raises(NotSent):
        client().send("POST", url, content=b"a")


def test_no_free_connection_is_not_sent(client: Make) -> None:
    arrived, release = threading.Event(), threading.Event()

    def slow(talk: Talk) -> None:
        talk.request()
        arrived.set()
        release.wait(60)
        talk.send(reply("late"))

    with WireServer(slow) as server:
        http = client(max_connections=1, connect=1.0)
        answers: list[str] = []
        first = threading.Thread(target=lambda: answers.append(http.send("POST", server.url, content=b"a").text))
        first.start()
        arrived.wait(60)
        with pytest.raises(NotSent, match="busy"):
            http.send("POST", server.url, content=b"b")
        release.set()
        first.join()
        assert answers == ["late"]
        assert [seen.body for seen in server.requests] == [b"a"]


def test_malformed_header_is_not_sent_and_not_shown(client: Make) -> None:
    with WireServer(always(reply("x"))) as server:
        with pytest.raises(NotSent) as caught:
            client().send("POST", server.url, headers={"authorization": "Bearer se\ncret"}, content=b"a")
        assert "cret" not in str(caught.value)
        assert server.requests == []


def test_document_that_cannot_be_opened_is_not_sent(client: Make, tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield (tmp_path / "missing").read_bytes()

    with WireServer(always(reply("x"))) as server:
        with pytest.raises(NotSent, match="the document cannot be read"):
            client().send("POST", server.url, content=SizedStream(10, chunks))
        assert server.connections == 0


def test_time_that_ran_out_before_sending_is_not_sent(client: Make) -> None:
    class Late:
        """Five seconds pass whenever someone looks."""

        def __init__(self) -> None:
            self.seconds = 0.0

        def monotonic(self) -> float:
            self.seconds += 5
            return self.seconds

    with WireServer(always(reply("x"))) as server:
        http = client(timeout=8.0)
        http._wire._clock = Late()
        with pytest.raises(NotSent, match="used up"):
            http.send("POST", server.url, content=b"a")
        assert server.requests == []


# --- unknown ----------------------------------------------------------------------------------------------------


def reset_in_request(talk: Talk) -> None:
    talk.sock.recv(1)  # before that, the client may still be connecting, and rightly says that nothing was sent
    talk.reset()


def reset_after_request(talk: Talk) -> None:
    talk.request()
    talk.reset()


def close_after_request(talk: Talk) -> None:
    talk.request()


def reset_in_head(talk: Talk) -> None:
    talk.request()
    talk.send(b"HTTP/1.1 200 OK\r\ncontent-le")
    talk.reset()


def close_in_body(talk: Talk) -> None:
    talk.request()
    talk.send(reply(b"x" * 100)[:-90])


def close_in_chunk(talk: Talk) -> None:
    talk.request()
    talk.send(reply(b"", transfer_encoding="chunked", content_length="") + b"5\r\nhel")


def silent(talk: Talk) -> None:
    talk.request()
    talk.until_gone()


def silent_in_body(talk: Talk) -> None:
    talk.request()
    talk.send(reply(b"x" * 100)[:-90])
    talk.until_gone()


def garbage(talk: Talk) -> None:
    talk.request()
    talk.send(b"\x00\x01 hello there\r\n\r\n")


def sound_gzip(talk: Talk) -> None:
    """Sixty megabytes in sixty kilobytes: we ask for none, and read none."""
    talk.request()
    talk.send(reply(gzip.compress(bytes(60 * MB)), content_encoding="gzip"))


def damaged_gzip(talk: Talk) -> None:
    talk.request()
    talk.send(reply(b"JOBID: 1 but not compressed", content_encoding="gzip"))


@pytest.mark.parametrize(
    "behave",
    [
        reset_in_request,
        reset_after_request,
        close_after_request,
        reset_in_head,
        close_in_body,
        close_in_chunk,
        silent,
        silent_in_body,
        garbage,
        damaged_gzip,
        sound_gzip,
    ],
    ids=lambda f: f.__name__,
)
def test_what_breaks_after_the_first_byte_is_unknown(client: Make, behave: Callable[[Talk], None]) -> None:
    with WireServer(behave) as server, pytest.raises(OutcomeUnknown):
        client(silence=0.3).send("POST", server.url, content=b"a")
    assert server.connections == 1


def drip_head(talk: Talk) -> None:
    talk.request()
    talk.send(b"HTTP/1.1 200 OK\r\nx: ")
    talk.drip(b"y")


def drip_body(talk: Talk) -> None:
    talk.request()
    talk.send(reply(b"", content_length=str(10 * MB)))
    talk.drip(b"z")


def drip_reading(talk: Talk) -> None:
    talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    pause = threading.Event()
    while talk.sock.recv(512):
        pause.wait(0.01)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("behave", [drip_head, drip_body, drip_reading], ids=lambda f: f.__name__)
def test_a_server_that_drips_meets_the_total_limit(client: Make, behave: Callable[[Talk], None]) -> None:
    big = SizedStream(512 * MB, lambda: iter([b"d" * MB] * 512))
    with WireServer(behave) as server, pytest.raises(OutcomeUnknown, match="in time"):
        content = big if behave is drip_reading else b"a"
        client(timeout=1.5).send("POST", server.url, content=content)


@pytest.mark.timeout(60)
def test_a_server_that_does_not_read_is_unknown(client: Make) -> None:
    big = SizedStream(512 * MB, lambda: iter([b"d" * MB] * 512))
    done = threading.Event()
    with WireServer(lambda talk: (done.wait(60), None)[1]) as server:
        with pytest.raises(OutcomeUnknown, match="did not take the request in time"):
            client(silence=0.3).send("POST", server.url, content=big)
        done.set()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("behave", [silent, silent_in_body], ids=lambda f: f.__name__)
def test_a_silent_server_meets_the_total_limit(client: Make, behave: Callable[[Talk], None]) -> None:
    with WireServer(behave) as server, pytest.raises(OutcomeUnknown, match="in time"):
        client(timeout=1.0, silence=60.0).send("POST", server.url, content=b"a")


def test_the_wire_overrules_an_exception_that_claims_nothing_left(client: Make) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"12345"
        raise httpx.ConnectError("so it says")

    with WireServer(silent) as server, pytest.raises(OutcomeUnknown):
        client().send("POST", server.url, content=SizedStream(10, chunks))


def test_reply_longer_than_the_limit_is_unknown(client: Make) -> None:
    with WireServer(always(reply(b"x" * 5000))) as server, pytest.raises(OutcomeUnknown, match="longer than 4000"):
        client().send("POST", server.url, content=b"a", limit=4000)


@pytest.mark.parametrize("size", [9, 11])
def test_document_that_changed_its_length_is_unknown(client: Make, size: int) -> None:
    with WireServer(silent) as server, pytest.raises(OutcomeUnknown):
        client().send("POST", server.url, content=stream(b"12345", b"67890", size=size))


def test_document_that_breaks_off_is_unknown(client: Make) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"12345"
        raise OSError("disk")

    with WireServer(silent) as server, pytest.raises(OutcomeUnknown, match="OSError"):
        client().send("POST", server.url, content=SizedStream(10, chunks))


def test_every_exception_at_the_wire_is_mapped(client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    http = client()

    def fail(_: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError

    monkeypatch.setattr(http._wire, "handle_request", fail)
    with pytest.raises(OutcomeUnknown, match="ZeroDivisionError"):
        http.send("POST", "http://127.0.0.1:1/", content=b"a")


# --- what goes over the wire ------------------------------------------------------------------------------------


def test_streamed_body_has_its_length_and_arrives_whole(client: Make) -> None:
    with WireServer(always(reply("x"))) as server:
        client().send("POST", server.url + "/p", content=stream(b"a" * 70000, b"", b"b" * 3))
    (seen,) = server.requests
    assert seen.body == b"a" * 70000 + b"bbb"
    assert seen.headers["content-length"] == "70003"
    assert "transfer-encoding" not in seen.headers


def test_an_answer_of_any_status_is_returned_and_nothing_is_followed(client: Make) -> None:
    with WireServer(
        always(
            reply("moved", "302 Found", location="/elsewhere"),
            reply("busy", "503 Service Unavailable", retry_after="30"),
        )
    ) as server:
        http = client()
        assert http.send("POST", server.url, content=b"a").status == 302
        answer = http.send("POST", server.url, content=b"a")
    assert (answer.status, answer.text, answer.retry_after, answer.media) == (503, "busy", 30.0, "text/plain")
    assert len(server.requests) == 2


def test_early_answer_to_a_long_upload_is_an_answer(client: Make) -> None:
    def too_large(talk: Talk) -> None:
        talk.sock.recv(100)
        talk.send(reply("no", "413 Content Too Large", connection="close"))
        talk.sock.shutdown(socket.SHUT_WR)
        talk.until_gone()

    with WireServer(too_large) as server:
        answer = client().send("POST", server.url, content=SizedStream(9 * MB, lambda: iter([b"d" * MB] * 9)))
    assert answer.status == 413


def test_retry_after_is_believed_for_a_day_at_most(client: Make) -> None:
    with WireServer(
        always(
            reply("", retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
            reply("", retry_after="Fri, 31 Dec 9999 23:59:59 GMT"),
            reply("", retry_after="soon"),
            reply("", retry_after="9" * 400),
        )
    ) as server:
        http = client()
        waits = [http.send("GET", server.url).retry_after for _ in range(4)]
    assert waits == [0.0, LONGEST_WAIT, None, LONGEST_WAIT]


def test_environment_proxies_and_cookies_are_not_used(client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with WireServer(always(reply("x", set_cookie="a=b; Path=/"))) as server:
        http = client()
        http.send("POST", server.url, content=b"1")
        http.send("POST", server.url, content=b"2")
    assert [seen.headers.get("cookie") for seen in server.requests] == [None, None]


def test_connections_are_kept_except_for_what_must_be_fresh(client: Make) -> None:
    with WireServer(always(reply("x"))) as server:
        http = client()
        for _ in range(3):
            http.send("POST", server.url, content=b"a")
        assert server.connections == 1
        for _ in range(3):
            http.send("POST", server.url, content=b"a", fresh=True)
        assert server.connections == 4


def test_connection_that_the_server_closed_is_not_used_again(client: Make) -> None:
    closed = threading.Event()

    def once(talk: Talk) -> None:
        talk.request()
        talk.send(reply("x"))
        talk.sock.close()
        closed.set()

    with WireServer(once) as server:
        http = client()
        for _ in range(3):
            closed.clear()
            assert http.send("POST", server.url, content=b"a").text == "x"
            closed.wait(60)
        assert server.connections == 3


@pytest.mark.parametrize(
    ("answer", "framed"),
    [
        (reply("abc"), True),
        (reply("", "204 No Content", content_length=""), True),
        (reply(b"3\r\nabc\r\n0\r\n\r\n", transfer_encoding="chunked", content_length=""), True),
        (reply("abc", content_length="", connection="close"), False),
    ],
)
def test_a_reply_tells_whether_it_told_its_length(client: Make, answer: bytes, framed: bool) -> None:
    def behave(talk: Talk) -> None:
        talk.request()
        talk.send(answer)

    with WireServer(behave) as server:
        got = client().send("POST", server.url, content=b"a")
    assert got.framed is framed
    assert got.text == ("" if got.status == 204 else "abc")


# --- downloads --------------------------------------------------------------------------------------------------


def pdf(head: Reply) -> bool:
    return head.media == "application/pdf"


def test_download_goes_to_the_writer_piece_by_piece(client: Make) -> None:
    content = bytes(range(256)) * 4096
    target = io.BytesIO()
    with WireServer(always(reply(content, content_type="application/pdf; x=y"))) as server:
        answer = client().download("POST", server.url, write=target.write, wanted=pdf, limit=2 * MB, content=b"q")
    assert target.getvalue() == content
    assert answer.body == b""
    assert server.requests[0].body == b"q"


def test_download_of_something_else_is_an_ordinary_reply(client: Make) -> None:
    target = io.BytesIO()
    with WireServer(always(reply("ERR12: no"))) as server:
        answer = client().download("POST", server.url, write=target.write, wanted=pdf, limit=MB)
    assert (answer.text, target.getvalue()) == ("ERR12: no", b"")


def test_download_beyond_the_limit_is_trouble(client: Make) -> None:
    server = WireServer(always(reply(b"x" * 5000, content_type="application/pdf")))
    with server, pytest.raises(ProviderTrouble, match="larger than 4000 bytes"):
        client().download("GET", server.url, write=lambda _: None, wanted=pdf, limit=4000)


def test_download_that_breaks_off_is_never_a_whole_one(client: Make) -> None:
    def cut(talk: Talk) -> None:
        talk.request()
        talk.send(reply(b"x" * 5000, content_type="application/pdf")[:-1])

    with (
        WireServer(cut) as server,
        pytest.raises(OutcomeUnknown, match=r"before the reply|closed the connection early"),
    ):
        client().download("GET", server.url, write=lambda _: None, wanted=pdf, limit=MB)


def test_trouble_of_the_writer_is_the_callers_own(client: Make) -> None:
    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    server = WireServer(always(reply(b"x" * 10, content_type="application/pdf")))
    with server, pytest.raises(OSError, match="No space"):
        client().download("GET", server.url, write=full, wanted=pdf, limit=MB)


# --- nothing is shown -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "behave",
    [None, reset_after_request, garbage, silent, always(reply("secret-reply"))],
    ids=["refused", "reset", "garbage", "silent", "long"],
)
def test_no_secret_in_errors_and_logs(
    client: Make, behave: Callable[[Talk], None] | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with WireServer(behave or reset_in_request) as server, structlog.testing.capture_logs() as logs:
        port = server.port if behave else free_port()
        url = f"http://secret-user:secret-password@127.0.0.1:{port}/path?token=secret-query"
        try:
            client(silence=0.3).send("POST", url, headers={"x-key": "secret-header"}, content=b"secret-body", limit=5)
        except (NotSent, OutcomeUnknown) as error:
            assert error.__cause__ is None
            assert error.__context__ is None
            shown = str(error)
        else:
            shown = ""
    assert "127.0.0.1" in shown
    assert logs
    assert "secret" not in shown + repr(logs) + caplog.text
