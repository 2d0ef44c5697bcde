"""Real databases for tests: each test has an empty, migrated one to itself, on both engines."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from domain.database import Database, open_database
from migrations import run

POSTGRES_URL = os.environ.get("PACELINE_TEST_POSTGRES_URL")

ENGINES = [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.postgres)]

# For tests that take long and hardly ever differ by engine: `make test` runs them on one, `make test-heavy` on both.
POSTGRESQL_WHEN_HEAVY = pytest.mark.parametrize(
    "engine",
    ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.heavy])],
    indirect=True,
)


def _named(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def _command(statement: str) -> None:
    assert POSTGRES_URL is not None
    connection = await asyncpg.connect(POSTGRES_URL.replace("+asyncpg", ""))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    asyncio.run(run.upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


# Everything a database is made of but its rows, with what its columns are: equal for two that may stand for each other.
_SHAPE = """SELECT coalesce(parent.relname, class.relname), class.relkind, class.relispartition AS partition,
        string_agg(attname || atttypid || attnotnull || atthasdef, ',' ORDER BY attnum) AS columns,
        (SELECT count(*) FROM pg_constraint WHERE conrelid = class.oid) AS constraints,
        (SELECT count(*) FROM pg_trigger WHERE tgrelid = class.oid AND NOT tgisinternal) AS triggers
    FROM pg_class AS class
    LEFT JOIN pg_attribute ON attrelid = class.oid AND attnum > 0
    LEFT JOIN pg_inherits ON inhrelid = class.oid
    LEFT JOIN pg_class AS parent ON parent.oid = inhparent
    WHERE class.relnamespace = 'public'::regnamespace
    GROUP BY class.oid, parent.oid ORDER BY 1, 2, 3"""
# Months that a test made room for go, rows go, and numbers begin at 1 again. Deleting from an empty table is nothing.
_EMPTY = """DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT oid::regclass FROM pg_class WHERE relispartition AND relkind = 'r'
            AND NOT relname = ANY('{%(partitions)s}'::name[]) LOOP
        EXECUTE 'DROP TABLE ' || name;
    END LOOP;
    FOR name IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'public'::regnamespace
            AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'alembic_version' LOOP
        EXECUTE 'DELETE FROM ' || name;
    END LOOP;
    FOR name IN SELECT schemaname || '.' || sequencename FROM pg_sequences WHERE last_value IS NOT NULL LOOP
        PERFORM setval(name::regclass, 1, false);
    END LOOP;
END $$"""


class PostgresDatabases:
    """Migrated databases that tests hand on to each other emptied: a new one costs a second, half of it for its end."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._names: list[str] = []
        self._free: list[str] = []
        self._template = self._new()
        asyncio.run(run.upgrade(_named(url, self._template)))
        self._shape, partitions = asyncio.run(self._look(self._template))
        self._empty = _EMPTY % {"partitions": ",".join(partitions)}

    @contextmanager
    def one(self) -> Iterator[str]:
        """The URL of an empty one."""
        name = self._free.pop() if self._free else self._new(self._template)
        yield _named(self._url, name)
        if asyncio.run(self._emptied(name)):
            self._free.append(name)
        else:
            self._drop(name)

    def close(self) -> None:
        for name in list(self._names):
            self._drop(name)

    def _new(self, template: str = "template1") -> str:
        name = f"paceline_test_{uuid4().hex[:8]}"
        asyncio.run(_command(f"CREATE DATABASE {name} TEMPLATE {template}"))
        self._names.append(name)
        return name

    def _drop(self, name: str) -> None:
        asyncio.run(_command(f"DROP DATABASE {name} WITH (FORCE)"))
        self._names.remove(name)

    async def _look(self, name: str) -> tuple[list[tuple[Any, ...]], list[str]]:
        connection = await asyncpg.connect(_named(self._url, name).replace("+asyncpg", ""))
        try:
            partitions = await connection.fetch("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")
            return [tuple(row) for row in await connection.fetch(_SHAPE)], [row[0] for row in partitions]
        finally:
            await connection.close()

    async def _emptied(self, name: str) -> bool:
        """Empties a database; False where a test changed more than rows, or took the database itself away."""
        await _command(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        )
        try:
            connection = await asyncpg.connect(_named(self._url, name).replace("+asyncpg", ""))
        except asyncpg.PostgresError:
            return False
        try:
            await connection.execute(self._empty)
            version = await connection.fetch("SELECT version_num FROM alembic_version")
            shape = [tuple(row) for row in await connection.fetch(_SHAPE)]
            return shape == self._shape and [tuple(row) for row in version] == [(run.newest(),)]
        except asyncpg.PostgresError:
            return False
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[PostgresDatabases]:
    if POSTGRES_URL is None:
        pytest.skip("PACELINE_TEST_POSTGRES_URL names no PostgreSQL server")
    databases = PostgresDatabases(POSTGRES_URL)
    yield databases
    databases.close()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of the engine that the test runs on."""
    name: str = request.param
    return name


@pytest.fixture
def database_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty, migrated database."""
    with empty_database(engine, request, tmp_path) as url:
        yield url


@contextmanager
def empty_database(engine: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The URL of an empty, migrated database: for fixtures that live longer than a test. *folder*: SQLite's."""
    if engine == "sqlite":
        path = folder / "paceline.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
    with databases.one() as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database, empty and migrated."""
    opened = open_database(database_url)
    yield opened
    await opened.close()
