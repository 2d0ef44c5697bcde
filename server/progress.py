"""Progress of a long command, on a terminal alone."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class Bars:
    """One bar a file."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def add(self, name: str, total: int) -> Callable[[int], None]:
        """Shows the bar of a file of *total* bytes; returns what moves it on."""
        task = self._progress.add_task(name, total=total)
        return lambda amount: self._progress.advance(task, amount)


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
