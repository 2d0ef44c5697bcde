"""Stands before a server and keeps what passes: whoever is told its address talks to the server through it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

BYTES_AT_ONCE = 65_536


@dataclass(slots=True)
class Recorder:
    """address: where it listens. sent: all bytes from clients."""

    address: str
    sent: bytearray = field(default_factory=bytearray)

    def headers(self, name: str) -> set[str]:
        """The values of one header, over all requests that were sent."""
        lines = self.sent.decode("latin-1").split("\r\n")
        return {line.partition(":")[2].strip() for line in lines if line.lower().startswith(f"{name}:")}


@asynccontextmanager
async def recording(host: str, port: int) -> AsyncIterator[Recorder]:
    """A recorder before the server on *host* and *port*."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray | None) -> None:
        while content := await reader.read(BYTES_AT_ONCE):
            if kept is not None:
                kept.extend(content)
            writer.write(content)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_connection(host, port)
        await asyncio.gather(
            pass_on(reader, requests, recorder.sent), pass_on(answers, writer, None), return_exceptions=True
        )

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    recorder = Recorder(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
    try:
        yield recorder
    finally:
        listening.close()
