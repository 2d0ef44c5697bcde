"""Storing what learners do: sessions, mastery and memories move with the event, in one transaction."""

import asyncio
from datetime import date, timedelta

import pytest
from fsrs import Card, Rating, Scheduler
from sqlalchemy import func, select, text

from domain.activity.tables import stale_days, study_sessions
from domain.database import Database
from domain.events.event import Event
from domain.events.tables import question_attempts, study_events
from domain.learners.tables import learners
from domain.mastery.tables import material_completions, topic_mastery
from domain.reviews.tables import review_states
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

MASTERY = select(
    topic_mastery.c.attempts,
    topic_mastery.c.correct,
    topic_mastery.c.first_attempts,
    topic_mastery.c.first_correct,
    topic_mastery.c.interactions,
    topic_mastery.c.p_known,
    topic_mastery.c.last_attempt_at,
)
SESSIONS = select(
    study_sessions.c.began_at,
    study_sessions.c.lasted_until,
    study_sessions.c.paused_milliseconds,
    study_sessions.c.pauses,
    study_sessions.c.questions,
    study_sessions.c.questions_correct,
    study_sessions.c.materials,
)
MEMORY = select(review_states.c.stability, review_states.c.difficulty, review_states.c.reviews, review_states.c.lapses)
HOUR = timedelta(hours=1)


async def somebody(database: Database, time_zone: str = "UTC") -> tuple[str, str]:
    [learner] = await add_learners(database, ["ada"], time_zone=time_zone)
    [topic] = await add_topics(database, ["cardiology"])
    return learner, topic


async def test_an_attempt_moves_mastery_memory_session_and_day_at_once(database: Database) -> None:
    learner, topic = await somebody(database)
    at = NOW - timedelta(days=3)
    recorded = await store(database, [an_attempt(learner, topic, occurred_at=at, session_id=an_id("s"))])
    assert recorded.accepted == 1
    async with database.read() as reading:
        [(*counters, p_known, last_at)] = await reading.rows(MASTERY)
        assert counters == [1, 1, 1, 1, 0]
        # By hand: .3 known, right: .27 / (.27 + .14), then 10 % of the rest is learnt.
        assert p_known == pytest.approx(0.27 / 0.41 + 0.1 * (1 - 0.27 / 0.41))
        assert last_at == at
        assert await reading.rows(SESSIONS) == [(at, at, 0, 0, 1, 1, 0)]
        assert await reading.rows(select(stale_days.c.day)) == [(at.date(),)]
        [(stability, difficulty, reviews, lapses)] = await reading.rows(MEMORY)
    assert (stability, difficulty) == pytest.approx((2.3065, 2.1181), abs=1e-4)
    assert (reviews, lapses) == (1, 0)


async def test_a_late_batch_leaves_the_memory_that_the_fsrs_package_has_of_the_whole_history(
    database: Database,
) -> None:
    learner, topic = await somebody(database)
    days, answers = (40, 37, 30, 30, 12, 2), (True, True, False, True, True, False)
    attempts = [
        an_attempt(learner, topic, correct=right, occurred_at=NOW - timedelta(days=day, minutes=-minute), number=minute)
        for minute, (day, right) in enumerate(zip(days, answers, strict=True), start=1)
    ]
    await store(database, [attempts[1], attempts[4]])
    await store(database, [attempts[5], attempts[0], attempts[3]])
    await store(database, [attempts[2]])
    scheduler = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
    card = Card()
    for attempt in attempts:
        rating = Rating.Good if attempt.correct else Rating.Again
        card, _ = scheduler.review_card(card, rating, attempt.occurred_at)
    async with database.read() as reading:
        [(stability, difficulty, reviews, lapses)] = await reading.rows(MEMORY)
    assert (stability, difficulty) == pytest.approx((card.stability, card.difficulty), abs=1e-9)
    assert (reviews, lapses) == (6, 2)


async def test_two_devices_at_once_lose_nothing_and_count_nothing_twice(database: Database) -> None:
    learner, topic = await somebody(database)
    phone = [an_attempt(learner, topic, "a", occurred_at=NOW - n * HOUR, session_id=an_id("s")) for n in range(1, 20)]
    tablet = [an_attempt(learner, topic, "a", correct=False, occurred_at=NOW - n * HOUR) for n in range(1, 20)]
    both: list[list[Event]] = [[*phone[:10]], [*tablet], [*phone[5:]], [*tablet[3:8]]]
    await asyncio.gather(*(store(database, batch) for batch in both))
    async with database.read() as reading:
        [(*counters, p_known, _)] = await reading.rows(MASTERY)
        [memory] = await reading.rows(MEMORY)
        [(*_, questions, _, _)] = await reading.rows(SESSIONS)
    assert counters[:2] == [38, 19]
    assert memory[2] == 38
    assert questions == 19
    # The same events one after the other, about somebody else.
    [other] = await add_learners(database, ["grace"])
    again = [
        an_attempt(
            other,
            topic,
            "a",
            correct=event.correct,
            occurred_at=event.occurred_at,
            # Equal instants are told apart by the event's id, so the other ones are in the same order.
            event_id=event.event_id[:-12] + "ffffffffffff",
        )
        for event in sorted([*phone, *tablet], key=lambda event: (event.occurred_at, event.event_id))
    ]
    await store(database, again)
    async with database.read() as reading:
        rows = await reading.rows(select(topic_mastery.c.p_known, topic_mastery.c.learner_id))
    assert {round(known, 12) for known, _ in rows} == {round(p_known, 12)}


async def test_a_session_is_the_same_whether_its_end_or_its_start_comes_first(database: Database) -> None:
    learner, topic = await somebody(database)
    start = NOW - timedelta(days=2)
    reports: list[Event] = [
        a_session(learner, started_at=start, minutes=None),
        a_session(learner, started_at=start, minutes=50, paused=300, pauses=2),
        an_interaction(learner, topic, session_id=an_id("session"), occurred_at=start + timedelta(minutes=20)),
    ]
    await store(database, reports[::-1])
    async with database.read() as reading:
        assert await reading.rows(SESSIONS) == [(start, start + timedelta(minutes=50), 300_000, 2, 0, 0, 1)]


async def test_a_session_that_never_ends_lasts_until_its_last_event_and_at_most_a_day(database: Database) -> None:
    learner, topic = await somebody(database)
    start = NOW - timedelta(days=9)
    open_session = a_session(learner, "left open", started_at=start, minutes=None)
    events = [
        an_attempt(learner, topic, occurred_at=start + hours * HOUR, session_id=an_id("left open")) for hours in (1, 3)
    ]
    await store(database, [open_session, *events])
    async with database.read() as reading:
        assert [row[:2] for row in await reading.rows(SESSIONS)] == [(start, start + 3 * HOUR)]
    much_later = an_attempt(learner, topic, occurred_at=start + 100 * HOUR, session_id=an_id("left open"))
    await store(database, [much_later])
    async with database.read() as reading:
        assert [row[:2] for row in await reading.rows(SESSIONS)] == [(start, start + 24 * HOUR)]


async def test_completion_never_goes_back(database: Database) -> None:
    learner, topic = await somebody(database)
    for share in (0.5, 1.0, 0.25):
        await store(database, [an_interaction(learner, topic, completion=share)])
    async with database.read() as reading:
        assert await reading.rows(select(material_completions.c.completion)) == [(1_000_000,)]


@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", date(2026, 3, 29)), ("Pacific/Auckland", date(2026, 3, 29)), ("America/Los_Angeles", date(2026, 3, 28))],
)
async def test_the_day_of_an_event_is_the_learners_own(database: Database, zone: str, day: date) -> None:
    learner, _ = await somebody(database, zone)
    half_past_two = NOW.replace(month=3, day=29, hour=2, minute=30)
    await store(database, [a_task(learner, occurred_at=half_past_two)])
    async with database.read() as reading:
        assert await reading.rows(select(stale_days.c.day)) == [(day,)]


async def test_events_about_unknown_topics_and_impossible_ones_reject_themselves_alone(database: Database) -> None:
    learner, topic = await somebody(database)
    start = NOW - timedelta(days=1)
    bad: dict[str, Event] = {
        "UNKNOWN_TOPIC topicId": an_attempt(learner, an_id("nothing")),
        "OUT_OF_RANGE attemptNumber": an_attempt(learner, topic, number=0),
        "OUT_OF_RANGE timeToAnswer": an_attempt(learner, topic, seconds=-1),
        "OUT_OF_RANGE duration": an_interaction(learner, topic, seconds=90_000),
        "OUT_OF_RANGE completion": an_interaction(learner, topic, completion=float("nan")),
        "OUT_OF_RANGE kind": an_interaction(learner, topic, kind=" "),
        "OUT_OF_RANGE endedAt": a_session(learner, started_at=start, minutes=-1),
        "OUT_OF_RANGE endedAt ": a_session(learner, started_at=start - timedelta(days=3), minutes=1441),
        "OUT_OF_RANGE pausedFor": a_session(learner, started_at=start, minutes=1, paused=61),
        "IN_FUTURE startedAt": a_session(learner, started_at=NOW + HOUR, minutes=None),
        "IN_FUTURE endedAt": a_session(learner, started_at=NOW, minutes=30),
        "TOO_OLD occurredAt": a_task(learner, occurred_at=NOW - timedelta(days=731)),
        "OUT_OF_RANGE practiceMinutes": a_task(learner, minutes=1441),
        "OUT_OF_RANGE name": a_study_event(learner, "x" * 81),
        "MALFORMED properties": a_study_event(learner, properties="[1]"),
    }
    recorded = await store(database, [*bad.values(), an_attempt(learner, topic)])
    assert recorded.accepted == 1
    found = [f"{one.code} {one.message.partition(':')[0]}" for one in recorded.rejected]
    assert found == [said.rstrip() for said in bad]


async def test_addresses_and_user_agents_are_replaced_before_anything_is_stored(database: Database) -> None:
    learner, _ = await somebody(database)
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    properties = f'{{"ip": "203.0.113.7", "userAgent": "{agent}", "path": {{"from": "2001:db8::1"}}, "page": 3}}'
    sent = a_study_event(learner, properties=properties)
    assert (await store(database, [sent])).accepted == 1
    assert (await store(database, [sent])).duplicates == 1
    async with database.read() as reading:
        [(kept,)] = await reading.rows(select(study_events.c.properties))
    assert "203.0.113.7" not in kept
    assert "2001:db8" not in kept
    assert "Gecko" not in kept
    assert '"Firefox on Linux"' in kept
    assert '"page":3' in kept


async def test_what_fails_half_way_leaves_nothing_behind(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    learner, topic = await somebody(database)

    async def fails(*_: object) -> None:
        raise RuntimeError("the power goes out")

    monkeypatch.setattr("domain.events.writes.mark_days", fails)
    with pytest.raises(RuntimeError, match="power"):
        await store(database, [an_attempt(learner, topic, session_id=an_id("s"))])
    async with database.read() as reading:
        for table in (question_attempts, topic_mastery, review_states, study_sessions, stale_days):
            assert await reading.rows(select(func.count()).select_from(table)) == [(0,)], table.name
        assert await reading.rows(select(func.count()).select_from(learners)) == [(1,)]


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_attempts_lie_in_partitions_by_month(database: Database) -> None:
    learner, topic = await somebody(database)
    instants = [NOW, NOW - timedelta(days=40), NOW.replace(month=12, year=2025, day=31, hour=23)]
    await store(database, [an_attempt(learner, topic, occurred_at=at) for at in instants])
    await store(database, [an_attempt(learner, topic, occurred_at=at - HOUR) for at in instants])
    old = NOW.replace(year=1985)
    await store(database, [an_attempt(learner, topic, occurred_at=old)], now=old)
    async with database.read() as reading:
        rows = await reading.rows(PARTITIONS)
    assert [name for (name,) in rows] == [
        "question_attempts_2025_12",
        "question_attempts_2026_10",
        "question_attempts_2026_11",
        "question_attempts_earlier",
    ]


PARTITIONS = text("SELECT DISTINCT tableoid::regclass::text FROM question_attempts ORDER BY 1")
