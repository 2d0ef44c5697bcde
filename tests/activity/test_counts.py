"""Figures by own day, topic and week: what the jobs count is what the events come to, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial

import numpy as np
import pytest
from sqlalchemy import delete, select

from domain.activity import queries
from domain.activity.queries import DayRange
from domain.activity.tables import daily_user_stats, stale_weeks, weekly_user_stats
from domain.database import Database, Writing
from domain.database.statement import Row
from domain.events.event import Event
from domain.events.task import Skill
from domain.learners.writes import enrol
from server.jobs import activity
from server.jobs.activity import count_days, count_topic_days, count_weeks, recount_all
from tests.activity.reference import (
    DAILY,
    assert_exact,
    daily,
    queued,
    stored_daily,
    stored_weekly,
    weekly,
)
from tests.builders import (
    NOW,
    a_session,
    a_study_event,
    a_task,
    add_learners,
    add_topics,
    an_attempt,
    an_id,
    an_interaction,
    store,
)

pytestmark = pytest.mark.anyio

ZONES = {"anna": "Europe/Berlin", "ben": "America/New_York", "cleo": "Asia/Kolkata", "dan": "Pacific/Kiritimati"}


async def people(database: Database) -> dict[str, str]:
    """Learners in four zones; returns the zone of each."""
    for name, time_zone in ZONES.items():
        await add_learners(database, [name], time_zone=time_zone)
    await add_topics(database, ["Heart", "Lung"])
    return {an_id(name): time_zone for name, time_zone in ZONES.items()}


def some_events(rng: np.random.Generator, number: int, learner_ids: Sequence[str], days: int = 40) -> list[Event]:
    """Events of every kind, half of those that can be in sessions, in no order."""
    events: list[Event] = []
    for place in range(number):
        learner_id = learner_ids[int(rng.integers(len(learner_ids)))]
        at = NOW - timedelta(seconds=round(float(rng.uniform(14400, 86400 * days)), 3))
        topic_id = an_id(("Heart", "Lung")[rng.integers(2)])
        session = f"session {rng.integers(number // 8 + 1)} of {learner_id}"
        session_id = an_id(session) if rng.random() < 0.5 else None
        seconds = round(float(rng.uniform(0, 900)), 3)
        match rng.integers(6):
            case 0 | 1:
                events.append(
                    an_attempt(
                        learner_id,
                        topic_id,
                        f"question {place}",
                        occurred_at=at,
                        correct=bool(rng.random() < 0.6),
                        number=int(rng.integers(1, 4)),
                        session_id=session_id,
                        seconds=None if rng.random() < 0.1 else seconds,
                    )
                )
            case 2:
                completion = float(rng.choice([0.3, 1.0]))
                material = f"material {rng.integers(5)}"
                events.append(
                    an_interaction(
                        learner_id,
                        topic_id,
                        material,
                        occurred_at=at,
                        seconds=seconds,
                        completion=completion,
                        session_id=session_id,
                    )
                )
            case 3:
                minutes = None if rng.random() < 0.2 else float(rng.uniform(15, 200))
                events.append(a_session(learner_id, session, started_at=at, minutes=minutes, paused=seconds))
            case 4:
                skill = list(Skill)[rng.integers(5)]
                events.append(a_task(learner_id, skill, occurred_at=at, minutes=round(float(rng.uniform(1, 60)), 2)))
            case _:
                events.append(a_study_event(learner_id, occurred_at=at, session_id=session_id))
    return events


async def stored(database: Database, events: Sequence[Event]) -> None:
    recorded = await store(database, events)
    assert not recorded.rejected, recorded.rejected[:3]


async def count_all(database: Database) -> int:
    return sum([await count(database, NOW) for count in (count_days, count_topic_days, count_weeks)])


@contextmanager
def chunks_of(size: int) -> Iterator[None]:
    before = activity.KEYS_AT_ONCE, activity.LEARNERS_AT_ONCE
    activity.KEYS_AT_ONCE = activity.LEARNERS_AT_ONCE = size
    try:
        yield
    finally:
        activity.KEYS_AT_ONCE, activity.LEARNERS_AT_ONCE = before


@pytest.mark.parametrize("chunk", [1, 7, 2000])
async def test_figures_equal_a_recomputation_from_the_events(database: Database, chunk: int) -> None:
    zones = await people(database)
    events = some_events(np.random.default_rng(chunk), 300, list(zones))
    await stored(database, events)
    with chunks_of(chunk):
        assert await count_all(database) > 0
        await assert_exact(database, events, zones)
        assert await count_all(database) == 0
    await assert_exact(database, events, zones)


async def test_late_events_are_counted_by_the_next_run(database: Database) -> None:
    zones = await people(database)
    events = some_events(np.random.default_rng(5), 400, list(zones))
    for start in range(0, 400, 100):
        await stored(database, events[start : start + 100])
        await count_all(database)
        await assert_exact(database, events[: start + 100], zones)


async def test_a_thousand_sessions_are_aggregated(database: Database) -> None:
    zones = await people(database)
    learner_ids = list(zones)
    events: list[Event] = [
        a_session(
            learner_ids[place % 4],
            f"session {place}",
            started_at=NOW - timedelta(hours=place + 2),
            minutes=30.0 + place % 50,
            paused=60.0 * (place % 20),
        )
        for place in range(1000)
    ]
    await stored(database, events)
    await count_all(database)
    await assert_exact(database, events, zones)
    found = await stored_daily(database)
    assert sum(day["sessions"] for day in found.values()) == 1000
    minutes = sum(30 + place % 50 for place in range(1000))
    assert sum(day["study_milliseconds"] for day in found.values()) == 60_000 * minutes


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2025, 10, 26), 25), (date(2026, 3, 30), 24)], ids=str
)
async def test_days_on_which_clocks_change_hold_all_their_hours(database: Database, day: date, hours: int) -> None:
    [learner_id] = await add_learners(database, ["anna"], time_zone="Europe/Berlin")
    offset = 2 if day == date(2025, 10, 26) or day == date(2026, 3, 30) else 1
    begins_at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=offset)
    instants = [begins_at - timedelta(microseconds=1), begins_at + timedelta(hours=hours)]
    instants += [begins_at + timedelta(minutes=30 * half) for half in range(2 * hours)]
    await stored(database, [a_study_event(learner_id, occurred_at=instant) for instant in instants])
    await count_days(database, NOW)
    found = {key[1]: values["events"] for key, values in (await stored_daily(database)).items()}
    assert found == {day - timedelta(days=1): 1, day: 2 * hours, day + timedelta(days=1): 1}


class Killed(Exception):
    pass


async def test_a_run_that_is_killed_half_way_is_taken_up_by_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    zones = await people(database)
    events = some_events(np.random.default_rng(9), 300, list(zones))
    await stored(database, events)
    whole = database.write
    (before, _, _) = await queued(database)

    @asynccontextmanager
    async def dying(chunks: list[int]) -> AsyncIterator[Writing]:
        async with whole() as writing:
            yield writing
            chunks.append(1)
            if len(chunks) == 2:
                raise Killed

    with chunks_of(10):
        for count in (count_days, count_topic_days, count_weeks):
            chunks: list[int] = []
            monkeypatch.setattr(database, "write", partial(dying, chunks))
            with pytest.raises(Killed):
                await count(database, NOW)
            monkeypatch.setattr(database, "write", whole)
            if count is count_days:
                assert await queued(database) == (before - 10, 10, len(await stale_week_keys(database)))
            await count(database, NOW)
    await assert_exact(database, events, zones)


async def stale_week_keys(database: Database) -> list[tuple[str, date]]:
    async with database.read() as reading:
        return [(row[0], row[1]) for row in await reading.rows(select(*stale_weeks.columns))]


async def test_two_jobs_at_once_beside_an_ingest_lose_nothing(database: Database) -> None:
    zones = await people(database)
    events = some_events(np.random.default_rng(11), 800, list(zones), days=10)

    async def ingest() -> None:
        for start in range(0, 800, 20):
            await stored(database, events[start : start + 20])

    async def work() -> None:
        while not ingested.is_set():
            await count_all(database)

    ingested = asyncio.Event()
    workers = [asyncio.create_task(work()) for _ in range(2)]
    with chunks_of(5):
        await ingest()
        ingested.set()
        await asyncio.gather(*workers)
    await count_all(database)
    await assert_exact(database, events, zones)


async def test_everything_is_counted_anew_where_figures_were_wrong(database: Database) -> None:
    zones = await people(database)
    events = some_events(np.random.default_rng(13), 300, list(zones))
    await stored(database, events)
    await count_all(database)
    [wrong, *_] = await stored_daily(database)
    async with database.write() as writing:
        await writing.upsert(daily_user_stats, ("learner_id", "day", *DAILY), [(*wrong, *(7 for _ in DAILY))])
        await writing.run(delete(weekly_user_stats))
    with chunks_of(3):
        await recount_all(database, NOW)
    await assert_exact(database, events, zones)


async def test_a_day_of_all_learners_is_counted_anew(database: Database) -> None:
    zones = await people(database)
    events = some_events(np.random.default_rng(17), 300, list(zones), days=5)
    await stored(database, events)
    await count_all(database)
    day = (NOW - timedelta(days=2)).date()
    async with database.write() as writing:
        await writing.run(delete(daily_user_stats).where(daily_user_stats.c.day == day))
        await writing.run(delete(weekly_user_stats))
    await recount_all(database, NOW, day)
    expected = daily(events, zones)
    assert await stored_daily(database) == expected
    some = await stored_weekly(database)
    assert some.items() <= weekly(expected).items()
    assert len(some) == 4


async def test_figures_of_events_that_are_gone_stay_when_everything_is_counted_anew(database: Database) -> None:
    zones = await people(database)
    [learner_id, *_] = zones
    events: list[Event] = [an_attempt(learner_id, an_id("Heart"), occurred_at=NOW)]
    await stored(database, events)
    await count_all(database)
    old = (learner_id, date(2026, 1, 5))
    async with database.write() as writing:
        await writing.upsert(daily_user_stats, ("learner_id", "day", *DAILY), [(*old, *(1 for _ in DAILY))])
        await enrol(writing, [enrolled(learner_id, "Asia/Tokyo")], NOW)
    assert old in await stored_daily(database)
    await recount_all(database, NOW)
    assert set(await stored_daily(database)) == {old, (learner_id, NOW.date())}


def enrolled(learner_id: str, time_zone: str) -> Row:
    """A row for `enrol`."""
    return (learner_id, "anna", NOW - timedelta(days=100), False, True, None, False, time_zone, None, None, None)


async def test_another_time_zone_moves_the_days(database: Database) -> None:
    zones = await people(database)
    events = some_events(np.random.default_rng(19), 300, list(zones))
    await stored(database, events)
    await count_all(database)
    moved = {**zones, an_id("anna"): "Pacific/Pago_Pago", an_id("ben"): "Pacific/Kiritimati"}
    async with database.write() as writing:
        await enrol(writing, [enrolled(learner_id, time_zone) for learner_id, time_zone in moved.items()], NOW)
    expected = daily(events, moved)
    keys = [DayRange(learner_id, date(2026, 9, 1), date(2026, 12, 1)) for learner_id in moved]
    async with database.read() as reading:
        found = await queries.daily_stats_by_learner(reading, keys)
    shown = {
        (key.learner_id, day.day): {name: getattr(day, name) for name in DAILY} for key in keys for day in found[key]
    }
    assert shown == expected
    await count_all(database)
    await assert_exact(database, events, moved)


async def test_enrolment_in_the_same_time_zone_leaves_figures_alone(database: Database) -> None:
    zones = await people(database)
    [learner_id, *_] = zones
    events: list[Event] = [an_attempt(learner_id, an_id("Heart"))]
    await stored(database, events)
    await count_all(database)
    async with database.write() as writing:
        await enrol(writing, [enrolled(learner_id, zones[learner_id]), enrolled(an_id("new"), "UTC")], NOW)
    await assert_exact(database, events, zones)
