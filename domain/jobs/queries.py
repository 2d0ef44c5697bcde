"""Reads of the records of jobs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Integer, Select, String, func, or_, select

from domain.database import Reading
from domain.database.statement import keyed
from domain.jobs.run import JobRun, JobState
from domain.jobs.tables import job_leases, job_runs, job_watermarks


class Latest(NamedTuple):
    """A loader's key: so many of the latest runs, of one job or, for None, of all."""

    job: str | None
    first: int


def _latest(key: FromClause) -> Select[Any]:
    latest = (job_runs.c.started_at.desc(), job_runs.c.id.desc())
    ranked = (
        select(
            key.c.place,
            key.c.first,
            *job_runs.c,
            func.row_number().over(partition_by=key.c.place, order_by=latest).label("rank"),
        )
        .join_from(key, job_runs, or_(key.c.job.is_(None), job_runs.c.job == key.c.job))
        .subquery("ranked")
    )
    columns = (ranked.c[name] for name in ("place", "job", "started_at", "ended_at", "rows", "error"))
    return select(*columns).where(ranked.c.rank <= ranked.c.first).order_by(ranked.c.place, ranked.c.rank)


_LATEST = keyed(_latest, place=Integer, job=String, first=Integer)


async def runs_by_job(reading: Reading, keys: Sequence[Latest]) -> Mapping[Latest, list[JobRun]]:
    """For each key its runs, the latest first."""
    found: dict[Latest, list[JobRun]] = {key: [] for key in keys}
    rows = await reading.rows_by(_LATEST, [(place, *key) for place, key in enumerate(keys)])
    for place, job, started_at, ended_at, changed, error in rows:
        run = JobRun(job=job, started_at=started_at, ended_at=ended_at, rows=changed, error=error)
        found[keys[place]].append(run)
    return found


def _of_latest_run(column: ColumnElement[Any], *which: ColumnElement[bool]) -> Any:
    """A column of the latest run of a lease's job among those that are *which*: by the index, so it may have many."""
    return (
        select(column)
        .where(job_runs.c.job == job_leases.c.job, *which)
        .order_by(job_runs.c.started_at.desc(), job_runs.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )


_ENDED = job_runs.c.ended_at.is_not(None)
_WELL = job_runs.c.error.is_(None)
# Every job that ever ran has a lease. Of watermarks only those of schedules: others' names may hold ids.
_STATES = select(
    job_leases.c.job,
    _of_latest_run(job_runs.c.started_at).label("started_at"),
    _of_latest_run(job_runs.c.started_at, _ENDED, _WELL).label("succeeded_from"),
    _of_latest_run(job_runs.c.ended_at, _ENDED, _WELL).label("succeeded_at"),
    _of_latest_run(job_runs.c.error, _ENDED).label("error"),
    select(job_watermarks.c.reached_at)
    .where(job_watermarks.c.job == job_leases.c.job + ".schedule")
    .scalar_subquery()
    .label("scheduled_at"),
)


async def job_states(reading: Reading) -> list[JobState]:
    """How each job that ever ran stands."""
    return [
        JobState(
            job=job,
            started_at=started_at,
            succeeded_at=succeeded_at,
            took=None if succeeded_at is None else succeeded_at - succeeded_from,
            failed=error is not None,
            scheduled_at=scheduled_at,
        )
        for job, started_at, succeeded_from, succeeded_at, error, scheduled_at in await reading.rows(_STATES)
    ]
