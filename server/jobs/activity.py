"""Counts learners' days, weeks and totals anew where events came in, and their rolling metrics by night."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import TypeAlias, TypeVar

from domain.activity.writes import (
    FIRST_KEY,
    NIL,
    QueueKey,
    count_all,
    count_stale_days,
    count_stale_topic_days,
    count_stale_weeks,
    mark_day_of_all,
    measure_learners,
    restale_some,
)
from domain.database import Database, Writing
from domain.ghost.writes import count_stale_totals

KEYS_AT_ONCE = 2_000  # days in one transaction, whose learners' events wait meanwhile: about a second
LEARNERS_AT_ONCE = 500

Key = TypeVar("Key", QueueKey, str)
Count: TypeAlias = Callable[[Writing, Key, int], Awaitable[list[Key]]]


async def count_days(database: Database, now: datetime) -> int:
    """Counts the stale days; returns how many there were."""
    return await _through(database, count_stale_days, FIRST_KEY, KEYS_AT_ONCE)


async def count_topic_days(database: Database, now: datetime) -> int:
    """Counts the figures by topic of the days that were counted since; returns how many those were."""
    return await _through(database, count_stale_topic_days, FIRST_KEY, KEYS_AT_ONCE)


async def count_weeks(database: Database, now: datetime) -> int:
    """Counts the weeks of the days that were counted since; returns how many there were."""
    return await _through(database, count_stale_weeks, FIRST_KEY, KEYS_AT_ONCE)


async def count_totals(database: Database, now: datetime) -> int:
    """Counts the totals of the learners whose days were counted since; returns how many those were."""
    return await _through(database, count_stale_totals, NIL, LEARNERS_AT_ONCE)


async def _through(database: Database, count: Count[Key], after: Key, most: int) -> int:
    """Goes through a queue once, a transaction a chunk: what a killed run left is the next one's.

    What comes in behind is left to the next run too, so that each one ends.
    """
    counted = 0
    while True:
        async with database.write() as writing:
            keys = await count(writing, after, most)
        if not keys:
            return counted
        counted, after = counted + len(keys), keys[-1]


async def recount_all(database: Database, now: datetime, day: date | None = None) -> int:
    """Counts everything anew, or the own day *day* of every learner, whether it was stale or not; returns the rows."""
    if day is None and database.dialect.name == "postgresql":
        async with database.write() as writing:
            counted = await count_all(writing)
        return counted + await count_totals(database, now)
    if day is None:
        await _restale_all(database)
    else:
        async with database.write() as writing:
            await mark_day_of_all(writing, day)
    return sum([await count(database, now) for count in (count_days, count_topic_days, count_weeks, count_totals)])


async def _restale_all(database: Database) -> None:
    after = NIL
    while True:
        async with database.write() as writing:
            learner_ids = await restale_some(writing, after, LEARNERS_AT_ONCE)
        if not learner_ids:
            return
        after = learner_ids[-1]


async def compute_metrics(database: Database, now: datetime) -> int:
    """Computes the metrics of all learners as of *now*; returns how many were looked at.

    Learners who have them as of *now* or later are passed over: a run that is started again goes on where it was.
    """
    measured, after = 0, NIL
    while True:
        async with database.write() as writing:
            learner_ids = await measure_learners(writing, after, LEARNERS_AT_ONCE, now)
        if not learner_ids:
            return measured
        measured, after = measured + len(learner_ids), learner_ids[-1]
