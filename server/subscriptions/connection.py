"""One connection: who is on it, and the subscriptions that it carries."""

import asyncio
from collections.abc import Mapping
from typing import Any, NoReturn

import orjson
import structlog
from graphql import GraphQLError, OperationType
from starlette.datastructures import Headers
from starlette.websockets import WebSocket, WebSocketDisconnect

from resolvers.caller import Caller
from server.endpoint import WRONG_TRANSPORT, operation_of
from server.front import authorization
from server.line import line_of
from server.masking import shown
from server.negotiation import languages
from server.persisted.documents import PersistedDocuments
from server.rates.limiter import RATE_LIMITED, Exceeded
from server.request import Refused, request_of
from server.subscriptions import live
from server.subscriptions.live import Services, Subscription
from server.subscriptions.protocol import (
    CloseCode,
    Complete,
    Ended,
    Init,
    Message,
    Ping,
    Pong,
    Subscribe,
    ack,
    error,
    first_of,
    message_of,
    next_,
    pong,
)
from server.subscriptions.room import Room
from server.subscriptions.trust import Trust, forbidden

log = structlog.get_logger()


class Connection:
    """A client's connection, which was accepted.

    services, documents, room: what all connections of the process share.
    """

    def __init__(self, socket: WebSocket, services: Services, documents: PersistedDocuments, room: Room) -> None:
        self._socket = socket
        self._services = services
        self._documents = documents
        self._room = room
        self._languages = languages(",".join(Headers(scope=socket.scope).getlist("accept-language")))
        self._trust = Trust(services.front, ())
        self._caller: Caller | None = None
        self._known = asyncio.Event()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._used = asyncio.Event()  # set while there are subscriptions
        self._order = asyncio.Lock()
        self._ending = asyncio.Event()
        self._reason = Ended(CloseCode.DONE, "")

    def end(self, ended: Ended) -> None:
        """Has the connection be closed."""
        self._reason = ended
        self._ending.set()

    async def serve(self) -> None:
        """Serves the client until it leaves, or the connection has to end."""
        ended: Ended | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._until_told())
                tasks.create_task(self._hold_token())
                tasks.create_task(self._hold_idle())
                await self._receive_all(tasks)
        except* Ended as faults:
            ended = first_of(faults)
        except* WebSocketDisconnect:
            pass
        except* Exception as fault:
            log.error("connection failed", exc_info=fault)
            ended = Ended(CloseCode.INTERNAL, "Internal server error")
        finally:
            if self._caller is not None:
                self._room.leave(self._caller.subject)
        if ended is not None:
            if ended.code == CloseCode.POLICY:
                log.info("connection cut off", reason=ended.reason)
            await close(self._socket, ended, self._services.limits.close_seconds)

    async def _until_told(self) -> NoReturn:
        await self._ending.wait()
        raise self._reason

    async def _receive_all(self, tasks: asyncio.TaskGroup) -> NoReturn:
        """Handles what the client sends, one after the other. Raises WebSocketDisconnect when it leaves, and Ended."""
        try:
            async with asyncio.timeout(self._services.limits.init_seconds):
                while not self._known.is_set():
                    await self._handle(await self._receive(), tasks)
        except TimeoutError:
            raise Ended(CloseCode.INIT_TIMEOUT, "Connection initialisation timeout") from None
        while True:
            await self._handle(await self._receive(), tasks)

    async def _receive(self) -> Message:
        event = await self._socket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event["code"])
        text = event.get("text")
        if text is None:
            raise Ended(CloseCode.BAD_REQUEST, "Invalid message: it is binary")
        if len(text.encode()) > self._services.limits.message_bytes:
            raise Ended(CloseCode.TOO_BIG, f"A message may have {self._services.limits.message_bytes} bytes")
        return message_of(text)

    async def _handle(self, message: Message, tasks: asyncio.TaskGroup) -> None:
        match message:
            case Init():
                await self._init(message.payload)
            case Ping():
                await self._send(pong(message))
            case Pong():
                pass
            case Subscribe():
                await self._subscribe(message, tasks)
            case Complete():
                task = self._running.pop(message.id, None)
                if task is not None:
                    task.cancel()

    # who is on it

    async def _init(self, payload: Mapping[str, Any]) -> None:
        if self._known.is_set():
            raise Ended(CloseCode.INIT_TWICE, "Too many initialisation requests")
        # In the handshake's header as over HTTP, or where a browser, which can set no header, can put it.
        in_payload = [value for name, value in payload.items() if name.lower() == "authorization"]
        if not all(isinstance(value, str) for value in in_payload):
            raise forbidden()
        sent = list(dict.fromkeys((*authorization(self._socket.scope), *in_payload)))
        self._trust = Trust(self._services.front, sent)
        caller = await self._trust.caller()
        self._room.enter(caller.subject)
        self._caller = caller
        self._known.set()
        await self._send(ack())

    async def _hold_token(self) -> NoReturn:
        """Ends the connection when its token is no longer good. Raises Ended."""
        await self._known.wait()
        await self._trust.hold()

    async def _hold_idle(self) -> None:
        """Ends the connection when it carries nothing for too long. Raises Ended."""
        while True:
            try:
                async with asyncio.timeout(self._services.limits.idle_seconds):
                    await self._used.wait()
            except TimeoutError:
                raise Ended(CloseCode.DONE, "Idle") from None
            while self._running:
                await asyncio.wait(self._running.values())
            self._used.clear()

    # subscriptions

    async def _subscribe(self, message: Subscribe, tasks: asyncio.TaskGroup) -> None:
        if not self._known.is_set():
            raise Ended(CloseCode.UNAUTHORIZED, "Unauthorized")
        if message.id in self._running:
            raise Ended(CloseCode.DUPLICATE, f"Subscriber for {message.id} already exists")
        subscription = await self._subscription(message)
        if isinstance(subscription, GraphQLError):
            await self._send(error(message.id, [shown(subscription)]))
        elif isinstance(subscription, list):
            await self._send(error(message.id, [shown(fault) for fault in subscription]))
        else:
            task = self._running[message.id] = tasks.create_task(live.run(self._services, subscription))
            task.add_done_callback(lambda done: self._finished(message.id, done))
            self._used.set()

    async def _subscription(self, message: Subscribe) -> Subscription | GraphQLError | list[GraphQLError]:
        """What a client subscribes to, or what is wrong with it. Raises Ended for what is no GraphQL request."""
        try:
            request = request_of(message.payload, by_get=False)
            checked = await self._documents.of(request, self._caller)
        except Refused as refused:
            raise Ended(CloseCode.BAD_REQUEST, f"Invalid message: {refused}") from None
        operation, errors = operation_of(checked, request)
        exceeded = await self._take(0 if operation is None else operation.cost(request.variables))
        if exceeded is not None:
            return GraphQLError(exceeded.message, extensions={"code": RATE_LIMITED, **exceeded.extensions})
        if operation is None:
            return list(errors)
        if operation.type is not OperationType.SUBSCRIPTION:
            return GraphQLError(
                "This connection carries subscriptions; send queries and mutations by POST.",
                extensions={"code": WRONG_TRANSPORT},
            )
        refusal = operation.refusal(request.variables)
        if refusal is not None:
            return refusal
        if len(self._running) >= self._services.limits.subscriptions:
            return GraphQLError(
                f"There are {self._services.limits.subscriptions} subscriptions on this connection, which are all that "
                "it carries; complete one first.",
                extensions={"code": "TOO_MANY_SUBSCRIPTIONS"},
            )
        return Subscription(
            operation=operation,
            variables=request.variables,
            languages=self._languages,
            still_known=self._trust.caller,
            tell=lambda result: self._send(next_(message.id, result)),
            fail=lambda errors: self._send(error(message.id, errors)),
        )

    async def _take(self, cost: int) -> Exceeded | None:
        """Counts a subscription as a request over HTTP; what goes on by itself later counts no more."""
        assert self._caller is not None
        return await self._services.rates.take(self._caller, cost)

    def _finished(self, id_: str, task: asyncio.Task[None]) -> None:
        if self._running.get(id_) is task:  # and not one that took its name after it was completed
            del self._running[id_]

    async def _send(self, message: Mapping[str, Any]) -> None:
        """Sends one message. Raises WebSocketDisconnect where nobody is there any more, Ended for who never reads."""
        text = orjson.dumps(message).decode()
        try:
            async with asyncio.timeout(self._services.limits.send_seconds), self._order:
                await self._socket.send_text(text)
        except TimeoutError:
            raise Ended(CloseCode.POLICY, "The client does not read") from None


async def close(socket: WebSocket, ended: Ended, seconds: float) -> None:
    """Closes *socket*, if its client still listens, and takes no longer than *seconds* to take the reason."""
    try:
        async with asyncio.timeout(seconds):
            await socket.close(ended.code, ended.reason)
    except TimeoutError:
        line_of(socket.scope).cut()
    except (WebSocketDisconnect, RuntimeError):
        pass  # it went away
