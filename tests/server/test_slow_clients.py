"""Clients that send a byte now and then, send without an end, or read nothing: each on a real socket."""

import asyncio
import os
import shutil
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from websockets.frames import Opcode

from domain.database import open_database
from server import protocols
from server.protocols import (
    BODY_BYTES,
    BODY_LOOKS,
    HEAD_BYTES,
    HEAD_LOOKS,
    MOST_FRAGMENTS,
    MOST_IN_LINE,
    UNREAD_SECONDS,
)
from tests.builders import add_learners, an_id
from tests.client import Served, serving, token
from tests.faults import programs
from tests.server.sockets import Bare, Hasty, Watched, bare
from tests.server.subscribers import PROTOCOL, raw

pytestmark = pytest.mark.anyio

ADA = an_id("Ada")
SECONDS = 60  # for what never comes where something is wrong
MOST_KEPT = 40 * 3 * 1024 * 1024
"""Bytes of memory, for 40 clients that read nothing: 20 of them would be sent 26 MB of pongs each."""

QUERY = b'{"query": "{ __typename }"}'
BEARER = f"Authorization: Bearer {token(ADA)}\r\n".encode()


@pytest.fixture(scope="module")
def url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("slow") / "paceline.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(scope="module")
async def served(url: str) -> AsyncIterator[Served]:
    async with serving(url, http_protocol=Hasty) as running:
        await add_learners(running.database, ["Ada"])
        yield running


@pytest.fixture(scope="module")
async def watched(url: str) -> AsyncIterator[Served]:
    async with serving(url, http_protocol=Watched) as running:
        yield running


def post(path: str, length: int, *lines: bytes) -> bytes:
    """The head of a request with a body of JSON."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
    return head.encode() + b"".join(lines) + b"\r\n"


async def dribble(client: Bare, content: bytes, pause: float, at_once: int = 1, *, seconds: float = SECONDS) -> bytes:
    """Sends *content* so many bytes at a time, until it was sent or there is an answer; the answer, up to the end."""
    answering = asyncio.create_task(client.rest())
    async with asyncio.timeout(seconds):
        for place in range(0, len(content), at_once):
            if answering.done():
                break
            try:
                await client.send(content[place : place + at_once])
            except ConnectionError:
                break
            await asyncio.sleep(pause)
        return await answering


async def still_serves(served: Served) -> bool:
    return "data" in (await served.learner(ADA).post("{ __typename }")).json()


async def test_a_head_that_comes_byte_by_byte_is_given_up(served: Served) -> None:
    async with bare(served) as client:
        answer = await dribble(client, post("/graphql", 2) * 100, 0.01)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"TIMEOUT"' in answer
    assert await still_serves(served)


async def test_whoever_says_nothing_at_all_is_let_go_without_a_word(served: Served) -> None:
    async with bare(served) as client, asyncio.timeout(SECONDS):
        assert await client.rest() == b""


@pytest.mark.parametrize("path", ["/graphql", "/events"])
async def test_a_body_that_comes_byte_by_byte_is_given_up(served: Served, path: str) -> None:
    media_type = b"" if path == "/graphql" else b"Content-Type: application/x-ndjson\r\n"
    bearer = BEARER if path == "/graphql" else f"Authorization: Bearer {token('x', 'service')}\r\n".encode()
    head = post(path, 10_000, bearer)
    if media_type:
        head = head.replace(b"Content-Type: application/json\r\n", media_type)
    async with bare(served) as client:
        await client.send(head)
        answer = await dribble(client, b" " * 10_000, 0.01)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert await still_serves(served)


async def test_a_body_that_comes_fast_enough_is_waited_for(served: Served) -> None:
    """Twice as many looks as a slow one is given, and each finds enough of it."""
    looks = BODY_LOOKS * 2
    body = QUERY + b" " * (BODY_BYTES * looks * 2 - len(QUERY))
    async with bare(served) as client:
        await client.send(post("/graphql", len(body), BEARER, b"Connection: close\r\n"))
        answer = await dribble(client, body, Hasty.look_seconds / 2, BODY_BYTES * 2)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b'{"data":{"__typename":"Query"}}')


async def test_a_body_that_was_answered_already_is_not_waited_for(served: Served) -> None:
    async with bare(served) as client:
        await client.send(post("/graphql", 10_000, b"Authorization: Bearer nonsense\r\n"))
        answer = await dribble(client, b" " * 10_000, 0.01)
    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_a_head_without_an_end_is_refused(served: Served) -> None:
    for line in (b"X: y\r\n", b"x"):
        async with bare(served) as client:
            await client.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
            answer = await dribble(client, line * (HEAD_BYTES * 4 // len(line)), 0, 8192)
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert b'"code":"TOO_LARGE"' in answer


async def test_connections_that_are_used_are_left_alone(served: Served) -> None:
    """Much longer than one without a head is waited for: one that asks again and again, and a WebSocket."""
    async with raw(served) as socket_, bare(served) as client:
        await socket_.init(token(ADA))
        for _ in range(HEAD_LOOKS * 4):
            await client.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200 OK" in await client.receive_until(b'"up"}')
            await socket_.send(type="ping")
            assert await socket_.receive() == {"type": "pong"}
            await asyncio.sleep(Hasty.look_seconds)


def connection_of(client: Bare) -> Watched:
    """The server's end."""
    [found] = [opened for opened in Watched.opened if opened.client and opened.client[1] == client.port]
    return found


async def test_requests_may_stand_in_line(watched: Served) -> None:
    """As many as no client sends ahead, however the network cuts them."""
    asked = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" * MOST_IN_LINE
    async with bare(watched) as client, asyncio.timeout(SECONDS):
        for place in (len(asked) // 2 + 3, len(asked) - 10, 7, len(asked)):
            await client.send(asked[:place])
            await asyncio.sleep(0.01)
            await client.send(asked[place:])
            received = b""
            while received.count(b'{"status":"up"}') < MOST_IN_LINE:
                part = await client.receive()
                assert part
                received += part


async def test_a_line_without_an_end_is_refused(watched: Served) -> None:
    async with bare(watched) as client:
        sending = asyncio.create_task(client.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" * 20_000))
        answer = await asyncio.wait_for(client.rest(), SECONDS)
        await asyncio.wait([sending])
        assert sending.exception() is None or isinstance(sending.exception(), ConnectionError)
        assert answer.count(b'{"status":"up"}') <= MOST_IN_LINE
        assert await still_serves(watched)


async def test_answers_that_nobody_reads_are_not_piled_up(watched: Served) -> None:
    """Requests for the schema, one behind the other, and not a byte of the answers is read."""
    content = b'{"query": "{ _service { sdl } }"}'
    asked = post("/graphql", len(content), BEARER) + content
    answer = len((await watched.learner(ADA).post("{ _service { sdl } }")).content)
    async with bare(watched) as client:
        sending = asyncio.create_task(client.send(asked * MOST_IN_LINE))
        most = 0
        for _ in range(50):
            await asyncio.sleep(0.02)
            most = max(most, connection_of(client).transport.get_write_buffer_size())
        assert answer // 2 < most < answer * 2 + 65536
        sending.cancel()
    assert await still_serves(watched)


@pytest.mark.skipif(sys.platform != "linux", reason="RFC 5482's timeout is Linux's")
async def test_the_kernel_gives_up_who_reads_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "UNREAD_SECONDS", 1)
    async with serving(url, http_protocol=Watched) as served, bare(served) as client, asyncio.timeout(SECONDS):
        content = b'{"query": "{ _service { sdl } }"}'
        await client.send(post("/graphql", len(content), BEARER) + content)
        assert await client.receive(1)
        connection = connection_of(client)
        while connection in connection.connections:  # noqa: ASYNC110  # connections have no event
            await asyncio.sleep(0.05)
        assert len(await client.rest()) > 0  # what its own buffer holds, and then the end


@pytest.mark.skipif(sys.platform != "linux", reason="RFC 5482's timeout is Linux's")
async def test_each_connection_has_the_kernels_bound(watched: Served) -> None:
    async with bare(watched) as client:
        await client.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await client.receive()
        taken = connection_of(client).transport.get_extra_info("socket")
        assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == UNREAD_SECONDS * 1000


def frame(opcode: Opcode, content: bytes = b"", *, last: bool = True) -> bytes:
    """A client's frame, masked with nothing."""
    return struct.pack("!BB", opcode | (0x80 if last else 0), 0x80 | len(content)) + bytes(4) + content


async def shake_hands(client: Bare) -> None:
    key = os.urandom(16).hex()[:22].encode() + b"=="
    await client.send(
        b"GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        + key
        + b"\r\nSec-WebSocket-Protocol: "
        + PROTOCOL.encode()
        + b"\r\n\r\n"
    )
    assert b" 101 " in await client.receive_until(b"\r\n\r\n")


async def test_pings_of_a_client_that_reads_no_pong_are_not_read(watched: Served) -> None:
    async with bare(watched) as client:
        await shake_hands(client)
        connection = connection_of(client)
        sending = asyncio.create_task(client.send(frame(Opcode.PING, b"x" * 125) * 100_000))  # 13 MB
        most = 0
        for _ in range(50):
            await asyncio.sleep(0.02)
            most = max(most, connection.transport.get_write_buffer_size())
        assert not sending.done()
        # What is read at once is 256 KiB at most, and is answered by as much.
        assert 0 < most < 65536 + 2 * 256 * 1024
        sending.cancel()


async def test_who_reads_its_pongs_again_is_read_again(watched: Served) -> None:
    async with bare(watched) as client, asyncio.timeout(SECONDS):
        await shake_hands(client)
        number = 5_000
        sending = asyncio.create_task(client.send(frame(Opcode.PING, b"x" * 125) * number))
        await asyncio.sleep(0.3)
        received = 0
        while received < number * 127:
            received += len(await client.receive())
        await sending
        assert received == number * 127


async def test_a_message_of_endless_empty_fragments_is_refused(watched: Served) -> None:
    async with bare(watched) as client, asyncio.timeout(SECONDS):
        await shake_hands(client)
        await client.send(frame(Opcode.TEXT, last=False) + frame(Opcode.CONT, last=False) * MOST_FRAGMENTS * 2)
        closing = await client.rest()
        assert struct.unpack("!H", closing[2:4]) == (1009,)


async def test_a_message_in_fragments_is_one_message(watched: Served) -> None:
    async with raw(watched) as client:
        await client.connection.send(iter(['{"type": ', '"ping"', "}"]))
        assert await client.receive() == {"type": "pong"}


@pytest.mark.heavy
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_server_as_operators_start_it_has_the_same_patience(database_url: str, tmp_path: Path) -> None:
    """By its own loop, and its own times."""
    async with programs.served(tmp_path, database_url) as server, server.http() as http, asyncio.timeout(SECONDS * 6):
        database = open_database(database_url)
        await add_learners(database, ["Ada"])
        await database.close()
        there = Served(http, database, now=datetime.now(UTC))
        bearer = f"Authorization: Bearer {token(ADA, now=there.now)}\r\n".encode()

        async def silent() -> bytes:
            async with bare(there) as client:
                return await client.rest()

        async def slow(before: bytes, content: bytes) -> bytes:
            async with bare(there) as client:
                await client.send(before)
                return await dribble(client, content, 0.5, seconds=SECONDS * 4)

        async def unread() -> int:
            """Asks for the schema again and again, and pings, and reads nothing; the memory that this takes."""
            content = b'{"query": "{ _service { sdl } }"}'
            before = server.memory()
            async with AsyncExitStack() as stack:
                asking = [await stack.enter_async_context(bare(there)) for _ in range(20)]
                pinging = [await stack.enter_async_context(bare(there)) for _ in range(20)]
                for client in pinging:
                    await shake_hands(client)
                sending = [
                    asyncio.create_task(client.send((post("/graphql", len(content), bearer) + content) * MOST_IN_LINE))
                    for client in asking
                ] + [
                    asyncio.create_task(client.send(frame(Opcode.PING, b"x" * 125) * 200_000))  # 26 MB
                    for client in pinging
                ]
                most = 0
                for _ in range(20):
                    await asyncio.sleep(0.5)
                    most = max(most, server.memory() - before)
                for task in sending:
                    task.cancel()
                await asyncio.wait(sending)
                return most

        nothing, head, body, kept = await asyncio.gather(
            silent(),
            slow(b"", post("/graphql", 2) * 100),
            slow(post("/graphql", 10_000, bearer), b" " * 10_000),
            unread(),
        )
        assert nothing == b""
        assert head.startswith(b"HTTP/1.1 408 ")
        assert body.startswith(b"HTTP/1.1 408 ")
        print(f"40 clients that read nothing take {kept / 1024 / 1024:.0f} MB")
        assert kept < MOST_KEPT
        assert (await there.learner(ADA).data("{ viewer { id } }"))["viewer"]["id"] == ADA
        assert not server.logged("error")
