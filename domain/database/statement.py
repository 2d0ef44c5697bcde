"""Statements compiled once per engine, and queries for many keys at once.

SQLAlchemy writes the SQL, the driver runs it: a statement is compiled to text with positional parameters when it is
first used, and from then on costs what the driver costs. (A read through a SQLModel session costs ten times a read
on the bare connection, through Core still three times: docs/performance.md.)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, TypeAlias, cast

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    Dialect,
    FromClause,
    String,
    Table,
    bindparam,
    column,
    func,
    select,
    type_coerce,
)
from sqlalchemy import cast as cast_to
from sqlalchemy import table as from_table
from sqlalchemy.dialects.postgresql import asyncpg as postgresql
from sqlalchemy.dialects.sqlite import aiosqlite as sqlite
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from domain.database.columns import Id, Instant, Json, instant, microseconds

Convert: TypeAlias = Callable[[Any], Any]
Row: TypeAlias = tuple[Any, ...]

POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
SQLITE: Dialect = sqlite.dialect()


def _encode_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _from_driver(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """How a value of *kind* that the driver returned becomes ours; None where it already is."""
    match kind, dialect.name:
        case Json(), _:
            return orjson.loads
        case Id(), "postgresql":
            return str
        case Instant(), "sqlite":
            return instant
        case Date(), "sqlite":
            return date.fromisoformat
        case Boolean(), "sqlite":
            return bool
    return None


def to_driver(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """How a value of ours becomes one that the driver takes; None where it already is."""
    match kind, dialect.name:
        case Json(), _:
            return _encode_json
        case Instant(), "sqlite":
            return microseconds
        case Date(), "sqlite":
            return date.isoformat
    return None


@dataclass(frozen=True, slots=True)
class Prepared:
    """SQL text of one engine, with what its parameters and columns need on the way."""

    sql: str
    parameters: tuple[tuple[str, Convert | None], ...]
    constants: Mapping[str, Any]
    columns: tuple[tuple[int, Convert], ...]
    result: tuple[tuple[str, TypeEngine[Any]], ...]

    def bind(self, values: Mapping[str, Any]) -> list[Any]:
        """The positional parameters for *values*; constants of the statement fill the rest."""
        bound = []
        for name, convert in self.parameters:
            value = values[name] if name in values else self.constants[name]
            bound.append(value if convert is None or value is None else convert(value))
        return bound

    def rows(self, fetched: Sequence[Any]) -> list[Row]:
        """The driver's rows as plain tuples of our values."""
        if not self.columns:
            return [tuple(row) for row in fetched]
        rows = []
        for row in fetched:
            values = list(row)
            for position, convert in self.columns:
                if values[position] is not None:
                    values[position] = convert(values[position])
            rows.append(tuple(values))
        return rows


def prepare(statement: ClauseElement, dialect: Dialect) -> Prepared:
    """*statement* compiled for *dialect*."""
    compiled = cast(SQLCompiler, statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True}))
    kinds = {name: parameter.type for parameter, name in compiled.bind_names.items()}
    constants = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
    result = tuple((described.name, described.type) for described in getattr(statement, "exported_columns", ()))
    converters = ((position, _from_driver(kind, dialect)) for position, (_, kind) in enumerate(result))
    return Prepared(
        sql=compiled.string,
        parameters=tuple((name, to_driver(kinds[name], dialect)) for name in compiled.positiontup or ()),
        constants=constants,
        columns=tuple((position, convert) for position, convert in converters if convert is not None),
        result=result,
    )


@dataclass(frozen=True, slots=True, eq=False)
class KeyedQuery:
    """One SELECT that answers for any number of keys.

    A single key, which most requests have, gets a statement of its own: a table of one row of parameters is dissolved
    by the planner, and costs the server a third and the driver half of what arrays of one element cost.
    columns: the key's columns and their types, in the order in which a key's values stand.
    build: given the keys as a table of those columns, the SELECT that joins with it.
    """

    columns: Mapping[str, TypeEngine[Any]]
    build: Callable[[FromClause], ClauseElement]
    _prepared: dict[str, Prepared] = field(default_factory=dict)
    _prepared_for_one: dict[str, Prepared] = field(default_factory=dict)

    def prepared(self, dialect: Dialect) -> Prepared:
        """The statement for *dialect*, built when it is first asked for."""
        found = self._prepared.get(dialect.name)
        if found is None:
            table = _postgresql_keys if dialect.name == "postgresql" else _sqlite_keys
            found = self._prepared[dialect.name] = prepare(self.build(table(self.columns)), dialect)
        return found

    def prepared_from(self, table: str, dialect: Dialect) -> Prepared:
        """The statement that takes its keys from a table of the key's columns."""
        found = self._prepared.get(table)
        if found is None:
            columns = (column(name, kind) for name, kind in self.columns.items())
            found = self._prepared[table] = prepare(self.build(from_table(table, *columns).alias("keys")), dialect)
        return found

    def bind(self, keys: Sequence[Row], dialect: Dialect, values: Mapping[str, Any]) -> list[Any]:
        """The positional parameters that stand for *keys*, beside other named *values*."""
        if dialect.name == "postgresql":
            by_column = zip(*keys, strict=True) if keys else ((),) * len(self.columns)
            columns = zip(self.columns.items(), by_column, strict=True)
            named: dict[str, Any] = {f"key_{name}": _array(values, kind, dialect) for (name, kind), values in columns}
        else:
            named = {"keys": orjson.dumps(self._for_sqlite(keys), option=orjson.OPT_PASSTHROUGH_DATETIME).decode()}
        return self.prepared(dialect).bind({**named, **values})

    def _for_sqlite(self, keys: Sequence[Row]) -> Sequence[Row]:
        converts = [to_driver(kind, SQLITE) for kind in self.columns.values()]
        if not any(converts):
            return keys
        return [
            tuple(
                value if convert is None or value is None else convert(value)
                for value, convert in zip(key, converts, strict=True)
            )
            for key in keys
        ]

    def prepared_for_one(self, dialect: Dialect) -> Prepared:
        """As `prepared`, for a single key."""
        found = self._prepared_for_one.get(dialect.name)
        if found is None:
            statement = self.build(_one_key(self.columns))
            found = self._prepared_for_one[dialect.name] = prepare(statement, dialect)
        return found

    def bind_one(self, key: Row, dialect: Dialect, values: Mapping[str, Any]) -> list[Any]:
        """As `bind`, for `prepared_for_one`."""
        named: dict[str, Any] = dict(zip(self.columns, key, strict=True))
        return self.prepared_for_one(dialect).bind({**named, **values} if values else named)


def _array(values: Sequence[Any], kind: TypeEngine[Any], dialect: Dialect) -> list[Any]:
    convert = to_driver(kind, dialect)
    return list(values) if convert is None else [None if value is None else convert(value) for value in values]


def total(numbers: ColumnElement[int]) -> ColumnElement[int]:
    """The sum of a column of whole numbers, by its name and as a whole number: PostgreSQL's own is a decimal."""
    return cast_to(func.sum(numbers), BigInteger).label(str(numbers.key))


def keyed(
    build: Callable[[FromClause], ClauseElement], /, **columns: TypeEngine[Any] | type[TypeEngine[Any]]
) -> KeyedQuery:
    """A query for many keys: `keyed(lambda key: select(...).join(...), learner_id=Id)`."""
    return KeyedQuery({name: kind() if isinstance(kind, type) else kind for name, kind in columns.items()}, build)


@cache
def known_keys(table: Table, name: str) -> KeyedQuery:
    """Those of some values of a table's column that are there."""
    found = table.columns[name]
    return keyed(lambda keys: select(found).join_from(keys, table, found == keys.columns[name]), **{name: found.type})


def _postgresql_keys(columns: Mapping[str, TypeEngine[Any]]) -> FromClause:
    arrays = [bindparam(f"key_{name}", type_=ARRAY(kind)) for name, kind in columns.items()]
    return func.unnest(*arrays).table_valued(*(column(n, k) for n, k in columns.items())).render_derived(name="keys")


def _one_key(columns: Mapping[str, TypeEngine[Any]]) -> FromClause:
    return select(*(bindparam(name, type_=kind).label(name) for name, kind in columns.items())).subquery("keys")


def _sqlite_keys(columns: Mapping[str, TypeEngine[Any]]) -> FromClause:
    document = func.json_each(bindparam("keys", type_=String)).table_valued(column("value", String)).alias("document")
    parts = [
        type_coerce(func.json_extract(document.c.value, f"$[{position}]"), kind).label(name)
        for position, (name, kind) in enumerate(columns.items())
    ]
    return select(*parts).subquery("keys")
