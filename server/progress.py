"""Progress of a long command, on a terminal alone."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class Bars:
    """One bar a file."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def start(self, name: str, total: int) -> None:
        """Begins the bar of a file of *total* bytes."""
        self._task = self._progress.add_task(name, total=total)

    def advance(self, amount: int) -> None:
        """Moves the bar on."""
        if self._task is not None:
            self._progress.advance(self._task, amount)


@contextmanager
def bars() -> Iterator[Bars]:
    """Bars on stderr; nothing is written where that is no terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        yield Bars(progress)
