"""uvicorn's protocols, with an end to their patience and a bound to what a client makes them keep.

uvicorn waits for a request's head and body as long as the client likes, keeps a head of any size, answers each ping of
a WebSocket though no answer is read, and keeps what a client does not read until it does. A timer for each request
would cost the fast ones; so each connection is looked at now and then, and what it is found waiting for more than a few
times is given up.
"""

import asyncio
import socket
import sys
from collections.abc import Iterable
from typing import Any, ClassVar, Final, cast

import orjson
import structlog
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from server.line import EXTENSION, Line
from server.masking import refusal

log = structlog.get_logger()

LOOK_SECONDS: Final = 5.0
"""Between two looks at a connection: at 10,000 connections they take a few milliseconds a second."""

HEAD_LOOKS: Final = 3
"""A request's head, or the first of it, has to be there when it is looked for so often: within 10 to 15 seconds."""

BODY_LOOKS: Final = 4
"""A body may be found to have come too slowly so often on end, less once: for 15 to 20 seconds."""

BODY_BYTES: Final = 2500
"""Of a body, between two looks: 500 a second. Who sends less would be 70 minutes at the largest one for /graphql."""

HEAD_BYTES: Final = 64 * 1024
"""Of a request's head, URL and headers, beside what was read together with its first byte. Proxies pass 8 to 32 KiB."""

MOST_IN_LINE: Final = 100
"""Requests of a connection that wait for the answers to those before. Browsers send none ahead; of the shortest ones
10,000 are read at once, and take 3 kB each."""

UNREAD_SECONDS: Final = 60
"""What was sent has to be acknowledged by the client's machine, or its buffers are full or it is gone. Then the kernel
gives the connection up, with whatever is still to be sent on it."""

MOST_FRAGMENTS: Final = 1000
"""Of a WebSocket's message. Empty ones have no size, and each is kept until the message is complete."""


class _TooManyInLine(Exception):
    """A request above MOST_IN_LINE."""


class WholeAnswers(RequestResponseCycle):
    """A request whose answer, where it has one body of a known length, is sent in one go.

    uvicorn sends the head by itself, as soon as it is there: a second call of the system, and often a second packet.
    """

    _head: Any = None  # that waits for its body: the message that begins an answer

    async def send(self, message: Any) -> None:
        head, self._head = self._head, None
        if head is None:
            begins = message["type"] == "http.response.start" and not self.response_started
            if begins and _has_length(message.get("headers")):
                self._head = message
                return
        elif message["type"] != "http.response.body" or (
            message.get("more_body") or self.flow.write_paused or self.access_log
        ):
            await super().send(head)
        else:
            if not self.disconnected:
                self._send_whole(head["status"], head["headers"], message.get("body", b""))
            return
        await super().send(message)

    async def send_500_response(self) -> None:
        self._head = None  # of an answer that a fault has come between
        await super().send_500_response()

    def _send_whole(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        """Does what `send` would do with both. Raises RuntimeError for what cannot be sent."""
        sends_body = self.scope["method"] != "HEAD" and status not in _BODILESS
        content = [STATUS_LINE[status]]
        closes = False
        for name, value in (*self.default_headers, *headers):
            line = _LINES.get((name, value))
            if line is None:  # none of those that are kept says anything about the body or the connection
                line = _line(name, value)
                lowered = name.lower()
                if lowered == b"content-length":
                    if sends_body and int(value) != len(body):
                        raise RuntimeError("The body is not as long as Content-Length says.")
                elif lowered == b"transfer-encoding":
                    raise RuntimeError("A body with Content-Length has no Transfer-Encoding.")
                elif lowered == b"connection" and b"close" in map(bytes.strip, value.lower().split(b",")):
                    self.keep_alive, closes = False, True
            content.append(line)
        content.append(b"\r\n" if self.keep_alive or closes else b"connection: close\r\n\r\n")
        if sends_body:
            content.append(body)
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(b"".join(content))
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


_BODILESS: Final = frozenset({204, 304})
"""Of these a length is that of what another request would be answered."""

_ALWAYS_ALIKE: Final = frozenset({b"cache-control", b"content-type", b"vary"})
_LINES: Final[dict[tuple[bytes, bytes], bytes]] = {}
_MOST_LINES: Final = 100


def _line(name: bytes, value: bytes) -> bytes:
    """A header as it is sent; those that nearly all answers have are kept. Raises RuntimeError for one that is none."""
    if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
        raise RuntimeError("Invalid HTTP header.")
    line = b"%b: %b\r\n" % (name.lower(), value)
    if name in _ALWAYS_ALIKE and len(_LINES) < _MOST_LINES:
        _LINES[name, value] = line
    return line


def _has_length(headers: object) -> bool:
    if not isinstance(headers, list):  # an application may hand over what can be gone through only once
        return False
    for name, _ in headers:  # noqa: SIM110  # a generator for `any` takes longer than all of it
        if name == b"content-length":
            return True
    return False


class HttpProtocol(HttpToolsProtocol):
    """HTTP/1.1 with deadlines."""

    look_seconds: ClassVar[float] = LOOK_SECONDS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        bound_unread(self.transport)
        self._extensions = {EXTENSION: Line(self.transport.abort)}
        self._head_bytes = 0
        self._body_bytes = 0  # since the last look
        self._looked_at: object = None  # the request that was waited for at the last look
        self._looks = 0  # at which it was waited for, on end
        self._refused = False
        self._next_look = self.loop.call_later(self.look_seconds, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._next_look.cancel()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        self._next_look.cancel()
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= MOST_IN_LINE:
            raise _TooManyInLine  # which the parser takes for a bad request: 400, and the end
        super().on_message_begin()
        self.scope["extensions"] = self._extensions  # type: ignore[typeddict-item]  # what else may stand there

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._body_bytes += len(data)
        last = self.scope
        super().data_received(data)
        if self.scope is not last or not self._lacks_head:
            self._head_bytes = 0
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431, "TOO_LARGE", f"A request's head may have {HEAD_BYTES} bytes; send less.")

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.__class__ = WholeAnswers  # uvicorn makes its own, and takes no other
        super()._start_asgi_task(cycle, app)

    def shutdown(self) -> None:
        super().shutdown()
        stopping = self._extensions[EXTENSION].stopping
        if stopping is not None:
            stopping()

    @property
    def _lacks_head(self) -> bool:
        """Whether a request was begun, or the connection was just opened, and no head has come whole."""
        cycle: object = self.cycle  # which is None before the first, whatever uvicorn says of it
        return not isinstance(cycle, RequestResponseCycle) or cycle.scope is not self.scope

    @property
    def _lacks_body(self) -> bool:
        """Whether the client is slow to come to an end: we are reading, and what came was little, or for nobody."""
        came, self._body_bytes = self._body_bytes, 0
        if not self.cycle.more_body or self.cycle.waiting_for_100_continue or self.flow.read_paused:
            return False
        return came < BODY_BYTES or self.cycle.response_complete

    def _look(self) -> None:
        if self._refused:
            self.transport.abort()
        if self.transport.is_closing():
            return  # the kernel's patience counts now
        self._next_look = self.loop.call_later(self.look_seconds, self._look)
        lacks_head = self._lacks_head
        if not lacks_head and not self._lacks_body:
            self._looks = 0
            return
        self._looks = self._looks + 1 if self._looked_at is self.scope else 1
        self._looked_at = self.scope
        if self._looks >= (HEAD_LOOKS if lacks_head else BODY_LOOKS):
            self._refuse(408, "TIMEOUT", "The request came too slowly; send it again, at once.")

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answers, where something was asked and no answer was begun, and gives up the connection.

        Until the next look it takes what the client is still sending: closed at once, it would lose the answer.
        """
        asked: object = self.scope
        if asked is None:  # not a byte came: a browser that connects in advance
            self.transport.close()
            return
        log.info("connection cut off", reason=message)
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not (cycle.response_complete and self._lacks_head):
            if self._lacks_head or cycle.response_started:  # the answer to another request is on its way, or to this
                self.transport.abort()
                return
            cycle.disconnected = True
            cycle.message_event.set()
        self._refused = True
        body = orjson.dumps(refusal(message, code))
        head = f"HTTP/1.1 {status} \r\ncontent-type: application/json\r\nconnection: close\r\n"
        self.transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        self.transport.write_eof()


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """WebSockets of which nothing is read while their client reads nothing."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            cast(dict[str, Any], self.scope["extensions"])[EXTENSION] = Line(self.transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self.writable.is_set() and not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < MOST_FRAGMENTS:
            super().handle_cont(event)
        elif not self.close_sent:
            self.conn.send_close(1009, f"A message may have {MOST_FRAGMENTS} fragments")
            self.handle_parser_exception()


def bound_unread(transport: asyncio.Transport) -> None:
    """Has the kernel drop the connection of a client that takes nothing any more (Linux; RFC 5482)."""
    taken: socket.socket | None = transport.get_extra_info("socket")
    if sys.platform == "linux" and taken is not None and taken.family in (socket.AF_INET, socket.AF_INET6):
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
