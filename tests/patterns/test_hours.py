"""Hours of the day and days of the week, by hand."""

import numpy as np
import pytest

from domain.distribution import Floats
from domain.patterns.hours import HourOfDay, best_hour, by_hour, hours_insight, weekend_insight
from domain.patterns.insight import Ints

# Twenty sessions at 9, twenty at 23 and one at 7, of ten questions each.
HOUR = np.repeat([9, 23, 7], [20, 20, 1])
CORRECT = np.repeat([9, 5, 10], [20, 20, 1])
ANSWERS = np.full(41, 10)


def ints(*values: int) -> Ints:
    return np.array(values, dtype=np.int64)


def floats(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def test_all_hours_are_shown_with_minutes_and_accuracy() -> None:
    found = by_hour(ints(9, 9, 0), floats(600, 900, 60), ints(1, 2, 0), ints(4, 2, 0))
    assert [one.hour for one in found] == list(range(24))
    assert found[9] == HourOfDay(hour=9, minutes=25, accuracy=0.5)
    assert found[0] == HourOfDay(hour=0, minutes=1, accuracy=None)
    assert {(one.minutes, one.accuracy) for one in found[1:9] + found[10:]} == {(0, None)}


def test_hours_without_sessions_are_empty() -> None:
    assert {(one.minutes, one.accuracy) for one in by_hour(ints(), floats(), ints(), ints())} == {(0, None)}


def test_the_best_hour_needs_twenty_sessions() -> None:
    assert best_hour(HOUR, CORRECT, ANSWERS) == 9


def test_sessions_without_answers_are_no_evidence() -> None:
    assert best_hour(HOUR, CORRECT, np.where(np.arange(41) == 0, 0, ANSWERS)) == 23


def test_there_is_no_best_hour_of_few_sessions() -> None:
    assert best_hour(HOUR[20:39], CORRECT[20:39], ANSWERS[20:39]) is None


def test_the_best_hour_is_told_against_all_others() -> None:
    found = hours_insight(HOUR, CORRECT, ANSWERS)
    assert found is not None
    assert found.code == "BEST_HOURS"
    # 100 + 10 of 210
    assert found.text.startswith(
        "When you began between 09:00 and 10:00, your accuracy was 90 % (200 answers in 20 sessions), "
        "against 52 % (210 answers in 21 sessions) at other hours"
    )


def test_the_hour_before_midnight_ends_at_midnight() -> None:
    found = hours_insight(HOUR, 10 - CORRECT, ANSWERS)
    assert found is not None
    assert "between 23:00 and 00:00" in found.text


@pytest.mark.parametrize("hour", [-1, 24])
def test_an_hour_out_of_range_is_refused(hour: int) -> None:
    with pytest.raises(ValueError, match="0-23"):
        by_hour(ints(hour), floats(1), ints(0), ints(0))
    with pytest.raises(ValueError, match="0-23"):
        best_hour(ints(hour), ints(0), ints(0))
    with pytest.raises(ValueError, match="0-23"):
        hours_insight(ints(hour), ints(0), ints(0))


def test_weekends_are_told_against_other_days() -> None:
    weekday = np.repeat([5, 6, 0, 4], 10)
    found = weekend_insight(weekday, np.where(weekday >= 5, 4, 8), np.full(40, 10))
    assert found is not None
    assert found.code == "WEEKEND"
    assert found.text.startswith(
        "When you studied on Saturdays and Sundays, your accuracy was 40 % (200 answers in 20 sessions), "
        "against 80 % (200 answers in 20 sessions) from Monday to Friday: 40.0 points less"
    )


def test_weekends_as_good_as_other_days_are_not_told() -> None:
    assert weekend_insight(np.repeat([5, 0], 20), np.full(40, 5), np.full(40, 10)) is None


@pytest.mark.parametrize("weekday", [-1, 7])
def test_a_weekday_out_of_range_is_refused(weekday: int) -> None:
    with pytest.raises(ValueError, match="0-6"):
        weekend_insight(ints(weekday), ints(0), ints(0))
