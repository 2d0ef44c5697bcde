"""How the scores in an objective are spread over its learners."""

from enum import StrEnum

import numpy as np

from domain.distribution import Floats


class Shape(StrEnum):
    """What the histogram of learners' means looks like.

    SKEWED_LOW and SKEWED_HIGH: most do well or most do badly, with a long tail towards the name's side.
    LAB: two humps, one of those who did the lab and one of those who did not.
    """

    NORMAL = "normal"
    SKEWED_LOW = "skewed-low"
    SKEWED_HIGH = "skewed-high"
    LAB = "lab"
    CEILING = "ceiling"
    FLOOR = "floor"
    UNIFORM = "uniform"


WITHOUT_LAB = 0.4  # share of learners who miss a lab: where LAB's lower hump ends

# Quantiles in points, straight lines between them. Only LAB says where its own shares lie.
_SHARES = (0.0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0)
_QUANTILES: dict[Shape, tuple[tuple[float, ...], tuple[float, ...]]] = {
    Shape.NORMAL: (_SHARES, (32, 45, 50, 59, 68, 77, 86, 91, 99)),
    Shape.SKEWED_LOW: (_SHARES, (12, 30, 42, 63, 79, 87, 92, 94, 98)),
    Shape.SKEWED_HIGH: (_SHARES, (8, 13, 16, 23, 32, 47, 66, 77, 95)),
    Shape.LAB: (
        (0.0, 0.05, 0.2, 0.35, WITHOUT_LAB, WITHOUT_LAB + 0.001, 0.45, 0.7, 0.95, 1.0),
        (16, 27, 36, 44, 50, 68, 73, 82, 91, 98),
    ),
    Shape.CEILING: (_SHARES, (55, 78, 86, 94, 98, 100, 100, 100, 100)),
    Shape.FLOOR: (_SHARES, (0, 0, 0, 0, 2, 6, 14, 22, 45)),
    Shape.UNIFORM: (_SHARES, (4, 8.6, 13.2, 27, 50, 73, 86.8, 91.4, 96)),
}


def points_at(shape: Shape, shares: Floats) -> Floats:
    """The points that a share of learners stays below, for each of *shares* (0-1)."""
    known, points = _QUANTILES[shape]
    return np.interp(shares, known, points)
