"""All releases of 100 objectives x 4 metrics for 100,000 learners, against plain scans of the rollup table."""

from io import BytesIO
from time import perf_counter

import asyncpg

from bench.databases import postgres_database, product_url
from bench.measure import Comparison, Row, Target, in_turns
from bench.people import Size, load
from bench.workshop import LARGE, RULES, SMALL, Workshop
from domain.database import open_database
from server.jobs.releases import make_releases

COUNTERS = (
    "learner_id, objective_id, responses, comprehension_sum, reasoning_count, reasoning_sum, calibration_count, "
    "calibration_sum, mastery_sum"
)


async def run(workshop: Workshop) -> list[Row]:
    size: Size = LARGE if workshop.rounds > 2 else SMALL
    workshop.said(f"loading the rollups of {size}")
    async with postgres_database() as dsn:
        people = await load(dsn, size, workshop.now, with_responses=False)
        database = open_database(product_url(dsn), statement_seconds=600)
        connection = await asyncpg.connect(dsn)

        async def released() -> float:
            # From nothing each time: that is all of them, and the most there can be to do.
            await connection.execute("DELETE FROM releases; DELETE FROM job_watermarks")
            started = perf_counter()
            made = await make_releases(database, RULES, workshop.now)
            seconds = perf_counter() - started
            assert made > size.objectives, "nearly every cell has fifty learners"
            return seconds

        async def read() -> float:
            started = perf_counter()
            await connection.copy_from_query(
                f"SELECT {COUNTERS} FROM objective_rollups",  # noqa: S608  # the constant above
                output=BytesIO(),
                format="binary",
            )
            return perf_counter() - started

        async def summed() -> float:
            started = perf_counter()
            await connection.fetchrow("SELECT count(*), sum(comprehension_sum) FROM objective_rollups")
            return perf_counter() - started

        try:
            jobs, reads, sums = await in_turns(max(2, workshop.rounds // 2), released, read, summed)
        finally:
            await connection.close()
            await database.close()
    subject = f"all releases of {size.objectives} objectives x 4 metrics"
    note = f"{people.rollups:,} rollups of {size.learners:,} learners"
    return [
        Comparison(
            subject=subject,
            baseline="one scan that hands out the table's rows (binary COPY)",
            unit="s",
            values=jobs,
            baseline_values=reads,
            target=Target(most=3),
            note=note,
        ),
        Comparison(
            subject=subject,
            baseline="one scan that keeps them: `SELECT count(*), sum(...)`, parallel",
            unit="s",
            values=jobs,
            baseline_values=sums,
            note=note,
        ),
    ]
