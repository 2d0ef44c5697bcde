"""The scale of a metric: its legal range, and the bars that its values are counted in."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

# Ten bars are as fine as noise at 50 to 499 people lets a quartile be; from 500 on twenty pay.
FEW_BARS = 10
MANY_BARS = 20
MANY_BARS_FROM = 500


@dataclass(frozen=True, slots=True)
class Scale:
    """A metric's legal range in bars; public, and fixed before anybody's value is known.

    few: edges of at most 10 bars, for releases of a published size below 500. many: of at most 20, from 500 on.
    whole: whether the values are whole numbers; then the bar from a to b holds a, ..., b - 1, and the last one too.
    Raises ValueError for edges that do not rise, do not span the same range, are too many or too few, or not whole
    where they have to be.
    """

    few: tuple[float, ...]
    many: tuple[float, ...]
    whole: bool = False

    def __post_init__(self) -> None:
        for edges, most in ((self.few, FEW_BARS), (self.many, MANY_BARS)):
            if not 2 <= len(edges) <= most + 1:
                raise ValueError(f"a scale has {len(edges)} edges where it may have 2 to {most + 1}")
            if any(left >= right for left, right in pairwise(edges)):
                raise ValueError(f"the edges of a scale are {edges}; give rising ones")
            if self.whole and any(edge != int(edge) for edge in edges):
                raise ValueError(f"the edges of a scale of whole numbers are {edges}; give whole ones")
        if (self.few[0], self.few[-1]) != (self.many[0], self.many[-1]):
            raise ValueError("the few and the many bars of a scale span different ranges")

    @classmethod
    def even(cls, lowest: float, highest: float) -> Self:
        """A legal range in 10 or 20 equal bars."""
        return cls(few=_equal(lowest, highest, FEW_BARS), many=_equal(lowest, highest, MANY_BARS))

    @classmethod
    def counts(cls, few: Iterable[int], many: Iterable[int]) -> Self:
        """Whole numbers in bars with these edges."""
        return cls(few=tuple(map(float, few)), many=tuple(map(float, many)), whole=True)

    @property
    def lowest(self) -> float:
        """The lowest legal value."""
        return self.few[0]

    @property
    def highest(self) -> float:
        """The highest legal value."""
        return self.few[-1] - 1 if self.whole else self.few[-1]

    def edges(self, size: int) -> tuple[float, ...]:
        """Edges of the bars of a release of published size *size*."""
        return self.few if size < MANY_BARS_FROM else self.many


def _equal(lowest: float, highest: float, bars: int) -> tuple[float, ...]:
    return tuple(lowest + (highest - lowest) * edge / bars for edge in range(bars + 1))


POINTS = Scale.even(0.0, 100.0)
