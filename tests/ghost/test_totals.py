"""From stored totals to figures as of today: the same as counting the days anew."""

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from domain.ghost.activity import DAYS_A_WEEK, ActivityDays, activity_at
from domain.ghost.metric import ActivityMetric
from domain.ghost.totals import Totals, figures

TODAY = date(2026, 11, 18).toordinal()
NUMBERS = st.tuples(*[st.integers(0, 5)] * 6, st.integers(0, 200_000))
# What somebody did on some of the last thirty days, the last of them at least.
COURSES = st.dictionaries(st.integers(0, 30), NUMBERS, min_size=1, max_size=20)
FIELDS = ("tasks", "speaking", "writing", "reading", "listening", "mock_tests", "practice_milliseconds")


def totals_of(course: dict[int, tuple[int, ...]]) -> dict[str, int | list[int]]:
    """The stored row of one course, by days ago, counted day by day."""
    last = min(course)
    sums: dict[str, int | list[int]] = {
        name: sum(counts[place] for counts in course.values()) for place, name in enumerate(FIELDS)
    }
    streak = 0
    while last + streak in course:
        streak += 1
    week = [last + back for back in range(DAYS_A_WEEK)]
    return sums | {
        "since": min(last, DAYS_A_WEEK),
        "streak": streak,
        "studied_week": sum(1 << back for back, day in enumerate(week) if day in course),
        "tasks_week": [course[day][0] if day in course else 0 for day in week],
    }


@given(st.lists(COURSES, min_size=1, max_size=5))
def test_totals_say_what_the_days_say(courses: list[dict[int, tuple[int, ...]]]) -> None:
    rows = [totals_of(course) for course in courses]
    found = figures(Totals(**{name: np.array([row[name] for row in rows]).T for name in rows[0]}))
    days = [
        (learner, TODAY - ago, *course[ago])
        for learner, course in enumerate(courses)
        for ago in sorted(course, reverse=True)
    ]
    columns = np.array(days).T
    counted = activity_at(
        ActivityDays(learner=columns[0], day=columns[1], **dict(zip(FIELDS, columns[2:], strict=True))),
        len(courses),
        np.full(len(courses), TODAY),
    )
    assert list(found) == list(ActivityMetric)
    for metric in ActivityMetric:
        assert found[metric].tolist() == counted[metric].tolist()
