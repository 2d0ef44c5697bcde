"""Clients that are slow, silent, half gone or vanished: the others are served as if they were not there."""

import asyncio
import os
import resource
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import asyncpg
import httpx
import orjson
import pytest

from domain.database import open_database
from tests.client import Client
from tests.databases import POSTGRESQL_WHEN_HEAVY
from tests.faults.programs import Server, as_caller, as_service, served
from tests.faults.recording import ME, RECORD, body, each_once, event, people_and_objectives, until

pytestmark = pytest.mark.anyio

OWN = "{ viewer { displayName objectiveScores(first: 5) { edges { node { score responses } } } } }"
SLOW_CLIENTS = 200
FEW_IDLE, MANY_IDLE = 1_000, 10_000
SPARE_FILES = 500  # which this process and the server need for themselves
MOST_BYTES = 64 * 1024  # of memory that a connection may take on which nothing is said
VANISHING = 100
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def request_of(client: Client, document: str, variables: dict[str, object] | None = None) -> bytes:
    """A request as it goes over the wire."""
    content = orjson.dumps({"query": document, "variables": variables or {}})
    head = [
        "POST /graphql HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        *(f"{name}: {value}" for name, value in client.headers.items()),
    ]
    return "\r\n".join([*head, "", ""]).encode() + content


async def all_are_served(http: httpx.AsyncClient, requests: int = 200) -> None:
    """Asks as several learners would who know nothing of the others."""
    client = as_caller(http, ME)
    for _ in range(requests // 20):
        answers = await asyncio.gather(*(client.post(OWN) for _ in range(20)))
        assert {answered.status_code for answered in answers} == {200}
        assert {answered.json()["data"]["viewer"]["displayName"] for answered in answers} == {"me"}


@asynccontextmanager
async def ready(database_url: str, folder: Path, **settings: object) -> AsyncIterator[tuple[Server, httpx.AsyncClient]]:
    """A server whose log has no error in the end."""
    await people_and_objectives(database_url)
    async with served(folder, database_url, **settings) as server, server.http() as http:
        await all_are_served(http, 20)
        yield server, http
        assert not server.logged("error")
        assert server.is_running


@POSTGRESQL_WHEN_HEAVY
async def test_clients_that_send_a_byte_a_second_hinder_nobody(database_url: str, tmp_path: Path) -> None:
    """Some send their head so slowly, some their body; they may be given up, and never more than that."""
    async with ready(database_url, tmp_path) as (server, http):
        request = request_of(as_caller(http, ME), OWN)
        beginning = request.index(b"\r\n\r\n") + 10
        sent = 0

        async def drip(place: int) -> None:
            nonlocal sent
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            try:
                if place % 2:
                    writer.write(request[:beginning])
                for byte in request[beginning if place % 2 else 0 :]:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    sent += 1
                    await asyncio.sleep(1)
            except OSError:
                pass  # given up: its right
            finally:
                writer.transport.abort()

        dripping = [asyncio.create_task(drip(place)) for place in range(SLOW_CLIENTS)]
        while sent < 3 * SLOW_CLIENTS:
            await all_are_served(http, 100)
        for task in dripping:
            task.cancel()
        await asyncio.wait(dripping)
        await all_are_served(http)


@contextmanager
def many_files(number: int) -> Iterator[None]:
    """Lets this process, and those that it starts, have so many files open; skips the test where it may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < number:
        pytest.skip(f"this machine lets a process have {hard} files open, and the test needs {number}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, number), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("number", [FEW_IDLE, pytest.param(MANY_IDLE, marks=pytest.mark.heavy)])
async def test_idle_connections_take_little_and_hinder_nobody(
    database_url: str, tmp_path: Path, number: int, record_property: Callable[[str, object], None]
) -> None:
    with many_files(number + SPARE_FILES):
        async with ready(database_url, tmp_path) as (server, http):
            before = server.memory()
            idle: list[socket.socket] = []
            try:
                while len(idle) < number:
                    idle.append(socket.create_connection(("127.0.0.1", server.port)))
                    if len(idle) % 500 == 0:
                        await all_are_served(http, 20)
                await all_are_served(http)
                each = (server.memory() - before) / number
                record_property("bytes_of_an_idle_connection", round(each))
                print(f"{number} idle connections take {each:.0f} bytes each")
                assert each < MOST_BYTES
            finally:
                for connection in idle:
                    connection.close()
            await all_are_served(http)


@POSTGRESQL_WHEN_HEAVY
async def test_half_closed_connections_are_answered_and_let_go(database_url: str, tmp_path: Path) -> None:
    """Who says that nothing more will come may still hear, and does not stay."""
    async with ready(database_url, tmp_path) as (server, http):
        files = Path(f"/proc/{server.process.pid}/fd")
        before = len(os.listdir(files))  # noqa: PTH208  # numbers, not files
        request = request_of(as_caller(http, ME), OWN)

        async def half_closed(sent: bytes) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(sent)
            writer.write_eof()
            received = await reader.read()
            writer.close()
            return received

        whole = await asyncio.gather(*(half_closed(request) for _ in range(50)))
        assert all(received == b"" or received.startswith(b"HTTP/1.1 200 ") for received in whole)
        await asyncio.gather(*(half_closed(request[:length]) for length in range(0, len(request), 20)))
        await all_are_served(http)

        async def are_let_go() -> bool:
            return len(os.listdir(files)) <= before + 20  # noqa: PTH208

        await until(are_let_go)


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_clients_that_vanish_while_the_database_is_at_work_take_nothing_with_them(
    database_url: str, tmp_path: Path
) -> None:
    """What they asked for is given up or comes to its end; an event that they sent counts once when sent again."""
    administrator = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    database = open_database(database_url)
    async with ready(database_url, tmp_path, database_pool=5) as (server, http):
        service = as_service(http)
        for round_, locked in enumerate(("learners", "validation_responses")):
            blocking = administrator.transaction()
            await blocking.start()
            await administrator.execute(f"LOCK TABLE {locked} IN ACCESS EXCLUSIVE MODE")
            writers = []
            for number in range(round_ * VANISHING, (round_ + 1) * VANISHING):
                _, writer = await asyncio.open_connection("127.0.0.1", server.port)
                if number % 2:
                    writer.write(request_of(as_caller(http, ME), OWN))
                else:
                    writer.write(request_of(service, RECORD, {"events": [event(number)]}))
                writers.append(writer)
            waiting = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            await until(partial(administrator.fetchval, waiting))
            for writer in writers:
                writer.transport.abort()
            await blocking.rollback()
            await all_are_served(http)
        sent = [event(number) for number in range(0, 2 * VANISHING, 2)]
        recorded = (await service.data(RECORD, {"events": sent}))["recordEvents"]
        assert recorded["accepted"] + recorded["duplicates"] == len(sent)
        assert await each_once(database) == len(sent)
    await database.close()
    await administrator.close()


@POSTGRESQL_WHEN_HEAVY
async def test_clients_that_vanish_in_the_middle_of_an_upload_or_an_answer_leave_whole_chunks(
    database_url: str, tmp_path: Path
) -> None:
    database = open_database(database_url)
    async with ready(database_url, tmp_path) as (server, http):
        service = as_service(http)
        lines = body(0, 300)
        head = (
            "POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\n"
            f"Authorization: {service.headers['Authorization']}\r\nContent-Length: {len(lines)}\r\n\r\n"
        ).encode()
        upload = head + lines
        for place in range(1, 41):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(upload[: len(upload) * place // 40])
            await writer.drain()
            await asyncio.sleep(0.01)
            writer.transport.abort()
        await all_are_served(http)
        assert await each_once(database) in (0, 300), "an upload that broke off stored nothing of its only chunk"
        headers = {**service.headers, "Content-Type": "application/x-ndjson"}
        answered = (await http.post("/events", content=lines, headers=headers)).json()
        assert answered["accepted"] + answered["duplicates"] == 300
        assert await each_once(database) == 300
    await database.close()
