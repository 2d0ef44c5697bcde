"""Success benchmarks of every band, start, anchor day, metric and share, against reading the achievers' daily rows."""

from io import BytesIO
from itertools import product
from time import perf_counter

import asyncpg

from bench.databases import postgres_database, product_url
from bench.measure import Comparison, Row, Target, in_turns
from bench.snapshots import FROM_NOTHING
from bench.workshop import RULES, Workshop
from domain.database import Database, open_database
from domain.ghost.band import GROUPS, STARTS, TARGETS
from domain.ghost.benchmark import ANCHOR_DAYS, SHARES, SuccessBenchmark, metric_of, success_benchmark
from domain.ghost.metric import ActivityMetric
from domain.ghost.scales import SCALES
from domain.privacy.queries import releases_by_metric
from server.jobs.ghost import benchmark_achievers

ACHIEVERS, FEW_ACHIEVERS = 20_000, 5_000  # the few to see that it works
DAYS = 90
STUDIED = 0.6  # share of these days

LOAD = (
    """
    INSERT INTO learners (id, display_name, joined_at, shares_data, active, cohort_excluded, time_zone, target_band,
        diagnostic_score, final_band)
    SELECT md5('learner ' || n)::uuid, 'Learner ' || n, now() - (100 + n % 200) * interval '1 day', true, true, false,
        (ARRAY['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata'])[1 + n % 4], 7.5, 5 + (n % 20) / 10.0,
        7 + (n % 5) / 2.0
    FROM generate_series(1, $1::int) AS n
    """,
    """
    INSERT INTO daily_user_stats (learner_id, day, study_milliseconds, active_milliseconds, sessions, attempts, correct,
        first_attempts, first_correct, interactions, materials_completed, tasks, practice_milliseconds, speaking,
        writing, reading, listening, mock_tests, events)
    SELECT id, (joined_at AT TIME ZONE time_zone)::date + n, 3600000, 3000000, 1, 20, 14, 10, 7, 2, 1, 1 + n % 3,
        1500000, (n % 4 = 0)::int, (n % 4 = 1)::int, (n % 4 = 2)::int, (n % 4 = 3)::int, (n % 20 = 0)::int, 25
    FROM learners, generate_series(0, $1::int - 1) AS n WHERE random() < $2::float8 ORDER BY id, n
    """,
)
# What the figures are made of, in binary form.
READ = """
    SELECT learner_id, day, tasks, practice_milliseconds, speaking, writing, reading, listening, mock_tests
    FROM daily_user_stats
"""


async def run(workshop: Workshop) -> list[Row]:
    people = ACHIEVERS if workshop.rounds > 2 else FEW_ACHIEVERS
    workshop.said(f"loading the first {DAYS} days of {people:,} achievers")
    async with postgres_database() as dsn:
        database = open_database(product_url(dsn), statement_seconds=600)
        connection = await asyncpg.connect(dsn)

        async def made() -> float:
            # From nothing each time: that is all of them.
            await connection.execute(FROM_NOTHING)
            started = perf_counter()
            await benchmark_achievers(database, RULES, workshop.now)
            found = await _derived(database)
            seconds = perf_counter() - started
            assert found == len(GROUPS) * len(ANCHOR_DAYS) * len(ActivityMetric) * len(SHARES), "every one of them"
            return seconds

        async def read() -> float:
            started = perf_counter()
            await connection.copy_from_query(READ, output=BytesIO(), format="binary")
            return perf_counter() - started

        try:
            learners, days = LOAD
            await connection.execute(learners, people)
            await connection.execute(days, DAYS, STUDIED, timeout=600)
            await connection.execute("VACUUM (ANALYZE)", timeout=600)
            rows = await connection.fetchval("SELECT count(*) FROM daily_user_stats")
            jobs, reads = await in_turns(max(2, workshop.rounds // 2), made, read)
        finally:
            await connection.close()
            await database.close()
    return [
        Comparison(
            subject=f"success benchmarks of {len(TARGETS)} bands x {len(STARTS)} starts x {len(ANCHOR_DAYS)} days x "
            f"{len(ActivityMetric)} metrics x {len(SHARES)} shares",
            baseline="one scan that hands out the achievers' daily rows (binary COPY)",
            unit="s",
            values=jobs,
            baseline_values=reads,
            target=Target(most=5),
            note=f"{rows:,} days of {people:,} achievers",
        )
    ]


async def _derived(database: Database) -> int:
    """How many figures the releases answer with."""
    async with database.read() as reading:
        releases = await releases_by_metric(reading, [metric_of(metric) for metric in SCALES])
    answers = [
        success_benchmark(releases, target=group[0], start=group[1], day_number=day, percent=percent)
        for group, day, percent in product(GROUPS, ANCHOR_DAYS, SHARES)
    ]
    return sum(len(answer.values) for answer in answers if isinstance(answer, SuccessBenchmark))
