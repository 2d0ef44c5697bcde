"""Clients as they must not be: on bare sockets, slow, silent or without an end."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import ClassVar

from server.protocols import HttpProtocol
from tests.client import Served

RECEIVE_BUFFER = 4096  # bytes: the least that a kernel gives
SEND_BUFFER = 8192


class Hasty(HttpProtocol):
    """The server's protocol, with looks that tests can wait for."""

    look_seconds = 0.05


class Watched(HttpProtocol):
    """The server's protocol, whose connections tests can look into.

    The kernel keeps little of what it is to send, so that it is soon seen what the server keeps.
    """

    opened: ClassVar[list["Watched"]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.opened.append(self)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)


class Bare:
    """A connection of a client that reads only when it is told to, with a small buffer."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._loop = asyncio.get_running_loop()

    @property
    def port(self) -> int:
        """Its own."""
        number: int = self._socket.getsockname()[1]
        return number

    async def send(self, content: bytes) -> None:
        await self._loop.sock_sendall(self._socket, content)

    async def receive(self, size: int = 65536) -> bytes:
        """What there is, once there is something; nothing at the end, however it came."""
        try:
            return await self._loop.sock_recv(self._socket, size)
        except ConnectionError:
            return b""

    async def receive_until(self, end: bytes) -> bytes:
        received = b""
        while end not in received:
            part = await self.receive(1024)
            assert part, received
            received += part
        return received

    async def rest(self) -> bytes:
        """Everything until the connection ends."""
        received = b""
        while part := await self.receive():
            received += part
        return received


def bare(served: Served) -> AbstractAsyncContextManager[Bare]:
    """A connection to the server on which nothing was said yet."""
    return bare_at(served.http.base_url.port)


@asynccontextmanager
async def bare_at(port: int | None) -> AsyncIterator[Bare]:
    """A connection to the server on this port of the loopback, on which nothing was said yet."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
        yield Bare(connection)
