"""One night of all jobs, in a process of its own that kills itself at a given statement."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from domain.database import open_database
from server.jobs import activity, mastery
from server.jobs.registry import registered
from server.jobs.running import Runner, run_job
from tests.builders import EXACT, NOW


@contextmanager
def small_chunks() -> Iterator[None]:
    """While this lasts a night has many transactions to be killed between."""
    kept = activity.KEYS_AT_ONCE, activity.LEARNERS_AT_ONCE, mastery.LEARNERS_AT_ONCE
    activity.KEYS_AT_ONCE, activity.LEARNERS_AT_ONCE, mastery.LEARNERS_AT_ONCE = 40, 7, 7
    try:
        yield
    finally:
        activity.KEYS_AT_ONCE, activity.LEARNERS_AT_ONCE, mastery.LEARNERS_AT_ONCE = kept


async def night(url: str, holder: str, *, killed_at: int | None = None, hours: int = 0) -> int:
    """Runs every job of a night as of NOW; returns how many statements that took.

    killed_at: the process ends at that statement, as by kill -9. hours: how much later the clock is, for leases.
    """
    statements = 0

    def count(_: str) -> None:
        nonlocal statements
        statements += 1
        if statements == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    database = open_database(url)
    database.watch = count
    try:
        runner = Runner(database=database, clock=lambda: NOW + timedelta(hours=hours), holder=holder, operator="worker")
        with small_chunks():
            for job in registered(EXACT).values():
                if job.trigger is not None:
                    await run_job(runner, job, NOW)
    finally:
        await database.close()
    return statements


if __name__ == "__main__":
    asyncio.run(night(sys.argv[1], f"killed at {sys.argv[2]}", killed_at=int(sys.argv[2]), hours=int(sys.argv[3])))
