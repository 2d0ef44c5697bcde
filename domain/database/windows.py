"""Pages of many lists in one statement, each list with its own window."""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Integer, Select, String, func, or_, select, tuple_

from domain.database.statement import KeyedQuery, Row, keyed
from domain.paging import Window


def windowed(
    build: Callable[[FromClause, ColumnElement[bool]], Select[Any]],
    *,
    order: tuple[ColumnElement[str], ColumnElement[str]],
    **columns: Any,
) -> KeyedQuery:
    """A keyed query whose every key has a window (`window_keys`) over the rows that *build* joins with it.

    build: given the keys and what holds of the rows after a window's cursor, on which it joins them.
    order: name and id, by which the rows are ordered and cursors are cut.
    Its rows start with the key's position in the list of keys; each list holds one row more than its window where
    there is a next page. Written with row_number() and not LATERAL, which SQLite lacks.
    """

    def windowed_select(key: FromClause) -> Select[Any]:
        after = or_(key.c.after_id.is_(None), tuple_(*order) > tuple_(key.c.after_name, key.c.after_id))
        rows = build(key, after)
        names = [str(column.key) for column in rows.selected_columns]
        ranked = rows.add_columns(
            key.c.place,
            key.c.first,
            func.row_number().over(partition_by=key.c.place, order_by=order).label("row"),
        ).subquery("ranked")
        return (
            select(ranked.c.place, *(ranked.c[name] for name in names))
            .where(ranked.c.row <= ranked.c.first + 1)
            .order_by(ranked.c.place, ranked.c.row)
        )

    window: dict[str, Any] = {"place": Integer, "first": Integer, "after_name": String, "after_id": order[1].type}
    return keyed(windowed_select, **window, **columns)


def window_keys(keys: Iterable[tuple[Window, *tuple[Any, ...]]]) -> list[Row]:
    """The rows that a `windowed` query takes: each key is its window and the values of its own columns."""
    return [
        (place, window.first, window.after_name, window.after_id, *values)
        for place, (window, *values) in enumerate(keys)
    ]
