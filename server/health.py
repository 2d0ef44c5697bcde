"""Whether the process is up, and whether it can serve."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

import asyncpg
from sqlalchemy import Column, MetaData, String, Table, select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from domain.database import Database, Replica
from domain.errors import DatabaseUnavailable
from migrations.run import newest
from server.metrics import DATABASE_UP

_VERSION = select(Table("alembic_version", MetaData(), Column("version_num", String)).c.version_num)

NO_STORE = {"Cache-Control": "no-store"}
# What a database raises that was never migrated, or not far enough.
NOT_MIGRATED = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, sqlite3.OperationalError)
PATIENCE_SECONDS = 3.0  # a database that takes longer than this serves nobody well, and who asks gives up soon


async def livez(request: Request) -> Response:
    """Up: the loop runs."""
    return JSONResponse({"status": "up"}, headers=NO_STORE)


def readiness(database: Database, replica: Replica | None) -> Callable[[Request], Awaitable[Response]]:
    """Answers whether the database does, and has every table that this version needs.

    replica: shown as it was found last. No server is unready for want of it: queries read the database meanwhile.
    """
    needed = [newest()]

    async def readyz(request: Request) -> Response:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                found = await _revisions(database)
        except (DatabaseUnavailable, TimeoutError):
            DATABASE_UP.set(0)
            return JSONResponse({"status": "database unavailable"}, 503, headers=NO_STORE)
        DATABASE_UP.set(1)
        if found != needed:
            return JSONResponse({"status": "run `paceline migrate`"}, 503, headers=NO_STORE)
        state = {} if replica is None else {"replica": replica.state}
        return JSONResponse({"status": "ready", **state}, headers=NO_STORE)

    return readyz


async def _revisions(database: Database) -> list[str]:
    """What the database was migrated to; nothing where it never was."""
    try:
        async with database.read() as reading:
            return [row[0] for row in await reading.rows(_VERSION)]
    except NOT_MIGRATED:
        return []
