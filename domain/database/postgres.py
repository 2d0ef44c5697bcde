"""PostgreSQL by asyncpg: COPY, arrays of keys, ON CONFLICT and advisory locks."""

import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from io import BytesIO
from types import TracebackType
from typing import Any

import asyncpg
import numpy as np
from sqlalchemy import BigInteger, FromClause, Select, Table, or_, select
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as insert_into

from domain.database.columns import Id
from domain.database.pool import Connection, Pool
from domain.database.session import Columns, Database, Reading, Watch, Writing
from domain.database.statement import POSTGRESQL, KeyedQuery, Prepared, Row, keyed, to_driver
from domain.errors import DatabaseUnavailable, TransactionConflict

CONNECT_SECONDS = 5

COPY_HEADER_BYTES = 19  # signature, flags and the length of an empty header extension
COPY_TRAILER_BYTES = 2


class PostgresReading(Reading):
    dialect = POSTGRESQL

    def __init__(self, connection: Connection, watch: Watch | None) -> None:
        self._connection = connection
        self._watch = watch

    async def fetch(self, prepared: Prepared, parameters: Sequence[Any]) -> list[Row]:
        if self._watch is not None:
            self._watch(prepared.sql)
        return prepared.rows(await self._connection.fetch(prepared.sql, *parameters))

    async def arrays(self, query: KeyedQuery, keys: Sequence[Row], /, **values: Any) -> Columns:
        prepared = query.prepared(self.dialect)
        if self._watch is not None:
            self._watch(prepared.sql)
        copied = BytesIO()
        parameters = query.bind(keys, self.dialect, values)
        await self._connection.copy_from_query(prepared.sql, *parameters, output=copied, format="binary")
        return _columns_of_copy(query, copied.getbuffer())


class PostgresWriting(PostgresReading, Writing):
    async def change(self, prepared: Prepared, parameters: Sequence[Any]) -> int:
        if self._watch is not None:
            self._watch(prepared.sql)
        status = await self._connection.execute(prepared.sql, *parameters)
        return int(status.rpartition(" ")[2])

    async def insert(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> None:
        if not records:
            return
        if self._watch is not None:
            self._watch(f"COPY {table.name}")
        encode = _encoder(table, tuple(columns))
        encoded = records if encode is None else [encode(record) for record in records]
        await self._connection.copy_records_to_table(table.name, records=encoded, columns=list(columns))

    async def insert_new(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> set[Any]:
        # Nearly always all are new, so it is the others that the statement returns.
        there = {row[0] for row in await self.rows_by(_insert_new(table, tuple(columns)), records)}
        return {record[0] for record in records} - there if there else {record[0] for record in records}

    async def upsert(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> int:
        return await self.run_by(_upsert(table, tuple(columns)), records)

    async def increase(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> None:
        # In one order everywhere, so that two batches wait for each other instead of dying of a deadlock.
        await self.run_by(_increase(table, tuple(columns)), sorted(records))

    async def lock(self, name: str, *, shared: bool = False) -> None:
        function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        await self._connection.execute(f"SELECT {function}($1)", number)


class PostgresDatabase(Database):
    """A pool of connections; none is opened before it is used, so that a server may start while its database is down.

    url: as asyncpg takes it.
    """

    dialect = POSTGRESQL

    def __init__(self, url: str, *, connections: int, statement_seconds: float) -> None:
        self._url = url
        self._statement_seconds = statement_seconds
        self._pool = Pool(self._connect, size=connections, patience=statement_seconds)

    async def _connect(self) -> Connection:
        return await asyncpg.connect(
            self._url,
            timeout=CONNECT_SECONDS,
            command_timeout=self._statement_seconds,
            server_settings={"application_name": "paceline", "timezone": "UTC", "jit": "off"},
        )

    def read(self) -> "_Read":
        return _Read(self._pool, self.watch)

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[Reading]:
        async with _Lent(self._pool) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            yield PostgresReading(connection, self.watch)

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[Writing]:
        async with _Lent(self._pool) as connection, connection.transaction():
            yield PostgresWriting(connection, self.watch)

    async def close(self) -> None:
        await self._pool.close()


class _Lent(AbstractAsyncContextManager[Connection]):
    """A connection of a pool, for a block; what asyncpg raises in it when the database cannot serve becomes our error.

    A class and not a generator: this stands around every read, and costs a quarter of what three generators did.
    """

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __aenter__(self) -> Connection:
        try:
            self._connection = await self._pool.take()
        except UNAVAILABLE as fault:
            raise DatabaseUnavailable from fault
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if fault is None:
            self._pool.give_back(self._connection, sound=True)
            return
        self._pool.give_back(self._connection, sound=isinstance(fault, Exception) and not isinstance(fault, IN_DOUBT))
        if isinstance(fault, CONFLICTS):
            raise TransactionConflict from fault
        if isinstance(fault, UNAVAILABLE):
            raise DatabaseUnavailable from fault


class _Read(AbstractAsyncContextManager[Reading]):
    __slots__ = ("_lent", "_watch")

    def __init__(self, pool: Pool, watch: Watch | None) -> None:
        self._lent = _Lent(pool)
        self._watch = watch

    async def __aenter__(self) -> Reading:
        return PostgresReading(await self._lent.__aenter__(), self._watch)

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._lent.__aexit__(kind, fault, traceback)


CONFLICTS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)

# What asyncpg raises when the database cannot serve; mistakes of ours pass as they are.
UNAVAILABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.QueryCanceledError,
    asyncpg.InterfaceError,
)

# After these the connection may still be busy with what was given up, or be gone.
IN_DOUBT = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError)


@cache
def _encoder(table: Table, columns: tuple[str, ...]) -> Callable[[Row], Row] | None:
    """How a record becomes one that COPY takes; None where it already is."""
    converts = [to_driver(table.columns[name].type, POSTGRESQL) for name in columns]
    if not any(converts):
        return None

    def encode(record: Row) -> Row:
        return tuple(
            value if convert is None or value is None else convert(value)
            for value, convert in zip(record, converts, strict=True)
        )

    return encode


def _selected(table: Table, columns: Sequence[str], change: Any) -> KeyedQuery:
    """A change of *table* fed from arrays, one an entry of *columns*."""
    kinds = {name: table.columns[name].type for name in columns}
    return keyed(lambda keys: change(insert_into(table).from_select(list(columns), select(*keys.columns))), **kinds)


@cache
def _insert_new(table: Table, columns: tuple[str, ...]) -> KeyedQuery:
    """Inserts the keys that are new, and selects those that are not."""
    key = table.columns[columns[0]]

    def change(keys: FromClause) -> Select[Any]:
        insertion = insert_into(table).from_select(list(columns), select(*keys.columns)).on_conflict_do_nothing()
        new = insertion.returning(key).cte("new")
        return select(keys.columns[key.name]).where(keys.columns[key.name].not_in(select(new.columns[key.name])))

    return keyed(change, **{name: table.columns[name].type for name in columns})


@cache
def _upsert(table: Table, columns: tuple[str, ...]) -> KeyedQuery:
    key = [column.name for column in table.primary_key]
    rest = [name for name in columns if name not in key]

    def change(insertion: Insert) -> Insert:
        if not rest:
            return insertion.on_conflict_do_nothing(index_elements=key)
        different = or_(*(table.columns[name].is_distinct_from(insertion.excluded[name]) for name in rest))
        values = {name: insertion.excluded[name] for name in rest}
        return insertion.on_conflict_do_update(index_elements=key, set_=values, where=different)

    return _selected(table, columns, change)


@cache
def _increase(table: Table, columns: tuple[str, ...]) -> KeyedQuery:
    key = [column.name for column in table.primary_key]

    def change(insertion: Insert) -> Insert:
        sums = {name: table.columns[name] + insertion.excluded[name] for name in columns if name not in key}
        return insertion.on_conflict_do_update(index_elements=key, set_=sums)

    return _selected(table, columns, change)


def _columns_of_copy(query: KeyedQuery, copied: memoryview) -> Columns:
    """The arrays in a binary COPY: rows of one width, since no column is null, read without a loop."""
    columns = query.prepared(POSTGRESQL).result
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in columns:
        width = "V16" if isinstance(kind, Id) else ">i8" if isinstance(kind, BigInteger) else ">i4"
        layout += [(f"{name}.length", ">i4"), (name, width)]
    rows = np.frombuffer(copied[COPY_HEADER_BYTES : len(copied) - COPY_TRAILER_BYTES], dtype=np.dtype(layout))
    return {name: rows[name].copy() if isinstance(kind, Id) else rows[name].astype(np.int64) for name, kind in columns}
