"""What every command needs: the meaning of exit codes, and the database."""

import asyncio
from collections.abc import Awaitable, Callable
from enum import IntEnum
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from domain.database import Database, open_database
from domain.errors import DatabaseUnavailable, InvalidInput, PacelineError
from migrations import run as migrations
from server.settings import Settings, SettingsError
from server.traced_database import traced
from server.tracing import traces_of

T = TypeVar("T")

# Somebody waits at a terminal; a database that has said nothing by then is as good as away.
CONNECT_SECONDS = 10


class Exit(IntEnum):
    """What a command's exit code means."""

    DONE = 0
    FAILED = 1
    WRONG_USAGE = 2
    SOME_REJECTED = 3


async def with_database(settings: Settings, act: Callable[[Database], Awaitable[T]]) -> T:
    """Opens the database, does something with it, and closes it.

    Raises InvalidInput where it was never migrated, and SettingsError where it cannot be reached at all.
    """
    traces = traces_of(settings)
    database = traced(open_database(settings.database_url, connections=settings.database_pool), traces)
    try:
        return await act(database)
    except DatabaseUnavailable:
        # Raised again where it was busy, or is back by now; where it is not, there is more to say.
        await require_migrated(settings)
        raise
    except PacelineError:
        raise
    except Exception as fault:
        # Asked for only now: a database that is as it should be need not be looked at by every command.
        await require_migrated(settings, fault)
        raise
    finally:
        await database.close()
        if traces is not None:
            await traces.close()


async def require_migrated(settings: Settings, cause: Exception | None = None) -> None:
    """Holds that the database can be reached and is at the newest revision; raises as `with_database` does.

    cause: what showed that it is not.
    """
    if _no_file_yet(settings.database_url):
        raise not_migrated() from cause
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            revision = await migrations.current(settings.database_url)
    except (OSError, SQLAlchemyError) as fault:
        raise unusable(fault) from fault
    if revision != migrations.newest():
        raise not_migrated() from cause


def _no_file_yet(database_url: str) -> bool:
    """Whether the URL names an SQLite file that is not there: to look at it would make one."""
    return database_url.startswith("sqlite") and not Path(database_url.partition(":///")[2]).exists()


def not_migrated() -> InvalidInput:
    """What is wrong with a database that lacks tables."""
    return InvalidInput("database", "it is not at the newest revision", "run `paceline migrate` first")


def unusable(fault: OSError | SQLAlchemyError) -> SettingsError:
    """What is wrong with a database that cannot be connected to, or not be written; in the engine's words."""
    said = str(fault.orig) if isinstance(fault, DBAPIError) else getattr(fault, "strerror", None) or str(fault)
    words = said.splitlines()[0] if said else type(fault).__name__
    return SettingsError(
        "PACELINE_DATABASE_URL",
        f"the database cannot be used ({words})",
        "see that it runs and that the address is right, then try again",
    )
