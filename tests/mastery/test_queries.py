"""Reads of mastery, on both engines: for any number of learners and topics at once."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.activity.tables import topic_daily_stats
from domain.database import Database
from domain.mastery.overview import TopicMastery
from domain.mastery.queries import MasteryKey, mastery_by_key
from domain.mastery.tables import knowledge_parameters
from domain.mastery.trend import MasteryTrend
from domain.reviews.memory import Algorithm
from domain.reviews.tables import review_states
from tests.builders import NOW, add_learners, add_topics, an_attempt, an_id, an_interaction, store

pytestmark = pytest.mark.anyio

STATS = ("learner_id", "topic_id", "day", "attempts", "correct", "first_attempts", "first_correct")


def a_key(learner: str, topic: str | None = None, now: datetime = NOW) -> MasteryKey:
    return MasteryKey(learner, topic, now, Algorithm.FSRS)


def figures(found: list[TopicMastery]) -> list[tuple[str, float, int, int]]:
    return [(one.topic.name, one.score, one.questions_attempted, one.memories.size) for one in found]


@pytest.mark.parametrize("number", [1, 2, 20])
async def test_whole_lists_and_single_topics_are_four_statements_however_many(database: Database, number: int) -> None:
    learners = await add_learners(database, [f"learner {n}" for n in range(number)])
    topics = await add_topics(database, ["b", "a", "c"])
    events = [
        an_attempt(learner, topic, f"{n}", correct=place % 2 == 0)
        for place, learner in enumerate(learners)
        for topic in topics[:2]
        for n in range(1 + place % 3)
    ]
    await store(database, [*events, *(an_interaction(learner, topics[0]) for learner in learners)])
    whole = [a_key(learner) for learner in learners]
    single = [a_key(learner, topic) for learner in learners for topic in topics]
    statements: list[str] = []
    database.watch = statements.append
    async with database.read() as reading:
        found = await mastery_by_key(reading, [*single, *whole])
        assert len(statements) == 4
        alone = await mastery_by_key(reading, [whole[0]])
        assert len(statements) == 6
        one_topic = await mastery_by_key(reading, [single[0]])
        assert len(statements) == 8
    for place, key in enumerate(whole):
        assert [one.topic.name for one in found[key]] == ["a", "b"]
        assert [(one.questions_attempted, one.memories.size) for one in found[key]] == [(1 + place % 3,) * 2] * 2
        b, a, c = (found[a_key(key.learner_id, topic)] for topic in topics)
        assert figures(found[key]) == figures([*a, *b])
        assert c == []
    assert figures(alone[whole[0]]) == figures(found[whole[0]])
    assert figures(one_topic[single[0]]) == figures(found[single[0]])


async def test_learners_and_topics_that_are_not_there_have_nothing(database: Database) -> None:
    [learner] = await add_learners(database, ["ada"])
    keys = [a_key(learner), a_key(an_id("nobody")), a_key(learner, an_id("nothing"))]
    async with database.read() as reading:
        assert await mastery_by_key(reading, keys) == {key: [] for key in keys}


async def test_what_was_written_between_two_statements_is_left_out(database: Database) -> None:
    """A card and a day of a topic whose row of counters was not there yet when those were read."""
    [learner], [topic, new] = await add_learners(database, ["ada"]), await add_topics(database, ["old", "new"])
    await store(database, [an_attempt(learner, topic)])
    columns = ("learner_id", "topic_id", "question_id", "reviewed_at", "stability", "difficulty", "easiness")
    async with database.write() as writing:
        card = (learner, new, an_id("question"), NOW, 1.0, 5.0, 2.5, 1, 1, 1, 0)
        await writing.insert(review_states, (*columns, "interval_days", "repetitions", "reviews", "lapses"), [card])
        await writing.insert(topic_daily_stats, STATS, [(learner, new, NOW.date(), 1, 1, 1, 1)])
    async with database.read() as reading:
        [found] = (await mastery_by_key(reading, [a_key(learner)])).values()
    assert [(one.topic.name, one.memories.size) for one in found] == [("old", 1)]


@pytest.mark.parametrize("zone", ["Pacific/Midway", "UTC", "Pacific/Kiritimati"])
@pytest.mark.parametrize("hour", [0, 9, 23])
async def test_the_trend_looks_back_28_own_days_wherever_the_learner_lives(
    database: Database, zone: str, hour: int
) -> None:
    now = datetime(2026, 11, 18, hour, 30, tzinfo=UTC)
    [learner] = await add_learners(database, ["ada"], time_zone=zone)
    [topic] = await add_topics(database, ["cardiology"])
    await store(database, [an_attempt(learner, topic, occurred_at=now - timedelta(days=40))])
    # Eleven hours behind and fourteen ahead.
    offset = {"Pacific/Midway": -11, "UTC": 0, "Pacific/Kiritimati": 14}[zone]
    today = (now + timedelta(hours=offset)).date()

    async def trend_with(first: date) -> MasteryTrend:
        days = [(first, 1), (today - timedelta(days=9), 5), (today, 9)]
        async with database.write() as writing:
            await writing.upsert(topic_daily_stats, STATS, [(learner, topic, day, 10, n, 0, 0) for day, n in days])
        async with database.read() as reading:
            [[found]] = (await mastery_by_key(reading, [a_key(learner, now=now)])).values()
        return found.trend

    assert await trend_with(today - timedelta(days=28)) is MasteryTrend.STABLE  # only two days are within
    assert await trend_with(today - timedelta(days=27)) is MasteryTrend.IMPROVING


async def test_known_fades_by_the_topics_own_parameters(database: Database) -> None:
    [learner], [topic, other] = await add_learners(database, ["ada"]), await add_topics(database, ["own", "usual"])
    columns = ("topic_id", "prior", "learn", "guess", "slip", "forget", "attempts", "fitted_at", "replayed")
    async with database.write() as writing:
        row = (topic, 0.5, 0.2, 0.1, 0.1, 0.25, 1000, NOW, True)
        await writing.upsert(knowledge_parameters, columns, [row])
    day = timedelta(days=1)
    await store(database, [an_attempt(learner, one, occurred_at=NOW - 2 * day) for one in (topic, other)])
    async with database.read() as reading:
        [found] = (await mastery_by_key(reading, [a_key(learner)])).values()
    # By hand: 0.5 known and right, 0.45 of 0.45 + 0.05; then 0.2 of the rest learnt; then two days at 0.75.
    usual = 0.27 / 0.41 + 0.1 * (1 - 0.27 / 0.41)
    assert [one.p_known for one in found] == pytest.approx([(0.9 + 0.2 * 0.1) * 0.75**2, usual * 0.99**2])
