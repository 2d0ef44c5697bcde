"""The way back: what to do each day to be where the others were, a week from now."""

import math
from dataclasses import dataclass

from domain.ghost.benchmark import SuccessBenchmark
from domain.ghost.metric import ActivityMetric
from domain.ghost.position import GhostPosition, position

DAYS_TO_CATCH_UP = 7

# Means of an exact release are floats: 21 missing tasks may come out as 21.000000000000004, which is no fourth a day.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUp:
    """What to do today, and on each of the six days after: whole numbers, at least 0, not both 0."""

    tasks_today: int
    minutes_today: int


def catch_up(tasks: float, minutes: float, benchmark: SuccessBenchmark, in_a_week: SuccessBenchmark) -> CatchUp | None:
    """The plan of a learner with so many *tasks* and *minutes* in all, None where it is behind in neither.

    benchmark: what others had done by the learner's day. in_a_week: what they had done seven days later, at most by
    day 90. What is missing to that is spread over seven days and rounded up; never below 0.
    """
    here = (
        position(tasks, benchmark.value_of(ActivityMetric.TASKS_COMPLETED)),
        position(minutes, benchmark.value_of(ActivityMetric.PRACTICE_MINUTES)),
    )
    if GhostPosition.BEHIND not in here:
        return None
    tasks_today = _each_day(in_a_week.value_of(ActivityMetric.TASKS_COMPLETED) - tasks)
    minutes_today = _each_day(in_a_week.value_of(ActivityMetric.PRACTICE_MINUTES) - minutes)
    if not tasks_today and not minutes_today:
        # Noise may put the figures of a later day below those of an earlier one.
        return None
    return CatchUp(tasks_today=tasks_today, minutes_today=minutes_today)


def _each_day(missing: float) -> int:
    return max(0, math.ceil(missing / DAYS_TO_CATCH_UP - _ROUNDING))
