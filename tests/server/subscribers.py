"""Clients of graphql-transport-ws: a real one, and one that sends what no client should."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import websockets
from gql import Client as GqlClient
from gql.client import AsyncClientSession
from gql.transport.websockets import WebsocketsTransport
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.client import Served, token

PROTOCOL = "graphql-transport-ws"
UPDATES = "subscription ($id: ID!) { ghostUpdated(learnerId: $id) { activity { tasksCompleted } } }"


def address(served: Served) -> str:
    return str(served.http.base_url).replace("http", "ws", 1).rstrip("/") + "/graphql"


@asynccontextmanager
async def subscriber(served: Served, learner_id: str, **claims: Any) -> AsyncIterator[AsyncClientSession]:
    """A session of gql's client, as this learner."""
    transport = WebsocketsTransport(
        url=address(served),
        init_payload={"Authorization": f"Bearer {token(learner_id, now=served.now, **claims)}"},
        subprotocols=[PROTOCOL],
    )
    async with GqlClient(transport=transport) as session:
        yield session


class Raw:
    """A connection that sends any text."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        received: dict[str, Any] = json.loads(await self.connection.recv())
        return received

    async def init(self, bearer: str) -> None:
        await self.send(type="connection_init", payload={"authorization": f"Bearer {bearer}"})
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, learner_id: str, id_: str = "1", document: str = UPDATES, **payload: Any) -> None:
        await self.send(
            id=id_, type="subscribe", payload={"query": document, "variables": {"id": learner_id}, **payload}
        )

    async def closed(self) -> tuple[int, str]:
        """The code and the reason that the server closes with, whatever it says before."""
        with suppress(ConnectionClosed):
            while True:
                await self.connection.recv()
        code, reason = self.connection.close_code, self.connection.close_reason
        assert code is not None
        return code, reason or ""


@asynccontextmanager
async def raw(served: Served, *, protocols: Sequence[str] | None = (PROTOCOL,), **options: Any) -> AsyncIterator[Raw]:
    """A connection on which nothing was said yet."""
    subprotocols = None if protocols is None else [websockets.Subprotocol(name) for name in protocols]
    async with websockets.connect(address(served), subprotocols=subprotocols, **options) as connection:
        yield Raw(connection)
