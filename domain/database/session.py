"""What a connection can do, whichever engine is behind it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from numpy.typing import NDArray
from sqlalchemy import Dialect, Table
from sqlalchemy.sql import ClauseElement

from domain.database.statement import KeyedQuery, Prepared, Row, prepare
from domain.packed_ids import texts_of

Watch: TypeAlias = Callable[[str], None]
Columns: TypeAlias = Mapping[str, NDArray[Any]]
Column: TypeAlias = NDArray[Any] | Sequence[str]


class Reading(ABC):
    """A connection for reading: each statement stands alone and sees what was committed before it."""

    dialect: Dialect

    @abstractmethod
    async def fetch(self, prepared: Prepared, parameters: Sequence[Any]) -> list[Row]:
        """The rows of one prepared statement."""

    async def rows(self, statement: ClauseElement, /, **values: Any) -> list[Row]:
        """The rows of *statement*, its named parameters taken from *values*."""
        prepared = prepared_for(statement, self.dialect)
        return await self.fetch(prepared, prepared.bind(values))

    async def rows_by(self, query: KeyedQuery, keys: Sequence[Row], /, **values: Any) -> list[Row]:
        """The rows of *query* for all *keys* in one statement; none for no keys."""
        if not keys:
            return []
        if len(keys) == 1:
            return await self.fetch(query.prepared_for_one(self.dialect), query.bind_one(keys[0], self.dialect, values))
        return await self.fetch(query.prepared(self.dialect), query.bind(keys, self.dialect, values))

    @abstractmethod
    async def arrays(self, query: KeyedQuery, keys: Sequence[Row], /, **values: Any) -> Columns:
        """The columns of *query* as NumPy arrays: for jobs that read millions of rows.

        Every column is an `Id` (16 raw bytes, dtype V16), an integer (int64), an `Instant` (int64, microseconds since
        1970) or a float, and none is null.
        """


class Writing(Reading):
    """A connection inside one transaction, which commits when its block ends and rolls back when that raises."""

    async def run(self, statement: ClauseElement, /, **values: Any) -> int:
        """Runs a change and returns how many rows it touched."""
        prepared = prepared_for(statement, self.dialect)
        return await self.change(prepared, prepared.bind(values))

    async def run_by(self, query: KeyedQuery, keys: Sequence[Row], /, **values: Any) -> int:
        """Runs one change for all *keys* and returns how many rows it touched."""
        if not keys:
            return 0
        return await self.change(query.prepared(self.dialect), query.bind(keys, self.dialect, values))

    async def run_by_columns(self, query: KeyedQuery, columns: Columns, /, **values: Any) -> int:
        """As `run_by`, for thousands of keys that were worked out as arrays.

        Ids are 16 raw bytes each (dtype V16), all else integers or floats; NaN, which an engine may take for null,
        is for the statement to tell from numbers.
        """
        lists = [texts_of(column) if column.dtype.kind == "V" else column.tolist() for column in columns.values()]
        return await self.run_by(query, list(zip(*lists, strict=True)), **values)

    @abstractmethod
    async def change(self, prepared: Prepared, parameters: Sequence[Any]) -> int:
        """Runs one prepared change and returns how many rows it touched."""

    @abstractmethod
    async def insert(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> None:
        """Adds *records*, whose values stand in the order of *columns*, by the engine's bulk way."""

    @abstractmethod
    def inserting(
        self, table: Table, columns: Sequence[str], records: Sequence[Row]
    ) -> AbstractAsyncContextManager[None]:
        """As `insert`, around a block that may work on with what it has, while the engine is still at it.

        The block makes no statements. The records are there when it ends.
        """

    @abstractmethod
    def inserting_columns(self, table: Table, columns: Mapping[str, Column]) -> AbstractAsyncContextManager[None]:
        """As `inserting`, for rows that were worked out as arrays.

        A column of ids is a sequence of texts; any other one is an array of integers, of floats, or of instants in
        microseconds since 1970. None has nulls.
        """

    @abstractmethod
    async def insert_new(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> set[Any]:
        """Adds those *records* whose key, the first column, is not yet there; returns the keys that were added.

        No two records may have the same key.
        """

    @abstractmethod
    async def upsert(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> int:
        """Adds *records* or replaces the rows with the same primary key; returns how many rows are new or different.

        Rows that are there already are held until the transaction ends, even where nothing about them changes.
        """

    @abstractmethod
    async def increase(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> None:
        """Adds the counters in *records* to the rows with the same primary key, or makes those rows.

        columns: the primary key's, then the counters'. No two records may have the same key.
        """

    @abstractmethod
    async def make_months(self, table: Table, instants: Collection[datetime]) -> None:
        """Sees to it that *table*, which the engine may keep in partitions by month, takes rows of these instants."""

    @abstractmethod
    async def drop_months(self, table: Table, before: datetime) -> int:
        """Drops the partitions of *table* that hold nothing but rows from before an instant; returns how many."""

    @abstractmethod
    async def lock(self, name: str, *, shared: bool = False) -> None:
        """Waits for the lock *name* and holds it until the transaction ends; shared holders exclude exclusive ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupancy:
    """How the connections of a database are used. limit: the most there may be. waiting: users without one."""

    limit: int
    in_use: int
    idle: int
    waiting: int


class Database(ABC):
    """Where sessions come from; made by `open_database`, closed by `close`."""

    dialect: Dialect
    watch: Watch | None = None  # sees the SQL of each statement: tests count, traces name

    @abstractmethod
    def read(self) -> AbstractAsyncContextManager[Reading]:
        """A connection for reading."""

    @abstractmethod
    def write(self) -> AbstractAsyncContextManager[Writing]:
        """A transaction."""

    async def add(self, table: Table, columns: Sequence[str], records: Sequence[Row]) -> None:
        """Adds rows, all or none, in a transaction of nothing else."""
        async with self.write() as writing:
            await writing.insert(table, columns, records)

    @abstractmethod
    def snapshot(self) -> AbstractAsyncContextManager[Reading]:
        """A connection all of whose reads see the same moment."""

    async def scrub(self) -> None:  # noqa: B027  # most engines have nothing to do
        """Sees to it that deleted rows are gone from the files that the engine keeps beside its tables, where we can.

        PostgreSQL sees to its own files by vacuum and by recycling its log (docs/privacy.md).
        """

    async def analyze(self) -> None:  # noqa: B027  # most engines have nothing to do
        """Has the planner know what is in tables that have grown to twice their size; for whoever put much into them.

        PostgreSQL finds out by itself a minute later, and plans for tables that are small or empty until then.
        """

    @abstractmethod
    def occupancy(self) -> Occupancy:
        """How its connections are used at this moment."""

    @abstractmethod
    async def close(self) -> None:
        """Lets go of all connections."""


_PREPARED: WeakKeyDictionary[ClauseElement, dict[str, Prepared]] = WeakKeyDictionary()


def prepared_for(statement: ClauseElement, dialect: Dialect) -> Prepared:
    """The prepared form of *statement*, compiled once while the statement lives: keep statements at module level."""
    by_dialect = _PREPARED.setdefault(statement, {})
    found = by_dialect.get(dialect.name)
    if found is None:
        found = by_dialect[dialect.name] = prepare(statement, dialect)
    return found
