"""What learners had done by their last day with study, and from that what they have done as of today."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from domain.ghost.activity import DAYS_A_WEEK, MILLISECONDS_A_MINUTE, SUMS, ActivityDays, Ints, activity_at
from domain.ghost.metric import ActivityMetric

# Whoever has not studied within so many own days, today included, is an active member of nothing.
ACTIVE_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What learners had done by the last own day with study of each; arrays of shape (n,).

    since: how many own days ago that was, 0 for today; 7 stands for more too. streak: days with study in a row that end
    with it. studied_week: one bit a day with study, the lowest for the last, the next for the day before it, seven in
    all. tasks_week: tasks on the same days, shape (7, n).
    """

    since: Ints
    streak: Ints
    tasks: Ints
    practice_milliseconds: Ints
    speaking: Ints
    writing: Ints
    reading: Ints
    listening: Ints
    mock_tests: Ints
    studied_week: Ints
    tasks_week: Ints


def figures(totals: Totals) -> Mapping[ActivityMetric, Ints]:
    """The ten figures as of each learner's own today, shape (n,), as `activity_at` counts them."""
    # So many of the seven days that end with the last one are within the seven that end with today.
    left = DAYS_A_WEEK - totals.since
    within = np.arange(DAYS_A_WEEK)[:, np.newaxis] < left
    return {
        ActivityMetric.TASKS_COMPLETED: totals.tasks,
        ActivityMetric.TASKS_THIS_WEEK: (totals.tasks_week * within).sum(axis=0),
        ActivityMetric.PRACTICE_MINUTES: totals.practice_milliseconds // MILLISECONDS_A_MINUTE,
        ActivityMetric.SPEAKING_TASKS: totals.speaking,
        ActivityMetric.WRITING_TASKS: totals.writing,
        ActivityMetric.READING_TASKS: totals.reading,
        ActivityMetric.LISTENING_TASKS: totals.listening,
        ActivityMetric.MOCK_TESTS: totals.mock_tests,
        # A day that is not over yet breaks no streak.
        ActivityMetric.CURRENT_STREAK: np.where(totals.since <= 1, totals.streak, 0),
        ActivityMetric.DAYS_PRACTICED_PER_WEEK: np.bitwise_count(totals.studied_week & ((1 << left) - 1)),
    }


def by_last_day(days: ActivityDays, learners: int) -> Mapping[str, Ints]:
    """What *learners* learners, each of whom has a day, had done by the last one: columns of `activity_totals`.

    Shape (learners,). last_day: an ordinal; studied_week, tasks_week_0 ... 6: as in `Totals`.
    """
    last = np.zeros(learners, np.int64)
    np.maximum.at(last, days.learner, days.day)

    def total(counts: Ints) -> Ints:
        # Whole numbers below 2 ** 53, which floats add up exactly.
        return np.bincount(days.learner, weights=counts, minlength=learners).astype(np.int64)

    back = last[days.learner] - days.day
    return {
        "last_day": last,
        "streak": activity_at(days, learners, last)[ActivityMetric.CURRENT_STREAK].astype(np.int64),
        "study_days": np.bincount(days.learner, minlength=learners),
        **{name: total(getattr(days, name)) for name in SUMS},
        "studied_week": total(np.where(back < DAYS_A_WEEK, 1 << np.minimum(back, DAYS_A_WEEK), 0)),
        **{f"tasks_week_{day}": total(np.where(back == day, days.tasks, 0)) for day in range(DAYS_A_WEEK)},
    }
