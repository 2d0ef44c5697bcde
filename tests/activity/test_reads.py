"""Reads of activity: fresh whether or not a job has counted since, in a fixed number of statements."""

from datetime import date, timedelta

import numpy as np
import pytest

from domain.activity import queries
from domain.activity.queries import DayRange, SessionWindow
from domain.activity.stats import monday_of
from domain.database import Database
from domain.events.event import Event
from domain.mastery.tables import topic_mastery
from server.jobs import activity
from server.jobs.activity import compute_metrics, count_days, count_topic_days, count_weeks
from tests.activity.reference import DAILY, WEEKLY, daily, weekly
from tests.activity.test_counts import people, some_events, stored
from tests.builders import NOW, a_session, a_study_event, add_learners, add_topics, an_attempt, an_id
from tests.client import serving

pytestmark = pytest.mark.anyio

FIRST, LAST = date(2026, 10, 26), date(2026, 11, 19)  # a Monday and a Thursday


async def assert_fresh(database: Database, events: list[Event], zones: dict[str, str]) -> None:
    """Holds that reads show what *events* come to."""
    keys = [DayRange(learner_id, FIRST, LAST) for learner_id in zones]
    async with database.read() as reading:
        days = await queries.daily_stats_by_learner(reading, keys)
        weeks = await queries.weekly_stats_by_learner(reading, keys)
        study = await queries.study_days_by_learner(reading, list(zones))
    expected = daily(events, zones)
    found = {
        (key.learner_id, day.day): {name: getattr(day, name) for name in DAILY} for key in keys for day in days[key]
    }
    assert found == {key: figures for key, figures in expected.items() if FIRST <= key[1] <= LAST}
    by_week = {
        (key.learner_id, week.week_start): tuple(getattr(week, name) for name in WEEKLY)
        for key in keys
        for week in weeks[key]
    }
    assert by_week == {key: week for key, week in weekly(expected).items() if FIRST <= key[1] <= LAST}
    shown = {(learner_id, day.day): day.study_milliseconds for learner_id, some in study.items() for day in some}
    assert shown == {key: figures["study_milliseconds"] for key, figures in expected.items()}
    for dates in (
        *([day.day for day in some] for some in days.values()),
        *([day.day for day in some] for some in study.values()),
    ):
        assert dates == sorted(dates)


async def test_reads_are_the_same_before_between_and_after_the_jobs(database: Database) -> None:
    zones = await people(database)
    events = some_events(np.random.default_rng(23), 300, list(zones))
    await stored(database, events[:200])
    await assert_fresh(database, events[:200], zones)
    for count in (count_days, count_topic_days, count_weeks):
        await count(database, NOW)
        await assert_fresh(database, events[:200], zones)
    await stored(database, events[200:])
    await assert_fresh(database, events, zones)
    await count_days(database, NOW)
    await assert_fresh(database, events, zones)


async def test_a_day_that_lost_its_session_to_an_earlier_one_is_read_without_it(database: Database) -> None:
    [learner_id] = await add_learners(database, ["anna"])
    events: list[Event] = [a_study_event(learner_id, occurred_at=NOW, session_id=an_id("session"))]
    await stored(database, events)
    await count_days(database, NOW)
    events.append(a_session(learner_id, started_at=NOW - timedelta(hours=20), minutes=30.0))
    await stored(database, events[1:])
    await assert_fresh(database, events, {learner_id: "UTC"})


@pytest.mark.parametrize("stale", [True, False])
async def test_reads_take_as_many_statements_for_a_hundred_learners_as_for_one(database: Database, stale: bool) -> None:
    learner_ids = await add_learners(database, [f"learner {place}" for place in range(100)])
    await stored(database, [a_session(learner_id, f"session of {learner_id}") for learner_id in learner_ids])
    if not stale:
        for count in (count_days, count_topic_days, count_weeks):
            await count(database, NOW)
    statements: list[str] = []
    database.watch = statements.append
    counts = []
    for number in (1, 10, 100):
        some = learner_ids[:number]
        ranges = [DayRange(learner_id, FIRST, LAST) for learner_id in some]
        taken = []
        async with database.read() as reading:
            for read in (
                queries.daily_stats_by_learner(reading, ranges),
                queries.weekly_stats_by_learner(reading, ranges),
                queries.study_days_by_learner(reading, some),
                queries.metrics_by_learner(reading, some),
                queries.sessions_by_learner(reading, [SessionWindow(id_, NOW - timedelta(30), NOW) for id_ in some]),
            ):
                statements.clear()
                found = await read
                taken.append(len(statements))
                assert len(found) == (0 if taken[3:4] == [1] and len(taken) == 4 else number)
        counts.append(tuple(taken))
    assert set(counts) == {(3, 5, 2, 1, 1) if stale else (2, 2, 1, 1, 1)}


async def test_sessions_are_those_that_began_in_the_window(database: Database) -> None:
    anna, ben = await add_learners(database, ["anna", "ben"])
    begins_at = NOW - timedelta(days=2)
    await stored(
        database,
        [
            a_session(anna, "first", started_at=begins_at, minutes=20.0, paused=90.0, pauses=1, interruptions=2),
            a_session(anna, "second", started_at=begins_at + timedelta(days=1), minutes=None),
            a_session(ben, "other", started_at=begins_at),
        ],
    )
    key, empty = SessionWindow(anna, begins_at, begins_at + timedelta(days=1)), SessionWindow(anna, NOW, NOW)
    async with database.read() as reading:
        found = await queries.sessions_by_learner(reading, [key, empty])
    [session] = found[key]
    assert (session.session_id, session.began_at) == (an_id("first"), begins_at)
    assert session.lasted_until == begins_at + timedelta(minutes=20)
    assert (session.paused_milliseconds, session.pauses, session.interruptions) == (90_000, 1, 2)
    assert found[empty] == []


async def measured_people(database: Database) -> str:
    """A learner with attempts 1, 29, 30, 89, 90 and 200 own days ago, and five scored topics; returns its id."""
    [anna] = await add_learners(database, ["anna"], time_zone="Pacific/Kiritimati")
    await add_learners(database, ["ben", "cleo"])
    [heart] = await add_topics(database, ["Heart"])
    await stored(
        database,
        [
            an_attempt(anna, heart, f"question {days}", occurred_at=NOW - timedelta(days=days), correct=days != 29)
            for days in (1, 29, 30, 89, 90, 200)
        ],
    )
    await count_days(database, NOW)
    columns = ("learner_id", "topic_id", "attempts", "correct", "first_attempts", "first_correct", "interactions")
    scores = [(0.8, 5), (0.9, 4), (0.5, 9), (0.49, 9), (None, 9)]
    async with database.write() as writing:
        await writing.upsert(
            topic_mastery,
            (*columns, "score"),
            [(anna, an_id(f"topic {place}"), 9, 9, first, 4, 0, score) for place, (score, first) in enumerate(scores)],
        )
    return anna


async def test_metrics_are_those_of_the_last_days_and_of_scored_topics(database: Database) -> None:
    anna = await measured_people(database)
    assert await compute_metrics(database, NOW) == 3
    async with database.read() as reading:
        found = await queries.metrics_by_learner(reading, [anna, an_id("ben")])
    assert set(found) == {anna}
    metrics = found[anna]
    assert (metrics.attempts_30d, metrics.correct_30d, metrics.accuracy_30d) == (2, 1, 0.5)
    assert (metrics.attempts_90d, metrics.correct_90d, metrics.accuracy_90d) == (4, 3, 0.75)
    assert (metrics.attempts, metrics.correct, metrics.accuracy_all_time) == (6, 5, 5 / 6)
    assert (metrics.first_attempts, metrics.first_correct, metrics.sessions) == (6, 5, 0)
    assert (metrics.study_minutes_30d, metrics.study_minutes_all_time) == (1.0, 3.0)
    assert metrics.active_milliseconds == 180_000
    assert (metrics.topics_mastered, metrics.topics_weak) == (1, 1)
    assert metrics.average_mastery == pytest.approx((0.8 + 0.9 + 0.5 + 0.49) / 4)
    assert metrics.computed_at == NOW


async def test_metrics_are_computed_once_for_a_night(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = await measured_people(database)
    monkeypatch.setattr(activity, "LEARNERS_AT_ONCE", 1)
    assert await compute_metrics(database, NOW) == 3
    assert await compute_metrics(database, NOW) == 2  # those who never did anything have nothing to show for it
    assert await compute_metrics(database, NOW + timedelta(days=1)) == 3
    async with database.read() as reading:
        found = await queries.metrics_by_learner(reading, [anna])
    assert found[anna].attempts_30d == 1
    assert found[anna].computed_at == NOW + timedelta(days=1)


ACTIVITY = """
query ($from: Date!, $to: Date!) {
  viewer {
    dailyStats(from: $from, to: $to) {
      day studyMinutes activeMinutes sessions questionsAttempted questionsCorrect materialsCompleted
    }
    weeklyStats(from: $from, to: $to) { weekStart studyMinutes activeDays questionsAttempted questionsCorrect }
    learningMetrics {
      accuracy30d accuracy90d accuracyAllTime studyMinutes30d studyMinutesAllTime topicsMastered topicsWeak computedAt
    }
  }
}
"""


async def test_activity_is_shown_over_http(database_url: str) -> None:
    async with serving(database_url) as served:
        [anna] = await add_learners(served.database, ["anna"], time_zone="Europe/Berlin")
        [heart] = await add_topics(served.database, ["Heart"])
        started_at = NOW - timedelta(days=3)
        await stored(
            served.database,
            [
                a_session(anna, started_at=started_at, minutes=30.0, paused=120.0),
                an_attempt(anna, heart, occurred_at=started_at, correct=False, seconds=90.0),
            ],
        )
        variables = {"from": "2026-11-09", "to": "2026-11-15"}
        answered = await served.learner(anna).data(ACTIVITY, variables)
        assert answered["viewer"] == {
            "dailyStats": [
                {
                    "day": "2026-11-15",
                    "studyMinutes": 31.5,
                    "activeMinutes": 29.5,
                    "sessions": 1,
                    "questionsAttempted": 1,
                    "questionsCorrect": 0,
                    "materialsCompleted": 0,
                }
            ],
            "weeklyStats": [
                {
                    "weekStart": "2026-11-09",
                    "studyMinutes": 31.5,
                    "activeDays": 1,
                    "questionsAttempted": 1,
                    "questionsCorrect": 0,
                }
            ],
            "learningMetrics": None,
        }
        await count_days(served.database, NOW)
        await compute_metrics(served.database, NOW)
        answered = await served.learner(anna).data(ACTIVITY, variables)
        assert answered["viewer"]["learningMetrics"] == {
            "accuracy30d": 0.0,
            "accuracy90d": 0.0,
            "accuracyAllTime": 0.0,
            "studyMinutes30d": 31.5,
            "studyMinutesAllTime": 31.5,
            "topicsMastered": 0,
            "topicsWeak": 0,
            "computedAt": NOW.isoformat(),
        }


@pytest.mark.parametrize(
    ("field", "first", "last", "remedy"),
    [
        ("dailyStats", "2025-01-01", "2026-01-02", "longer than 366 days"),
        ("dailyStats", "2025-01-02", "2025-01-01", "give the earlier day"),
        ("weeklyStats", "2024-01-01", "2026-01-12", "longer than 106 weeks"),
        ("weeklyStats", "2025-01-02", "2025-01-01", "give the earlier day"),
    ],
)
async def test_ranges_are_bounded(database_url: str, field: str, first: str, last: str, remedy: str) -> None:
    async with serving(database_url) as served:
        [anna] = await add_learners(served.database, ["anna"])
        error = await served.learner(anna).error(
            f'{{ viewer {{ {field}(from: "{first}", to: "{last}") {{ studyMinutes }} }} }}'
        )
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert remedy in error["message"]


@pytest.mark.parametrize("field", ["dailyStats", "weeklyStats"])
@pytest.mark.parametrize(("first", "last"), [("0001-01-01", "0002-01-01"), ("9999-01-01", "9999-12-31")])
async def test_ranges_at_the_ends_of_the_calendar_are_empty(
    database_url: str, field: str, first: str, last: str
) -> None:
    async with serving(database_url) as served:
        [anna] = await add_learners(served.database, ["anna"])
        answered = await served.learner(anna).data(
            f'{{ viewer {{ {field}(from: "{first}", to: "{last}") {{ studyMinutes }} }} }}'
        )
        assert answered["viewer"][field] == []


def test_weeks_begin_on_mondays() -> None:
    assert [monday_of(date(2026, 11, day)) for day in (15, 16, 22)] == [
        date(2026, 11, 9),
        date(2026, 11, 16),
        date(2026, 11, 16),
    ]
