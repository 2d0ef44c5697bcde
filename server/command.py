"""What every command needs: the meaning of exit codes, and the database."""

from collections.abc import Awaitable, Callable
from enum import IntEnum
from typing import TypeVar

from domain.database import Database, open_database
from domain.errors import InvalidInput, PacelineError
from migrations import run as migrations
from server.settings import Settings
from server.traced_database import traced
from server.tracing import traces_of

T = TypeVar("T")


class Exit(IntEnum):
    """What a command's exit code means."""

    DONE = 0
    FAILED = 1
    WRONG_USAGE = 2
    SOME_REJECTED = 3


async def with_database(settings: Settings, act: Callable[[Database], Awaitable[T]]) -> T:
    """Opens the database, does something with it, and closes it. Raises InvalidInput where it was never migrated."""
    traces = traces_of(settings)
    database = traced(open_database(settings.database_url, connections=settings.database_pool), traces)
    try:
        return await act(database)
    except PacelineError:
        raise
    except Exception as fault:
        # Asked for only now: a database that is as it should be need not be looked at by every command.
        if await migrations.current(settings.database_url) != migrations.newest():
            raise not_migrated() from fault
        raise
    finally:
        await database.close()
        if traces is not None:
            await traces.close()


def not_migrated() -> InvalidInput:
    """What is wrong with a database that lacks tables."""
    return InvalidInput("database", "it is not at the newest revision", "run `paceline migrate` first")
