"""What a learner's features are made from, on both engines."""

from datetime import date, timedelta

import numpy as np
import pytest

from domain.activity.tables import stale_days, stale_topic_days, topic_daily_stats
from domain.database import Database
from domain.readiness.features import TopicDays
from domain.readiness.queries import LearnerDay, cards_by_moment, topic_days_by_learner
from tests.builders import NOW, add_learners, add_topics, an_attempt, an_id, store
from tests.readiness.exams import ANSWERS, put

pytestmark = pytest.mark.anyio

TODAY = date(2026, 11, 18)  # of NOW, in UTC


async def topic_days(database: Database, keys: list[LearnerDay]) -> list[TopicDays]:
    async with database.read() as reading:
        found = await topic_days_by_learner(reading, keys)
    return [found[key] for key in keys]


async def test_days_are_counted_together_where_no_feature_tells_them_apart(database: Database) -> None:
    ada, bo = await add_learners(database, ["Ada", "Bo"])
    heart, kidney = await add_topics(database, ["Heart", "Kidney"])
    days = [TODAY - timedelta(days=back) for back in (0, 29, 30, 200)]
    rows = [(ada, heart, day, 10 + n, 5 + n, 4 + n, 2 + n) for n, day in enumerate(days)]
    rows += [(ada, kidney, TODAY, 3, 2, 1, 0), (ada, heart, TODAY + timedelta(days=1), 99, 9, 9, 9)]
    await put(database, topic_daily_stats, ANSWERS, rows)
    found, none = await topic_days(database, [LearnerDay(one, TODAY, "UTC") for one in (ada, bo)])
    assert none.attempts.size == 0
    order = np.lexsort((found.day, found.attempts))
    assert found.day[order].tolist() == [TODAY.toordinal()] * 2 + [TODAY.toordinal() - 30]
    assert found.attempts[order].tolist() == [3, 10 + 11, 12 + 13]
    assert found.correct[order].tolist() == [2, 5 + 6, 7 + 8]
    assert found.first_attempts[order].tolist() == [1, 4 + 5, 6 + 7]
    assert found.first_correct[order].tolist() == [0, 2 + 3, 4 + 5]
    assert len(set(found.topic.tolist())) == 2
    assert set(found.learner.tolist()) == {0}


@pytest.mark.parametrize("number", [1, 2])
async def test_days_that_are_still_to_be_counted_come_from_the_events(database: Database, number: int) -> None:
    """Whichever of the two queues they wait in; what was counted of them before is no longer true."""
    [ada] = await add_learners(database, ["Ada"], time_zone="Pacific/Auckland")
    bo, _ = await add_learners(database, ["Bo", "Cy"])
    [heart] = await add_topics(database, ["Heart"])
    await store(database, [an_attempt(ada, heart, f"q{n}", correct=n < 3, occurred_at=NOW) for n in range(4)])
    await store(database, [an_attempt(ada, heart, "old", occurred_at=NOW - timedelta(days=60))])
    own = date(2026, 11, 19)  # of NOW in Auckland
    old = own - timedelta(days=60)
    await put(database, topic_daily_stats, ANSWERS, [(ada, heart, own, 1, 1, 1, 1), (ada, heart, old, 7, 7, 7, 7)])
    async with database.read() as reading:
        keys = [LearnerDay(ada, own, "Pacific/Auckland"), LearnerDay(bo, TODAY, "UTC")][:number]
        found = (await topic_days_by_learner(reading, keys))[keys[0]]
    assert dict(zip(found.day.tolist(), found.attempts.tolist(), strict=True)) == {
        own.toordinal(): 4,
        own.toordinal() - 30: 1,
    }
    assert found.correct.sum() == 4
    async with database.write() as writing:
        await writing.run(stale_days.delete())
        await writing.upsert(stale_topic_days, ("learner_id", "day"), [(ada, own)])
        found = (await topic_days_by_learner(writing, keys))[keys[0]]
    assert dict(zip(found.day.tolist(), found.attempts.tolist(), strict=True)) == {
        own.toordinal(): 4,
        own.toordinal() - 30: 7,
    }


async def test_memories_are_by_topic_with_the_whole_days_since_the_last_review(database: Database) -> None:
    [ada] = await add_learners(database, ["Ada"])
    heart, kidney = await add_topics(database, ["Heart", "Kidney"])
    attempts = [
        an_attempt(ada, heart, "a", occurred_at=NOW - timedelta(days=5, hours=1)),
        an_attempt(ada, heart, "b", correct=False, occurred_at=NOW - timedelta(hours=23)),
        an_attempt(ada, kidney, "c", occurred_at=NOW + timedelta(minutes=1)),  # a clock that is ahead
    ]
    await store(database, attempts)
    keys = [(ada, NOW), (an_id("nobody"), NOW)]
    async with database.read() as reading:
        found = await cards_by_moment(reading, keys)
    assert found[keys[1]] == {}
    assert set(found[keys[0]]) == {heart, kidney}
    cards = found[keys[0]][heart]
    assert sorted(cards.elapsed_days.tolist()) == [0, 5]
    assert found[keys[0]][kidney].elapsed_days.tolist() == [0]
    # FSRS-6's first stabilities, of a right answer and of a wrong one.
    assert sorted(cards.stability.tolist()) == pytest.approx([0.212, 2.3065])
