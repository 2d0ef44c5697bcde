"""Subscriptions as server-sent events: one HTTP request and one stream for each.

The protocol, of which this is the distinct connections mode: github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md.
Its single connection mode keeps what a client reserved in one process, while our clients' requests reach any.
"""

import asyncio
from collections.abc import Collection
from typing import Final, NoReturn

import structlog
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from server.answer import COMPLETE, EVENT_STREAM_HEADERS, next_event
from server.body import ClientGone, chunks
from server.endpoint import Subscribed
from server.front import answer_header, authorization
from server.line import line_of
from server.masking import refusal, refusal_of_bug
from server.metrics import STREAMS
from server.negotiation import languages
from server.request import Refused
from server.subscriptions import live
from server.subscriptions.live import Services, Subscription
from server.subscriptions.origins import is_from_here
from server.subscriptions.protocol import CloseCode, Ended, first_of
from server.subscriptions.room import Room, going_away
from server.subscriptions.trust import Trust
from server.tokens import Unauthenticated

log = structlog.get_logger()

TOO_MANY_CONNECTIONS: Final = "TOO_MANY_CONNECTIONS"
FOREIGN_ORIGIN: Final = "FOREIGN_ORIGIN"
RETRY_AFTER: Final = (b"retry-after", b"5")

SIGN_OF_LIFE: Final = b":\n\n"
"""A comment, which clients ignore."""


class EventStreams:
    """Answers requests for subscriptions by streams.

    origins: web pages that may ask, beside those of this host.
    """

    def __init__(self, services: Services, room: Room, *, origins: Collection[str]) -> None:
        self._services = services
        self._room = room
        self._origins = origins

    async def serve(self, scope: Scope, receive: Receive, send: Send, asked: Subscribed) -> None:
        """Streams the answers until the client goes away, or the stream has to end.

        Raises Refused, before anything was sent.
        """
        headers = Headers(scope=scope)
        if not is_from_here(headers, self._origins):
            raise Refused(403, FOREIGN_ORIGIN, "Pages of this origin may not subscribe here (PACELINE_CORS_ORIGINS).")
        full = self._room.refusal()
        if full is not None:
            raise Refused(503, TOO_MANY_CONNECTIONS, f"{full.reason}; try again in a moment.", RETRY_AFTER)
        try:
            self._room.enter(asked.caller.subject)
        except Ended as fault:
            raise Refused(429, TOO_MANY_CONNECTIONS, f"{fault.reason}; close one first.") from None
        stream = _Stream(self._services, scope, receive, send, asked)
        try:
            with self._room.place(stream, STREAMS):
                await stream.serve()
        finally:
            self._room.leave(asked.caller.subject)


class _Stream:
    """One client's stream of one subscription."""

    def __init__(self, services: Services, scope: Scope, receive: Receive, send: Send, asked: Subscribed) -> None:
        self._services = services
        self._line = line_of(scope)
        self._receive = receive
        self._asgi_send = send
        self._trust = Trust(services.front, authorization(scope))
        self._order = asyncio.Lock()
        self._ending = asyncio.Event()
        self._reason = Ended(CloseCode.DONE, "")
        self._subscription = Subscription(
            operation=asked.operation,
            variables=asked.variables,
            languages=languages(",".join(Headers(scope=scope).getlist("accept-language"))),
            still_known=self._trust.caller,
            tell=lambda result: self._send(next_event(result)),
            fail=lambda errors: self._send(next_event({"errors": errors})),
        )

    def end(self, ended: Ended) -> None:
        """Has the stream be closed."""
        self._reason = ended
        self._ending.set()

    async def serve(self) -> None:
        """Streams until the client goes away or the stream has to end, and ends it."""
        self._line.stopping = lambda: self.end(going_away())
        try:
            ended = await self._stream()
        finally:
            self._line.stopping = None
        match ended:
            case None:
                return
            case Ended(code=CloseCode.POLICY):
                log.info("connection cut off", reason=ended.reason)
                self._line.cut()
            case Ended(code=CloseCode.GOING_AWAY):
                await self._finish(b"")  # without `complete`: the client is to ask again, and another process
            case Ended(code=CloseCode.FORBIDDEN):
                await self._finish(next_event(refusal(str(Unauthenticated()), "UNAUTHENTICATED")) + COMPLETE)
            case Ended(code=CloseCode.INTERNAL):
                await self._finish(next_event(refusal_of_bug(ended)) + COMPLETE)
            case _:
                await self._finish(COMPLETE)

    async def _stream(self) -> Ended | None:
        """Streams; what ended it, None where the client went away."""
        ended: Ended | None = None
        try:
            await self._asgi_send(
                {"type": "http.response.start", "status": 200, "headers": [*EVENT_STREAM_HEADERS, answer_header()]}
            )
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._until_told())
                tasks.create_task(self._until_gone())
                tasks.create_task(self._trust.hold())
                tasks.create_task(self._show_life())
                await live.run(self._services, self._subscription)
                raise Ended(CloseCode.DONE, "")
        except* Ended as faults:
            ended = first_of(faults)
        except* ClientGone:
            pass
        except* Exception as fault:
            ended = Ended(CloseCode.INTERNAL, "")
            ended.__cause__ = fault  # for the log
        return ended

    async def _until_told(self) -> NoReturn:
        await self._ending.wait()
        raise self._reason

    async def _until_gone(self) -> NoReturn:
        while True:
            async for _ in chunks(self._receive):  # there is no more body; what comes next is the client's going
                pass

    async def _show_life(self) -> NoReturn:
        """Keeps proxies from taking the stream for dead, and lets the kernel find out whether the client is."""
        while True:
            await asyncio.sleep(self._services.limits.silence_seconds)
            if not self._order.locked():
                await self._send(SIGN_OF_LIFE)

    async def _send(self, content: bytes) -> None:
        """Sends a part of the stream. Raises Ended for a client that never reads."""
        try:
            async with asyncio.timeout(self._services.limits.send_seconds), self._order:
                await self._asgi_send({"type": "http.response.body", "body": content, "more_body": True})
        except TimeoutError:
            raise Ended(CloseCode.POLICY, "The client does not read") from None

    async def _finish(self, content: bytes) -> None:
        """Sends the last part, if the client still listens."""
        try:
            async with asyncio.timeout(self._services.limits.close_seconds):
                await self._asgi_send({"type": "http.response.body", "body": content})
        except TimeoutError:
            self._line.cut()
