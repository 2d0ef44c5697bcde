"""What is missing to the pace of others a week from now, a day."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ghost.benchmark import ActivityValue, SuccessBenchmark
from domain.ghost.catch_up import CatchUp, catch_up
from domain.ghost.metric import ActivityMetric


def benchmark(day: int, tasks: float, minutes: float) -> SuccessBenchmark:
    values = dict.fromkeys(ActivityMetric, 0.0)
    values |= {ActivityMetric.TASKS_COMPLETED: tasks, ActivityMetric.PRACTICE_MINUTES: minutes}
    return SuccessBenchmark(
        target_band=7.5,
        starting_skill=6.0,
        day_number=day,
        success_percentile=25,
        values=tuple(ActivityValue(metric, value) for metric, value in values.items()),
        sample_size=200,
    )


def test_what_is_missing_to_the_day_a_week_ahead_is_spread_over_seven_days_and_rounded_up() -> None:
    # 24 - 8 = 16 tasks and 320 - 140 = 180 minutes: 2.29 and 25.7 a day.
    found = catch_up(8, 140, benchmark(12, 15, 200), benchmark(19, 24, 320))
    assert found == CatchUp(tasks_today=3, minutes_today=26)


def test_whole_sevenths_are_not_rounded_further() -> None:
    assert catch_up(8, 110, benchmark(12, 15, 200), benchmark(19, 22, 320)) == CatchUp(tasks_today=2, minutes_today=30)


def test_means_with_rounding_errors_are_not_rounded_further() -> None:
    found = catch_up(0, 0, benchmark(12, 15, 200), benchmark(19, 21.00000000000001, 7))
    assert found == CatchUp(tasks_today=3, minutes_today=1)


@pytest.mark.parametrize(("tasks", "minutes"), [(15, 200), (14, 180), (90, 900)])
def test_who_is_behind_in_neither_needs_no_plan(tasks: float, minutes: float) -> None:
    assert catch_up(tasks, minutes, benchmark(12, 15, 200), benchmark(19, 24, 320)) is None


def test_who_is_behind_in_minutes_alone_is_told_of_both() -> None:
    # 24 - 15 = 9 tasks, 320 - 100 = 220 minutes.
    found = catch_up(15, 100, benchmark(12, 15, 200), benchmark(19, 24, 320))
    assert found == CatchUp(tasks_today=2, minutes_today=32)


def test_a_plan_asks_for_nothing_that_is_done_already() -> None:
    found = catch_up(40, 100, benchmark(12, 15, 200), benchmark(19, 24, 320))
    assert found == CatchUp(tasks_today=0, minutes_today=32)


def test_there_is_no_plan_of_nothing_where_noise_puts_the_later_day_below_the_earlier() -> None:
    assert catch_up(13, 180, benchmark(83, 15, 200), benchmark(90, 13, 180)) is None


@given(*[st.integers(0, 2000)] * 6)
def test_a_plan_kept_for_a_week_reaches_what_it_aims_at(
    tasks: int, minutes: int, tasks_now: int, minutes_now: int, tasks_then: int, minutes_then: int
) -> None:
    found = catch_up(tasks, minutes, benchmark(20, tasks_now, minutes_now), benchmark(27, tasks_then, minutes_then))
    if found is not None:
        assert found.tasks_today >= 0
        assert found.minutes_today >= 0
        assert tasks + 7 * found.tasks_today >= tasks_then
        assert minutes + 7 * found.minutes_today >= minutes_then
