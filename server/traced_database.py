"""A database whose statements are spans. Around one of those that there are, which know nothing of it."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Dialect, Table

from domain.database import Database, Occupancy, Reading, Writing
from domain.database.session import Column, Columns, Watch
from domain.database.statement import KeyedQuery, Prepared, Row

if TYPE_CHECKING:
    from server.tracing import Traces


def traced(database: Database, traces: "Traces | None") -> Database:
    """*database*, traced where there are traces."""
    return database if traces is None else TracedDatabase(database, traces)


def span_of(database: Database, name: str) -> AbstractContextManager[Any]:
    """A span around what is done with *database*, if it is traced."""
    return database.traces.span(name) if isinstance(database, TracedDatabase) else nullcontext()


class TracedReading(Reading):
    def __init__(self, inner: Reading, traces: "Traces") -> None:
        self.dialect = inner.dialect
        self._inner = inner
        self._traces = traces

    def _span(self, sql: str) -> AbstractContextManager[Any]:
        return self._traces.statement(self.dialect.name, sql)

    async def fetch(self, prepared: Prepared, parameters: Sequence[Any]) -> list[Row]:
        with self._span(prepared.sql):
            return await self._inner.fetch(prepared, parameters)

    async def arrays(self, query: KeyedQuery, keys: Sequence[Row], /, **values: Any) -> Columns:
        with self._span(query.prepared(self.dialect).sql):
            return await self._inner.arrays(query, keys, **values)


def _adding(dialect: Dialect) -> str:
    """What an engine does where many rows are added."""
    return "COPY" if dialect.name == "postgresql" else "INSERT"


class TracedWriting(TracedReading, Writing):
    _inner: Writing

    def _change(self, verb: str, table: Table) -> AbstractContextManager[Any]:
        return self._traces.change(self.dialect.name, verb, table.name)

    async def run_by_columns(self, query: KeyedQuery, columns: Columns, /, **values: Any) -> int:
        with self._span(query.prepared(self.dialect).sql):
            return await self._inner.run_by_columns(query, columns, **values)

    async def change(self, prepared: Prepared, parameters: Sequence[Any]) -> int:
        with self._span(prepared.sql):
            return await self._inner.change(prepared, parameters)

    async def insert(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> None:
        with self._change(_adding(self.dialect), table):
            await self._inner.insert(table, columns, records)

    @asynccontextmanager
    async def inserting(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> AsyncGenerator[None]:
        with self._change(_adding(self.dialect), table):
            async with self._inner.inserting(table, columns, records):
                yield

    @asynccontextmanager
    async def inserting_columns(self, table: Table, columns: Mapping[str, Column]) -> AsyncGenerator[None]:
        with self._change(_adding(self.dialect), table):
            async with self._inner.inserting_columns(table, columns):
                yield

    async def insert_new(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> set[Any]:
        with self._change("INSERT", table):
            return await self._inner.insert_new(table, columns, records)

    async def upsert(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> int:
        with self._change("UPSERT", table):
            return await self._inner.upsert(table, columns, records)

    async def increase(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> None:
        with self._change("INCREASE", table):
            await self._inner.increase(table, columns, records)

    async def make_months(self, table: Table, instants: Collection[datetime]) -> None:
        with self._change("CREATE PARTITION", table):
            await self._inner.make_months(table, instants)

    async def drop_months(self, table: Table, before: datetime) -> int:
        with self._change("DROP PARTITION", table):
            return await self._inner.drop_months(table, before)

    async def lock(self, name: str, *, shared: bool = False) -> None:
        with self._span("LOCK"):
            await self._inner.lock(name, shared=shared)


class TracedDatabase(Database):
    def __init__(self, inner: Database, traces: "Traces") -> None:
        self.dialect = inner.dialect
        self.traces = traces
        self._inner = inner

    @property
    def watch(self) -> Watch | None:
        return self._inner.watch

    @watch.setter
    def watch(self, watch: Watch | None) -> None:
        self._inner.watch = watch

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Reading]:
        async with self._inner.read() as reading:
            yield TracedReading(reading, self.traces)

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[Reading]:
        with self.traces.span("snapshot"):
            async with self._inner.snapshot() as reading:
                yield TracedReading(reading, self.traces)

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[Writing]:
        with self.traces.span("transaction"):
            async with self._inner.write() as writing:
                yield TracedWriting(writing, self.traces)

    async def add(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> None:
        with self.traces.change(self.dialect.name, _adding(self.dialect), table.name):
            await self._inner.add(table, columns, records)

    async def scrub(self) -> None:
        await self._inner.scrub()

    async def analyze(self) -> None:
        with self.traces.span("analyze"):
            await self._inner.analyze()

    def occupancy(self) -> Occupancy:
        return self._inner.occupancy()

    async def close(self) -> None:
        await self._inner.close()
