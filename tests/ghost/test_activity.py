"""What learners have done as of a day: by hand, and against a walk through the calendar."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ghost.activity import ActivityDays, OwnActivity, activity_at, longest_streak, own_activity
from domain.ghost.metric import ActivityMetric
from domain.ghost.totals import Totals, by_last_day, figures
from tests.ghost import reference
from tests.ghost.reference import DAY, SUMS, Days

TODAY = date(2026, 3, 1)  # a Sunday, and the day before is the last of February


def ago(days: int) -> date:
    return TODAY - days * DAY


def counts(tasks: int = 0, **others: int) -> dict[str, int]:
    """The counts of a day: so many tasks, and nothing else unless given."""
    return dict.fromkeys(SUMS, 0) | {"tasks": tasks} | others


def arrays(learners: Sequence[Days]) -> ActivityDays:
    rows = [(place, day, of_day) for place, days in enumerate(learners) for day, of_day in sorted(days.items())]
    return ActivityDays(
        learner=np.array([place for place, _, _ in rows], np.int64),
        day=np.array([day.toordinal() for _, day, _ in rows], np.int64),
        **{name: np.array([of_day[name] for _, _, of_day in rows], np.int64) for name in SUMS},
    )


def ordinals(days: Sequence[date]) -> np.typing.NDArray[np.int64]:
    return np.array([day.toordinal() for day in days], np.int64)


A_DAY = st.fixed_dictionaries({name: st.integers(0, 5_000_000 if "milliseconds" in name else 9) for name in SUMS})
SOME_DAYS = st.dictionaries(st.integers(-3, 25).map(ago), A_DAY)
CROWDS = st.lists(st.tuples(SOME_DAYS, st.integers(-2, 12).map(ago)), min_size=1, max_size=5)


@given(CROWDS)
def test_figures_of_many_are_those_of_each_counted_day_by_day(crowd: list[tuple[Days, date]]) -> None:
    learners, at = [days for days, _ in crowd], [day for _, day in crowd]
    found = activity_at(arrays(learners), len(crowd), ordinals(at))
    longest = longest_streak(arrays(learners), len(crowd), ordinals(at))
    for place, (days, day) in enumerate(crowd):
        assert {metric: values[place] for metric, values in found.items()} == reference.figures(days, day)
        assert longest[place] == reference.longest_streak(days, day)
    assert list(found) == list(ActivityMetric)
    assert {values.shape for values in found.values()} == {longest.shape} == {(len(crowd),)}


@given(st.lists(st.dictionaries(st.integers(0, 25).map(ago), A_DAY, min_size=1), min_size=1, max_size=5))
def test_totals_by_the_last_day_lead_to_the_figures_of_today(learners: list[Days]) -> None:
    rows = by_last_day(arrays(learners), len(learners))
    for place, days in enumerate(learners):
        row = {name: int(values[place]) for name, values in rows.items()}
        assert row | {"last_day": date.fromordinal(row["last_day"])} == reference.totals(days)
    totals = Totals(
        since=np.minimum(TODAY.toordinal() - rows["last_day"], 7),
        tasks_week=np.array([rows[f"tasks_week_{day}"] for day in range(7)]),
        **{name: rows[name] for name in ("streak", "studied_week", *SUMS)},
    )
    expected = activity_at(arrays(learners), len(learners), ordinals([TODAY] * len(learners)))
    assert {metric: values.tolist() for metric, values in figures(totals).items()} == {
        metric: values.tolist() for metric, values in expected.items()
    }


@pytest.mark.parametrize(
    ("days", "streak", "longest"),
    [
        ([], 0, 0),
        ([0], 1, 1),
        ([1], 1, 1),
        ([2], 0, 1),
        ([0, 1, 2], 3, 3),
        ([1, 2, 3], 3, 3),
        ([2, 3, 4], 0, 3),
        ([0, 2, 3], 1, 2),
        ([-1], 0, 0),
        ([-1, 0, 1], 2, 2),
        ([-2, -1, 5, 6], 0, 2),
    ],
)
def test_today_without_study_breaks_no_streak_and_later_days_make_none(
    days: list[int], streak: int, longest: int
) -> None:
    learners = [{ago(day): counts() for day in days}]
    at = ordinals([TODAY])
    assert activity_at(arrays(learners), 1, at)[ActivityMetric.CURRENT_STREAK].tolist() == [streak]
    assert longest_streak(arrays(learners), 1, at).tolist() == [longest]


def test_a_streak_is_not_handed_on_from_one_learner_to_the_next() -> None:
    learners: list[Days] = [
        {ago(3): counts(), ago(2): counts()},
        {},
        {ago(1): counts(), TODAY: counts()},
        {ago(1): counts()},
    ]
    found = activity_at(arrays(learners), 4, ordinals([ago(2), TODAY, TODAY, TODAY]))
    assert found[ActivityMetric.CURRENT_STREAK].tolist() == [2, 0, 2, 1]


def test_figures_worked_out_by_hand() -> None:
    days: Days = {
        ago(30): counts(4, writing=3, mock_tests=1, practice_milliseconds=59_999),
        ago(7): counts(5, listening=5, practice_milliseconds=600_001),
        ago(6): counts(2, reading=2, practice_milliseconds=60_000),
        ago(1): counts(),
        TODAY: counts(3, speaking=3, practice_milliseconds=0),
        ago(-1): counts(100, speaking=100, practice_milliseconds=10**9),
    }
    found = own_activity(arrays([days]), TODAY)
    assert found.activity == {
        ActivityMetric.TASKS_COMPLETED: 14,
        ActivityMetric.TASKS_THIS_WEEK: 5,
        ActivityMetric.PRACTICE_MINUTES: 12,  # 720,000 ms to the last one: no day is rounded by itself
        ActivityMetric.SPEAKING_TASKS: 3,
        ActivityMetric.WRITING_TASKS: 3,
        ActivityMetric.READING_TASKS: 2,
        ActivityMetric.LISTENING_TASKS: 5,
        ActivityMetric.MOCK_TESTS: 1,
        ActivityMetric.CURRENT_STREAK: 2,
        ActivityMetric.DAYS_PRACTICED_PER_WEEK: 3,
    }
    assert (found.tasks_week_before, found.last_studied_on) == (5, TODAY)


@pytest.mark.parametrize(("days", "before"), [([6], 0), ([7], 1), ([13], 1), ([14], 0), ([0, 7, 10, 13, 14], 3)])
def test_the_week_before_is_the_seven_days_before_the_last_seven(days: list[int], before: int) -> None:
    assert own_activity(arrays([{ago(day): counts(1) for day in days}]), TODAY).tasks_week_before == before


@pytest.mark.parametrize(
    ("days", "last"), [([], None), ([-1], None), ([0, 1], 0), ([1, 5], 1), ([-1, 40], 40)], ids=str
)
def test_a_day_with_study_is_one_with_any_event_today_or_before(days: list[int], last: int | None) -> None:
    found = own_activity(arrays([{ago(day): counts() for day in days}]), TODAY)
    assert found.last_studied_on == (None if last is None else ago(last))


def test_who_never_studied_has_done_nothing() -> None:
    nothing = dict.fromkeys(ActivityMetric, 0.0)
    assert own_activity(arrays([{}]), TODAY) == OwnActivity(activity=nothing, tasks_week_before=0, last_studied_on=None)
