"""Runs one job under a lease, and keeps a record of the run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog

from domain.audit import writes as audit
from domain.audit.record import Action, AuditRecord
from domain.database import Database, Reading
from domain.errors import DatabaseUnavailable
from domain.jobs import writes
from server.announcements.announcer import Announcer
from server.clock import Clock
from server.jobs.registry import Job
from server.metrics import JOB_RUNS, JOB_SECONDS
from server.traced_database import span_of

log = structlog.get_logger()

HEARTBEAT_SECONDS = writes.LEASE.total_seconds() / 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Who runs jobs: a process.

    holder: a name that no other process has. operator: whom the audit trail names ("worker", "cli").
    announcer: tells servers what changed; None where none can be running.
    """

    database: Database
    clock: Clock
    holder: str
    operator: str
    announcer: Announcer | None = None


class LeaseLost(Exception):
    """Another process has taken the job over, since ours was not heard of for too long."""


async def run_job(runner: Runner, job: Job, as_of: datetime, *, once: bool = False) -> int | None:
    """Runs *job* as of an instant; None where it is not ours to run.

    It is not while another process holds its lease, and with *once* when the job has already run for this instant:
    so that of several workers with one schedule only one runs it. A run that its process did not survive, or that the
    database went away under, does not count: it is left to whoever comes next.
    Returns how many rows changed. What the job raises is recorded by its kind and raised again.
    """
    scheduled_at = as_of if once else None
    run_id = await _begin(runner, job, scheduled_at)
    if run_id is None:
        return None
    rows: int | None = None
    error: str | None = "cancelled"
    over = False
    try:
        async with _heartbeat(runner, job):
            with JOB_SECONDS.labels(job.name).time(), span_of(runner.database, f"job {job.name}"):
                rows = await job.run(runner.database, as_of)
        error, over = None, True
    except Exception as fault:
        error = type(fault).__name__  # not its text, which may hold values
        over = not isinstance(fault, TO_REPEAT)
        raise
    finally:
        JOB_RUNS.labels(job.name, "done" if error is None else "failed").inc()
        # One that failed may have changed something before.
        if job.shown and runner.announcer is not None and (rows or error is not None):
            runner.announcer.announce_everybody()
        await asyncio.shield(_end(runner, job, run_id, rows, error, scheduled_at if over else None))
    # What an erasure could not scrub, since somebody read or its process ended, is scrubbed within the hour.
    await runner.database.scrub()
    log.info("job ran", job=job.name, rows=rows)
    return rows


TO_REPEAT = (DatabaseUnavailable, LeaseLost)


async def has_run(runner: Runner, job: Job, scheduled_at: datetime) -> bool:
    """Whether *job* has run for the instant that it was scheduled at."""
    async with runner.database.read() as reading:
        return await _has_run(reading, runner, job, scheduled_at)


async def _has_run(reading: Reading, runner: Runner, job: Job, scheduled_at: datetime) -> bool:
    reached = await writes.watermark(reading, _schedule(job))
    # What is scheduled comes before the present. A clock that ran ahead and was set right would else stop the job
    # until the wrong time has come.
    return reached is not None and scheduled_at <= reached <= runner.clock() + writes.LEASE


def _schedule(job: Job) -> str:
    return f"{job.name}.schedule"


async def _begin(runner: Runner, job: Job, scheduled_at: datetime | None) -> int | None:
    now = runner.clock()
    async with runner.database.write() as writing:
        if not await writes.claim(writing, job.name, runner.holder, now):
            return None
        if scheduled_at is not None and await _has_run(writing, runner, job, scheduled_at):
            await writes.give_up(writing, job.name, runner.holder, now)
            return None
        record = AuditRecord.of_operator(now, runner.operator, Action.RUN_JOB, job.name)
        await audit.record(writing, [record])
        return await writes.start_run(writing, job.name, now)


async def _end(
    runner: Runner, job: Job, run_id: int, rows: int | None, error: str | None, scheduled_at: datetime | None
) -> None:
    now = runner.clock()
    async with runner.database.write() as writing:
        await writes.end_run(writing, run_id, now, rows=rows, error=error)
        if scheduled_at is not None:
            await writes.set_watermark(writing, _schedule(job), scheduled_at)
        await writes.give_up(writing, job.name, runner.holder, now)


@asynccontextmanager
async def _heartbeat(runner: Runner, job: Job) -> AsyncIterator[None]:
    """Renews the lease while the job runs. Raises LeaseLost in the block when somebody else has it."""
    lease = asyncio.timeout(None)
    try:
        async with lease:
            task = asyncio.create_task(_beat(runner, job, lease))
            try:
                yield
            finally:
                task.cancel()
                await asyncio.wait([task])
    except TimeoutError:
        if lease.expired():
            raise LeaseLost from None
        raise


async def _beat(runner: Runner, job: Job, lease: asyncio.Timeout) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        try:
            async with runner.database.write() as writing:
                held = await writes.claim(writing, job.name, runner.holder, runner.clock())
        except DatabaseUnavailable:
            continue  # the job will notice; if it does not, the next beat may come in time
        if not held:
            lease.reschedule(asyncio.get_running_loop().time())
            return
