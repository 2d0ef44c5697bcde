"""The ten figures of many learners, each as of one of its own days: the same formula for whoever is compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats
from domain.ghost.metric import ActivityMetric

Ints = NDArray[np.int64]

DAYS_A_WEEK = 7
MILLISECONDS_A_MINUTE = 60_000

# What days add up to, by the names that the daily figures have.
SUMS = ("tasks", "practice_milliseconds", "speaking", "writing", "reading", "listening", "mock_tests")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityDays:
    """Own days with study, sorted by learner and day; arrays of shape (n,).

    learner: places 0 to k - 1. day: proleptic ordinals, each at most once a learner. The rest: counts of that day.
    """

    learner: Ints
    day: Ints
    tasks: Ints
    practice_milliseconds: Ints
    speaking: Ints
    writing: Ints
    reading: Ints
    listening: Ints
    mock_tests: Ints


def activity_at(days: ActivityDays, learners: int, at: Ints) -> Mapping[ActivityMetric, Floats]:
    """The figures of *learners* learners up to and including the day *at* of each, an ordinal, shape (learners,)."""
    until = days.day <= at[days.learner]
    week = until & (days.day > at[days.learner] - DAYS_A_WEEK)

    def total(counts: Ints, rows: NDArray[np.bool_]) -> Floats:
        return np.bincount(days.learner[rows], weights=counts[rows], minlength=learners).astype(np.float64)

    return {
        ActivityMetric.TASKS_COMPLETED: total(days.tasks, until),
        ActivityMetric.TASKS_THIS_WEEK: total(days.tasks, week),
        ActivityMetric.PRACTICE_MINUTES: total(days.practice_milliseconds, until) // MILLISECONDS_A_MINUTE,
        ActivityMetric.SPEAKING_TASKS: total(days.speaking, until),
        ActivityMetric.WRITING_TASKS: total(days.writing, until),
        ActivityMetric.READING_TASKS: total(days.reading, until),
        ActivityMetric.LISTENING_TASKS: total(days.listening, until),
        ActivityMetric.MOCK_TESTS: total(days.mock_tests, until),
        ActivityMetric.CURRENT_STREAK: _current_streak(days, learners, at, until),
        ActivityMetric.DAYS_PRACTICED_PER_WEEK: total(np.ones_like(days.day), week),
    }


def longest_streak(days: ActivityDays, learners: int, at: Ints) -> Floats:
    """The most consecutive days with study up to and including the day *at* of each learner, shape (learners,)."""
    until = days.day <= at[days.learner]
    learner, run = days.learner[until], _run_lengths(days.learner[until], days.day[until])
    longest = np.zeros(learners)
    np.maximum.at(longest, learner, run)
    return longest


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnActivity:
    """What one learner has done as of its own today; later days, which a fast clock can bring, do not count.

    activity: all ten figures. tasks_week_before: tasks of the seven days before the last seven.
    last_studied_on: the last day with study, today or before; None without any.
    """

    activity: Mapping[ActivityMetric, float]
    tasks_week_before: int
    last_studied_on: date | None


def own_activity(days: ActivityDays, today: date) -> OwnActivity:
    """The activity of a learner who is alone in *days*, at place 0."""
    at = np.array([today.toordinal()])
    past = days.day[days.day <= at]
    week_before = activity_at(days, 1, at - DAYS_A_WEEK)[ActivityMetric.TASKS_THIS_WEEK]
    return OwnActivity(
        activity={metric: float(values[0]) for metric, values in activity_at(days, 1, at).items()},
        tasks_week_before=int(week_before[0]),
        last_studied_on=date.fromordinal(int(past[-1])) if past.size else None,
    )


def _current_streak(days: ActivityDays, learners: int, at: Ints, until: NDArray[np.bool_]) -> Floats:
    learner, day = days.learner[until], days.day[until]
    run = _run_lengths(learner, day)
    last = np.flatnonzero(np.append(learner[1:] != learner[:-1], True)) if learner.size else learner
    streak = np.zeros(learners)
    # A day that is not over yet breaks no streak.
    streak[learner[last]] = np.where(at[learner[last]] - day[last] <= 1, run[last], 0)
    return streak


def _run_lengths(learner: Ints, day: Ints) -> Ints:
    """For each row how many consecutive days of the same learner end with it."""
    places = np.arange(day.size)
    begins = np.ones(day.size, np.bool_)
    begins[1:] = (learner[1:] != learner[:-1]) | (day[1:] != day[:-1] + 1)
    return places - np.maximum.accumulate(np.where(begins, places, 0)) + 1
