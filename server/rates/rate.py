"""How much a caller may ask for in a time, by the arithmetic of sliding windows.

Time is cut into windows of the rate's length. Of the window before as much counts as still lies within one length from
now: nobody gets twice the rate around an edge, and two numbers a caller are all that is kept.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import floor

from limits import RateLimitItem, parse


class SharedUnavailable(Exception):
    """What counts for all processes does not answer."""


class Unit(StrEnum):
    """What a rate counts."""

    REQUESTS = "requests"
    COST = "cost"
    """Objects that operations may return (server/cost.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many of a unit in so many seconds."""

    unit: Unit
    item: RateLimitItem
    most: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.most} {'requests' if self.unit is Unit.REQUESTS else 'objects'} in {self.seconds} seconds"


def rate_of(text: str, unit: Unit) -> Rate | None:
    """The rate that a setting means, such as 1200/minute; None for `off`. Raises ValueError."""
    if text == "off":
        return None
    item = parse(text)
    return Rate(unit=unit, item=item, most=item.amount, seconds=item.get_expiry())


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was counted. previous: in the window before; current: in this one, of which *rest* seconds are left."""

    previous: int
    current: int
    rest: float

    def counted(self, rate: Rate) -> float:
        """What counts now."""
        return self.previous * self.rest / rate.seconds + self.current

    def left(self, rate: Rate) -> int:
        """What may still be asked for now."""
        return max(0, rate.most - floor(self.counted(rate)))

    def seconds_until(self, rate: Rate, amount: int) -> int:
        """Until *amount* is left, if nobody asks meanwhile: whole seconds, at least one."""
        # Parts of one are let pass, here as in Redis: what counts has to fall below this.
        below = rate.most - amount + 1
        if self.current < below and self.previous:
            seconds = self.rest - (below - self.current) * rate.seconds / self.previous
        elif self.current >= below:
            seconds = self.rest + rate.seconds * (1 - below / self.current)
        else:
            seconds = 0
        return max(1, floor(seconds) + 1)
