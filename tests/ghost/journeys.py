"""Learners whose practice is recorded event by event, for ghosts over HTTP."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from domain.database import Database
from domain.events.task import Skill, TaskCompletion
from domain.learners.writes import LEARNER_COLUMNS, enrol
from domain.privacy.policy import ReleaseRules
from server.jobs.registry import registered
from tests.builders import NOW, a_task, an_id, store

JOBS = ("daily-stats", "activity-totals", "cohort-snapshots", "success-benchmarks")
TASK_MINUTES = 10.0


async def enrolled(
    database: Database,
    names: Iterable[str],
    *,
    on_day: int = 12,
    cohort_id: str | None = None,
    target: float | None = None,
    diagnosis: float | None = None,
    final: float | None = None,
    shares: bool = True,
    active: bool = True,
    excluded: bool = False,
    time_zone: str = "UTC",
) -> list[str]:
    """Learners of these names who are on that day of their journeys at NOW; returns their ids."""
    named = list(names)
    values = {
        "joined_at": NOW - timedelta(days=on_day - 1),
        "shares_data": shares,
        "active": active,
        "cohort_id": cohort_id,
        "cohort_excluded": excluded,
        "time_zone": time_zone,
        "diagnostic_score": diagnosis,
        "target_band": target,
        "final_band": final,
    }
    rows = [
        tuple({**values, "id": an_id(name), "display_name": name}[column] for column in LEARNER_COLUMNS)
        for name in named
    ]
    async with database.write() as writing:
        await enrol(writing, rows, NOW)
    return [an_id(name) for name in named]


def practice(
    learner_id: str,
    tasks_by_day: Mapping[int, int],
    *,
    skill: Skill = Skill.READING,
    minutes: float = TASK_MINUTES,
    now: datetime = NOW,
) -> list[TaskCompletion]:
    """So many tasks on each of these days, counted back from *now*: 0 is today, 1 yesterday."""
    return [
        a_task(learner_id, skill, minutes=minutes, occurred_at=now - timedelta(days=back, minutes=number + 1))
        for back, tasks in tasks_by_day.items()
        for number in range(tasks)
    ]


async def recorded(database: Database, tasks: Iterable[TaskCompletion]) -> None:
    """Stores *tasks*, all of which have to be accepted."""
    sent = list(tasks)
    assert (await store(database, sent)).accepted == len(sent)


async def run_jobs(database: Database, rules: ReleaseRules, now: datetime = NOW) -> None:
    """Counts what was recorded and publishes what is due."""
    jobs = registered(rules)
    for name in JOBS:
        await jobs[name].run(database, now)
