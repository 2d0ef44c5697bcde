"""PostgreSQL's binary COPY as arrays, without a loop over rows; and records as COPY takes them."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Float, Table
from sqlalchemy.types import TypeEngine

from domain.database.columns import Id, Instant, microseconds
from domain.database.session import Column, Columns
from domain.database.statement import POSTGRESQL, KeyedQuery, Row, to_driver

COPY_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # signature, flags and the length of an empty header extension
COPY_TRAILER: Final = b"\xff\xff"

POSTGRES_EPOCH: Final = microseconds(datetime(2000, 1, 1, tzinfo=UTC))  # where its own count of microseconds begins


@cache
def encoder(table: Table, columns: tuple[str, ...]) -> Callable[[Row], Row] | None:
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


def copy_of_columns(kinds: Mapping[str, TypeEngine[Any]], columns: Mapping[str, Column]) -> bytes:
    """The binary COPY of *columns*, written without a loop over rows: the inverse of `columns_of_copy`.

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


def columns_of_copy(query: KeyedQuery, copied: memoryview) -> Columns:
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
