"""All that a database holds, read past the product: rows as text, and on SQLite the bytes of its files."""

import re
import sqlite3
import struct
from collections.abc import Mapping
from pathlib import Path

import asyncpg

# What a statement of the product changes: bulk rows go to PostgreSQL by COPY.
CHANGE = re.compile(r"(DELETE FROM|INSERT INTO|COPY) (\w+)")


def sqlite_path(url: str) -> Path | None:
    """The file behind a URL of SQLite; None for other engines."""
    name, _, path = url.partition(":///")
    return Path(path) if name.startswith("sqlite") else None


def _postgres(url: str) -> str:
    return url.replace("+asyncpg", "")


async def command(url: str, statement: str) -> None:
    """Runs SQL on a connection of its own."""
    path = sqlite_path(url)
    if path is not None:
        with sqlite3.connect(path, isolation_level=None) as lite:
            lite.executescript(statement)
        lite.close()
        return
    connection = await asyncpg.connect(_postgres(url))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


# Partitions are read with their tables.
TABLES = """SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    AND NOT relispartition ORDER BY 1"""


async def dump(url: str) -> dict[str, list[str]]:
    """Every row of every table as text; binary values as hexadecimal digits."""
    path = sqlite_path(url)
    if path is not None:
        return _sqlite_dump(path)
    connection = await asyncpg.connect(_postgres(url))
    try:
        names = [row[0] for row in await connection.fetch(TABLES)]
        return {
            name: sorted(row[0] for row in await connection.fetch(f'SELECT each::text FROM "{name}" AS each'))
            for name in names
        }
    finally:
        await connection.close()


def _sqlite_dump(path: Path) -> dict[str, list[str]]:
    with sqlite3.connect(path) as lite:
        names = [row[0] for row in lite.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        tables = {
            name: sorted(
                repr(tuple(value.hex() if isinstance(value, bytes) else value for value in row))
                for row in lite.execute(f'SELECT * FROM "{name}"')
            )
            for name in names
        }
    lite.close()
    return tables


def files(url: str) -> Mapping[str, bytes]:
    """The bytes of SQLite's files (the database, its log and the log's index); none on other engines."""
    path = sqlite_path(url)
    if path is None:
        return {}
    return {found.name: found.read_bytes() for found in sorted(path.parent.glob(f"{path.name}*"))}


def bytes_of(canary: str | float) -> list[bytes]:
    """The ways in which a text, an id or a number may stand in a file."""
    if isinstance(canary, float):
        return [struct.pack(">d", canary), struct.pack("<d", canary), str(canary).encode()]
    bare = canary.replace("-", "")
    found = [canary.encode(), bare.encode()]
    if re.fullmatch(r"[0-9a-f]{32}", bare):
        found.append(bytes.fromhex(bare))
    return found


async def where_found(url: str, canaries: Mapping[str, str | float]) -> dict[str, list[str]]:
    """The tables and files in which canaries stand."""
    found: dict[str, list[str]] = {}
    text = {f"table {name}": "\n".join(rows) for name, rows in (await dump(url)).items()}
    for what, canary in canaries.items():
        ways = bytes_of(canary)
        texts = [str(canary), *(way.hex() for way in ways)]
        places = [place for place, rows in text.items() if any(way in rows for way in texts)]
        places += [f"file {name}" for name, content in files(url).items() if any(way in content for way in ways)]
        if places:
            found[what] = places
    return found
