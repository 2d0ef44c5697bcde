"""The right to run a job, runs' records and watermarks."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from domain.database import Database
from domain.jobs import writes
from domain.jobs.tables import job_runs
from tests.builders import NOW

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)


async def claim(database: Database, holder: str, now: datetime, job: str = "releases") -> bool:
    async with database.write() as writing:
        return await writes.claim(writing, job, holder, now)


async def test_one_holder_at_a_time(database: Database) -> None:
    assert await claim(database, "a", NOW)
    assert not await claim(database, "b", NOW + 4 * MINUTE)
    assert await claim(database, "b", NOW, job="another")


async def test_a_lease_that_is_not_renewed_ends_after_five_minutes(database: Database) -> None:
    assert await claim(database, "dead", NOW)
    assert not await claim(database, "b", NOW + 5 * MINUTE - timedelta(microseconds=1))
    assert await claim(database, "b", NOW + 5 * MINUTE)
    assert not await claim(database, "dead", NOW + 6 * MINUTE)


async def test_a_holder_that_is_heard_of_keeps_its_lease(database: Database) -> None:
    for minute in range(0, 20, 2):
        assert await claim(database, "a", NOW + minute * MINUTE)
        assert not await claim(database, "b", NOW + (minute + 1) * MINUTE)


async def test_a_lease_that_is_given_up_is_free_at_once(database: Database) -> None:
    await claim(database, "a", NOW)
    async with database.write() as writing:
        await writes.give_up(writing, "releases", "a", NOW + MINUTE)
    assert await claim(database, "b", NOW + MINUTE)


async def test_nobody_gives_up_a_lease_of_somebody_else(database: Database) -> None:
    await claim(database, "a", NOW)
    async with database.write() as writing:
        await writes.give_up(writing, "releases", "b", NOW)
    assert not await claim(database, "b", NOW + MINUTE)


async def test_of_many_who_claim_at_once_one_gets_it(database: Database) -> None:
    claims = await asyncio.gather(*(claim(database, f"holder {n}", NOW) for n in range(8)))
    assert claims.count(True) == 1


async def test_a_run_is_recorded_from_start_to_end(database: Database) -> None:
    async with database.write() as writing:
        first = await writes.start_run(writing, "releases", NOW)
        second = await writes.start_run(writing, "releases", NOW + MINUTE)
        await writes.end_run(writing, first, NOW + MINUTE, rows=7, error=None)
    assert first != second
    columns = (job_runs.c.started_at, job_runs.c.ended_at, job_runs.c.rows, job_runs.c.error)
    async with database.read() as reading:
        rows = await reading.rows(select(*columns).order_by(job_runs.c.id))
    assert rows == [(NOW, NOW + MINUTE, 7, None), (NOW + MINUTE, None, None, None)]


async def test_a_watermark_is_absent_then_moves(database: Database) -> None:
    async with database.write() as writing:
        assert await writes.watermark(writing, "releases") is None
        await writes.set_watermark(writing, "releases", NOW)
        await writes.set_watermark(writing, "releases", NOW + MINUTE)
        assert await writes.watermark(writing, "releases") == NOW + MINUTE
        assert await writes.watermark(writing, "another") is None
