"""What every command does with its database."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import func, select

from domain.database import Database
from domain.errors import InvalidInput
from domain.learners.tables import learners
from server.command import with_database
from tests.client import settings_for

pytestmark = pytest.mark.anyio


async def count(database: Database) -> int:
    async with database.read() as reading:
        [(number,)] = await reading.rows(select(func.count()).select_from(learners))
    return int(number)


async def fail(database: Database) -> int:
    raise ZeroDivisionError


async def refuse(database: Database) -> int:
    raise InvalidInput("FILE", "it is empty", "fill it in")


async def test_a_command_has_the_database_that_is_set(database_url: str) -> None:
    assert await with_database(settings_for(database_url), count) == 0


async def test_a_database_that_was_never_migrated_is_told_from_a_bug(tmp_path: Path) -> None:
    settings = settings_for(f"sqlite+aiosqlite:///{tmp_path}/new.db")
    with pytest.raises(
        InvalidInput, match=r"database: it is not at the newest revision; run `paceline migrate` first\."
    ) as raised:
        await with_database(settings, count)
    assert isinstance(raised.value.__cause__, sqlite3.OperationalError)


async def test_what_else_goes_wrong_is_told_as_it_is(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        await with_database(settings_for(database_url), fail)
    with pytest.raises(InvalidInput, match="FILE: it is empty"):
        await with_database(settings_for(f"sqlite+aiosqlite:///{tmp_path}/new.db"), refuse)
