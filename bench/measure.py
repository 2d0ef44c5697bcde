"""Comparisons: a subject and its baseline, measured in turns, and whether their ratio is where it should be."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a ratio should be: from *least*, or up to *most*."""

    least: float | None = None
    most: float | None = None

    def met_by(self, ratio: float) -> bool:
        return (self.least is None or ratio >= self.least) and (self.most is None or ratio <= self.most)

    def __str__(self) -> str:
        parts = [f">= {self.least:g}"] if self.least is not None else []
        return ", ".join(parts + ([f"<= {self.most:g}"] if self.most is not None else []))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One row of the results.

    subject, baseline: what was measured, and against what. unit: of both.
    values, baseline_values: one a round; each pair was measured one right after the other.
    target: None for rows that inform.
    """

    subject: str
    baseline: str
    unit: str
    values: Sequence[float]
    baseline_values: Sequence[float]
    target: Target | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios: what slows the whole machine for a round falls out of it."""
        return median(value / baseline for value, baseline in zip(self.values, self.baseline_values, strict=True))

    @property
    def met(self) -> bool | None:
        return None if self.target is None else self.target.met_by(self.ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMeasured:
    """A row that this machine cannot measure, and why."""

    subject: str
    why: str


Row = Comparison | NotMeasured


async def in_turns(rounds: int, *acts: Callable[[], Awaitable[T]]) -> list[list[T]]:
    """What each of *acts* came to in each round, by act; every second round goes through them backwards."""
    results: list[list[T]] = [[] for _ in acts]
    for turn in range(rounds):
        order = list(enumerate(acts))
        for place, act in reversed(order) if turn % 2 else order:
            results[place].append(await act())
    return results
