"""Tables as statistical offices publish them: CSV, or JSON as the Census Bureau's API answers."""

import gzip
import math
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from domain.errors import InvalidInput
from domain.series.observation import Observation, SeriesPeriod
from server.importing.reading import UnreadableFile, open_source

LARGEST_JSON_BYTES = 64 * 1024 * 1024
MISSING = frozenset({"", "-"})

Cells: TypeAlias = Mapping[str, str]

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file with columns. rows: with the line, or the place in the list, that each begins on."""

    file: str
    header: tuple[str, ...]
    rows: Iterator[tuple[int, Cells]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A row that cannot be used, and why."""

    line: int
    reason: str


@dataclass(slots=True)
class Found:
    """What a file says.

    left_out: rows that are about something that is not kept here. faults: rows that cannot be used.
    """

    observations: dict[SeriesPeriod, Observation] = field(default_factory=dict)
    left_out: int = 0
    faults: list[Fault] = field(default_factory=list)

    def add(self, observation: Observation) -> None:
        """Raises InvalidInput where the file says something else of the same period of the same series."""
        known = self.observations.setdefault(observation.of, observation)
        if known != observation:
            remedy = "take out the breakdown that divides it, or the wrong row"
            raise InvalidInput("row", "an earlier row gives another figure for the same", remedy)


def is_json(path: Path) -> bool:
    """Whether the file's name says that it is JSON, compressed or not."""
    return path.name.removesuffix(".gz").endswith(".json")


def json_of(path: Path) -> bytes:
    """The content of a JSON file. Raises UnreadableFile and OSError."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            content = stream.read(LARGEST_JSON_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as fault:
        raise UnreadableFile(path.name, 1, "the gzip data are damaged", "compress the file again") from fault
    if len(content) > LARGEST_JSON_BYTES:
        raise UnreadableFile(path.name, 1, f"it is larger than {LARGEST_JSON_BYTES} bytes", "ask for less at a time")
    return content


def csv_table(path: Path) -> Table:
    """A CSV file as a table. Raises UnreadableFile and OSError, for its rows while they are read."""
    source = open_source(path, path.name, lambda _: None)
    header = tuple(source.header)
    return Table(file=path.name, header=header, rows=((line, _cells(header, row)) for line, row in source.rows))


def json_table(file: str, rows: Sequence[Any]) -> Table:
    """A list of rows, of which the first names the columns. Raises UnreadableFile."""
    if not rows or not all(isinstance(row, list) for row in rows) or not all(isinstance(cell, str) for cell in rows[0]):
        raise UnreadableFile(file, 1, "it is no list of rows", "keep the file as the API answered it")
    header = tuple(rows[0])
    numbered = enumerate(rows[1:], start=2)
    return Table(
        file=file,
        header=header,
        rows=((place, _cells(header, ["" if cell is None else str(cell) for cell in row])) for place, row in numbered),
    )


def parsed_json(file: str, content: bytes) -> Any:
    """The value in a JSON file. Raises UnreadableFile."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as fault:
        raise UnreadableFile(file, fault.lineno, "it is not JSON", "keep the file as the API answered it") from fault


def _cells(header: Sequence[str], row: Sequence[str]) -> Cells:
    """A row by its columns; what a short row lacks is empty."""
    return {name: row[place].strip() if place < len(row) else "" for place, name in enumerate(header)}


def each_row(table: Table, found: Found, read: Callable[[Cells], bool]) -> Found:
    """Has *read* look at each row; it says whether the row is kept, and raises InvalidInput for one that is no good."""
    for line, cells in table.rows:
        try:
            kept = read(cells)
        except InvalidInput as fault:
            found.faults.append(Fault(line=line, reason=str(fault)))
        else:
            found.left_out += not kept
    return found


def figure_in(cells: Cells, column: str) -> float | None:
    """The number in a cell; None where the source has none. Raises InvalidInput for what is no number."""
    written = cells[column]
    if written in MISSING:
        return None
    try:
        value = float(written.replace(",", ""))
    except ValueError as fault:
        raise InvalidInput(column, f"it is {written[:20]!r}", "keep the file as it was published") from fault
    if not math.isfinite(value):
        raise InvalidInput(column, f"it is {written[:20]!r}", "keep the file as it was published")
    return value


def year_in(cells: Cells, column: str) -> int:
    """The year in a cell. Raises InvalidInput."""
    if not _YEAR.fullmatch(cells[column]):
        raise InvalidInput(column, f"it is {cells[column][:20]!r}", "give a year of four digits")
    return int(cells[column])


def year_of(file: str, given: int | None) -> int:
    """The year that all of a file is about: the *given* one, else the only one in its name. Raises InvalidInput."""
    if given is not None:
        return given
    named = set(_YEAR.findall(file))
    if len(named) != 1:
        raise InvalidInput("--year", f"{file} does not say which year it is about", "name the year")
    return int(named.pop())


def a_year(year: int) -> date:
    """The first day of a year, which stands for it."""
    return date(year, 1, 1)
