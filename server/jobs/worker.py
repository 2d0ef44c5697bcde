"""Runs the jobs on their schedule; any number of workers may do so, each run happens once."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from server.jobs.registry import Job
from server.jobs.running import Runner, run_job

log = structlog.get_logger()

LATE_SECONDS = 3600  # a run that could not start on time still starts up to an hour later
# The shortest first: a job that runs every five minutes was due two thousand times in eight days.
LOOK_BACK = (timedelta(minutes=5), timedelta(days=1), timedelta(days=8))


def last_due(job: Job, now: datetime) -> datetime | None:
    """The latest time at or before *now* that the job was due, looking back eight days."""
    for span in LOOK_BACK:
        due: datetime | None = None
        fire = job.trigger.get_next_fire_time(None, now - span)
        while fire is not None and fire <= now:
            due, fire = fire, job.trigger.get_next_fire_time(fire, fire + timedelta(microseconds=1))
        if due is not None:
            return due
    return None


async def run_due(runner: Runner, job: Job) -> None:
    """Runs what was last due, if no worker has yet. A failure is logged and left to the next time."""
    due = last_due(job, runner.clock())
    if due is None:
        return
    try:
        await run_job(runner, job, due, once=True)
    except Exception:
        log.exception("job failed", job=job.name)


async def work(runner: Runner, jobs: Iterable[Job], stop: asyncio.Event) -> None:
    """Runs *jobs* on their schedule until *stop*, first what came due while no worker was there."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    for job in jobs:
        scheduler.add_job(
            run_due,
            job.trigger,
            (runner, job),
            id=job.name,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=LATE_SECONDS,
        )
        await run_due(runner, job)
    scheduler.start()
    try:
        await stop.wait()
    finally:
        scheduler.shutdown(wait=False)
