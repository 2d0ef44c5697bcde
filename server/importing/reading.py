"""Reads CSV files in chunks of bounded size."""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from server.importing.cells import Column

MAXIMUM_LINE = 64 * 1024  # bytes; a longer one is no row of ours
LINES_A_STEP = 1_000  # between two moves of the progress bar
CHUNK_ROWS = 5_000

Row: TypeAlias = list[str]


class UnreadableFile(Exception):
    """A file that cannot be imported: one line with file, line and remedy."""

    def __init__(self, file: str, line: int, fault: str, remedy: str) -> None:
        super().__init__(f"{file}, line {line}: {fault}; {remedy}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An import file, in a folder or in memory.

    name: without ending. file: what rejects and errors call it. header: its columns as they stand in it.
    rows: the rows below the header, each with its line, read as they are asked for; raises UnreadableFile.
    """

    name: str
    file: str
    header: Sequence[str]
    rows: Iterator[tuple[int, Row]]

    def chunks(self) -> Iterator[list[tuple[int, Row]]]:
        """The rows, CHUNK_ROWS at a time."""
        while chunk := list(islice(self.rows, CHUNK_ROWS)):
            yield chunk

    def places(self, columns: Sequence[Column]) -> list[int | None]:
        """Where each of *columns* stands in the header; None for one that is absent.

        Raises UnreadableFile where a required one is.
        """
        for column in columns:
            if column.required and column.name not in self.header:
                raise UnreadableFile(self.file, 1, f"the column {column.name} is missing", "add it")
        positions = {name: place for place, name in enumerate(self.header)}
        return [positions.get(column.name) for column in columns]

    def unknown(self, columns: Sequence[Column]) -> list[str]:
        """Names in the header that mean nothing here."""
        known = {column.name for column in columns}
        return [name for name in self.header if name not in known]


def find(folder: Path, name: str) -> Path | None:
    """The file of this name in *folder*, plain or compressed; None where there is none."""
    return next((path for path in (folder / f"{name}.csv", folder / f"{name}.csv.gz") if path.is_file()), None)


def open_source(path: Path, name: str, advance: Callable[[int], None]) -> Source:
    """The file at *path*; *advance* is told of the bytes that were read. Raises UnreadableFile, OSError."""
    rows = _rows(path, advance)
    line, header = next(rows, (1, []))
    if not header:
        raise UnreadableFile(path.name, line, "there is no header row", "name the columns in the first line")
    return Source(name=name, file=path.name, header=[cell.strip() for cell in header], rows=rows)


def _rows(path: Path, advance: Callable[[int], None]) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(MAXIMUM_LINE)
    reader = csv.reader(_lines(path, advance), strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as fault:
        remedy = "quote its cells correctly"
        raise UnreadableFile(path.name, reader.line_num, f"it is not CSV ({fault})", remedy) from fault
    except UnicodeDecodeError as fault:
        raise UnreadableFile(path.name, reader.line_num + 1, "it is not UTF-8", "save it as UTF-8") from fault
    except (gzip.BadGzipFile, EOFError, zlib.error) as fault:
        remedy = "compress the file again"
        raise UnreadableFile(path.name, reader.line_num + 1, "the gzip data are damaged", remedy) from fault


def _lines(path: Path, advance: Callable[[int], None]) -> Iterator[str]:
    number = reached = 0
    with path.open("rb") as raw, gzip.open(raw) if path.suffix == ".gz" else raw as stream:
        while line := stream.readline(MAXIMUM_LINE + 1):
            number += 1
            if len(line) > MAXIMUM_LINE:
                fault = f"it is longer than {MAXIMUM_LINE} bytes"
                raise UnreadableFile(path.name, number, fault, "write one row a line")
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            if number % LINES_A_STEP == 0:
                advance(raw.tell() - reached)
                reached = raw.tell()
        advance(raw.tell() - reached)
