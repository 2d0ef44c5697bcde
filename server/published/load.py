"""Loads a published file of figures: whatever it is, its figures go the way that live answers go."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.database import Database
from domain.errors import InvalidInput
from domain.series.queries import newest_knowledge
from domain.series.writes import store_observations
from server.bls.answers import AnswerClass, UnreadableAnswer, parse
from server.importing.reading import UnreadableFile
from server.published import bls, census
from server.published.table import Fault, Found, Table, csv_table, is_json, json_of, json_table, parsed_json, year_of

ANSWER = "answer of BLS's API"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of a file.

    kind: what it is, for people. figures: that it holds. new: of these, those that are new or revised.
    left_out: rows about something that is not kept here. faults: rows that cannot be used.
    """

    file: str
    kind: str
    figures: int
    new: int
    left_out: int
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A kind of file: what it is, the columns that tell it, and what reads it; of one year, where it does not say."""

    kind: str
    columns: tuple[str, ...]
    read: Callable[[Table], Found] | None = None
    read_year: Callable[[Table, int], Found] | None = None

    def found(self, table: Table, year: int | None) -> Found:
        """What *table* says. Raises InvalidInput and UnreadableFile."""
        if self.read is not None:
            return self.read(table)
        assert self.read_year is not None, "a format has one of the two"
        return self.read_year(table, year_of(table.file, year))


# The first whose columns are all there.
FORMATS = (
    Format(kind=bls.WAGES, columns=bls.WAGE_COLUMNS, read_year=bls.wages),
    Format(kind=bls.CENSUS_OF_WAGES, columns=bls.CENSUS_OF_WAGES_COLUMNS, read=bls.census_of_wages),
    Format(kind=bls.UNEMPLOYMENT, columns=bls.UNEMPLOYMENT_COLUMNS, read=bls.unemployment),
    Format(kind=census.FIRMS_BY_SIZE, columns=census.SIZE_COLUMNS, read_year=census.firms_by_size),
    Format(kind=census.FIRMS_BY_COUNTY, columns=census.COUNTY_COLUMNS, read_year=census.firms_by_county),
    Format(kind=bls.PAYROLLS, columns=bls.PAYROLL_COLUMNS, read=bls.payrolls),
)


def read_file(path: Path, year: int | None) -> tuple[str, Found]:
    """What a file is, and what it says. year: that it is about, where it does not say so itself.

    Raises InvalidInput, UnreadableFile and OSError.
    """
    if not is_json(path):
        return _read_table(csv_table(path), year)
    content = json_of(path)
    value = parsed_json(path.name, content)
    return _answer(path.name, content) if isinstance(value, dict) else _read_table(_as_table(path.name, value), year)


def _as_table(file: str, value: Any) -> Table:
    return json_table(file, value if isinstance(value, list) else [])


def _read_table(table: Table, year: int | None) -> tuple[str, Found]:
    for one in FORMATS:
        if set(one.columns) <= set(table.header):
            return one.kind, one.found(table, year)
    kinds = "; ".join([*(one.kind for one in FORMATS), ANSWER])
    raise InvalidInput("FILE", f"{table.file} has the columns of no file that is known", f"name one of: {kinds}")


def _answer(file: str, content: bytes) -> tuple[str, Found]:
    """A kept answer; one without status too, which some tools leave out."""
    try:
        answer = parse(content)
    except UnreadableAnswer as fault:
        raise UnreadableFile(file, 1, str(fault), "keep the file as the API answered it") from fault
    if not (answer.kind.usable or answer.kind is AnswerClass.RESULTS_ONLY):
        raise InvalidInput("FILE", f"{file} is an answer without figures ({answer.kind})", "leave it out")
    found = Found()
    for observation in answer.observations():
        found.add(observation)
    return ANSWER, found


async def load_file(database: Database, path: Path, year: int | None, known_at: datetime) -> Loaded:
    """Stores what a file says, as known from *known_at* on; all of it or nothing, but for rows that cannot be used.

    Raises InvalidInput, UnreadableFile and OSError; InvalidInput too where something newer is stored of its series:
    a figure that did not change leaves no trace of the day it was confirmed, so vintages have to come in their order.
    """
    kind, found = read_file(path, year)
    said = list(found.observations.values())
    async with database.write() as writing:
        newest = await newest_knowledge(writing, sorted({one.series_id for one in said}))
        if newest is not None and newest > known_at:
            fault = f"{path.name} is about series of which something of {newest:%Y-%m-%d} is stored"
            raise InvalidInput("--known-on", fault, "load older files first")
        new = await store_observations(writing, said, known_at)
    return Loaded(
        file=path.name,
        kind=kind,
        figures=len(found.observations),
        new=new,
        left_out=found.left_out,
        faults=tuple(found.faults),
    )
