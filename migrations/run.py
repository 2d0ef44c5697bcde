"""Upgrades and downgrades a database, and tells at which revision it is."""

from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from domain.tables import METADATA

# Several processes may be started at once, each of which migrates first: the later ones wait, and find it done.
# SQLite's driver would begin a transaction only with the first change of a row, so that tables were made outside one.
_ALONE = {
    "postgresql": "SELECT pg_advisory_xact_lock(7226325463)",
    "sqlite": "BEGIN IMMEDIATE",
}


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def _with_connection(url: str, act: Any, *, alone: bool = False) -> Any:
    """What *act* returns for a connection in one transaction; *alone*: no other migration runs meanwhile."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            if alone:
                await connection.exec_driver_sql(_ALONE[engine.dialect.name])
            return await connection.run_sync(act)
    finally:
        await engine.dispose()


async def upgrade(url: str, revision: str = "head") -> None:
    """Brings the database at *url* to *revision*."""
    await _with_connection(url, lambda connection: command.upgrade(_config(connection), revision), alone=True)


async def downgrade(url: str, revision: str) -> None:
    """Takes the database at *url* back to *revision* ("base": to nothing)."""
    await _with_connection(url, lambda connection: command.downgrade(_config(connection), revision), alone=True)


async def current(url: str) -> str | None:
    """The revision that the database at *url* is at; None before the first migration."""

    def noted(connection: Connection) -> str | None:
        # Asked for directly: Alembic's context would log two lines about the engine, beside the one that counts.
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return None if found is None else str(found)

    revision: str | None = await _with_connection(url, noted)
    return revision


@cache
def newest() -> str:
    """The revision that this version of Paceline needs; its migrations are looked through once."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "a release has at least one migration"
    return head


async def differences(url: str) -> list[Any]:
    """What would have to be migrated for the database at *url* to match the tables; nothing when they agree."""

    def compare(connection: Connection) -> list[Any]:
        partitions = _partitions(connection)
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_name": lambda name, kind, parents: kind != "table" or name not in partitions,
        }
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))

    found: list[Any] = await _with_connection(url, compare)
    return found


def _partitions(connection: Connection) -> set[str]:
    """The tables that are parts of others: events make them, no migration does."""
    if connection.dialect.name != "postgresql":
        return set()
    return set(connection.scalars(text("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")))


async def draft(url: str, message: str) -> None:
    """Writes a migration that takes the database at *url*, at the newest revision, to what the tables say."""
    await _with_connection(url, lambda connection: command.revision(_config(connection), message, autogenerate=True))
