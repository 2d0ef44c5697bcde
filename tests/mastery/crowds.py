"""Stored mastery and rollups of crowds, as the jobs of a night would leave them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from domain.activity.tables import topic_daily_stats, user_learning_metrics, weekly_user_stats
from domain.database import Database
from domain.events.tables import material_interactions
from domain.mastery.tables import topic_mastery
from tests.builders import NOW, an_id, new_id

MONDAY = date(2026, 11, 16)  # of the week of NOW


async def add_scores(
    database: Database,
    learner_ids: Sequence[str],
    topic_id: str,
    scores: Sequence[float | None],
    *,
    attempts: int = 10,
    first_attempts: int = 5,
) -> None:
    """Mastery scores, 0-1, as the nightly job stores them."""
    columns = ("learner_id", "topic_id", "attempts", "correct", "first_attempts", "first_correct", "interactions")
    async with database.write() as writing:
        await writing.upsert(
            topic_mastery,
            (*columns, "score", "scored_at"),
            [
                (learner_id, topic_id, attempts, 0, first_attempts, 0, 0, score, None if score is None else NOW)
                for learner_id, score in zip(learner_ids, scores, strict=True)
            ],
        )


async def add_mastered_days(
    database: Database, learner_ids: Sequence[str], topic_id: str, days: Sequence[int], *, start: date = MONDAY
) -> None:
    """One wrong answer on *start* and nine right ones, to new questions, so many days later."""
    columns = ("learner_id", "topic_id", "day", "attempts", "correct", "first_attempts", "first_correct")
    rows = [
        row
        for learner_id, later in zip(learner_ids, days, strict=True)
        for row in (
            (learner_id, topic_id, start, 1, 0, 1, 0),
            (learner_id, topic_id, start + timedelta(days=later), 9, 9, 9, 9),
        )
    ]
    async with database.write() as writing:
        await writing.upsert(topic_daily_stats, columns, rows)


async def add_metrics(database: Database, learner_ids: Sequence[str], averages: Sequence[float | None]) -> None:
    """Average mastery, 0-1, with ten attempts each."""
    counts = [
        column.name
        for column in user_learning_metrics.c
        if column.name not in ("learner_id", "average_mastery", "computed_at")
    ]
    async with database.write() as writing:
        await writing.upsert(
            user_learning_metrics,
            ("learner_id", *counts, "average_mastery", "computed_at"),
            [
                (learner_id, *[10 for _ in counts], average, NOW)
                for learner_id, average in zip(learner_ids, averages, strict=True)
            ],
        )


async def add_week(
    database: Database, learner_id: str, sessions: int, *, week_start: date = MONDAY - timedelta(days=7)
) -> None:
    """A week with so many sessions of an hour, 30 answers in each."""
    columns = ("learner_id", "week_start", "study_milliseconds", "active_milliseconds", "active_days", "sessions")
    async with database.write() as writing:
        await writing.upsert(
            weekly_user_stats,
            (*columns, "attempts", "correct", "tasks"),
            [(learner_id, week_start, 3_600_000 * sessions, 3_600_000 * sessions, 1, sessions, 30 * sessions, 0, 0)],
        )


async def add_uses(
    database: Database, learner_id: str, seconds: Sequence[tuple[str, float]], *, at: datetime = NOW - timedelta(days=5)
) -> None:
    """Uses of materials, each of a kind and so long."""
    columns = ("learner_id", "occurred_at", "event_id", "material_id", "topic_id", "session_id", "kind")
    async with database.write() as writing:
        await writing.make_months(material_interactions, [at])
        await writing.insert(
            material_interactions,
            (*columns, "duration", "completion"),
            [(learner_id, at, new_id(), an_id("m"), an_id("t"), None, kind, length, 1.0) for kind, length in seconds],
        )
