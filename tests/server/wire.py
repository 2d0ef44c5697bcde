"""A wire between a server and its database that can be cut, frozen and mended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit


class Wire:
    """Passes bytes between a loopback port and the database's.

    Cut, it refuses connections and has ended those there were. Frozen, it takes connections and passes nothing.
    mended: set while it is neither cut nor about to be.
    """

    def __init__(self, host: str, port: int) -> None:
        self._database = host, port
        self._listening: asyncio.Server | None = None
        self._streams: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.mended = asyncio.Event()
        self.port = 0

    async def mend(self) -> None:
        self._flowing.set()
        if self._listening is None:
            self._listening = await asyncio.start_server(self._connect, "127.0.0.1", self.port)
            self.port = self._listening.sockets[0].getsockname()[1]
        self.mended.set()

    async def cut(self) -> None:
        self.mended.clear()
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        for stream in list(self._streams):
            stream.transport.abort()

    def freeze(self) -> None:
        self._flowing.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to_reader, to_writer = await asyncio.open_connection(*self._database)
        except OSError:
            writer.transport.abort()
            return
        self._streams |= {writer, to_writer}
        try:
            await asyncio.gather(self._pass(reader, to_writer), self._pass(to_reader, writer))
        finally:
            self._streams -= {writer, to_writer}
            writer.transport.abort()
            to_writer.transport.abort()

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while received := await source.read(65536):
                await self._flowing.wait()
                target.write(received)
                await target.drain()
        except OSError:
            pass  # it was cut
        finally:
            # Either end's going takes the other with it, as through a real wire.
            target.transport.abort()


@asynccontextmanager
async def wired(database_url: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to the database at this URL, and the URL of its near end."""
    parts = urlsplit(database_url)
    wire = Wire(parts.hostname or "127.0.0.1", parts.port or 5432)
    await wire.mend()
    user = f"{parts.username}@" if parts.username else ""
    near = urlunsplit(parts._replace(netloc=f"{user}127.0.0.1:{wire.port}"))
    try:
        yield wire, near
    finally:
        wire.freeze()
        await wire.cut()
        await wire.mend()
        await wire.cut()
