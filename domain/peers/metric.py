"""The four metrics in which peers are compared, and how counters become a learner's mean."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats

# Rollups count in millionths of a point: sums of integers do not depend on the order of
# addition, so a learner's own mean equals its copy in a release to the last bit.
MILLIONTHS = 1_000_000


class PeerMetric(StrEnum):
    """What is compared, each as a mean of 0-100.

    COMPREHENSION: 100 times the score of a response. REASONING: its reasoning score.
    CALIBRATION: 100 minus the distance between confidence and performance.
    MASTERY: 100 for a response with mastery verified, else 0.
    """

    COMPREHENSION = "COMPREHENSION"
    REASONING = "REASONING"
    CALIBRATION = "CALIBRATION"
    MASTERY = "MASTERY"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMean:
    """A learner's own mean in one metric.

    mean: 0-100. responses: how many it is the mean of, at least 1.
    Raises ValueError for anything else.
    """

    metric: PeerMetric
    mean: float
    responses: int

    def __post_init__(self) -> None:
        if not 0 <= self.mean <= 100:
            raise ValueError(f"a mean is {self.mean}; the scale is 0 to 100")
        if self.responses < 1:
            raise ValueError(f"a mean of {self.responses} responses does not exist; leave it out")


def mean_points(total_millionths: int, count: int) -> float:
    """The mean in points of *count* >= 1 responses that add up to *total_millionths*, to the nearest float."""
    return total_millionths / (count * MILLIONTHS)


def means_points(totals_millionths: NDArray[np.int64], counts: NDArray[np.int64]) -> Floats:
    """As mean_points for arrays, bit for bit.

    Sums below 2^53 (ninety million responses of 100 points) are exact as floats, and so is the division.
    """
    return totals_millionths / (counts * MILLIONTHS)
