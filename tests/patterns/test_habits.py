"""Streaks, consistency and weekdays, by hand and against a walk through the calendar."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.patterns.habits import (
    StudyDays,
    consistency,
    current_streak,
    longest_streak,
    weekday_minutes,
)
from domain.patterns.insight import Ints

# A Wednesday, in the night to which Berlin sets its clocks back four days later.
TODAY = date(2026, 10, 21).toordinal()
DAYS = st.sets(st.integers(TODAY - 40, TODAY + 2))


def ago(*days: int) -> Ints:
    """Days ago, as rising ordinals."""
    return np.array(sorted(TODAY - one for one in days), dtype=np.int64)


@pytest.mark.parametrize(
    ("days", "streak"),
    [
        ([], 0),
        ([0], 1),
        ([0, 1, 2], 3),
        ([1, 2, 3], 3),
        ([2, 3], 0),
        ([0, 2, 3], 1),
        ([1, 3], 1),
        ([-1, 0, 1], 2),
        ([-1], 0),
    ],
)
def test_a_streak_ends_today_or_yesterday(days: list[int], streak: int) -> None:
    assert current_streak(ago(*days), TODAY) == streak


@pytest.mark.parametrize(
    ("days", "streak"), [([], 0), ([30], 1), ([0, 5, 6, 7, 20, 21], 3), ([-2, -1, 0, 9], 1), (range(101), 101)]
)
def test_the_longest_streak_may_be_over(days: list[int], streak: int) -> None:
    assert longest_streak(ago(*days), TODAY) == streak


@given(DAYS)
def test_streaks_agree_with_a_walk_through_the_calendar(days: set[int]) -> None:
    runs = []
    run = 0
    for day in range(TODAY - 41, TODAY + 1):
        run = run + 1 if day in days else 0
        runs.append(run)
    ordered = np.array(sorted(days), dtype=np.int64)
    assert longest_streak(ordered, TODAY) == max(runs)
    assert current_streak(ordered, TODAY) == (runs[-1] or runs[-2])


def test_consistency_is_the_share_of_days_with_study() -> None:
    assert consistency(ago(0, 1, 4, 30), first_day=TODAY - 9, today=TODAY) == 0.3


def test_consistency_leaves_out_today_until_it_has_study() -> None:
    assert consistency(ago(1, 2, 3), first_day=TODAY - 3, today=TODAY) == 1
    assert consistency(ago(0, 1, 2, 3), first_day=TODAY - 3, today=TODAY) == 1


def test_consistency_of_no_days_is_none() -> None:
    assert consistency(ago(), first_day=TODAY, today=TODAY) == 0
    assert consistency(ago(), first_day=TODAY + 1, today=TODAY) == 0
    assert consistency(ago(-1), first_day=TODAY - 3, today=TODAY) == 0


@given(DAYS, st.integers(0, 30))
def test_consistency_is_a_share(days: set[int], window: int) -> None:
    ordered = np.array(sorted(days), dtype=np.int64)
    assert 0 <= consistency(ordered, first_day=TODAY - window, today=TODAY) <= 1


def test_weekdays_begin_on_monday() -> None:
    monday = date(2026, 10, 12)
    days = StudyDays(
        day=np.array([(monday + timedelta(days=one)).toordinal() for one in (0, 1, 6, 7)]),
        minutes=np.array([10.0, 20, 30, 40]),
    )
    assert weekday_minutes(days, first_day=TODAY - 30, today=TODAY) == (50, 20, 0, 0, 0, 0, 30)
    assert weekday_minutes(days, first_day=monday.toordinal() + 1, today=monday.toordinal() + 6) == (
        *(0, 20, 0, 0, 0, 0, 30),
    )


@pytest.mark.parametrize("day", [[3, 3], [4, 3]])
def test_days_that_do_not_rise_are_refused(day: list[int]) -> None:
    with pytest.raises(ValueError, match="days rise"):
        StudyDays(day=np.array(day), minutes=np.zeros(2))


def test_days_without_minutes_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        StudyDays(day=np.array([3]), minutes=np.zeros(2))
