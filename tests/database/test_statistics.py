"""What the planner is told after much came in: of tables that have grown to twice what it knew of, and of no others."""

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from domain.database import Database
from domain.events.tables import event_ids, question_attempts
from domain.mastery.tables import topic_materials
from tests.builders import NOW, an_id

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.postgres,
    pytest.mark.parametrize("engine", ["postgresql"], indirect=True),
]

COLUMNS = [
    "learner_id",
    "occurred_at",
    "event_id",
    "question_id",
    "topic_id",
    "difficulty",
    "mode",
    "correct",
    "attempt_number",
]
UNKNOWN = -1  # what PostgreSQL keeps of a table that nobody has counted


@pytest.fixture
async def told(database_url: str) -> AsyncIterator["Told"]:
    connection = await asyncpg.connect(urlunsplit(urlsplit(database_url)._replace(scheme="postgresql")))
    # The database may have served another test; a table that is truncated is as if new, but for one in partitions.
    await connection.execute("TRUNCATE event_ids, question_attempts, topic_materials")
    await connection.execute("ANALYZE question_attempts")
    yield Told(connection)
    await connection.close()


class Told:
    """How many rows the planner takes a table for."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def rows(self, table: str) -> int:
        return int(await self._connection.fetchval("SELECT reltuples FROM pg_class WHERE oid = $1::regclass", table))


async def add_ids(database: Database, first: int, number: int) -> None:
    async with database.write() as writing:
        records = [(an_id(f"event {n}"), b"sixteen bytes of") for n in range(first, first + number)]
        await writing.insert(event_ids, ("event_id", "digest"), records)


async def add_attempts(database: Database, first: int, number: int) -> None:
    """Half of them in November 2026, half in September."""
    some = [NOW - timedelta(days=60 * (n % 2), seconds=n) for n in range(number)]
    async with database.write() as writing:
        await writing.make_months(question_attempts, some)
        await writing.insert(
            question_attempts,
            COLUMNS,
            [
                (an_id("learner"), at, an_id(f"{first + n}"), an_id("q"), an_id("t"), "EASY", "EXAM", True, 1)
                for n, at in enumerate(some)
            ],
        )


async def test_a_table_that_was_filled_is_counted(database: Database, told: Told) -> None:
    await add_ids(database, 0, 20_000)
    assert await told.rows("event_ids") == UNKNOWN
    await database.analyze()
    assert await told.rows("event_ids") == 20_000


async def test_a_table_that_grew_by_less_than_itself_is_left_to_autovacuum(database: Database, told: Told) -> None:
    await add_ids(database, 0, 20_000)
    await database.analyze()
    await add_ids(database, 20_000, 10_000)
    await database.analyze()
    assert await told.rows("event_ids") == 20_000
    await add_ids(database, 30_000, 10_500)
    await database.analyze()
    assert await told.rows("event_ids") == 40_500


async def test_a_table_of_a_page_is_counted_and_an_empty_one_is_not(database: Database, told: Told) -> None:
    async with database.write() as writing:
        records = [(an_id("topic"), an_id(f"material {n}")) for n in range(100)]
        await writing.insert(topic_materials, ("topic_id", "material_id"), records)
    await database.analyze()
    assert await told.rows("topic_materials") == 100
    assert await told.rows("event_ids") == UNKNOWN


async def test_a_table_in_partitions_is_counted_as_a_whole_and_in_each(database: Database, told: Told) -> None:
    await add_attempts(database, 0, 16_000)
    await database.analyze()
    assert await told.rows("question_attempts") == 16_000
    assert await told.rows("question_attempts_2026_11") == 8_000
    assert await told.rows("question_attempts_2026_09") == 8_000


async def test_a_whole_that_doubled_is_counted_anew_though_autovacuum_knows_its_partitions(
    database: Database, database_url: str, told: Told
) -> None:
    await add_attempts(database, 0, 10_000)
    await database.analyze()
    await add_attempts(database, 10_000, 12_000)
    connection = await asyncpg.connect(urlunsplit(urlsplit(database_url)._replace(scheme="postgresql")))
    await connection.execute("ANALYZE question_attempts_2026_11, question_attempts_2026_09")
    await connection.close()
    assert await told.rows("question_attempts") == 10_000
    await database.analyze()
    assert await told.rows("question_attempts") == 22_000
