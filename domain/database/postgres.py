"""PostgreSQL by asyncpg: COPY, arrays of keys, ON CONFLICT and advisory locks."""

import asyncio
import hashlib
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Collection,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import asyncpg
from sqlalchemy import Table

from domain.database import postgres_changes as changes
from domain.database.pool import Connection, Pool
from domain.database.postgres_copy import columns_of_copy, copy_of_columns, encoder
from domain.database.postgres_faults import BUSY, CONFLICTS, IN_DOUBT, LOST, UNAVAILABLE
from domain.database.postgres_months import FIRST_YEAR, Partition, one_a_month, partition
from domain.database.session import Column, Columns, Database, Occupancy, Reading, Watch, Writing
from domain.database.statement import POSTGRESQL, KeyedQuery, Prepared, Row, known_keys
from domain.errors import ConnectionLost, DatabaseBusy, DatabaseUnavailable, TransactionConflict

CONNECT_SECONDS = 5
LONGEST_WAIT_SECONDS = 10.0  # for a connection: who waits longer is better told so, and comes again
ANALYZE_SECONDS = 600  # 30,000 rows of each table and partition that has grown

# So many records are copied into a table of their own first: an array is checked element by element on its way.
STAGED_FROM = 1_000

# So many records are thought to be new until one is not, and the keys of so many are looked up before that.
COPIED_FROM = 500
PROBED = 8


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
        return columns_of_copy(query, memoryview(copied))


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
            yield copy_of_columns({name: table.columns[name].type for name in names}, columns)
            handed.set()

        copying = self._connection.copy_to_table(table.name, source=source(), columns=names, format="binary")
        async with _meanwhile(copying, handed):
            yield

    async def _copy(self, table: Table, into: str, columns: Sequence[str], records: Iterable[Row]) -> None:
        """Copies *records* of *table* into the table of that name, which has the same columns."""
        encode = encoder(table, tuple(columns))
        encoded = records if encode is None else map(encode, records)
        await self._connection.copy_records_to_table(into, records=encoded, columns=list(columns))

    async def insert_new(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> set[Any]:
        if len(records) >= COPIED_FROM and await self._copy_all_new(table, columns, records):
            return {record[0] for record in records}
        # Nearly always all are new, so it is the others that the statement returns.
        there = {row[0] for row in await self.rows_by(changes.insert_new(table, tuple(columns)), records)}
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
            return await self.run_by(changes.upsert(table, tuple(columns)), records)
        staged = f"staged_{table.name}"
        # With defaults: a column that is left to its own may not be null here either.
        like = f"LIKE {table.name} INCLUDING DEFAULTS"
        await self._connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {staged} ({like})")
        await self._copy(table, staged, columns, records)
        changed = await self.change(changes.upsert_staged(table, tuple(columns)), ())
        await self._connection.execute(f"TRUNCATE {staged}")
        return changed

    async def run_by_columns(self, query: KeyedQuery, columns: Columns, /, **values: Any) -> int:
        if len(next(iter(columns.values()))) < STAGED_FROM:
            return await super().run_by_columns(query, columns, **values)
        staged = f"staged_{'_'.join(columns)}"
        kinds = ", ".join(f"{name} {kind.compile(dialect=POSTGRESQL)}" for name, kind in query.columns.items())
        await self._connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {staged} ({kinds})")

        async def source() -> AsyncIterator[bytes]:
            yield copy_of_columns(query.columns, columns)

        await self._connection.copy_to_table(staged, source=source(), columns=list(columns), format="binary")
        prepared = query.prepared_from(staged, self.dialect)
        changed = await self.change(prepared, prepared.bind(values))
        await self._connection.execute(f"TRUNCATE {staged}")
        return changed

    async def increase(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> None:
        # In one order everywhere, so that two batches wait for each other instead of dying of a deadlock.
        await self.run_by(changes.increase(table, tuple(columns)), sorted(records))

    async def make_months(self, table: Table, instants: Collection[datetime]) -> None:
        wanted = {partition(table.name, instant) for instant in one_a_month(instants)}
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
        before_name = partition(table.name, before)[0]
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
