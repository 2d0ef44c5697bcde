"""Runs one job under a lease, and keeps a record of the run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import structlog

from domain.audit import writes as audit
from domain.audit.record import Action, AuditRecord
from domain.database import Database
from domain.jobs import writes
from server.clock import Clock
from server.jobs.registry import Job
from server.metrics import JOB_RUNS, JOB_SECONDS

log = structlog.get_logger()

HEARTBEAT_SECONDS = writes.LEASE.total_seconds() / 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Who runs jobs: a process.

    holder: a name that no other process has. operator: whom the audit trail names ("worker", "cli").
    """

    database: Database
    clock: Clock
    holder: str
    operator: str


async def run_job(runner: Runner, job: Job, as_of: datetime, *, once: bool = False) -> int | None:
    """Runs *job* as of an instant; None where it is not ours to run.

    It is not while another process holds its lease, and with *once* when the job has already run for this instant:
    so that of several workers with one schedule only one runs it.
    Returns how many rows changed. What the job raises is recorded by its kind and raised again.
    """
    run_id = await _begin(runner, job, as_of if once else None)
    if run_id is None:
        return None
    rows: int | None = None
    error: str | None = "cancelled"
    try:
        async with _heartbeat(runner, job):
            with JOB_SECONDS.labels(job.name).time():
                rows = await job.run(runner.database, as_of)
        error = None
    except Exception as fault:
        error = type(fault).__name__  # not its text, which may hold values
        raise
    finally:
        JOB_RUNS.labels(job.name, "done" if error is None else "failed").inc()
        await asyncio.shield(_end(runner, job, run_id, rows, error))
    # What an erasure could not scrub, since somebody read or its process ended, is scrubbed within the hour.
    await runner.database.scrub()
    log.info("job ran", job=job.name, rows=rows)
    return rows


async def _begin(runner: Runner, job: Job, scheduled_at: datetime | None) -> int | None:
    now = runner.clock()
    async with runner.database.write() as writing:
        if not await writes.claim(writing, job.name, runner.holder, now):
            return None
        if scheduled_at is not None:
            scheduled = f"{job.name}.schedule"
            reached = await writes.watermark(writing, scheduled)
            if reached is not None and reached >= scheduled_at:
                await writes.give_up(writing, job.name, runner.holder, now)
                return None
            await writes.set_watermark(writing, scheduled, scheduled_at)
        record = AuditRecord.of_operator(now, runner.operator, Action.RUN_JOB, job.name)
        await audit.record(writing, [record])
        return await writes.start_run(writing, job.name, now)


async def _end(runner: Runner, job: Job, run_id: int, rows: int | None, error: str | None) -> None:
    now = runner.clock()
    async with runner.database.write() as writing:
        await writes.end_run(writing, run_id, now, rows=rows, error=error)
        await writes.give_up(writing, job.name, runner.holder, now)


@asynccontextmanager
async def _heartbeat(runner: Runner, job: Job) -> AsyncIterator[None]:
    """Renews the lease while the job runs."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            async with runner.database.write() as writing:
                await writes.claim(writing, job.name, runner.holder, runner.clock())

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
