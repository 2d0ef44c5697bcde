"""Too few connections to the database: refused with a reason for as long as it lasts, and not a moment longer."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from domain.database import open_database
from tests.client import Client
from tests.faults.programs import as_caller, as_service, served
from tests.faults.recording import ME, RECORD, each_once, event, is_unavailable, people_and_objectives, until
from tests.private_servers import PrivatePostgres

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

OWN = "{ viewer { displayName } }"
BUSY = "All connections to the database are in use; try again in a moment."
FEW = 12  # connections that the server takes in all


@pytest.fixture
async def crowded(cluster: PrivatePostgres) -> AsyncIterator[PrivatePostgres]:
    """The cluster with few connections, for one test."""
    await asyncio.to_thread(cluster.restart, max_connections=str(FEW))
    yield cluster
    await asyncio.to_thread(cluster.restart)


@asynccontextmanager
async def all_that_is_left(cluster: PrivatePostgres) -> AsyncIterator[list[Any]]:
    """Holds every connection that the server still gives, for the block; what is freed meanwhile is taken too."""
    held: list[Any] = []

    async def hold() -> None:
        while True:
            try:
                held.append(await asyncpg.connect(cluster.url.replace("+asyncpg", "")))
            except (asyncpg.PostgresError, OSError):
                await asyncio.sleep(0.01)

    holding = asyncio.create_task(hold())
    try:
        yield held
    finally:
        holding.cancel()
        await asyncio.wait([holding])
        for connection in held:
            await connection.close()


async def status(http: httpx.AsyncClient, path: str, expected: int) -> bool:
    return (await http.get(path)).status_code == expected


async def none_is_left(cluster: PrivatePostgres) -> bool:
    try:
        connection = await asyncpg.connect(cluster.url.replace("+asyncpg", ""))
    except asyncpg.TooManyConnectionsError:
        return True
    await connection.close()
    return False


async def nobody_is_in(administrator: Any, name: str) -> bool:
    return not await administrator.fetchval("SELECT count(*) FROM pg_stat_activity WHERE datname = $1", name)


def ask_many(client: Client, number: int) -> list["asyncio.Task[httpx.Response]"]:
    return [asyncio.create_task(client.post(OWN)) for _ in range(number)]


@pytest.mark.heavy
async def test_connections_that_others_took_are_missed_by_nobody_while_there_is_one(
    crowded: PrivatePostgres, private_url: str, tmp_path: Path
) -> None:
    await people_and_objectives(private_url)
    async with served(tmp_path, private_url, database_pool=10) as server, server.http() as http:
        client = as_caller(http, ME)
        assert (await client.post(OWN)).status_code == 200
        async with all_that_is_left(crowded):
            await until(partial(none_is_left, crowded))
            for _ in range(3):
                answers = await asyncio.gather(*ask_many(client, 40))
                assert {answered.status_code for answered in answers} == {200}
                assert await as_service(http).data(RECORD, {"events": [event(number) for number in range(10)]})
            assert await status(http, "/readyz", 200)
        assert not server.logged("error")


async def test_a_database_whose_connections_others_hold_is_refused_with_a_reason_until_they_let_go(
    crowded: PrivatePostgres, private_url: str, tmp_path: Path
) -> None:
    await people_and_objectives(private_url)
    name = private_url.rpartition("/")[2]
    async with served(tmp_path, private_url, database_pool=10) as server, server.http() as http:
        client, service = as_caller(http, ME), as_service(http)
        assert await service.data(RECORD, {"events": [event(0)]})
        async with all_that_is_left(crowded) as held:
            await until(partial(none_is_left, crowded))
            ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
            # Held up, or it would be the first to take again what it had.
            server.process.send_signal(signal.SIGSTOP)
            await held[0].execute(ending, name)
            await until(partial(nobody_is_in, held[0], name))
            await until(partial(none_is_left, crowded))
            server.process.send_signal(signal.SIGCONT)
            await until(partial(status, http, "/readyz", 503))
            for answered in await asyncio.gather(*ask_many(client, 40)):
                assert is_unavailable(answered)
                assert answered.json()["errors"][0]["message"] == BUSY
            assert is_unavailable(await service.post(RECORD, {"events": [event(1)]}))
            assert await status(http, "/livez", 200)
        await until(partial(status, http, "/readyz", 200))
        answers = await asyncio.gather(*ask_many(client, 40))
        assert {answered.status_code for answered in answers} == {200}
        assert await service.data(RECORD, {"events": [event(0), event(1)]}) == {
            "recordEvents": {"accepted": 1, "duplicates": 1, "rejected": []}
        }
        database = open_database(private_url)
        assert await each_once(database) == 2
        await database.close()
        assert not server.logged("error")


async def test_more_requests_than_connections_wait_their_turn_and_are_told_why_when_it_never_comes(
    cluster: PrivatePostgres, private_url: str, tmp_path: Path
) -> None:
    await people_and_objectives(private_url)
    administrator = await asyncpg.connect(private_url.replace("+asyncpg", ""))
    async with (
        served(tmp_path, private_url, database_pool=2, request_timeout=4) as server,
        server.http() as http,
    ):
        service = as_service(http)
        assert await service.data(RECORD, {"events": [event(0)]})

        async def record(first: int) -> httpx.Response:
            return await service.post(RECORD, {"events": [event(first), event(first + 1)]})

        blocking = administrator.transaction()
        await blocking.start()
        await administrator.execute("LOCK TABLE validation_responses IN EXCLUSIVE MODE")
        answers = await asyncio.gather(*(record(2 * number) for number in range(1, 31)))
        assert {answered.status_code for answered in answers} == {503}
        codes = [error["extensions"]["code"] for answered in answers for error in answered.json()["errors"]]
        assert set(codes) <= {"DATABASE_UNAVAILABLE", "TIMEOUT"}
        waited = [answered for answered in answers if answered.json()["errors"][0]["message"] == BUSY]
        assert len(waited) == 28, "all but those who had a connection"
        assert all(is_unavailable(answered) for answered in waited)
        await blocking.rollback()

        # Whatever the server still gives up of the two, it serves all that come now, and without a failure.
        await until(partial(status, http, "/readyz", 200))
        answers = await asyncio.gather(*(record(2 * number) for number in range(1, 31)))
        assert {answered.status_code for answered in answers} == {200}
        database = open_database(private_url)
        assert await each_once(database) == 61
        await database.close()
        assert not server.logged("error")
    await administrator.close()
