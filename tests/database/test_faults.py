"""What is raised when a database cannot serve, that it serves again, and that our own mistakes stay visible."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from sqlalchemy import select, text

from domain.database import Database, open_database
from domain.database.columns import Id
from domain.database.statement import keyed
from domain.errors import ConnectionLost, DatabaseBusy, DatabaseUnavailable, InvalidInput, TransactionConflict
from domain.learners.tables import cohorts
from tests.builders import an_id

pytestmark = pytest.mark.anyio

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@asynccontextmanager
async def opened(url: str, *, connections: int = 2, statement_seconds: float = 0.3) -> AsyncIterator[Database]:
    database = open_database(url, connections=connections, statement_seconds=statement_seconds)
    try:
        yield database
    finally:
        await database.close()


async def answers(database: Database) -> bool:
    async with database.read() as reading:
        return await reading.rows(text("SELECT 1")) == [(1,)]


@pytest.mark.parametrize(
    "url",
    ["mysql://localhost/x", "sqlite:///x.db", "sqlite+aiosqlite:///:memory:", "sqlite+aiosqlite://", "no url", ""],
)
def test_other_urls_are_refused_with_a_remedy(url: str) -> None:
    with pytest.raises(InvalidInput, match=r"give sqlite\+aiosqlite:///PATH or postgresql\+asyncpg://USER@HOST/NAME"):
        open_database(url)


def test_a_refused_url_is_not_repeated_since_it_may_hold_a_password() -> None:
    with pytest.raises(InvalidInput) as caught:
        open_database("postgres://admin:hunter2@host/name")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://nobody@127.0.0.1:1/nothing",
        "sqlite+aiosqlite:////nonexistent-folder/paceline.db",
    ],
)
async def test_a_database_that_is_not_there_is_unavailable(url: str) -> None:
    async with opened(url) as database:
        for _ in range(6):  # more often than there are connections: none may be lost to a failed attempt
            with pytest.raises(DatabaseUnavailable):
                await answers(database)
            with pytest.raises(DatabaseUnavailable):
                async with database.write():
                    pass


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_database_name_that_the_server_lacks_is_unavailable(database_url: str) -> None:
    async with opened(f"{database_url}_that_is_missing") as database:
        with pytest.raises(DatabaseUnavailable):
            await answers(database)


@on_sqlite
async def test_sqlite_serves_as_soon_as_its_folder_appears(engine: str, tmp_path: Path) -> None:
    folder = tmp_path / "later"
    async with opened(f"sqlite+aiosqlite:///{folder / 'paceline.db'}") as database:
        for _ in range(6):
            with pytest.raises(DatabaseUnavailable):
                await answers(database)
        folder.mkdir()
        assert await answers(database)


@on_sqlite
async def test_sqlite_that_another_process_locks_is_unavailable_until_it_lets_go(database_url: str) -> None:
    other = sqlite3.connect(database_url.removeprefix("sqlite+aiosqlite:///"), isolation_level=None)
    async with opened(database_url) as database:
        await answers(database)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable):
            async with database.write():
                pass
        assert await answers(database), "reading goes on beside a writer"
        other.execute("ROLLBACK")
        other.close()
        async with database.write() as writing:
            await writing.insert(cohorts, ("id", "name"), [(an_id("a"), "a")])


@on_sqlite
async def test_a_writer_cancelled_while_it_waits_for_another_process_leaves_no_transaction_open(
    database_url: str,
) -> None:
    other = sqlite3.connect(database_url.removeprefix("sqlite+aiosqlite:///"), isolation_level=None)

    async def write(database: Database) -> None:
        async with database.write() as writing:
            await writing.insert(cohorts, ("id", "name"), [(an_id("a"), "a")])

    async with opened(database_url, statement_seconds=5) as database:
        await answers(database)
        async with database.write():
            pass
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(write(database))
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.sleep(0.1)
        other.execute("ROLLBACK")
        other.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await write(database)


@on_sqlite
async def test_a_full_sqlite_is_unavailable_and_keeps_what_it_has(database_url: str) -> None:
    async with opened(database_url) as database:
        async with database.write() as writing:
            await writing.insert(cohorts, ("id", "name"), [(an_id("a"), "a")])
            [(pages,)] = await writing.rows(text("PRAGMA page_count"))
            await writing.rows(text(f"PRAGMA max_page_count = {pages + 2}"))
        with pytest.raises(DatabaseUnavailable):
            async with database.write() as writing:
                await writing.insert(cohorts, ("id", "name"), [(an_id(str(n)), "x" * 500) for n in range(500)])
        async with database.read() as reading:
            assert await reading.rows(select(cohorts.c.name)) == [("a",)]
        async with database.write() as writing:
            await writing.rows(text("PRAGMA max_page_count = 1000000"))
            await writing.insert(cohorts, ("id", "name"), [(an_id("b"), "b")])


@on_sqlite
async def test_a_file_that_is_no_database_is_unavailable_and_never_overwritten(engine: str, tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear reader, " * 1000)
    async with opened(f"sqlite+aiosqlite:///{path}") as database:
        for _ in range(6):
            with pytest.raises(DatabaseUnavailable):
                await answers(database)
        with pytest.raises(DatabaseUnavailable):
            async with database.write():
                pass
    assert path.read_text() == "Dear reader, " * 1000


async def test_more_readers_than_connections_wait_and_then_give_up(database_url: str) -> None:
    async with opened(database_url, connections=4) as database:
        held = [database.read() for _ in range(4)]
        for one in held:
            await one.__aenter__()
        with pytest.raises(DatabaseUnavailable) as caught:
            await answers(database)
        assert isinstance(caught.value, DatabaseBusy)
        assert str(caught.value) == "All connections to the database are in use; try again in a moment."
        waiting = asyncio.create_task(answers(database))
        await asyncio.sleep(0.05)
        for one in held:
            await one.__aexit__(None, None, None)
        assert await waiting
        assert await asyncio.gather(*(answers(database) for _ in range(50))) == [True] * 50


async def test_mistakes_in_our_sql_are_not_taken_for_an_outage(database: Database) -> None:
    for statement in ("SELECT * FROM nowhere", "SELEC 1", "SELECT nothing FROM cohorts"):
        with pytest.raises(Exception, match=r"nowhere|syntax|nothing") as caught:
            async with database.read() as reading:
                await reading.rows(text(statement))
        assert not isinstance(caught.value, DatabaseUnavailable)
    assert await answers(database)


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_value_of_the_wrong_kind_is_not_taken_for_an_outage(database: Database) -> None:
    query = keyed(lambda key: select(cohorts.c.id).join_from(key, cohorts, cohorts.c.id == key.c.id), id=Id)
    with pytest.raises(asyncpg.DataError, match="invalid UUID"):
        async with database.read() as reading:
            await reading.rows_by(query, [("not a uuid",)])


async def test_what_a_caller_raises_inside_a_block_passes(database: Database) -> None:
    with pytest.raises(KeyError):
        async with database.read():
            raise KeyError
    with pytest.raises(InvalidInput):
        async with database.write():
            raise InvalidInput("field", "it is wrong", "mend it")


# SQLSTATEs of PostgreSQL and what they mean for a caller.
STATES = {
    "40001": TransactionConflict,
    "40P01": TransactionConflict,
    "53100": DatabaseUnavailable,  # disk full
    "58030": DatabaseUnavailable,  # the disk cannot be read or written
    "53200": DatabaseUnavailable,  # out of memory
    "53300": DatabaseUnavailable,  # too many connections
    "57014": DatabaseUnavailable,  # cancelled, such as by a timeout
    "57P01": ConnectionLost,  # the server shuts down
    "57P02": ConnectionLost,  # and because of a crash
    "57P03": DatabaseUnavailable,  # it starts up
    "08006": ConnectionLost,  # connection failure
    "25006": DatabaseUnavailable,  # read-only: a replica, or a primary that was demoted
    "23505": asyncpg.UniqueViolationError,  # a bug of ours
    "42P01": asyncpg.UndefinedTableError,
    "22P02": asyncpg.InvalidTextRepresentationError,
}


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_postgresql_faults_have_their_names(database: Database) -> None:
    for state, kind in STATES.items():
        raising = text(f"DO $do$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $do$")
        with pytest.raises(kind) as caught:
            async with database.write() as writing:
                await writing.rows(raising)
        assert type(caught.value) is kind, state
    assert await answers(database)


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_real_deadlock_is_a_conflict_that_one_of_two_survives(database: Database) -> None:
    async with database.write() as writing:
        await writing.insert(cohorts, ("id", "name"), [(an_id(name), name) for name in "ab"])
    both = asyncio.Barrier(2)

    async def cross(first: str, second: str) -> None:
        async with database.write() as writing:
            await writing.run(text(f"UPDATE cohorts SET name = name || '!' WHERE id = '{an_id(first)}'"))
            await both.wait()
            await writing.run(text(f"UPDATE cohorts SET name = name || '!' WHERE id = '{an_id(second)}'"))

    outcomes = await asyncio.gather(cross("a", "b"), cross("b", "a"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(TransactionConflict) == 1
    assert outcomes.count(None) == 1


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_connections_that_the_server_ended_are_replaced(database: Database, database_url: str) -> None:
    async def end_all() -> None:
        administrator = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        await administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await administrator.close()

    async def write() -> None:
        async with database.write() as writing:
            await writing.insert(cohorts, ("id", "name"), [(an_id("a"), "a")])
            await end_all()
            await writing.upsert(cohorts, ("id", "name"), [(an_id("b"), "b")])

    with pytest.raises(DatabaseUnavailable):
        await write()
    assert await answers(database)
    async with database.read() as reading:
        assert await reading.rows(select(cohorts.c.name)) == []
    await end_all()
    await asyncio.sleep(0.05)
    assert await answers(database)


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_server_that_says_it_ends_and_has_not_hung_up_is_unavailable(
    database: Database, database_url: str
) -> None:
    """Between the two the driver knows neither an answer nor an end."""
    streams: set[asyncio.StreamWriter] = set()

    async def forward(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while received := await source.read(65536):
            target.write(received)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(database_url)
        to_reader, to_writer = await asyncio.open_connection(parts.hostname, parts.port)
        streams.update((writer, to_writer))
        await asyncio.gather(forward(reader, to_writer), forward(to_reader, writer), return_exceptions=True)

    listening = await asyncio.start_server(connect, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    parts = urlsplit(database_url)
    through = open_database(urlunsplit(parts._replace(netloc=f"{parts.username}@127.0.0.1:{port}")))
    try:
        async with through.read() as reading:
            [(backend,)] = await reading.rows(text("SELECT pg_backend_pid()"))
        async with database.read() as reading:
            await reading.rows(text(f"SELECT pg_terminate_backend({backend})"))
        await asyncio.sleep(0.2)
        with pytest.raises(DatabaseUnavailable):
            async with through.read() as reading:
                await reading.rows(text("SELECT 1"))
        assert await answers(through)
    finally:
        await through.close()
        listening.close()
        for stream in streams:
            stream.transport.abort()
