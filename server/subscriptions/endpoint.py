"""GraphQL subscriptions over a WebSocket, by the protocol graphql-transport-ws and no other."""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from server.metrics import CONNECTIONS
from server.persisted.documents import PersistedDocuments
from server.subscriptions.connection import Connection, close
from server.subscriptions.live import Services
from server.subscriptions.origins import is_from_here
from server.subscriptions.protocol import PROTOCOL, CloseCode, Ended
from server.subscriptions.room import Room


class SubscriptionsEndpoint:
    """The ASGI application behind `/graphql` for WebSockets.

    origins: web pages that may connect, beside those of this host.
    """

    def __init__(
        self, services: Services, documents: PersistedDocuments, room: Room, *, origins: Collection[str]
    ) -> None:
        self._services = services
        self._documents = documents
        self._room = room
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        if not is_from_here(Headers(scope=scope), self._origins):
            await socket.close()  # before it was accepted: 403
            return
        offered = PROTOCOL in scope["subprotocols"]
        await socket.accept(PROTOCOL if offered else None)
        refusal = self._room.refusal()
        if not offered:
            refusal = Ended(CloseCode.UNKNOWN_PROTOCOL, f"Subprotocol not acceptable; offer {PROTOCOL}")
        if refusal is not None:
            await close(socket, refusal, self._services.limits.close_seconds)
        else:
            connection = Connection(socket, self._services, self._documents, self._room)
            with self._room.place(connection, CONNECTIONS):
                await connection.serve()
