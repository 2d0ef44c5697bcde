"""Real databases for tests: each test gets an empty, migrated one of its own, on both engines."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from domain.database import Database, open_database
from migrations import run

POSTGRES_URL = os.environ.get("PACELINE_TEST_POSTGRES_URL")

ENGINES = [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.postgres)]


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


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """The name of a migrated database that others are copied from."""
    if POSTGRES_URL is None:
        pytest.skip("PACELINE_TEST_POSTGRES_URL names no PostgreSQL server")
    name = f"paceline_template_{uuid4().hex[:8]}"
    asyncio.run(_command(f"CREATE DATABASE {name}"))
    asyncio.run(run.upgrade(_named(POSTGRES_URL, name)))
    yield name
    asyncio.run(_command(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of the engine that the test runs on."""
    name: str = request.param
    return name


@pytest.fixture
def database_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty, migrated database."""
    if engine == "sqlite":
        path = tmp_path / "paceline.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    template = request.getfixturevalue("postgres_template")
    assert POSTGRES_URL is not None
    name = f"paceline_test_{uuid4().hex[:8]}"
    asyncio.run(_command(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield _named(POSTGRES_URL, name)
    asyncio.run(_command(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database, empty and migrated."""
    opened = open_database(database_url)
    yield opened
    await opened.close()
