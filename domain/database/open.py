"""Opens the database that a URL names."""

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from domain.database.postgres import PostgresDatabase
from domain.database.replicas import Noted, Replica
from domain.database.session import Database
from domain.database.sqlite import SqliteDatabase
from domain.errors import InvalidInput

REMEDY = "give sqlite+aiosqlite:///PATH or postgresql+asyncpg://USER@HOST/NAME"
SQLITE_READERS = 4  # one process reads a local file: more connections only wait for the same cores


def open_database(url: str, *, connections: int = 10, statement_seconds: float = 30) -> Database:
    """The database at *url*; nothing is connected until it is used.

    url: `sqlite+aiosqlite:///path` or `postgresql+asyncpg://user@host:port/name`.
    connections: the most that a PostgreSQL pool opens. statement_seconds: patience for one statement.
    Raises InvalidInput for any other URL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as fault:
        raise InvalidInput("database URL", "it is not a URL", REMEDY) from fault
    match parsed.drivername:
        case "postgresql+asyncpg":
            return PostgresDatabase(_dsn(url), connections=connections, statement_seconds=statement_seconds)
        case "sqlite+aiosqlite" if parsed.database and parsed.database != ":memory:":
            return SqliteDatabase(parsed.database, readers=SQLITE_READERS, statement_seconds=statement_seconds)
    raise InvalidInput(
        "database URL",
        f"it names a kind of database that Paceline does not serve ({parsed.drivername})",
        REMEDY,
    )


def open_replica(
    primary_url: str, url: str, *, lag: float, noted: Noted, connections: int = 10, statement_seconds: float = 30
) -> Replica:
    """The standby at *url* of the PostgreSQL database at *primary_url*; nothing is connected until it is started.

    lag, noted: as in Replica; the rest as in `open_database`.
    """
    standby = PostgresDatabase(_dsn(url), connections=connections, statement_seconds=statement_seconds)
    return Replica(_dsn(primary_url), _dsn(url), standby, lag=lag, noted=noted)


def _dsn(url: str) -> str:
    """The URL as asyncpg takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
