"""Plain statistics of a sample: ranks, quartiles and the fences of a box plot."""

from dataclasses import dataclass
from typing import Literal, assert_never

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Kind = Literal["weak", "strict", "mean"]

# Tukey's constant: beyond 1.5 interquartile ranges a value counts as far out.
FENCE_REACH = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Quartiles:
    """The three values that cut a sample into four equal parts, on the sample's scale."""

    q1: float
    median: float
    q3: float

    @property
    def iqr(self) -> float:
        """Width of the middle half."""
        return self.q3 - self.q1


def percentile_rank(score: float, sample: Floats, *, kind: Kind) -> float:
    """Share of *sample* below *score*, in percent.

    sample: shape (n,), n >= 1, any order, on the scale of *score*.
    kind: "weak" counts ties as below (peers), "strict" does not (cohorts), "mean" counts half of them.
    Equal fractions give equal floats, so ranks of samples of different sizes can tie.
    Raises ValueError for an empty sample: what absence means is the caller's to say.
    Source: SciPy's percentileofscore, the reference in the tests.
    """
    halves, size = _half_counts(score, sample, kind)
    return 50 * halves / size


def whole_percentile_rank(score: float, sample: Floats, *, kind: Kind) -> int:
    """As percentile_rank, in whole percent, rounded down.

    Worked out in integers: 29 below of 100 is 29, where int(29 / 100 * 100) is 28.
    """
    halves, size = _half_counts(score, sample, kind)
    return 50 * halves // size


def quartiles(sample: Floats) -> Quartiles:
    """Quartiles of *sample* by linear interpolation between order statistics (R's type 7).

    sample: shape (n,), n >= 1, any order. Raises ValueError for an empty one.
    """
    if sample.size == 0:
        raise ValueError("an empty sample has no quartiles")
    q1, median, q3 = np.percentile(sample, (25, 50, 75), method="linear").tolist()
    return Quartiles(q1=q1, median=median, q3=q3)


def fences(q1: float, q3: float) -> tuple[float, float]:
    """Tukey's fences: the quartiles, moved outwards by 1.5 interquartile ranges."""
    reach = FENCE_REACH * (q3 - q1)
    return q1 - reach, q3 + reach


def _half_counts(score: float, sample: Floats, kind: Kind) -> tuple[int, int]:
    """Twice the number of values below *score* (so that half a tie is whole), and the sample's size."""
    if sample.size == 0:
        raise ValueError("a rank in an empty sample does not exist")
    below = int(np.count_nonzero(sample < score))
    at_or_below = int(np.count_nonzero(sample <= score))
    match kind:
        case "weak":
            return 2 * at_or_below, sample.size
        case "strict":
            return 2 * below, sample.size
        case "mean":
            return below + at_or_below, sample.size
        case _:
            assert_never(kind)
