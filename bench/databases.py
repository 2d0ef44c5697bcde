"""Databases of the benchmarks' own: made, migrated, and dropped at the end."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from migrations import run

POSTGRES_URL = os.environ.get("PACELINE_BENCH_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
PREFIX = "paceline_bench_"


class NoPostgres(Exception):
    """The server that PACELINE_BENCH_POSTGRES_URL names does not answer, or lets us make no databases."""

    def __str__(self) -> str:
        return "no PostgreSQL server: set PACELINE_BENCH_POSTGRES_URL"


def product_url(dsn: str) -> str:
    """The URL by which Paceline knows the PostgreSQL database that asyncpg calls *dsn*."""
    return urlunsplit(urlsplit(dsn)._replace(scheme="postgresql+asyncpg"))


async def server_version() -> str:
    """PostgreSQL's version. Raises NoPostgres."""
    connection = await _administrator()
    try:
        return str(await connection.fetchval("SHOW server_version"))
    finally:
        await connection.close()


@asynccontextmanager
async def postgres_database() -> AsyncIterator[str]:
    """The DSN of an empty, migrated database on PostgreSQL. Raises NoPostgres."""
    name = f"{PREFIX}{uuid4().hex[:8]}"
    administrator = await _administrator()
    try:
        await administrator.execute(f"CREATE DATABASE {name}")
        try:
            dsn = urlunsplit(urlsplit(POSTGRES_URL)._replace(scheme="postgresql", path=f"/{name}"))
            await run.upgrade(product_url(dsn))
            yield dsn
        finally:
            await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await administrator.close()


async def sqlite_database(folder: Path) -> str:
    """Paceline's URL of an empty, migrated SQLite database in *folder*."""
    url = f"sqlite+aiosqlite:///{folder / 'paceline.db'}"
    await run.upgrade(url)
    return url


async def _administrator() -> "asyncpg.Connection[asyncpg.Record]":
    try:
        return await asyncpg.connect(POSTGRES_URL.replace("+asyncpg", ""), timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError) as fault:
        raise NoPostgres from fault
