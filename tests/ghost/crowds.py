"""Totals and first days of crowds, as the job that counts them would leave them."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import bindparam, update

from domain.activity.tables import daily_user_stats
from domain.database import Database
from domain.ghost.tables import activity_totals
from domain.learners.tables import learners
from tests.builders import NOW

TODAY = NOW.date()
JOINED = date(2026, 8, 10)  # a hundred days before NOW: day 1
_BANDS = ("target_band", "diagnostic_score", "final_band")
_SET_BANDS = update(learners).where(learners.c.id == bindparam("which"))
_COUNTED = [column.name for column in daily_user_stats.c][2:]


async def set_bands(
    database: Database,
    learner_ids: Sequence[str],
    *,
    target: float | None = None,
    diagnosis: float | None = None,
    final: float | None = None,
) -> None:
    """What the platform knows of these learners' bands."""
    async with database.write() as writing:
        for learner_id in learner_ids:
            values = dict(zip(_BANDS, (target, diagnosis, final), strict=True))
            await writing.run(_SET_BANDS.values(values), which=learner_id)


async def add_totals(
    database: Database,
    learner_ids: Sequence[str],
    tasks: Sequence[int],
    *,
    last_day: date = TODAY,
    study_days: int = 10,
    streak: int = 3,
    studied_week: int = 0b0010111,
    week: Sequence[int] = (1, 2, 3, 0, 4, 0, 0),
    minutes: int = 90,
) -> None:
    """What these learners had done by their last day with study; beside the tasks the same for each."""
    columns = [column.name for column in activity_totals.c]
    rows = [
        (
            learner_id,
            last_day,
            streak,
            study_days,
            done,
            60_000 * minutes + 59_999,
            *(done // 2, done // 4, 5, 6, 7),
            studied_week,
            *week,
        )
        for learner_id, done in zip(learner_ids, tasks, strict=True)
    ]
    async with database.write() as writing:
        await writing.upsert(activity_totals, columns, rows)


async def add_days(
    database: Database, learner_ids: Sequence[str], tasks_by_day: Mapping[int, int], *, joined: date = JOINED
) -> None:
    """Each learner did so many tasks of ten minutes on each of these days of its journey, the first of which is 1."""
    rows = []
    for learner_id in learner_ids:
        for number, tasks in tasks_by_day.items():
            counts = dict.fromkeys(_COUNTED, 0) | {
                "tasks": tasks,
                "practice_milliseconds": 600_000 * tasks,
                "reading": tasks,
                "events": max(tasks, 1),
            }
            rows.append((learner_id, joined + timedelta(days=number - 1), *counts.values()))
    async with database.write() as writing:
        await writing.upsert(daily_user_stats, ("learner_id", "day", *_COUNTED), rows)
