"""An industry and what is measured of it."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from domain.series.choice import CompanySize, Region

Numbers = TypeVar("Numbers", float, NDArray[np.float64])


def in_steps(values: Numbers, step: float) -> Numbers:
    """*values* in steps of so much; whole ones only where the values are multiples of it."""
    return values * round(1 / step) if step < 1 else values / step


def of_steps(steps: Numbers, step: float) -> Numbers:
    """The value of so many *steps*."""
    # A tenth is no number of floats' own, ten is: three steps of 0.1 are 0.3 only so.
    return steps / round(1 / step) if step < 1 else steps * step


@dataclass(frozen=True, slots=True, kw_only=True)
class IndustryMetric:
    """What a series is of.

    name: as in queries, snake_case. unit: of every value, for people ("USD a year", "share, 0-1").
    lowest, highest: the legal range, both included; None where it has no end.
    step: the smallest difference that is shown; published values are whole multiples of it. A whole number, or one
    over a whole number.
    """

    name: str
    label: str
    unit: str
    higher_is_better: bool
    lowest: float | None
    highest: float | None
    step: float

    def __post_init__(self) -> None:
        steps = self.step if self.step >= 1 else 1 / self.step if self.step > 0 else 0.5
        if abs(steps - round(steps)) > 1e-9:
            raise ValueError(f"{self.name}: a step is a whole number, or one over a whole number, and not {self.step}")

    def in_range(self, value: float) -> bool:
        """Whether *value* is one that the metric can have."""
        return (self.lowest is None or value >= self.lowest) and (self.highest is None or value <= self.highest)

    def in_steps(self, value: float) -> int:
        """How many steps *value* is, to the nearest whole number; of two that are as near, the even one."""
        return round(in_steps(value, self.step))

    def of_steps(self, count: float) -> float:
        """The value of so many steps: for a step of 0.1 the float nearest to the decimal, not 3 x 0.1."""
        return of_steps(count, self.step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Industry:
    """A line of business.

    metrics: those of its synthetic series, in the order in which they are shown.
    """

    name: str
    label: str
    metrics: tuple[IndustryMetric, ...]
    company_sizes: tuple[CompanySize, ...] = tuple(CompanySize)
    regions: tuple[Region, ...] = tuple(Region)
