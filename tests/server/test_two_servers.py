"""Two servers as an operator starts them: what one stores the other tells, by a bus that is lost and comes back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from domain.database import open_database
from tests.builders import an_id
from tests.client import Served, token
from tests.databases import PostgresDatabases
from tests.faults.programs import served
from tests.ghost.journeys import enrolled
from tests.private_servers import private_redis
from tests.server.streams import stream
from tests.server.subscribers import raw
from tests.server.test_subscriptions import RECORD, told

pytestmark = [pytest.mark.anyio, pytest.mark.heavy, pytest.mark.postgres]

SECONDS = 60  # for what never comes where something is wrong; far less than the regular look takes
CHECK_SECONDS = 3600  # so that nothing is told but by the bus


@pytest.fixture
def postgres_url(postgres_databases: PostgresDatabases) -> Iterator[str]:
    with postgres_databases.one() as url:
        yield url


@asynccontextmanager
async def two_servers(database_url: str, folder: Path, **settings: object) -> AsyncIterator[tuple[Served, Served, str]]:
    """Clients of two processes on one database, and the id of a learner."""
    database = open_database(database_url)
    [ada] = await enrolled(database, ["Ada"], on_day=400)
    settings["subscription_check"] = CHECK_SECONDS
    async with (
        served(folder, database_url, **settings) as one,
        served(folder, database_url, **settings) as other,
        one.http() as to_one,
        other.http() as to_other,
    ):
        now = datetime.now(UTC)
        yield Served(to_one, database, now=now), Served(to_other, database, now=now), ada
    await database.close()


async def record_by(server: Served, name: str, learner_id: str) -> None:
    at = (server.now - timedelta(hours=1)).isoformat()
    service = server.client(token("ingester", "service", now=server.now))
    answer = await service.data(RECORD, {"learner": learner_id, "event": an_id(name), "at": at})
    assert answer["recordEvents"]["accepted"] == 1


async def bus_connections(administrator: "asyncpg.Connection[asyncpg.Record]") -> list[int]:
    """The processes of PostgreSQL that the servers' announcements go through."""
    rows = await administrator.fetch(
        "SELECT pid FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'paceline announcements'"
    )
    return [row[0] for row in rows]


async def test_what_one_server_stores_the_other_tells_also_after_its_bus_was_lost(
    postgres_url: str, tmp_path: Path
) -> None:
    administrator = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    async with (
        asyncio.timeout(SECONDS),
        two_servers(postgres_url, tmp_path) as (one, other, ada),
        stream(one, ada) as updates,
        raw(one) as client,
    ):
        await client.init(token(ada, now=one.now))
        await client.subscribe(ada)
        assert await updates.tasks() == await told(client) == 0
        for number in range(1, 4):
            await record_by(other, f"event {number}", ada)
            assert await updates.tasks() == await told(client) == number
            cut = await bus_connections(administrator)
            assert cut
            for pid in cut:
                await administrator.execute("SELECT pg_terminate_backend($1)", pid)
    await administrator.close()


@pytest.mark.redis
async def test_a_redis_that_is_killed_and_comes_back_is_listened_to_again(postgres_url: str, tmp_path: Path) -> None:
    with private_redis() as redis:
        async with (
            asyncio.timeout(SECONDS * 2),
            two_servers(postgres_url, tmp_path, redis_url=redis.url) as (one, other, ada),
            stream(one, ada) as updates,
        ):
            assert await updates.tasks() == 0
            for number in range(3):
                await record_by(other, f"while it is there {number}", ada)
                assert await updates.tasks() == 2 * number + 1
                redis.stop()
                await record_by(other, f"while it is away {number}", ada)  # is stored, and told as soon as it is back
                redis.start()
                assert await updates.tasks() == 2 * number + 2


async def test_a_server_that_is_told_to_end_sends_its_subscribers_to_the_other(
    postgres_url: str, tmp_path: Path
) -> None:
    """At once, and not after the time that answers in progress are given."""
    database = open_database(postgres_url)
    [ada] = await enrolled(database, ["Ada"], on_day=400)
    async with (
        asyncio.timeout(SECONDS),
        served(tmp_path, postgres_url, shutdown_seconds=SECONDS * 10) as one,
        served(tmp_path, postgres_url) as other,
        one.http() as to_one,
        other.http() as to_other,
    ):
        ending = Served(to_one, database, now=datetime.now(UTC))
        staying = Served(to_other, database, now=datetime.now(UTC))
        async with stream(ending, ada) as updates, raw(ending) as client:
            await client.init(token(ada, now=ending.now))
            await client.subscribe(ada)
            assert await updates.tasks() == await told(client) == 0
            ended = asyncio.create_task(one.end())
            assert await updates.next() is None
            assert (await client.closed())[0] == 1012
            assert await ended == 0
        assert not one.logged("error")
        async with stream(staying, ada) as updates:
            assert await updates.tasks() == 0
    await database.close()
