"""Figures of learners recomputed day by day in plain Python: the judge of the arrays."""

from collections.abc import Mapping
from datetime import date, timedelta

from domain.ghost.metric import ActivityMetric

DAY = timedelta(days=1)
SUMS = ("tasks", "practice_milliseconds", "speaking", "writing", "reading", "listening", "mock_tests")

# Of one learner: counts by own day with study.
Days = Mapping[date, Mapping[str, int]]


def streak(days: Days, at: date) -> int:
    """Days with study in a row that end with *at*, or with the day before where *at* has none."""
    day, found = at if at in days else at - DAY, 0
    while day in days:
        day, found = day - DAY, found + 1
    return found


def longest_streak(days: Days, at: date) -> int:
    return max((streak(days, day) for day in days if day <= at), default=0)


def figures(days: Days, at: date) -> dict[ActivityMetric, int]:
    """All ten as of the day *at*."""
    done = {name: sum(counts[name] for day, counts in days.items() if day <= at) for name in SUMS}
    week = [days[day] for day in (at - back * DAY for back in range(7)) if day in days]
    return {
        ActivityMetric.TASKS_COMPLETED: done["tasks"],
        ActivityMetric.TASKS_THIS_WEEK: sum(counts["tasks"] for counts in week),
        ActivityMetric.PRACTICE_MINUTES: done["practice_milliseconds"] // 60_000,
        ActivityMetric.SPEAKING_TASKS: done["speaking"],
        ActivityMetric.WRITING_TASKS: done["writing"],
        ActivityMetric.READING_TASKS: done["reading"],
        ActivityMetric.LISTENING_TASKS: done["listening"],
        ActivityMetric.MOCK_TESTS: done["mock_tests"],
        ActivityMetric.CURRENT_STREAK: streak(days, at),
        ActivityMetric.DAYS_PRACTICED_PER_WEEK: len(week),
    }


def totals(days: Days) -> dict[str, int | date]:
    """A row of `activity_totals` without its learner, of at least one day."""
    last = max(days)
    week = [days.get(last - back * DAY) for back in range(7)]
    return {
        "last_day": last,
        "streak": streak(days, last),
        "study_days": len(days),
        **{name: sum(counts[name] for counts in days.values()) for name in SUMS},
        "studied_week": sum(2**back for back, counts in enumerate(week) if counts is not None),
        **{f"tasks_week_{back}": 0 if counts is None else counts["tasks"] for back, counts in enumerate(week)},
    }
