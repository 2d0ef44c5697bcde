"""A learner's own activity is that of its last event, in a fixed number of statements, by its own calendar."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from domain.database import Database
from domain.days import own_day
from domain.events.event import Event
from domain.events.task import Skill
from domain.ghost.activity import OwnActivity
from domain.ghost.metric import ActivityMetric
from domain.ghost.queries import own_activity_by_learner
from domain.ghost.shown import OwnDay
from domain.learners.writes import enrol
from server.jobs.activity import count_days, count_topic_days, count_totals, count_weeks
from tests.activity.reference import daily
from tests.activity.test_counts import enrolled, people, some_events, stored
from tests.builders import NOW, a_study_event, a_task, add_learners
from tests.ghost import reference

pytestmark = pytest.mark.anyio

WEEK = timedelta(days=7)
TASKS_THIS_WEEK = ActivityMetric.TASKS_THIS_WEEK


async def activity_of(database: Database, learner_id: str, day: date) -> OwnActivity:
    key = OwnDay(learner_id, day)
    async with database.read() as reading:
        return (await own_activity_by_learner(reading, [key]))[key]


async def assert_fresh(database: Database, events: Sequence[Event], zones: dict[str, str]) -> None:
    """Holds that reads show what *events* come to, as of today and of a week ago."""
    keys = [OwnDay(id_, own_day(at, zone)) for id_, zone in zones.items() for at in (NOW, NOW - WEEK)]
    async with database.read() as reading:
        found = await own_activity_by_learner(reading, keys)
    assert list(found) == keys
    expected = daily(events, zones)
    for key in keys:
        days = {day: counts for (learner_id, day), counts in expected.items() if learner_id == key.learner_id}
        assert found[key].activity == reference.figures(days, key.day)
        assert found[key].tasks_week_before == reference.figures(days, key.day - WEEK)[TASKS_THIS_WEEK]
        assert found[key].last_studied_on == max((day for day in days if day <= key.day), default=None)


async def test_reads_are_the_same_before_between_and_after_the_jobs(database: Database) -> None:
    zones = await people(database)
    events = some_events(np.random.default_rng(29), 200, list(zones))
    await stored(database, events[:150])
    await assert_fresh(database, events[:150], zones)
    for count in (count_days, count_topic_days, count_weeks, count_totals):
        await count(database, NOW)
        await assert_fresh(database, events[:150], zones)
    await stored(database, events[150:])
    await assert_fresh(database, events, zones)


@pytest.mark.parametrize(("stale", "statements"), [(True, 2), (False, 1)], ids=["stale", "counted"])
async def test_reads_take_as_many_statements_for_a_hundred_learners_as_for_one(
    database: Database, stale: bool, statements: int
) -> None:
    learner_ids = await add_learners(database, [f"learner {place}" for place in range(100)])
    await stored(database, [a_task(learner_id, occurred_at=NOW) for learner_id in learner_ids])
    if not stale:
        await count_days(database, NOW)
    seen: list[str] = []
    database.watch = seen.append
    for number in (1, 10, 100):
        seen.clear()
        async with database.read() as reading:
            found = await own_activity_by_learner(reading, [OwnDay(id_, NOW.date()) for id_ in learner_ids[:number]])
        assert len(seen) == statements
        assert [own.activity[ActivityMetric.READING_TASKS] for own in found.values()] == [1] * number


BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("begins", "now", "streak"),
    [
        # A day of 23 hours: its last minute, and the first of the next day.
        (["2026-03-28T22:59", "2026-03-29T21:59", "2026-03-29T22:01"], "2026-03-30T21:59", 3),
        (["2026-03-28T22:59", "2026-03-29T21:59", "2026-03-29T22:01"], "2026-03-31T21:59", 3),
        (["2026-03-28T22:59", "2026-03-29T21:59", "2026-03-29T22:01"], "2026-03-31T22:00", 0),
        # 24 hours apart, and a day between them that had only 23.
        (["2026-03-28T22:30", "2026-03-29T22:30"], "2026-03-29T22:30", 1),
        # A day of 25 hours: both ends of it are one day, whatever 24 hours are.
        (["2025-10-25T22:00", "2025-10-26T22:59"], "2025-10-26T22:59", 1),
        (["2025-10-25T21:59", "2025-10-26T22:59", "2025-10-26T23:00"], "2025-10-27T22:59", 3),
        (["2025-10-25T21:59", "2025-10-26T22:59", "2025-10-26T23:00"], "2025-10-28T23:00", 0),
    ],
)
async def test_streaks_know_the_days_on_which_clocks_change(
    database: Database, begins: list[str], now: str, streak: int
) -> None:
    [anna] = await add_learners(database, ["anna"], time_zone=BERLIN)
    instants = [datetime.fromisoformat(instant).replace(tzinfo=UTC) for instant in begins]
    today = own_day(datetime.fromisoformat(now).replace(tzinfo=UTC), BERLIN)
    await stored(database, [a_study_event(anna, occurred_at=instant) for instant in instants])
    stale = await activity_of(database, anna, today)
    await count_days(database, NOW)
    assert await activity_of(database, anna, today) == stale
    assert stale.activity[ActivityMetric.CURRENT_STREAK] == streak


async def test_a_learner_who_moves_has_the_streak_of_the_days_there(database: Database) -> None:
    [anna] = await add_learners(database, ["anna"], time_zone="Asia/Tokyo")
    # In Tokyo 01:00 on the 16th, 23:30 on the 17th and 00:30 on the 18th; in Los Angeles the 15th, and the 17th twice.
    midnight = datetime(2026, 11, 15, 15, 0, tzinfo=UTC)  # in Tokyo, where the 16th begins
    instants = [midnight + timedelta(hours=hours) for hours in (1, 47.5, 48.5)]
    await stored(database, [a_task(anna, Skill.WRITING, occurred_at=at) for at in instants])
    await count_days(database, NOW)
    there = await activity_of(database, anna, own_day(NOW, "Asia/Tokyo"))
    async with database.write() as writing:
        await enrol(writing, [enrolled(anna, "America/Los_Angeles")], NOW)
    for count in (count_totals, count_days):
        here = await activity_of(database, anna, own_day(NOW, "America/Los_Angeles"))
        assert (there.activity[ActivityMetric.CURRENT_STREAK], there.last_studied_on) == (3, date(2026, 11, 18))
        assert (here.activity[ActivityMetric.CURRENT_STREAK], here.last_studied_on) == (1, date(2026, 11, 17))
        for own, days in ((there, 3), (here, 2)):
            assert own.activity[ActivityMetric.WRITING_TASKS] == 3
            assert own.activity[ActivityMetric.DAYS_PRACTICED_PER_WEEK] == days
        await count(database, NOW)


async def test_who_never_studied_is_answered_too(database: Database) -> None:
    [anna] = await add_learners(database, ["anna"])
    found = await activity_of(database, anna, NOW.date())
    assert (set(found.activity.values()), found.tasks_week_before, found.last_studied_on) == ({0.0}, 0, None)
