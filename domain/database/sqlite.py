"""SQLite by aiosqlite: one writer, a few readers, write-ahead logging."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Float, Table, bindparam, or_
from sqlalchemy.dialects.sqlite import insert as insert_into
from sqlalchemy.types import TypeEngine

from domain.database.columns import Id
from domain.database.session import Column, Columns, Database, Occupancy, Reading, Watch, Writing
from domain.database.statement import SQLITE, KeyedQuery, Prepared, Row, known_keys, prepare
from domain.errors import DatabaseBusy, DatabaseUnavailable

Result = TypeVar("Result")

PRAGMAS = (
    "PRAGMA busy_timeout = {milliseconds}",  # how long to wait for another process that writes
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",  # with WAL a power cut may lose the last commits, never the database
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what is erased is overwritten, not left in free pages
)
# Events have random ids, which touch pages all over an index: the more of it is at hand, and the more commits a page of
# the log stands for before it goes into the database, the less is read and written. 32 MB each.
WRITER_PRAGMAS = ("PRAGMA cache_size = -32000", "PRAGMA wal_autocheckpoint = 8000")
SCRUB_PATIENCE_SECONDS = 0.5  # for readers: meanwhile nobody can write
LONGEST_WAIT_SECONDS = 10.0  # for another process: what takes longer is no import's chunk any more


class SqliteReading(Reading):
    dialect = SQLITE

    def __init__(self, connection: aiosqlite.Connection, watch: Watch | None) -> None:
        self._connection = connection
        self._watch = watch

    async def fetch(self, prepared: Prepared, parameters: Sequence[Any]) -> list[Row]:
        if self._watch is not None:
            self._watch(prepared.sql)
        return prepared.rows(list(await self._connection.execute_fetchall(prepared.sql, parameters)))

    async def arrays(self, query: KeyedQuery, keys: Sequence[Row], /, **values: Any) -> Columns:
        if len(keys) == 1:
            prepared, parameters = query.prepared_for_one(self.dialect), query.bind_one(keys[0], self.dialect, values)
        else:
            prepared, parameters = query.prepared(self.dialect), query.bind(keys, self.dialect, values)
        if self._watch is not None:
            self._watch(prepared.sql)
        rows = list(await self._connection.execute_fetchall(prepared.sql, parameters))
        columns = prepared.result
        values_of = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
        return {name: _array(column, kind) for (name, kind), column in zip(columns, values_of, strict=True)}


def _array(column: Sequence[Any], kind: TypeEngine[Any]) -> NDArray[Any]:
    match kind:
        case Id():
            return np.array([bytes.fromhex(text.replace("-", "")) for text in column], dtype="V16")
        case Float():
            return np.array(column, dtype=np.float64)
    return np.array(column, dtype=np.int64)


class SqliteWriting(SqliteReading, Writing):
    async def change(self, prepared: Prepared, parameters: Sequence[Any]) -> int:
        if self._watch is not None:
            self._watch(prepared.sql)
        async with self._connection.execute(prepared.sql, parameters) as cursor:
            return cursor.rowcount

    async def insert(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> None:
        await self._many(_insert(table, tuple(columns)), columns, records)

    # Nothing goes on meanwhile: SQLite's thread wants the interpreter after each row, and a block that computes keeps
    # it from that for 5 ms at a time.
    @asynccontextmanager
    async def inserting(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> AsyncGenerator[None]:
        await self.insert(table, columns, records)
        yield

    @asynccontextmanager
    async def inserting_columns(self, table: Table, columns: Mapping[str, Column]) -> AsyncGenerator[None]:
        prepared = _insert(table, tuple(columns))
        ordered = [columns[name] for name, _ in prepared.parameters]
        records = list(zip(*(c.tolist() if isinstance(c, np.ndarray) else c for c in ordered), strict=True))
        if records:
            if self._watch is not None:
                self._watch(prepared.sql)
            await self._connection.executemany(prepared.sql, records)
        yield

    async def insert_new(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> set[Any]:
        # Nobody else writes while this transaction is open, so what is looked up here cannot change.
        known = {
            row[0] for row in await self.rows_by(known_keys(table, columns[0]), [record[:1] for record in records])
        }
        new = [record for record in records if record[0] not in known]
        await self.insert(table, columns, new)
        return {record[0] for record in new}

    async def upsert(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> int:
        return await self._many(_upsert(table, tuple(columns)), columns, records)

    async def increase(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> None:
        await self._many(_increase(table, tuple(columns)), columns, records)

    async def make_months(self, table: Table, instants: Collection[datetime]) -> None:
        """Nothing to make: SQLite has no partitions."""

    async def drop_months(self, table: Table, before: datetime) -> int:
        """Nothing to drop."""
        return 0

    async def lock(self, name: str, *, shared: bool = False) -> None:
        """Nothing to wait for: a writing transaction has the database to itself."""

    async def _many(self, prepared: Prepared, columns: Sequence[str], records: Sequence[Row]) -> int:
        """Runs *prepared* once for each record; returns how many rows were touched."""
        if not records:
            return 0
        if self._watch is not None:
            self._watch(prepared.sql)
        positions = [(columns.index(name), convert) for name, convert in prepared.parameters]
        if positions == [(position, None) for position in range(len(columns))]:
            bound: Sequence[Sequence[Any]] = records
        else:
            bound = [
                [
                    record[position] if convert is None or record[position] is None else convert(record[position])
                    for position, convert in positions
                ]
                for record in records
            ]
        async with self._connection.executemany(prepared.sql, bound) as cursor:
            return cursor.rowcount


class SqliteDatabase(Database):
    dialect = SQLITE

    def __init__(self, path: str, *, readers: int, statement_seconds: float) -> None:
        self._path = path
        self._readers = readers
        # Less than a request may take, so that who waits in vain learns that it was for a connection.
        self._reader_patience = min(statement_seconds / 2, LONGEST_WAIT_SECONDS)
        self._busy_milliseconds = int(1000 * min(statement_seconds, LONGEST_WAIT_SECONDS))
        self._unscrubbed = False
        self._opened: list[aiosqlite.Connection] = []
        self._idle: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        self._writer: aiosqlite.Connection | None = None
        self._opening = asyncio.Lock()
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def _open(self, *more_pragmas: str) -> aiosqlite.Connection:
        if not Path(self._path).parent.is_dir():
            raise DatabaseUnavailable
        connection = await aiosqlite.connect(self._path, isolation_level=None)
        try:
            for pragma in (*PRAGMAS, *more_pragmas):
                await connection.execute_fetchall(pragma.format(milliseconds=self._busy_milliseconds))
        except BaseException:
            await connection.close()
            raise
        self._opened.append(connection)
        return connection

    async def _add_reader(self) -> None:
        async with self._opening:
            if self._idle.empty() and len(self._opened) - (self._writer is not None) < self._readers:
                self._idle.put_nowait(await self._open())

    async def _add_writer(self) -> aiosqlite.Connection:
        async with self._opening:
            if self._writer is None:  # pragma: no branch  # a cancelled writer may have opened it before us
                self._writer = await self._open(*WRITER_PRAGMAS)
        return self._writer

    @asynccontextmanager
    async def _reader(self) -> AsyncGenerator[aiosqlite.Connection]:
        with _faults_named():
            if self._idle.empty():
                await _to_its_end(self._add_reader())
            self._waiting += 1
            try:
                async with asyncio.timeout(self._reader_patience):
                    connection = await self._idle.get()
            except TimeoutError as fault:
                raise DatabaseBusy from fault
            finally:
                self._waiting -= 1
            try:
                yield connection
            finally:
                self._idle.put_nowait(connection)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Reading]:
        async with self._reader() as connection:
            yield SqliteReading(connection, self.watch)

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[Reading]:
        async with self._reader() as connection, _transaction(connection, "BEGIN"):
            yield SqliteReading(connection, self.watch)

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[Writing]:
        with _faults_named():
            async with self._turn:
                writer = await _to_its_end(self._add_writer())
                async with _transaction(writer, "BEGIN IMMEDIATE"):
                    yield SqliteWriting(writer, self.watch)
                if self._unscrubbed:
                    await _to_its_end(self._scrub(writer, 0))

    async def scrub(self) -> None:
        """Empties the write-ahead log.

        While somebody reads, another process too, SQLite cannot: then each later write of ours tries again.
        """
        with _faults_named():
            async with self._turn:
                writer = await _to_its_end(self._add_writer())
                await _to_its_end(self._scrub(writer, SCRUB_PATIENCE_SECONDS))

    async def _scrub(self, writer: aiosqlite.Connection, seconds: float) -> None:
        await writer.execute_fetchall(f"PRAGMA busy_timeout = {int(1000 * seconds)}")
        try:
            [(busy, *_)] = await writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            await writer.execute_fetchall(f"PRAGMA busy_timeout = {self._busy_milliseconds}")
        self._unscrubbed = bool(busy)

    def occupancy(self) -> Occupancy:
        """As of a pool. Writers stand in line without being counted: there is one of them at a time."""
        idle = self._idle.qsize() + (self._writer is not None and not self._turn.locked())
        return Occupancy(limit=self._readers + 1, in_use=len(self._opened) - idle, idle=idle, waiting=self._waiting)

    async def close(self) -> None:
        while self._opened:
            await self._opened.pop().close()
        self._idle = asyncio.LifoQueue()
        self._writer = None


@asynccontextmanager
async def _transaction(connection: aiosqlite.Connection, begin: str) -> AsyncGenerator[None]:
    # Beginning is in the block too: while another process writes it waits, and may begin after the request is gone.
    try:
        await _to_its_end(connection.execute_fetchall(begin))
        yield
    except BaseException:
        await _to_its_end(connection.rollback())
        raise
    try:
        await _to_its_end(connection.commit())
    except BaseException:
        await _to_its_end(connection.rollback())
        raise


async def _to_its_end(step: Awaitable[Result]) -> Result:
    """Awaits *step*, and when cancelled meanwhile waits for its end all the same, before the cancellation goes on.

    The thread behind the connection cannot be stopped half-way: a transaction that it opens must be known of, and a
    connection too.
    """
    task = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():  # pragma: no branch  # it is, when the loop itself is closing
            task.exception()  # looked at, so that asyncio does not complain of it
        raise


@contextmanager
def _faults_named() -> Iterator[None]:
    """Turns what SQLite raises when it cannot serve (locked, full, unreadable, no database) into our error."""
    try:
        yield
    except (TimeoutError, OSError) as fault:
        raise DatabaseUnavailable from fault
    except sqlite3.DatabaseError as fault:
        # Its subclasses but one, and the plain SQLITE_ERROR, are mistakes of ours and no faults of the database.
        if type(fault) not in (sqlite3.DatabaseError, sqlite3.OperationalError):
            raise
        if fault.sqlite_errorcode == sqlite3.SQLITE_ERROR:
            raise
        raise DatabaseUnavailable from fault


def _parameters(columns: Sequence[str], table: Table) -> dict[str, Any]:
    return {name: bindparam(name, type_=table.columns[name].type) for name in columns}


@cache
def _insert(table: Table, columns: tuple[str, ...]) -> Prepared:
    return prepare(insert_into(table).values(_parameters(columns, table)), SQLITE)


@cache
def _upsert(table: Table, columns: tuple[str, ...]) -> Prepared:
    key = [column.name for column in table.primary_key]
    rest = [name for name in columns if name not in key]
    insertion = insert_into(table).values(_parameters(columns, table))
    if not rest:
        return prepare(insertion.on_conflict_do_nothing(index_elements=key), SQLITE)
    different = or_(*(table.columns[name].is_distinct_from(insertion.excluded[name]) for name in rest))
    values = {name: insertion.excluded[name] for name in rest}
    return prepare(insertion.on_conflict_do_update(index_elements=key, set_=values, where=different), SQLITE)


@cache
def _increase(table: Table, columns: tuple[str, ...]) -> Prepared:
    key = [column.name for column in table.primary_key]
    insertion = insert_into(table).values(_parameters(columns, table))
    sums = {name: table.columns[name] + insertion.excluded[name] for name in columns if name not in key}
    return prepare(insertion.on_conflict_do_update(index_elements=key, set_=sums), SQLITE)
