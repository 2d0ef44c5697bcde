"""Reads CSV files row by row, and never more than a row of them into memory."""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from domain.errors import InvalidInput
from server.importing.cells import Column

MAXIMUM_LINE = 64 * 1024  # bytes; a longer one is no row of ours
MAXIMUM_ROW_LINES = 100  # a cell may hold line breaks; with so many, a quote was never closed
LINES_A_STEP = 1_000  # between two moves of the progress bar
NAMED_COLUMNS = 5  # of the unknown ones; a header can have thousands

Row: TypeAlias = list[str]


class UnreadableFile(Exception):
    """A file that cannot be imported: one line with file, line and remedy."""

    def __init__(self, file: str, line: int, fault: str, remedy: str) -> None:
        super().__init__(f"{file}, line {line}: {fault}; {remedy}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An import file, in a folder or in memory.

    name: without ending. file: what rejects and errors call it. header: its columns as they stand in it.
    rows: the rows below the header, each with the line it begins on, read as they are asked for; raises UnreadableFile.
    """

    name: str
    file: str
    header: Sequence[str]
    rows: Iterator[tuple[int, Row]]

    def places(self, columns: Sequence[Column]) -> list[int | None]:
        """Where each of *columns* stands in the header; None for one that is absent.

        Raises UnreadableFile where a required one is, or where one stands twice.
        """
        found: list[int | None] = []
        for column in columns:
            names = (column.name, column.other_name)
            places = [place for place, name in enumerate(self.header) if name in names]
            if column.required and not places:
                raise UnreadableFile(self.file, 1, f"the column {column.name} is missing", "add it")
            if len(places) > 1:
                raise UnreadableFile(self.file, 1, f"the column {column.name} stands there twice", "take one out")
            found.append(places[0] if places else None)
        return found

    def unknown(self, columns: Sequence[Column]) -> str | None:
        """Names in the header that mean nothing here, as a list for people; None where there are none."""
        known = {name for column in columns for name in (column.name, column.other_name)}
        names = [repr(name[:40]) for name in self.header if name not in known]
        more = [f"{len(names) - NAMED_COLUMNS} more"] if len(names) > NAMED_COLUMNS else []
        return ", ".join(names[:NAMED_COLUMNS] + more) or None


def find(folder: Path, name: str) -> Path | None:
    """The file of this name in *folder*, plain or compressed; None where there is none.

    Raises InvalidInput where both are: nobody can tell which one counts.
    """
    found = [path for path in (folder / f"{name}.csv", folder / f"{name}.csv.gz") if path.is_file()]
    if len(found) > 1:
        raise InvalidInput("DIR", f"it holds {name}.csv and {name}.csv.gz", "keep the one that counts")
    return found[0] if found else None


def open_source(path: Path, name: str, advance: Callable[[int], None]) -> Source:
    """The file at *path*; *advance* is told of the bytes that were read. Raises UnreadableFile, OSError."""
    rows = _rows(path, advance)
    line, header = next(rows, (1, []))
    if not header:
        raise UnreadableFile(path.name, line, "there is no header row", "name the columns in the first line")
    return Source(name=name, file=path.name, header=[cell.strip() for cell in header], rows=rows)


@dataclass(slots=True)
class _Place:
    """Where the row that is being read begins; the parser takes line after line until it has the whole of it."""

    line: int = 1


def _rows(path: Path, advance: Callable[[int], None]) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(MAXIMUM_LINE)
    place = _Place()
    reader = csv.reader(_lines(path, place, advance), strict=True)
    try:
        for row in reader:
            if row:
                yield place.line, row
            place.line = reader.line_num + 1
    except csv.Error as fault:
        raise UnreadableFile(path.name, place.line, f"it is not CSV ({fault})", "quote its cells correctly") from fault
    except UnicodeDecodeError as fault:
        raise UnreadableFile(path.name, reader.line_num + 1, "it is not UTF-8", "save it as UTF-8") from fault
    except (gzip.BadGzipFile, EOFError, zlib.error) as fault:
        remedy = "compress the file again"
        raise UnreadableFile(path.name, reader.line_num + 1, "the gzip data are damaged", remedy) from fault


def _lines(path: Path, place: _Place, advance: Callable[[int], None]) -> Iterator[str]:
    number = reached = 0
    with path.open("rb") as raw, gzip.open(raw) if path.suffix == ".gz" else raw as stream:
        while line := stream.readline(MAXIMUM_LINE + 1):
            number += 1
            if len(line) > MAXIMUM_LINE:
                fault = f"it is longer than {MAXIMUM_LINE} bytes"
                raise UnreadableFile(path.name, number, fault, "write one row a line")
            if number - place.line >= MAXIMUM_ROW_LINES:
                fault = f"a row begins there that has more than {MAXIMUM_ROW_LINES} lines"
                raise UnreadableFile(path.name, place.line, fault, "close its quotes")
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            if number % LINES_A_STEP == 0:
                advance(raw.tell() - reached)
                reached = raw.tell()
        advance(raw.tell() - reached)
