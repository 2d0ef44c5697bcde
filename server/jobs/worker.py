"""Runs the jobs on their schedule; any number of workers may do so, each run happens once."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from server.jobs.registry import Job
from server.jobs.running import TO_REPEAT, Runner, has_run, run_job

log = structlog.get_logger()

LATE_SECONDS = 3600  # a run that could not start on time still starts up to an hour later
CATCH_UP_SECONDS = 60
# The shortest first: a job that runs every five minutes was due two thousand times in eight days.
LOOK_BACK = (timedelta(minutes=5), timedelta(days=1), timedelta(days=8))


def last_due(job: Job, now: datetime) -> datetime | None:
    """The latest time at or before *now* that the job was due, looking back eight days; None for one that never is."""
    if job.trigger is None:
        return None
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
        if not await has_run(runner, job, due):
            await run_job(runner, job, due, once=True)
    except TO_REPEAT as fault:
        log.warning("job is to be repeated", job=job.name, fault=type(fault).__name__)
    except Exception:
        log.exception("job failed", job=job.name)


class _Worker:
    """Runs jobs, none of them twice at a time."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._running: set[str] = set()

    async def run(self, job: Job) -> None:
        """Runs what was last due of *job*, unless that is under way."""
        if job.name in self._running:
            return
        self._running.add(job.name)
        try:
            await run_due(self._runner, job)
        finally:
            self._running.discard(job.name)


async def work(runner: Runner, jobs: Iterable[Job], stop: asyncio.Event) -> None:
    """Runs *jobs* on their schedule until *stop*, first what came due while no worker was there.

    And every minute what should have run by now and has not: since the worker that began it was killed, the database
    was away, or the clock was set and the scheduler waits for a time that is past.
    """
    scheduled = [job for job in jobs if job.trigger is not None]
    worker = _Worker(runner)
    scheduler = AsyncIOScheduler(timezone="UTC")
    for job in scheduled:
        scheduler.add_job(
            worker.run,
            job.trigger,
            (job,),
            id=job.name,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=LATE_SECONDS,
        )
        await worker.run(job)
    scheduler.start()
    try:
        while not stop.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(CATCH_UP_SECONDS):
                    await stop.wait()
                    break
            for job in scheduled:
                await worker.run(job)
    finally:
        scheduler.shutdown(wait=False)
