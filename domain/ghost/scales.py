"""The bars that activity is counted in: public, fixed, and finer where most people are.

An even scale would put nearly everybody into its first bar. Each bar is about half as wide again as the one before it,
so that a figure is as good for those who begin as for those who are far ahead. Nothing at all has a bar to itself:
where nobody has begun, averages are 0 and no guess within a bar. Values above the last bar are set to its highest.
"""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from domain.ghost.metric import LONGEST_STREAK, ActivityMetric
from domain.privacy.scale import Scale

Numbers: TypeAlias = NDArray[np.int64] | NDArray[np.float64]

# Shares of achievers with streaks of at least these lengths are read at the edges of bars, where nothing is estimated.
MILESTONES = (3, 5, 7, 10, 14, 21, 30)

_TASKS = Scale.counts(
    (0, 1, 6, 13, 24, 40, 65, 105, 180, 350, 1000),
    (0, 1, 3, 6, 10, 15, 21, 28, 37, 48, 62, 78, 97, 122, 155, 195, 250, 330, 440, 620, 1000),
)
_TASKS_A_WEEK = Scale.counts(
    (0, 1, 3, 5, 8, 12, 17, 24, 35, 55, 100),
    (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 17, 20, 24, 29, 35, 43, 53, 66, 82, 100),
)
_MINUTES = Scale.counts(
    (0, 1, 60, 180, 400, 750, 1250, 2000, 3200, 5500, 10_000),
    (0, 1, 30, 70, 120, 180, 250, 335, 440, 570, 730, 920, 1150, 1450, 1800, 2250, 2850, 3650, 4800, 6700, 10_000),
)
_TASKS_OF_A_SKILL = Scale.counts(
    (0, 1, 3, 6, 10, 16, 26, 42, 70, 120, 300),
    (0, 1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 64, 82, 105, 140, 200, 300),
)
_MOCK_TESTS = Scale.counts(
    (0, 1, 2, 3, 4, 6, 9, 13, 20, 32, 60),
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 17, 20, 24, 29, 35, 42, 50, 60),
)
_STREAK = Scale.counts(
    (0, 1, 2, 3, 5, 7, 10, 14, 21, 35, 91),
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 17, 21, 25, 30, 37, 45, 60, 91),
)
_DAYS_A_WEEK = Scale.counts(range(9), range(9))
_LONGEST_STREAK = Scale.counts(
    (0, 3, 5, 7, 10, 14, 21, 30, 45, 60, 91),
    (0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 17, 21, 25, 30, 37, 45, 57, 72, 91),
)

SCALES: Mapping[str, Scale] = {
    ActivityMetric.TASKS_COMPLETED: _TASKS,
    ActivityMetric.TASKS_THIS_WEEK: _TASKS_A_WEEK,
    ActivityMetric.PRACTICE_MINUTES: _MINUTES,
    ActivityMetric.SPEAKING_TASKS: _TASKS_OF_A_SKILL,
    ActivityMetric.WRITING_TASKS: _TASKS_OF_A_SKILL,
    ActivityMetric.READING_TASKS: _TASKS_OF_A_SKILL,
    ActivityMetric.LISTENING_TASKS: _TASKS_OF_A_SKILL,
    ActivityMetric.MOCK_TESTS: _MOCK_TESTS,
    ActivityMetric.CURRENT_STREAK: _STREAK,
    ActivityMetric.DAYS_PRACTICED_PER_WEEK: _DAYS_A_WEEK,
    LONGEST_STREAK: _LONGEST_STREAK,
}


def on_scale(values: Numbers, metric: str) -> NDArray[np.int32]:
    """*values*, whole and not below 0, with those above the metric's scale set to its highest value."""
    return np.minimum(values, SCALES[metric].highest).astype(np.int32)
