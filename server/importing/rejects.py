"""Rows that could not be imported, and why."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from domain.errors import InvalidInput

REJECTS = "rejects.csv"
HEADER = ("file", "line", "code", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A row that was left out."""

    file: str
    line: int
    code: str
    reason: str


class Rejects(Protocol):
    """Where rejects go."""

    def add(self, reject: Reject) -> None: ...


class RejectsFile:
    """A CSV file of rejects, written as they come; `count` says how many."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(HEADER)
        self.count = 0

    def add(self, reject: Reject) -> None:
        self._rows.writerow((reject.file, reject.line, reject.code, reject.reason))
        self.count += 1

    def close(self) -> None:
        self._file.close()


@contextmanager
def rejects_file(folder: Path) -> Iterator[RejectsFile]:
    """`rejects.csv` of this run, gone again where nothing was rejected. Raises InvalidInput where it cannot be made."""
    path = folder / REJECTS
    try:
        rejects = RejectsFile(path)
    except OSError as fault:
        reason = f"{REJECTS} cannot be written there ({fault.strerror})"
        raise InvalidInput("DIR", reason, "make it writable, or copy the files elsewhere") from fault
    try:
        yield rejects
    finally:
        rejects.close()
        if not rejects.count:
            path.unlink()
