"""Reads CSV files in chunks of bounded size."""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

from server.importing.cells import Column

MAXIMUM_LINE = 64 * 1024  # characters; a longer one is no row of ours
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
    raw = cast(BinaryIO, _Counted(path, advance))
    stream = gzip.open(raw) if path.suffix == ".gz" else raw
    rows = _rows(path.name, TextIOWrapper(cast(BinaryIO, stream), "utf-8-sig", newline=""))
    line, header = next(rows, (1, []))
    if not header:
        raise UnreadableFile(path.name, line, "there is no header row", "name the columns in the first line")
    return Source(name=name, file=path.name, header=[cell.strip() for cell in header], rows=rows)


class _Counted:
    """A binary file that tells how far it was read."""

    def __init__(self, path: Path, advance: Callable[[int], None]) -> None:
        self._file = path.open("rb")
        self._advance = advance

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._advance(len(data))
        return data

    def read1(self, size: int = -1) -> bytes:
        return self.read(size)

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


def _rows(file: str, stream: TextIOWrapper) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(MAXIMUM_LINE)
    reader = csv.reader(_short_lines(file, stream), strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as fault:
        raise UnreadableFile(file, reader.line_num, f"it is not CSV ({fault})", "quote its cells correctly") from fault
    except UnicodeDecodeError as fault:
        raise UnreadableFile(file, reader.line_num + 1, "it is not UTF-8", "save it as UTF-8") from fault
    except (gzip.BadGzipFile, EOFError, zlib.error) as fault:
        remedy = "compress the file again"
        raise UnreadableFile(file, reader.line_num + 1, "the gzip data are damaged", remedy) from fault
    finally:
        stream.close()


def _short_lines(file: str, stream: TextIOWrapper) -> Iterator[str]:
    number = 0
    while line := stream.readline(MAXIMUM_LINE + 1):
        number += 1
        if len(line) > MAXIMUM_LINE:
            raise UnreadableFile(file, number, f"it is longer than {MAXIMUM_LINE} characters", "write one row a line")
        yield line
