"""Retention: what is past its time goes, and what it left in mastery and memories stays."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from domain.database import Database
from domain.events.tables import EVENTS, question_attempts
from domain.events.writes import forget_attempts, make_months
from domain.mastery.tables import topic_mastery
from domain.reviews.tables import review_states
from server.jobs.retention import RANGES, forget_events, id_ranges, make_partitions
from tests.builders import (
    NOW,
    a_response,
    a_session,
    a_study_event,
    a_task,
    add_learners,
    add_objectives,
    add_topics,
    an_attempt,
    an_id,
    an_interaction,
    store,
)

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
STATE = (
    select(
        topic_mastery.c.learner_id, topic_mastery.c.attempts, topic_mastery.c.p_known, topic_mastery.c.last_attempt_at
    ),
    select(
        review_states.c.learner_id,
        review_states.c.stability,
        review_states.c.difficulty,
        review_states.c.reviews,
        review_states.c.lapses,
    ),
)


async def state(database: Database, learner_id: str) -> list[list[tuple[object, ...]]]:
    """What is known of a learner's topics and questions, without its id."""
    async with database.read() as reading:
        tables = [await reading.rows(query) for query in STATE]
    return [sorted(row[1:] for row in rows if row[0] == learner_id) for rows in tables]


async def test_events_go_when_they_are_two_days_past_their_time_and_not_before(database: Database) -> None:
    [learner] = await add_learners(database, ["ada"])
    [topic] = await add_topics(database, ["topic"])
    [objective] = await add_objectives(database, ["objective"])
    for age in (29 * DAY, 31.9 * DAY, 32.1 * DAY, 200 * DAY):
        at = NOW - age
        recorded = await store(
            database,
            [
                an_attempt(learner, topic, occurred_at=at),
                an_interaction(learner, topic, occurred_at=at),
                a_session(learner, str(age), started_at=at),
                a_task(learner, occurred_at=at),
                a_study_event(learner, occurred_at=at),
                a_response(learner, objective, occurred_at=at),
            ],
        )
        assert recorded.accepted == 6
    assert await forget_events(database, 0, NOW) == 0
    assert await forget_events(database, 30, NOW) >= 2 * len(EVENTS)
    async with database.read() as reading:
        for table in EVENTS:
            assert await reading.rows(select(func.count()).select_from(table)) == [(2,)], table.name
    assert await forget_events(database, 30, NOW) == 0


def test_the_ranges_of_ids_leave_none_out() -> None:
    ranges = id_ranges(RANGES)
    assert (ranges[0][0], ranges[-1][1]) == (str(UUID(int=0)), str(UUID(int=2**128 - 1)))
    for (_, last), (first, _) in pairwise(ranges):
        assert UUID(first).int == UUID(last).int + 1


async def test_events_go_whosever_they_are(database: Database) -> None:
    learner_ids = await add_learners(database, [f"learner {number}" for number in range(300)])
    await store(database, [a_task(learner, occurred_at=NOW - 100 * DAY) for learner in learner_ids])
    assert await forget_events(database, 30, NOW) == 300


async def test_a_late_attempt_after_retention_ends_in_the_state_that_the_whole_history_has(database: Database) -> None:
    kept, forgotten = await add_learners(database, ["kept", "forgotten"])
    [topic] = await add_topics(database, ["topic"])
    ages = (100, 90, 61, 33, 20, 10)
    for learner in (kept, forgotten):
        history = [
            an_attempt(learner, topic, f"question {age % 2}", correct=age % 3 != 0, occurred_at=NOW - age * DAY)
            for age in ages
        ]
        await store(database, history)
    late = 15 * DAY
    await store(database, [an_attempt(kept, topic, "question 0", occurred_at=NOW - late)])
    assert await forget_events(database, 30, NOW) > 0
    await store(database, [an_attempt(forgotten, topic, "question 0", occurred_at=NOW - late)])
    assert await state(database, forgotten) == await state(database, kept)
    async with database.read() as reading:
        assert await reading.rows(select(func.count()).select_from(question_attempts)) == [(6,)]


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_partitions_are_made_ahead_and_dropped_when_their_time_is_over(database: Database) -> None:
    [learner] = await add_learners(database, ["ada"])
    [topic] = await add_topics(database, ["topic"])
    await store(database, [an_attempt(learner, topic, occurred_at=NOW - 100 * DAY, session_id=an_id("s"))])
    await make_partitions(database, NOW)
    await make_partitions(database, NOW)
    assert await partitions(database) == ["2026_08", "2026_11", "2026_12", "2027_01"]
    await forget_events(database, 30, NOW)
    assert await partitions(database) == ["2026_11", "2026_12", "2027_01"]
    # What was dropped is made again where somebody keeps events for longer.
    await store(database, [an_attempt(learner, topic, occurred_at=NOW - 100 * DAY)])
    assert "2026_08" in await partitions(database)


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_responses_of_months_that_are_over_go_with_their_partition(database: Database) -> None:
    [learner] = await add_learners(database, ["ada"])
    [objective] = await add_objectives(database, ["objective"])
    ages = (100 * DAY, 95 * DAY, DAY)  # two in August
    await store(database, [a_response(learner, objective, occurred_at=NOW - age) for age in ages])
    assert await partitions(database, "validation_responses") == ["2026_08", "2026_11"]
    assert await forget_events(database, 30, NOW) == 1, "one table, and no row of its own"
    assert await partitions(database, "validation_responses") == ["2026_11"]


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_what_is_older_than_all_months_shares_a_partition_and_goes_when_all_of_it_is_over(
    database: Database,
) -> None:
    long_ago = datetime(1989, 12, 31, tzinfo=UTC)
    async with database.write() as writing:
        await make_months(writing, [])
        await make_months(writing, [long_ago, NOW])
    assert await partitions(database) == ["2026_11", "earlier"]
    years = (NOW - datetime(1985, 1, 1, tzinfo=UTC)).days
    await forget_events(database, years, NOW)
    assert await partitions(database) == ["2026_11", "earlier"]
    await forget_events(database, 30, NOW)
    assert await partitions(database) == ["2026_11"]


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_two_who_need_a_month_at_once_make_it_once(database: Database) -> None:
    async with database.write() as first:
        await make_months(first, [NOW])
        second = asyncio.create_task(make_and_commit(database))
        while not await waiting(database):  # noqa: ASYNC110 what is awaited happens in the server
            await asyncio.sleep(0.01)
    await second
    assert await partitions(database) == ["2026_11"]


async def make_and_commit(database: Database) -> None:
    async with database.write() as writing:
        await make_months(writing, [NOW])


async def waiting(database: Database) -> bool:
    """Whether a transaction of this database waits for a lock."""
    async with database.read() as reading:
        [(count,)] = await reading.rows(WAITING)
    return bool(count)


WAITING = text(
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory' "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


async def partitions(database: Database, table: str = "question_attempts") -> list[str]:
    async with database.read() as reading:
        rows = await reading.rows(PARTITIONS, parent=table)
    return sorted(name.removeprefix(f"{table}_") for (name,) in rows)


PARTITIONS = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(:parent)")


async def test_a_learner_whose_attempts_went_meanwhile_loses_nothing(database: Database) -> None:
    [learner] = await add_learners(database, ["ada"])
    [topic] = await add_topics(database, ["topic"])
    await store(database, [an_attempt(learner, topic)])
    before = await state(database, learner)
    async with database.write() as writing:
        assert await forget_attempts(writing, [learner], NOW - 30 * DAY) == 0
    assert await state(database, learner) == before
