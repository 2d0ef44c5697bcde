"""Answers whose length is known go out in one go, and are what uvicorn would have sent in two: all on real sockets."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, cast

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.protocols import HttpProtocol
from tests.server.sockets import Bare, Hasty, Watched, bare_at

pytestmark = pytest.mark.anyio

SECONDS = 60  # for what never comes where something is wrong

Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]
App: TypeAlias = Callable[[Any, Receive, Send], Awaitable[None]]


class Overheard:
    """A transport, and each write to it by itself."""

    def __init__(self, transport: asyncio.Transport, written: list[bytes]) -> None:
        self._transport = transport
        self._written = written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, content: bytes) -> None:
        self._written.append(bytes(content))
        self._transport.write(content)


class Ours(HttpProtocol):
    written: ClassVar[list[bytes]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport = cast(asyncio.Transport, Overheard(self.transport, self.written))


class Theirs(HttpToolsProtocol):
    written: ClassVar[list[bytes]] = []

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self.transport = cast(asyncio.Transport, Overheard(self.transport, self.written))


class Stopping(HttpProtocol):
    """Tells when the server asked its connections to come to an end."""

    asked: ClassVar[asyncio.Event]

    def shutdown(self) -> None:
        super().shutdown()
        self.asked.set()


async def unset(scope: Any, receive: Receive, send: Send) -> None:
    raise AssertionError("A test sets its own.")


@dataclass(slots=True)
class Running:
    """A server on a port of its own. app: what answers; each test sets its own."""

    server: uvicorn.Server
    port: int
    app: App = unset


@asynccontextmanager
async def running(protocol: type[HttpToolsProtocol], *, access_log: bool = False) -> AsyncIterator[Running]:
    def connected(**given: Any) -> asyncio.Protocol:
        """As our own logging has it. pytest listens to every logger, for which uvicorn would write an access log."""
        made = protocol(**given)
        made.access_log = access_log
        return made

    async def answer(scope: Any, receive: Receive, send: Send) -> None:
        await there.app(scope, receive, send)

    # Dates would differ between two servers.
    config = uvicorn.Config(
        answer,
        http=cast(type[asyncio.Protocol], connected),
        ws="none",
        lifespan="off",
        log_config=None,
        date_header=False,
        timeout_graceful_shutdown=2,
    )
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        there = Running(uvicorn.Server(config), listening.getsockname()[1])
        serving = asyncio.create_task(there.server.serve([listening]))
        while not there.server.started:  # noqa: ASYNC110  # uvicorn has a flag and no event
            await asyncio.sleep(0.005)
        try:
            yield there
        finally:
            there.server.should_exit = True
            await serving


@pytest.fixture(scope="module")
async def ours() -> AsyncIterator[Running]:
    async with running(Ours) as there:
        yield there


@pytest.fixture(scope="module")
async def theirs() -> AsyncIterator[Running]:
    async with running(Theirs) as there:
        yield there


@asynccontextmanager
async def client_of(there: Running) -> AsyncIterator[Bare]:
    async with asyncio.timeout(SECONDS), bare_at(there.port) as client:
        yield client


async def said(there: Running, app: App, asked: bytes) -> bytes:
    """All that the server says to *asked*, until it ends the connection."""
    there.app = app
    Ours.written.clear()
    Theirs.written.clear()
    async with client_of(there) as client:
        await client.send(asked)
        return await client.rest()


def ask(*lines: str, method: str = "GET", version: str = "1.1", body: bytes = b"") -> bytes:
    return "\r\n".join([f"{method} /there HTTP/{version}", "Host: x", *lines, "", ""]).encode() + body


LAST = ask("Connection: close")
"""A request after which the connection ends."""


def start(*headers: Any, status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def length(number: int) -> tuple[bytes, bytes]:
    return b"content-length", b"%d" % number


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


def sends(*messages: Any) -> App:
    async def app(scope: Any, receive: Receive, send: Send) -> None:
        for message in messages:
            # What can be gone through once only is made anew for each request.
            await send(message() if callable(message) else message)

    return app


async def echo(scope: Any, receive: Receive, send: Send) -> None:
    """Answers with what it is sent."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await send(start((b"content-type", b"text/plain"), length(len(body))))
    await send(part(body))


async def answer_and_read(scope: Any, receive: Receive, send: Send) -> None:
    await send(start(length(5)))
    await send(part(b"hello"))
    await receive()


async def raise_at_once(scope: Any, receive: Receive, send: Send) -> None:
    raise ValueError("a fault")


TYPE = (b"content-type", b"text/plain")
HELLO = sends(start(TYPE, length(5)), part(b"hello"))
NOT_MODIFIED = sends(start((b"etag", b'"a"'), status=304), {"type": "http.response.body"})

ALIKE: dict[str, tuple[App, bytes]] = {
    "a_body": (HELLO, LAST),
    "an_empty_body": (sends(start(length(0)), part(b"")), LAST),
    "no_body_in_the_message": (sends(start(length(0)), {"type": "http.response.body"}), LAST),
    "a_large_body": (sends(start(length(300_000)), part(b"0123456789" * 30_000)), LAST),
    "a_body_that_can_be_changed": (
        sends(start(length(5)), {"type": "http.response.body", "body": bytearray(b"hello")}),
        LAST,
    ),
    "head": (HELLO, ask("Connection: close", method="HEAD")),
    "head_without_a_body": (sends(start(length(5)), part(b"")), ask("Connection: close", method="HEAD")),
    "head_of_a_stream": (
        sends(start(length(5)), part(b"he", more=True), part(b"llo")),
        ask("Connection: close", method="HEAD"),
    ),
    "a_stream_without_a_length": (sends(start(TYPE), part(b"he", more=True), part(b"llo")), LAST),
    "a_body_without_a_length": (sends(start(TYPE), part(b"hello")), LAST),
    "a_stream_with_a_length": (sends(start(length(5)), part(b"he", more=True), part(b"llo")), LAST),
    "a_stream_of_one_part": (sends(start(length(5)), part(b"hello", more=True), part(b"")), LAST),
    "a_stream_that_begins_empty": (sends(start(length(5)), part(b"", more=True), part(b"hello")), LAST),
    "status_204": (sends(start(status=204), part(b"")), LAST),
    "status_304": (NOT_MODIFIED, LAST),
    "status_304_with_no_length": (sends(start(length(0), status=304), part(b"")), LAST),
    "a_status_without_a_phrase": (sends(start(length(2), status=299), part(b"ok")), LAST),
    "no_headers": (sends({"type": "http.response.start", "status": 200}, part(b"hello")), LAST),
    "headers_as_lists": (sends(start([b"content-type", b"text/plain"], [b"content-length", b"2"]), part(b"ok")), LAST),
    "headers_to_be_gone_through_once": (
        sends(
            lambda: {"type": "http.response.start", "status": 200, "headers": iter([TYPE, length(2), (b"x-y", b"z")])},
            part(b"ok"),
        ),
        LAST,
    ),
    "headers_in_capitals": (sends(start((b"Content-Type", b"a/b"), (b"Content-Length", b"2")), part(b"ok")), LAST),
    "a_header_twice": (sends(start((b"vary", b"a"), (b"vary", b"b"), length(2)), part(b"ok")), LAST),
    "headers_beyond_ascii": (sends(start((b"x-name", "é".encode("latin-1")), length(2)), part(b"ok")), LAST),
    "an_application_that_closes": (sends(start(length(2), (b"connection", b"close")), part(b"ok")), ask()),
    "an_application_that_closes_in_capitals": (
        sends(start(length(2), (b"Connection", b"X-Y, Close")), part(b"ok")),
        ask() + LAST,
    ),
    "an_application_that_closes_nothing": (
        sends(start(length(2), (b"connection", b"x-close")), part(b"ok")),
        ask() + LAST,
    ),
    "http_1_0": (HELLO, ask(version="1.0")),
    "http_1_0_that_would_stay": (HELLO, ask("Connection: keep-alive", version="1.0")),
    "requests_in_line": (HELLO, ask() * 5 + ask(method="HEAD") + LAST),
    "requests_in_line_for_nothing": (NOT_MODIFIED, ask() * 5 + LAST),
    "requests_in_line_behind_one_that_closes": (HELLO, ask() + LAST + ask()),
    "a_request_with_a_body": (echo, ask("Content-Length: 3", "Connection: close", method="POST", body=b"abc")),
    "bodies_in_line": (echo, ask("Content-Length: 3", method="POST", body=b"abc") * 3 + LAST),
    "100_continue": (
        echo,
        ask("Expect: 100-continue", "Content-Length: 3", "Connection: close", method="POST", body=b"abc"),
    ),
    "100_continue_for_a_body_that_nobody_reads": (
        HELLO,
        ask("Expect: 100-continue", "Content-Length: 3", "Connection: close", method="POST", body=b"abc"),
    ),
    "100_continue_for_a_body_that_is_read_when_all_was_said": (
        answer_and_read,
        ask("Expect: 100-continue", "Content-Length: 3", method="POST", body=b"abc") + LAST,
    ),
    "a_fault_before_anything": (raise_at_once, ask()),
    "nothing_at_all": (sends(), ask()),
    "a_body_before_a_head": (sends(part(b"hello")), ask()),
    "two_heads": (sends(start(length(5)), start(length(5)), part(b"hello")), ask()),
    "a_head_with_a_length_and_one_without": (sends(start(length(5)), start(TYPE), part(b"hello")), ask()),
    "a_head_and_something_unknown": (sends(start(length(5)), {"type": "http.response.push"}, part(b"hello")), ask()),
    "a_stream_that_ends_too_early": (sends(start(length(5)), part(b"he", more=True), part(b"")), ask()),
    "a_stream_that_gets_too_long": (sends(start(length(5)), part(b"he", more=True), part(b"llo!")), ask()),
    "more_after_the_end": (sends(start(length(5)), part(b"hello"), part(b"!")), LAST),
}


@pytest.mark.parametrize(("app", "asked"), ALIKE.values(), ids=ALIKE)
async def test_answers_are_uvicorns_byte_by_byte(ours: Running, theirs: Running, app: App, asked: bytes) -> None:
    expected = await said(theirs, app, asked)
    assert expected
    assert await said(ours, app, asked) == expected


async def test_an_answer_with_a_length_is_one_write(ours: Running, theirs: Running) -> None:
    whole = await said(ours, HELLO, LAST)
    assert Ours.written == [whole]
    assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
    assert whole.endswith(b"\r\n\r\nhello")
    await said(theirs, HELLO, LAST)
    assert len(Theirs.written) == 2  # or we would hear what is no write


ONE_WRITE: dict[str, tuple[App, bytes]] = {
    "head": (HELLO, ask("Connection: close", method="HEAD")),
    "an_empty_body": (sends(start(length(0)), part(b"")), LAST),
    "http_1_0": (HELLO, ask(version="1.0")),
    "a_large_body": (sends(start(length(300_000)), part(b"0123456789" * 30_000)), LAST),
    "a_fault": (raise_at_once, LAST),
}


@pytest.mark.parametrize(("app", "asked"), ONE_WRITE.values(), ids=ONE_WRITE)
async def test_other_answers_with_a_length_are_one_write_too(ours: Running, app: App, asked: bytes) -> None:
    whole = await said(ours, app, asked)
    assert Ours.written == [whole]


async def test_requests_in_line_are_each_answered_by_one_write_and_in_their_order(ours: Running) -> None:
    asked = [ask("Content-Length: 1", method="POST", body=b"%d" % number) for number in range(4)]
    await said(ours, echo, b"".join(asked) + LAST)
    assert [written[-1:] for written in Ours.written] == [b"0", b"1", b"2", b"3", b"\n"]


async def test_a_connection_stays_for_the_next_request(ours: Running) -> None:
    ours.app = echo
    Ours.written.clear()
    async with client_of(ours) as client:
        for body in (b"first", b"second"):
            await client.send(ask(f"Content-Length: {len(body)}", method="POST", body=body))
            answer = await client.receive_until(body)
            assert b"connection:" not in answer
    assert len(Ours.written) == 2


async def test_a_client_that_waits_to_be_told_to_go_on_is_told(ours: Running) -> None:
    ours.app = echo
    async with client_of(ours) as client:
        await client.send(ask("Expect: 100-continue", "Content-Length: 3", "Connection: close", method="POST"))
        assert await client.receive_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.send(b"abc")
        assert (await client.rest()).endswith(b"\r\n\r\nabc")


@pytest.mark.parametrize(
    ("head", "begins"),
    [(start(TYPE), b"transfer-encoding: chunked\r\n\r\n"), (start(length(5)), b"content-length: 5\r\n")],
    ids=["without_a_length", "with_a_length"],
)
async def test_a_part_of_a_stream_is_there_before_the_next(ours: Running, head: Any, begins: bytes) -> None:
    first_came = asyncio.Event()

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await send(head)
        await send(part(b"he", more=True))
        await first_came.wait()
        await send(part(b"llo"))

    ours.app = app
    async with client_of(ours) as client:
        await client.send(LAST)
        assert begins in await client.receive_until(b"he")
        first_came.set()
        assert b"llo" in await client.rest()


async def test_the_head_of_a_stream_without_a_length_waits_for_nothing(ours: Running) -> None:
    head_came = asyncio.Event()

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await send(start(TYPE))
        await head_came.wait()
        await send(part(b"hello"))

    ours.app = app
    async with client_of(ours) as client:
        await client.send(LAST)
        assert (await client.receive_until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
        head_came.set()
        assert b"hello" in await client.rest()


async def raise_after_the_head(scope: Any, receive: Receive, send: Send) -> None:
    await send(start(TYPE, length(5), (b"x-of-the-answer", b"1")))
    raise ValueError("a fault")


# Of an answer that cannot be sent uvicorn sends the head, or a part, and ends the connection. We have sent none yet.
FAULTS: dict[str, App] = {
    "a_fault_after_the_head": raise_after_the_head,
    "no_body": sends(start(length(5))),
    "a_body_too_short": sends(start(length(5)), part(b"he")),
    "a_body_too_long": sends(start(length(5)), part(b"hello!")),
    "a_length_that_is_none": sends(start((b"content-length", b"five")), part(b"hello")),
    "two_lengths": sends(start(length(5), length(6)), part(b"hello")),
    "a_line_break_in_a_header": sends(start(length(5), (b"x", b"a\r\nset-cookie: b")), part(b"hello")),
    "a_line_break_in_a_header_that_is_kept": sends(start(length(5), (b"vary", b"a\nx: b")), part(b"hello")),
    "a_line_break_in_a_name": sends(start(length(5), (b"x\r\nset-cookie", b"b")), part(b"hello")),
    "a_zero_in_a_header": sends(start(length(5), (b"x", b"a\0b")), part(b"hello")),
    "a_space_in_a_name": sends(start(length(5), (b"x y", b"b")), part(b"hello")),
    "a_status_that_is_none": sends(start(length(5), status=999), part(b"hello")),
    # Who reads the one and not the other would find another request's answer in the body.
    "a_length_and_chunks": sends(start(length(5), (b"transfer-encoding", b"chunked")), part(b"hello")),
    "chunks_and_a_length": sends(start((b"Transfer-Encoding", b"Chunked"), length(5)), part(b"hello")),
}


@pytest.mark.parametrize("app", FAULTS.values(), ids=FAULTS)
async def test_an_answer_that_cannot_be_sent_is_a_whole_500(ours: Running, theirs: Running, app: App) -> None:
    """The same that uvicorn has for a fault before anything was sent; nothing of the other answer is in it."""
    expected = await said(theirs, raise_at_once, ask())
    assert expected.startswith(b"HTTP/1.1 500 ")
    # Twice, as a header that was once let through might be kept.
    for _ in range(2):
        assert await said(ours, app, ask() + ask()) == expected
        assert len(Ours.written) == 1


async def test_an_application_may_answer_otherwise_when_its_answer_cannot_be_sent(ours: Running) -> None:
    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await send(start(length(5)))
        with pytest.raises(RuntimeError, match="not as long"):
            await send(part(b"he"))
        await send(start(length(5), status=503))
        await send(part(b"sorry"))

    answer = await said(ours, app, LAST)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert answer.endswith(b"\r\n\r\nsorry")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("body", [b"", b"hello"], ids=["without_a_body", "with_a_body"])
async def test_answers_that_never_have_a_body_have_none_whatever_length_they_tell(
    ours: Running, status: int, body: bytes
) -> None:
    """A body would be taken for the next answer (RFC 9112, 6.3); a 304's length is that of the page it stands for."""
    answer = await said(ours, sends(start(length(5), status=status), part(body)), ask() + LAST)
    first, second, nothing = answer.split(b"\r\n\r\n")
    for head in (first, second):
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert b"content-length: 5" in head
    assert nothing == b""


@pytest.mark.parametrize("begun", [False, True], ids=["before_the_head", "before_the_body"])
async def test_nothing_is_sent_to_a_client_that_went_away(ours: Running, begun: bool) -> None:
    there, done = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        if begun:
            await send(start(length(5)))
        there.set()
        while (await receive())["type"] != "http.disconnect":
            pass
        if not begun:
            await send(start(length(5)))
        await send(part(b"hello"))
        done.set()  # so neither has raised anything

    ours.app = app
    Ours.written.clear()
    async with client_of(ours) as client:
        await client.send(ask())
        await there.wait()
    await asyncio.wait_for(done.wait(), SECONDS)
    assert Ours.written == []
    assert (await said(ours, HELLO, LAST)).endswith(b"hello")


async def test_who_listens_for_the_end_hears_of_it_when_the_answer_is_sent(ours: Running) -> None:
    """As uvicorn has it, though the client is still there."""
    listens, heard = asyncio.Event(), asyncio.Event()

    async def listen(receive: Receive) -> None:
        listens.set()
        assert (await receive())["type"] == "http.disconnect"
        heard.set()

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await receive()
        listening = asyncio.create_task(listen(receive))
        await listens.wait()
        await send(start(length(5)))
        await send(part(b"hello"))
        await listening

    ours.app = app
    async with client_of(ours) as client:
        await client.send(ask())
        await client.receive_until(b"hello")
        await heard.wait()


async def test_an_answer_waits_while_those_before_it_are_not_read() -> None:
    body = b"0123456789" * 50_000  # more than both ends' buffers take
    came: list[asyncio.Event] = [asyncio.Event(), asyncio.Event()]
    answered: list[int] = []

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        number = len(answered)
        await send(start(length(len(body))))
        came[number].set()
        await send(part(body))
        answered.append(number)

    async with running(Watched) as there, client_of(there) as client:
        there.app = app
        await client.send(ask() + LAST)
        await came[1].wait()
        # The application runs until it has to wait, and only then do we.
        [*_, connection] = [one for one in Watched.opened if one.client and one.client[1] == client.port]
        assert connection.flow.write_paused
        assert answered == [0]
        assert connection.transport.get_write_buffer_size() < len(body)
        answers = await client.rest()
        assert answered == [0, 1]
    heads, bodies = answers.replace(body, b""), answers.count(body)
    assert bodies == 2
    assert heads.count(b"HTTP/1.1 200 OK\r\n") == heads.count(b"content-length: %d\r\n" % len(body)) == 2
    assert heads.count(b"connection: close\r\n") == 1


async def test_a_server_that_stops_sends_an_answer_that_was_begun_and_tells_the_end() -> None:
    Stopping.asked = asyncio.Event()
    begun = asyncio.Event()

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await send(start(length(5)))
        begun.set()
        await Stopping.asked.wait()
        await send(part(b"hello"))

    async with running(Stopping) as there, client_of(there) as client:
        there.app = app
        await client.send(ask())
        await begun.wait()
        there.server.should_exit = True
        answer = await client.rest()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\nconnection: close\r\n\r\nhello")


async def test_a_body_that_comes_too_slowly_is_refused_though_an_answer_was_begun() -> None:
    """Of that answer not a byte was sent: the refusal stands alone."""
    done = asyncio.Event()

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await send(start(length(5)))
        while (await receive())["type"] != "http.disconnect":
            pass
        await send(part(b"hello"))
        done.set()

    async with running(Hasty) as there, client_of(there) as client:
        there.app = app
        await client.send(ask("Content-Length: 10000", method="POST", body=b"a"))
        answer = await client.rest()
        await done.wait()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"hello" not in answer


@pytest.mark.parametrize(
    ("app", "status"), [(HELLO, 200), (raise_at_once, 500), (raise_after_the_head, 500)], ids=["whole", "none", "head"]
)
async def test_who_wants_an_access_log_has_a_line_for_each_answer(
    caplog: pytest.LogCaptureFixture, app: App, status: int
) -> None:
    with caplog.at_level(logging.INFO, "uvicorn.access"):
        async with running(HttpProtocol, access_log=True) as there:
            answer = await said(there, app, LAST)
    # Once, though more than one handler of pytest's may be told.
    told = {id(record): record.getMessage() for record in caplog.records if record.name == "uvicorn.access"}
    [line] = told.values()
    assert line.endswith(f'"GET /there HTTP/1.1" {status}')
    assert answer.startswith(b"HTTP/1.1 %d " % status)


async def test_headers_that_are_kept_are_those_of_their_own_answer(ours: Running) -> None:
    """More of them than are kept, each twice, by one connection after the other."""
    for _ in range(2):
        for number in range(150):
            kind = b"text/x-%d" % number
            answer = await said(ours, sends(start((b"content-type", kind), length(2)), part(b"ok")), LAST)
            assert b"\r\ncontent-type: %b\r\n" % kind in answer
