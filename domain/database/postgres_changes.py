"""Statements that change many rows of a table on PostgreSQL, fed from arrays or from a table that was copied before."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import FromClause, Select, Table, column, false, or_, select
from sqlalchemy import table as from_table
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as insert_into

from domain.database.statement import POSTGRESQL, KeyedQuery, Prepared, keyed, prepare


def _selected(table: Table, columns: Sequence[str], change: Any) -> KeyedQuery:
    """A change of *table* fed from arrays, one an entry of *columns*."""
    kinds = {name: table.columns[name].type for name in columns}
    return keyed(lambda keys: change(insert_into(table).from_select(list(columns), select(*keys.columns))), **kinds)


@cache
def insert_new(table: Table, columns: tuple[str, ...]) -> KeyedQuery:
    """Inserts the keys that are new, and selects those that are not."""
    key = table.columns[columns[0]]

    def change(keys: FromClause) -> Select[Any]:
        insertion = insert_into(table).from_select(list(columns), select(*keys.columns)).on_conflict_do_nothing()
        new = insertion.returning(key).cte("new")
        return select(keys.columns[key.name]).where(keys.columns[key.name].not_in(select(new.columns[key.name])))

    return keyed(change, **{name: table.columns[name].type for name in columns})


@cache
def upsert(table: Table, columns: tuple[str, ...]) -> KeyedQuery:
    """Inserts rows, or replaces those that are there and different."""
    return _selected(table, columns, lambda insertion: _replacing(insertion, table, columns))


@cache
def upsert_staged(table: Table, columns: tuple[str, ...]) -> Prepared:
    """As `upsert`, from the table that rows of *table* are staged in."""
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
def increase(table: Table, columns: tuple[str, ...]) -> KeyedQuery:
    """Inserts rows, or adds their values to those that are there."""
    key = [column.name for column in table.primary_key]

    def change(insertion: Insert) -> Insert:
        sums = {name: table.columns[name] + insertion.excluded[name] for name in columns if name not in key}
        return insertion.on_conflict_do_update(index_elements=key, set_=sums)

    return _selected(table, columns, change)
