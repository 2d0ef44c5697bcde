"""Column types that mean the same on SQLite and on PostgreSQL."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Dialect, String, Table, Text
from sqlalchemy.dialects.postgresql import BYTEA, TIMESTAMP, UUID
from sqlalchemy.types import LargeBinary, TypeDecorator, TypeEngine
from sqlmodel import SQLModel

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def microseconds(instant: datetime) -> int:
    """*instant* (aware) as whole microseconds since 1970, which is what SQLite stores."""
    return (instant - EPOCH) // MICROSECOND


def instant(microseconds: int) -> datetime:
    """The inverse of `microseconds`, in UTC."""
    return EPOCH + timedelta(microseconds=microseconds)


# For tables whose rows are updated far more often than added: with room on the page PostgreSQL need not touch the
# indexes.
ROOM_TO_UPDATE = {"postgresql_with": {"fillfactor": "80"}}


class Id(TypeDecorator[str]):
    """The platform's UUID, in Python always its canonical text."""

    impl = String(36)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(UUID(as_uuid=False))
        return dialect.type_descriptor(String(36))


class Instant(TypeDecorator[datetime]):
    """A point in time: an aware UTC datetime in Python, an integer on SQLite, which has no type for it.

    `domain.database.statement` converts.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())


class Json(TypeDecorator[Any]):
    """A JSON document; the session encodes and decodes it.

    As text on both engines: nothing looks inside it in SQL, and JSONB is written out anew for each row that is read.
    """

    impl = Text
    cache_ok = True


class Bytes(TypeDecorator[bytes]):
    """Raw bytes, handed to the driver as they are."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(BYTEA() if dialect.name == "postgresql" else LargeBinary())


class Name(TypeDecorator[str]):
    """Text that pages are ordered by: compared by code points on both engines, so that a cursor means the same."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text(collation="C") if dialect.name == "postgresql" else Text())


def table_of(model: type[SQLModel]) -> Table:
    """The Core table behind a SQLModel class: queries are written against it."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


# Constraints get names from a rule, so that a migration can name what it drops on both engines.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
