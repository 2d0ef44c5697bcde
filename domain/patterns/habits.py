"""How regularly a learner studies: streaks, the share of days with study, and days of the week.

Days are the learner's own calendar days as `date.toordinal` numbers them, so that a week begins on a Monday and a
change of the clocks is of no account.
"""

from dataclasses import dataclass

import numpy as np

from domain.distribution import Floats
from domain.patterns.insight import Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudyDays:
    """The n own days with study of one learner; shapes (n,).

    day: rising, each once. minutes: of study on each, which may be 0. Raises ValueError for anything else.
    """

    day: Ints
    minutes: Floats

    def __post_init__(self) -> None:
        if self.day.shape != self.minutes.shape:
            raise ValueError("the arrays of days are equally long")
        if np.any(np.diff(self.day) <= 0):
            raise ValueError("days rise, and each comes once")


def current_streak(day: Ints, today: int) -> int:
    """Consecutive days with study up to *today*, or up to yesterday where today has none yet; 0 where both lack it.

    day: shape (n,), rising, each once. Days after today, which a platform's fast clock can bring, do not count.
    """
    past = day[day <= today]
    if past.size == 0 or past[-1] < today - 1:
        return 0
    return int(_runs(past)[-1])


def longest_streak(day: Ints, today: int) -> int:
    """The most consecutive days with study up to *today*, 0 without any; day as in current_streak."""
    return int(_runs(day[day <= today]).max(initial=0))


def consistency(day: Ints, *, first_day: int, today: int) -> float:
    """Share of the days from *first_day* to *today*, both inclusive, that have study, 0-1; 0 where there are none.

    day: as in current_streak. Today counts once it has study: until then it may still come.
    """
    studied = int(np.count_nonzero((day >= first_day) & (day <= today)))
    days = today - first_day + int(np.any(day == today))
    return studied / days if days > 0 else 0.0


def weekday_minutes(days: StudyDays, *, first_day: int, today: int) -> tuple[float, ...]:
    """Minutes of study by day of the week, Monday first, from *first_day* to *today*, both inclusive."""
    inside = (days.day >= first_day) & (days.day <= today)
    # Day 1 of the ordinals was a Monday.
    sums = np.bincount((days.day[inside] - 1) % 7, days.minutes[inside], minlength=7)
    return tuple(float(one) for one in sums)


def _runs(day: Ints) -> Ints:
    """Lengths of the runs of consecutive days, in order."""
    breaks = np.flatnonzero(np.diff(day) > 1) + 1
    ends = np.concatenate([[0], breaks, [day.size]])
    result: Ints = np.diff(ends).astype(np.int64)
    return result
