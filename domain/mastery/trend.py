"""Where a learner's mastery of a topic is heading: a robust slope over four weeks of daily figures."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats
from domain.mastery.interval import Z_95
from domain.mastery.score import MASTERED_FROM, ROUNDING, Ints

WINDOW_DAYS = 28
MINIMUM_DAYS = 3
STABLE_PER_WEEK = 0.02

# Slopes that are worked out at once: 28 days have 378 pairs, so this is some 10,000 topics and 32 MB.
SLOPES_AT_ONCE = 4_000_000


class MasteryTrend(StrEnum):
    """A slope in words; STABLE is within 0.02 a week, or not known."""

    IMPROVING = "IMPROVING"
    STABLE = "STABLE"
    DECLINING = "DECLINING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The slope of one topic, in score a day; slope and 95 % interval are None below 3 days of answers."""

    days: int
    slope_per_day: float | None
    low_per_day: float | None
    high_per_day: float | None
    trend: MasteryTrend


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends:
    """The slopes of many topics, in score a day; every array has the shape (groups,).

    days: days with a figure in the window. slope_per_day, low_per_day, high_per_day: NaN where days < 3.
    """

    days: Ints
    slope_per_day: Floats
    low_per_day: Floats
    high_per_day: Floats

    @property
    def trend(self) -> NDArray[np.str_]:
        """The values of MasteryTrend, shape (groups,)."""
        per_week = 7 * self.slope_per_day
        return np.select(
            [per_week > STABLE_PER_WEEK + ROUNDING, per_week < -STABLE_PER_WEEK - ROUNDING],
            [MasteryTrend.IMPROVING.value, MasteryTrend.DECLINING.value],
            MasteryTrend.STABLE.value,
        )


def trend(day: Ints, figure: Floats, *, today: int) -> Trend:
    """The trend of one topic; the arguments as in trends."""
    found = trends(np.zeros_like(day), day, figure, groups=1, today=today)
    slope, low, high = (
        None if np.isnan(value[0]) else float(value[0])
        for value in (found.slope_per_day, found.low_per_day, found.high_per_day)
    )
    return Trend(
        days=int(found.days[0]),
        slope_per_day=slope,
        low_per_day=low,
        high_per_day=high,
        trend=MasteryTrend(str(found.trend[0])),
    )


def trends(group: Ints, day: Ints, figure: Floats, *, groups: int, today: int | Ints) -> Trends:
    """Theil-Sen slopes of the figures of the 28 days that end with *today*, topic by topic.

    group: which topic a row is about, 0 to groups - 1. day: a count of days from any fixed start, each at most once
    in a group. figure: domain.mastery.score.daily_figure of that day, NaN for none. All of shape (n,), in any order.
    today: on the scale of day; of shape (groups,) where learners live in different days.
    Raises ValueError for a day that comes twice.
    Source: Sen 1968, the median of the slopes of all pairs of days, and his interval by Kendall's variance, corrected
    for ties; SciPy's theilslopes is the reference in the tests.
    """
    age = np.broadcast_to(today, (groups,))[group] - day
    used = (age >= 0) & (age < WINDOW_DAYS) & ~np.isnan(figure)
    group, day, figure = group[used], day[used], figure[used]
    order = np.lexsort((day, group))
    group, day, figure = group[order], day[order], figure[order]
    if np.any((np.diff(group) == 0) & (np.diff(day) == 0)):
        raise ValueError("a day comes twice in a topic")
    days = np.bincount(group, minlength=groups).astype(np.int64)
    starts = np.cumsum(days) - days
    slopes = np.full((3, groups), np.nan)
    for size in range(MINIMUM_DAYS, WINDOW_DAYS + 1):
        of_size = np.flatnonzero(days == size)
        step = max(1, SLOPES_AT_ONCE // (size * size))
        for begin in range(0, of_size.size, step):
            chosen = of_size[begin : begin + step]
            rows = starts[chosen, np.newaxis] + np.arange(size)
            slopes[:, chosen] = _theil_sen(day[rows], figure[rows])
    return Trends(days=days, slope_per_day=slopes[0], low_per_day=slopes[1], high_per_day=slopes[2])


def projected_days_to_mastery(score: float, slope_per_day: float | None) -> float | None:
    """Days until *score* is 0.8 at the present rate: 0 where it already is, None where it never would be."""
    if score >= MASTERED_FROM - ROUNDING:
        return 0.0
    if slope_per_day is None or slope_per_day <= 0:
        return None
    return (MASTERED_FROM - score) / slope_per_day


def _theil_sen(day: Ints, figure: Floats) -> Floats:
    """Slope, lower and upper end, shape (3, rows), of points in rows of one length; days rise without ties."""
    size = day.shape[1]
    left, right = np.triu_indices(size, 1)
    slopes = np.sort((figure[:, right] - figure[:, left]) / (day[:, right] - day[:, left]), axis=1)
    pairs = slopes.shape[1]
    ties = (figure[:, :, np.newaxis] == figure[:, np.newaxis, :]).sum(axis=2)
    # Each of t equal figures adds (t - 1)(2t + 5), all of them together Kendall's t(t - 1)(2t + 5).
    variance = (size * (size - 1) * (2 * size + 5) - ((ties - 1) * (2 * ties + 5)).sum(axis=1)) / 18
    reach = Z_95 * np.sqrt(variance)
    low = np.maximum(np.rint((pairs - reach) / 2).astype(np.int64) - 1, 0)
    high = np.minimum(np.rint((pairs + reach) / 2).astype(np.int64), pairs - 1)
    rows = np.arange(day.shape[0])
    return np.stack([np.median(slopes, axis=1), slopes[rows, low], slopes[rows, high]])
