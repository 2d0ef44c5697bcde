"""PostgreSQL by asyncpg: COPY, arrays of keys, ON CONFLICT and advisory locks."""

import asyncio
import hashlib
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Collection,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from types import TracebackType
from typing import Any, TypeAlias

import asyncpg
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Float, FromClause, Select, Table, column, false, or_, select
from sqlalchemy import table as from_table
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as insert_into
from sqlalchemy.types import TypeEngine

from domain.database.columns import Id, Instant, microseconds
from domain.database.pool import Connection, Pool, PoolExhausted
from domain.database.session import Column, Columns, Database, Occupancy, Reading, Watch, Writing
from domain.database.statement import POSTGRESQL, KeyedQuery, Prepared, Row, keyed, known_keys, prepare, to_driver
from domain.errors import ConnectionLost, DatabaseBusy, DatabaseUnavailable, TransactionConflict

CONNECT_SECONDS = 5
LONGEST_WAIT_SECONDS = 10.0  # for a connection: who waits longer is better told so, and comes again
ANALYZE_SECONDS = 600  # 30,000 rows of each table and partition that has grown

# So many records are copied into a table of their own first: an array is checked element by element on its way.
STAGED_FROM = 1_000

# So many records are thought to be new until one is not, and the keys of so many are looked up before that.
COPIED_FROM = 500
PROBED = 8

COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # signature, flags and the length of an empty header extension
COPY_TRAILER = b"\xff\xff"

POSTGRES_EPOCH = microseconds(datetime(2000, 1, 1, tzinfo=UTC))  # where its own count of microseconds begins


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
        if len(keys) == 1:
            prepared, parameters = query.prepared_for_one(self.dialect), query.bind_one(keys[0], self.dialect, values)
        else:
            prepared, parameters = query.prepared(self.dialect), query.bind(keys, self.dialect, values)
        if self._watch is not None:
            self._watch(prepared.sql)
        copied = bytearray()

        async def keep(data: bytes) -> None:
            copied.extend(data)

        # By a coroutine function: into a file-like object asyncpg writes in a thread, thousands of times.
        await self._connection.copy_from_query(prepared.sql, *parameters, output=keep, format="binary")
        return _columns_of_copy(query, memoryview(copied))


class PostgresWriting(PostgresReading, Writing):
    def __init__(self, connection: Connection, watch: Watch | None, months: set["Partition"]) -> None:
        """months: partitions that are known to be there; added to."""
        super().__init__(connection, watch)
        self._months = months

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
        await self._copy(table, table.name, columns, records)

    @asynccontextmanager
    async def inserting(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> AsyncGenerator[None]:
        if not records:
            yield
            return
        if self._watch is not None:
            self._watch(f"COPY {table.name}")
        handed = asyncio.Event()
        async with _meanwhile(self._copy(table, table.name, columns, _telling(records, handed)), handed):
            yield

    @asynccontextmanager
    async def inserting_columns(self, table: Table, columns: Mapping[str, Column]) -> AsyncGenerator[None]:
        if len(next(iter(columns.values()))) == 0:
            yield
            return
        if self._watch is not None:
            self._watch(f"COPY {table.name}")
        handed = asyncio.Event()
        names = list(columns)

        async def source() -> AsyncIterator[bytes]:
            yield _copy_of_columns({name: table.columns[name].type for name in names}, columns)
            handed.set()

        copying = self._connection.copy_to_table(table.name, source=source(), columns=names, format="binary")
        async with _meanwhile(copying, handed):
            yield

    async def _copy(self, table: Table, into: str, columns: Sequence[str], records: Iterable[Row]) -> None:
        """Copies *records* of *table* into the table of that name, which has the same columns."""
        encode = _encoder(table, tuple(columns))
        encoded = records if encode is None else map(encode, records)
        await self._connection.copy_records_to_table(into, records=encoded, columns=list(columns))

    async def insert_new(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> set[Any]:
        if len(records) >= COPIED_FROM and await self._copy_all_new(table, columns, records):
            return {record[0] for record in records}
        # Nearly always all are new, so it is the others that the statement returns.
        there = {row[0] for row in await self.rows_by(_insert_new(table, tuple(columns)), records)}
        return {record[0] for record in records} - there if there else {record[0] for record in records}

    async def _copy_all_new(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> bool:
        """Adds *records* if the keys of all of them are new, at half the cost of looking for each; else adds none.

        A batch that was sent before is told by a few of its keys: what is copied in vain leaves dead rows behind.
        """
        few = [record[:1] for record in records[:: max(1, len(records) // PROBED)]]
        if await self.rows_by(known_keys(table, columns[0]), few):
            return False
        try:
            async with self._connection.transaction():
                await self.insert(table, columns, records)
        except asyncpg.UniqueViolationError:
            return False
        return True

    async def upsert(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> int:
        if len(records) < STAGED_FROM:
            return await self.run_by(_upsert(table, tuple(columns)), records)
        staged = f"staged_{table.name}"
        # With defaults: a column that is left to its own may not be null here either.
        like = f"LIKE {table.name} INCLUDING DEFAULTS"
        await self._connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {staged} ({like})")
        await self._copy(table, staged, columns, records)
        changed = await self.change(_upsert_staged(table, tuple(columns)), ())
        await self._connection.execute(f"TRUNCATE {staged}")
        return changed

    async def run_by_columns(self, query: KeyedQuery, columns: Columns, /, **values: Any) -> int:
        if len(next(iter(columns.values()))) < STAGED_FROM:
            return await super().run_by_columns(query, columns, **values)
        staged = f"staged_{'_'.join(columns)}"
        kinds = ", ".join(f"{name} {kind.compile(dialect=POSTGRESQL)}" for name, kind in query.columns.items())
        await self._connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {staged} ({kinds})")

        async def source() -> AsyncIterator[bytes]:
            yield _copy_of_columns(query.columns, columns)

        await self._connection.copy_to_table(staged, source=source(), columns=list(columns), format="binary")
        prepared = query.prepared_from(staged, self.dialect)
        changed = await self.change(prepared, prepared.bind(values))
        await self._connection.execute(f"TRUNCATE {staged}")
        return changed

    async def increase(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> None:
        # In one order everywhere, so that two batches wait for each other instead of dying of a deadlock.
        await self.run_by(_increase(table, tuple(columns)), sorted(records))

    async def make_months(self, table: Table, instants: Collection[datetime]) -> None:
        wanted = {_partition(table.name, instant) for instant in _one_a_month(instants)}
        for name, begins, ends in sorted(wanted - self._months):
            [(there,)] = await self._connection.fetch("SELECT to_regclass($1) IS NOT NULL", name)
            if there:
                # Only now is it known for good: one that this transaction makes may yet be rolled back.
                self._months.add((name, begins, ends))
                continue
            await self.lock("months")
            # Made apart and attached, which leaves those who read and write the other months in peace.
            await self._connection.execute(
                f"CREATE TABLE IF NOT EXISTS {name} (LIKE {table.name} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
            )
            attached = "SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass($1))"
            if not await self._connection.fetchval(attached, name):
                await self._connection.execute(
                    f"ALTER TABLE {table.name} ATTACH PARTITION {name} FOR VALUES FROM ({begins}) TO ({ends})"
                )

    async def drop_months(self, table: Table, before: datetime) -> int:
        if before.astimezone(UTC).year < FIRST_YEAR:
            return 0  # in the middle of the one partition that all those years share
        rows = await self._connection.fetch(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass($1)", table.name
        )
        before_name = _partition(table.name, before)[0]
        # Names sort as their months do, and what is older than all months comes first of all.
        over = [name for (name,) in rows if name.endswith("_earlier") or name < before_name]
        for name in over:
            await self._connection.execute(f"DROP TABLE {name}")
        self._months -= {partition for partition in self._months if partition[0] in over}
        return len(over)

    async def lock(self, name: str, *, shared: bool = False) -> None:
        function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        await self._connection.execute(f"SELECT {function}($1)", number)


@asynccontextmanager
async def _meanwhile(copying: Coroutine[Any, Any, object], handed: asyncio.Event) -> AsyncGenerator[None]:
    """Runs *copying* around a block, which begins when all that it copies was handed over, or is on its way."""
    task = asyncio.create_task(copying)
    task.add_done_callback(lambda _: handed.set())
    try:
        await handed.wait()
        yield
    except BaseException as fault:
        if not isinstance(fault, Exception):
            task.cancel()
        # The transaction cannot be rolled back before the connection is free again.
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not complain of it
        raise
    await task


def _telling(records: Iterable[Row], handed: asyncio.Event) -> Iterator[Row]:
    yield from records
    handed.set()


class PostgresDatabase(Database):
    """A pool of connections; none is opened before it is used, so that a server may start while its database is down.

    url: as asyncpg takes it.
    """

    dialect = POSTGRESQL

    def __init__(self, url: str, *, connections: int, statement_seconds: float) -> None:
        self._url = url
        self._statement_seconds = statement_seconds
        # Less than a request may take, so that who waits in vain learns that it was for a connection.
        patience = min(statement_seconds / 2, LONGEST_WAIT_SECONDS)
        self._pool = Pool(self._connect, size=connections, patience=patience)
        self._months: set[Partition] = set()

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
            yield PostgresWriting(connection, self.watch, self._months)

    async def add(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> None:
        # A COPY is a transaction by itself: without BEGIN and COMMIT it takes half of the time.
        async with _Lent(self._pool) as connection:
            await PostgresWriting(connection, self.watch, self._months).insert(table, columns, records)

    def occupancy(self) -> Occupancy:
        return self._pool.occupancy()

    async def analyze(self) -> None:
        async with _Lent(self._pool) as connection:
            grown = [name for (name,) in await connection.fetch(GROWN)]
            if grown:
                await connection.execute(f"ANALYZE {', '.join(grown)}", timeout=ANALYZE_SECONDS)

    def cut(self) -> None:
        """Has every statement that is under way fail now, as when the server goes away."""
        self._pool.cut()

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
        except BUSY as fault:
            raise DatabaseBusy from fault
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
        if _is_lost(self._connection, fault):
            self._pool.distrust()
            raise ConnectionLost from fault
        if isinstance(fault, UNAVAILABLE):
            raise DatabaseUnavailable from fault


def _is_lost(connection: Connection, fault: BaseException) -> bool:
    """Whether *fault* is that the connection went away, and no fault of what was asked."""
    return isinstance(fault, LOST) or (isinstance(fault, asyncpg.InterfaceError) and connection.is_closed())


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


Partition: TypeAlias = tuple[str, str, str]  # its name, and its bounds as SQL

FIRST_YEAR = 1990  # what is older shares one partition, lest odd clocks make thousands


def _one_a_month(instants: Collection[datetime]) -> Collection[datetime]:
    """Instants in all the months that *instants* are in; nearly always those of a batch share one."""
    if not instants:
        return ()
    first, last = (instant.astimezone(UTC) for instant in (min(instants), max(instants)))
    return (first,) if (first.year, first.month) == (last.year, last.month) else instants


def _partition(table: str, instant: datetime) -> Partition:
    """The partition of *table* that holds *instant*."""
    instant = instant.astimezone(UTC)
    if instant.year < FIRST_YEAR:
        return f"{table}_earlier", "MINVALUE", f"'{FIRST_YEAR}-01-01 00:00+00'"
    year, month = instant.year, instant.month
    next_year, next_month = (year, month + 1) if month < 12 else (year + 1, 1)
    begins, ends = f"'{year}-{month:02}-01 00:00+00'", f"'{next_year}-{next_month:02}-01 00:00+00'"
    return f"{table}_{year}_{month:02}", begins, ends


# What the planner was last told of holds for a table that grows by less, since it looks at the size of the file itself;
# autovacuum does not wait for that much. Of a partitioned table it keeps figures of its own, which autovacuum never
# renews; its partitions are looked at with it. Rows that were never counted are taken for 100 bytes.
GROWN = """
WITH files AS (
    SELECT oid::regclass::text AS name, inhparent AS whole, reltuples AS rows_told,
        greatest(relpages, 0) * current_setting('block_size')::bigint AS told, pg_relation_size(oid) AS bytes
    FROM pg_class LEFT JOIN pg_inherits ON inhrelid = oid
    WHERE relkind = 'r' AND relpersistence = 'p' AND relnamespace = current_schema()::regnamespace
), wholes AS (
    SELECT whole, sum(CASE WHEN told > 0 AND rows_told > 0 THEN rows_told / told * bytes ELSE bytes / 100 END) AS rows
    FROM files WHERE whole IS NOT NULL GROUP BY whole HAVING sum(bytes) > 0
), grown AS (
    SELECT whole FROM wholes JOIN pg_class ON oid = whole WHERE rows >= 2 * greatest(reltuples, 0)
)
SELECT whole::regclass::text FROM grown
UNION ALL
SELECT name FROM files WHERE bytes > 0 AND bytes >= 2 * told
    AND NOT EXISTS (SELECT FROM grown WHERE grown.whole = files.whole)
"""

CONFLICTS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)

# The server took no more connections, or the pool had none to lend.
BUSY = (asyncpg.TooManyConnectionsError, PoolExhausted)

# The server ended the connection, or somebody between us and it.
LOST = (
    ConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    # What asyncpg says of a statement that it is given after the server said good-bye and before the socket is closed.
    asyncpg.InternalClientError,
)

# What asyncpg raises when the database cannot serve; mistakes of ours pass as they are.
UNAVAILABLE = (
    *LOST,
    OSError,
    TimeoutError,
    asyncpg.CannotConnectNowError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.QueryCanceledError,
    asyncpg.InterfaceError,
)

# After these the connection may still be busy with what was given up, or be gone.
IN_DOUBT = (*LOST, OSError, TimeoutError, asyncpg.InterfaceError)


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
    return _selected(table, columns, lambda insertion: _replacing(insertion, table, columns))


@cache
def _upsert_staged(table: Table, columns: tuple[str, ...]) -> Prepared:
    staged = from_table(f"staged_{table.name}", *(column(name) for name in columns))
    insertion = insert_into(table).from_select(list(columns), select(*staged.c))
    return prepare(_replacing(insertion, table, columns), POSTGRESQL)


def _replacing(insertion: Insert, table: Table, columns: Sequence[str]) -> Insert:
    """*insertion*, which replaces what is there and different."""
    key = [column.name for column in table.primary_key]
    rest = [name for name in columns if name not in key]
    if not rest:
        # Changes nothing and locks the row: who deletes it meanwhile waits for us, or we for them.
        return insertion.on_conflict_do_update(
            index_elements=key, set_={key[0]: insertion.excluded[key[0]]}, where=false()
        )
    different = or_(*(table.columns[name].is_distinct_from(insertion.excluded[name]) for name in rest))
    values = {name: insertion.excluded[name] for name in rest}
    return insertion.on_conflict_do_update(index_elements=key, set_=values, where=different)


@cache
def _increase(table: Table, columns: tuple[str, ...]) -> KeyedQuery:
    key = [column.name for column in table.primary_key]

    def change(insertion: Insert) -> Insert:
        sums = {name: table.columns[name] + insertion.excluded[name] for name in columns if name not in key}
        return insertion.on_conflict_do_update(index_elements=key, set_=sums)

    return _selected(table, columns, change)


def _copy_of_columns(kinds: Mapping[str, TypeEngine[Any]], columns: Mapping[str, Column]) -> bytes:
    """The binary COPY of *columns*, written without a loop over rows: the inverse of `_columns_of_copy`.

    Ids are texts, or 16 raw bytes each.
    """
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name in columns:
        layout += [(f"{name}.length", ">i4"), (name, _width(kinds[name]))]
    rows = np.empty(len(next(iter(columns.values()))), dtype=np.dtype(layout))
    rows["fields"] = len(columns)
    for name, values in columns.items():
        rows[f"{name}.length"] = rows.dtype[name].itemsize
        match kinds[name], values:
            case Id(), np.ndarray():
                rows[name] = values
            case Id(), texts:
                rows[name] = np.frombuffer(bytes.fromhex("".join(texts).replace("-", "")), "V16")
            case Instant(), _:
                rows[name] = np.asarray(values) - POSTGRES_EPOCH
            case _:
                rows[name] = values
    return COPY_HEADER + rows.tobytes() + COPY_TRAILER


def _columns_of_copy(query: KeyedQuery, copied: memoryview) -> Columns:
    """The arrays in a binary COPY: rows of one width, since no column is null, read without a loop."""
    columns = query.prepared(POSTGRESQL).result
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in columns:
        layout += [(f"{name}.length", ">i4"), (name, _width(kind))]
    rows = np.frombuffer(copied[len(COPY_HEADER) : len(copied) - len(COPY_TRAILER)], dtype=np.dtype(layout))
    return {name: _array(rows[name], kind) for name, kind in columns}


def _width(kind: TypeEngine[Any]) -> str:
    match kind:
        case Id():
            return "V16"
        case Float():
            return ">f8"
        case BigInteger() | Instant():
            return ">i8"
    return ">i4"


def _array(copied: NDArray[Any], kind: TypeEngine[Any]) -> NDArray[Any]:
    match kind:
        case Id():
            return copied.copy()
        case Float():
            return copied.astype(np.float64)
        case Instant():
            return copied.astype(np.int64) + POSTGRES_EPOCH
    return copied.astype(np.int64)
