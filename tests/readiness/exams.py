"""Learners who studied and took an exam, put into a real database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Table

from domain.activity.tables import daily_user_stats, topic_daily_stats
from domain.database import Database
from domain.readiness.tables import exam_results
from tests.builders import NOW, add_learners, add_topics, an_id

TOPICS = ("Anatomy", "Ethics", "Pathology")

ANSWERS = ("learner_id", "topic_id", "day", "attempts", "correct", "first_attempts", "first_correct")
RESULTS = ("learner_id", "taken_at", "score", "passed")


async def put(database: Database, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    async with database.write() as writing:
        await writing.upsert(table, columns, rows)


async def put_days(database: Database, days: Sequence[dict[str, Any]]) -> None:
    """Days of study; figures that are not named are 0."""
    names = [column.name for column in daily_user_stats.c]
    await put(database, daily_user_stats, names, [tuple(day.get(name, 0) for name in names) for day in days])


async def add_exams(database: Database, number: int, *, seed: int = 5, shares: bool = True) -> list[str]:
    """Learners who answered on ten days of the month before an exam; the better, the more likely they passed.

    One in ten took the exam without an answer before.
    """
    await add_topics(database, TOPICS)
    learners = await add_learners(database, [f"candidate {seed}-{n}" for n in range(number)], shares=shares)
    rng = np.random.default_rng(seed)
    answers, days, results = [], [], []
    for place, learner in enumerate(learners):
        ability = float(rng.uniform(0.2, 0.95))
        taken_at = NOW - timedelta(days=40 - place * 30 // number)
        for back in range(10) if place % 10 != 9 else ():
            day = taken_at.date() - timedelta(days=1 + 3 * back)
            for topic in TOPICS:
                correct = int(rng.binomial(8, ability))
                answers.append((learner, an_id(topic), day, 8, correct, 6, min(6, correct)))
            minutes = int(rng.integers(20, 80))
            days.append({"learner_id": learner, "day": day, "study_milliseconds": 60_000 * minutes, "attempts": 24})
        passed = bool(rng.random() < 1 / (1 + np.exp(-8 * (ability - 0.55))))
        results.append((learner, taken_at, round(40 + 60 * ability + float(rng.normal(0, 4)), 1), passed))
    await put(database, topic_daily_stats, ANSWERS, answers)
    await put_days(database, days)
    await put(database, exam_results, RESULTS, results)
    return learners


async def add_result(database: Database, learner_id: str, taken_at: datetime, score: float, *, passed: bool) -> None:
    await put(database, exam_results, RESULTS, [(learner_id, taken_at, score, passed)])
