"""Migrations go up and down on both engines, agree with the tables, and survive being run twice at once."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import select

from domain.database import open_database
from domain.events.tables import validation_responses
from domain.tables import METADATA
from migrations import check, run
from tests.builders import a_response, add_learners, add_objectives, answer, store
from tests.databases import POSTGRES_URL, _command, _named

pytestmark = pytest.mark.anyio

REVISIONS = [script.revision for script in reversed(list(ScriptDirectory("migrations").walk_revisions()))]


@pytest.fixture
def empty_url(engine: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if engine == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
        return
    if POSTGRES_URL is None:
        pytest.skip("PACELINE_TEST_POSTGRES_URL names no PostgreSQL server")
    name = f"paceline_empty_{uuid4().hex[:8]}"
    asyncio.run(_command(f"CREATE DATABASE {name}"))
    yield _named(POSTGRES_URL, name)
    asyncio.run(_command(f"DROP DATABASE {name} WITH (FORCE)"))


async def tables(url: str) -> set[str]:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite+aiosqlite:///"))
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        connection.close()
        return {name for (name,) in found}
    postgres = await asyncpg.connect(url.replace("+asyncpg", ""))
    rows = await postgres.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await postgres.close()
    return {row["tablename"] for row in rows}


async def test_an_empty_database_gets_every_table(empty_url: str) -> None:
    assert await run.current(empty_url) is None
    await run.upgrade(empty_url)
    assert await run.current(empty_url) == run.newest() == REVISIONS[-1]
    assert await tables(empty_url) == set(METADATA.tables) | {"alembic_version"}


async def test_migrated_tables_are_what_the_code_says(empty_url: str) -> None:
    await run.upgrade(empty_url)
    assert await run.differences(empty_url) == []


async def test_a_difference_is_found(empty_url: str) -> None:
    """So that the test above does not hold of anything."""
    await run.upgrade(empty_url)
    if empty_url.startswith("sqlite"):
        connection = sqlite3.connect(empty_url.removeprefix("sqlite+aiosqlite:///"))
        connection.execute("ALTER TABLE cohorts ADD COLUMN colour TEXT")
        connection.close()
    else:
        postgres = await asyncpg.connect(empty_url.replace("+asyncpg", ""))
        await postgres.execute("ALTER TABLE cohorts ADD COLUMN colour TEXT")
        await postgres.close()
    assert "colour" in str(await run.differences(empty_url))


async def test_each_revision_goes_up_down_and_up_again(empty_url: str) -> None:
    for place, revision in enumerate(REVISIONS):
        below = REVISIONS[place - 1] if place else "base"
        await run.upgrade(empty_url, revision)
        up = await tables(empty_url)
        await run.downgrade(empty_url, below)
        assert await run.current(empty_url) == (None if below == "base" else below)
        await run.upgrade(empty_url, revision)
        assert await tables(empty_url) == up
    assert await run.differences(empty_url) == []


async def test_downgrading_to_base_leaves_nothing_behind(empty_url: str) -> None:
    await run.upgrade(empty_url)
    await run.downgrade(empty_url, "base")
    assert await tables(empty_url) == {"alembic_version"}


async def test_a_database_in_use_can_be_taken_down_and_up(database_url: str) -> None:
    database = open_database(database_url)
    learners = await add_learners(database, ["a", "b"])
    [objective] = await add_objectives(database, ["o"])
    await answer(database, learners, objective, [0.1, 0.9])
    await database.close()
    await run.downgrade(database_url, "base")
    await run.upgrade(database_url)
    assert await run.differences(database_url) == []


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_responses_that_lie_in_one_table_come_to_lie_by_month_where_ingest_looks_for_them(
    empty_url: str,
) -> None:
    await run.upgrade(empty_url)
    database = open_database(empty_url)
    [learner] = await add_learners(database, ["a"])
    [objective] = await add_objectives(database, ["o"])
    instants = [
        datetime(1985, 6, 1, tzinfo=UTC),
        datetime(1989, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1990, 1, 1, tzinfo=UTC),
        datetime(2026, 10, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 11, 1, tzinfo=UTC),
    ]
    earlier = [a_response(learner, objective, occurred_at=at) for at in instants]
    assert (await store(database, earlier, retention_days=0)).accepted == 5
    made_by_ingest = await tables(empty_url)
    await database.close()

    await run.downgrade(empty_url, "0004")
    assert made_by_ingest - await tables(empty_url) == {
        f"validation_responses_{month}" for month in ("earlier", "1990_01", "2026_10", "2026_11")
    }
    postgres = await asyncpg.connect(empty_url.replace("+asyncpg", ""))
    name = await postgres.fetchval("SELECT current_database()")
    await postgres.execute(f"ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'")
    await postgres.close()
    await run.upgrade(empty_url)
    assert await tables(empty_url) == made_by_ingest
    assert await run.differences(empty_url) == []

    database = open_database(empty_url)
    again = [a_response(learner, objective, occurred_at=at) for at in instants]
    assert (await store(database, again, retention_days=0)).accepted == 5
    async with database.read() as reading:
        stored = await reading.rows(select(validation_responses.c.occurred_at).order_by("occurred_at"))
    assert [at for (at,) in stored] == [at for at in instants for _ in range(2)]
    await database.close()


async def test_upgrading_twice_changes_nothing(empty_url: str) -> None:
    await run.upgrade(empty_url)
    await run.upgrade(empty_url)
    assert await run.differences(empty_url) == []


async def test_processes_that_migrate_at_once_all_succeed(empty_url: str) -> None:
    program = f"import asyncio; from migrations import run; asyncio.run(run.upgrade({empty_url!r}))"
    running = [
        subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)  # noqa: ASYNC220 waited for below
        for _ in range(3)
    ]
    for process in running:
        _, errors = await asyncio.to_thread(process.communicate)
        assert process.returncode == 0, errors
    assert await run.current(empty_url) == run.newest()
    assert await run.differences(empty_url) == []


async def test_a_migration_that_fails_leaves_no_half_of_it(empty_url: str) -> None:
    """A table that is in the way: the revision's first statements have run when it is met."""
    if empty_url.startswith("sqlite"):
        connection = sqlite3.connect(empty_url.removeprefix("sqlite+aiosqlite:///"))
        connection.execute("CREATE TABLE learners (id TEXT)")
        connection.close()
    else:
        postgres = await asyncpg.connect(empty_url.replace("+asyncpg", ""))
        await postgres.execute("CREATE TABLE learners (id TEXT)")
        await postgres.close()
    with pytest.raises(Exception, match="already exists"):
        await run.upgrade(empty_url)
    assert await tables(empty_url) == {"learners"}


async def test_the_check_of_migrations_against_tables_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert await check.check() == 0
    assert capsys.readouterr().err == ""
