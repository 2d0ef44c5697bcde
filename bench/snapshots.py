"""Snapshots of many cohorts by the job, against one grouped statement that works out the same figures by SQL.

The job does more: it puts each figure on its bars, adds noise, and makes the same of each start and of all learners.
"""

from time import perf_counter

import asyncpg

from bench.databases import postgres_database, product_url
from bench.measure import Comparison, Row, Target, in_turns
from bench.workshop import RULES, Workshop
from domain.database import open_database
from server.jobs.ghost import snapshot_cohorts

COHORTS, MEMBERS = 1_000, 1_000
# To see that it works: what a release costs, whatever its size, is then most of the job.
FEW_COHORTS, FEW_MEMBERS = 200, 500
LONG_AGO = 10  # days: the last day with study of any member

LOAD = (
    """
    INSERT INTO cohorts (id, name)
    SELECT md5('cohort ' || n)::uuid, 'Cohort ' || n FROM generate_series(1, $1::int) AS n
    """,
    """
    INSERT INTO learners (id, display_name, joined_at, shares_data, active, cohort_excluded, cohort_id, time_zone,
        target_band, diagnostic_score)
    SELECT md5(c.id || 'learner ' || n)::uuid, 'Learner ' || n, now() - interval '100 days', true, true, false, c.id,
        (ARRAY['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata'])[1 + n % 4],
        7 + (n % 3) / 2.0, 5 + (n % 20) / 10.0
    FROM cohorts c, generate_series(1, $1::int) AS n
    """,
    """
    INSERT INTO activity_totals (learner_id, last_day, streak, study_days, tasks, practice_milliseconds, speaking,
        writing, reading, listening, mock_tests, studied_week, tasks_week_0, tasks_week_1, tasks_week_2, tasks_week_3,
        tasks_week_4, tasks_week_5, tasks_week_6)
    SELECT id, current_date - floor(random() * $1::int)::int, 1 + floor(20 * random() ^ 3)::int,
        10 + floor(random() * 80)::int, t, t * 1500000, t / 4, t / 4, t / 4, t / 5, t / 20,
        1 + 2 * floor(random() * 64)::int, 1, floor(random() * 3)::int, floor(random() * 3)::int,
        floor(random() * 3)::int, floor(random() * 3)::int, floor(random() * 3)::int, floor(random() * 3)::int
    FROM (SELECT id, floor(200 * random() ^ 2)::int AS t FROM learners) AS members
    """,
)
FROM_NOTHING = "DELETE FROM releases; DELETE FROM job_watermarks"
# As of each learner's own today, as the job: so many of the last seven days are still among the last seven.
GROUPED = """
    SELECT cohort_id, count(*), avg(tasks), avg(week), avg(practice_milliseconds / 60000), avg(speaking), avg(writing),
        avg(reading), avg(listening), avg(mock_tests), avg(streak), avg(days),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY streak),
        percentile_cont(0.9) WITHIN GROUP (ORDER BY tasks), percentile_cont(0.75) WITHIN GROUP (ORDER BY tasks)
    FROM (
        SELECT cohort_id, tasks, practice_milliseconds, speaking, writing, reading, listening, mock_tests,
            CASE WHEN since <= 1 THEN streak ELSE 0 END AS streak,
            bit_count((studied_week & ((1 << greatest(0, 7 - since)) - 1))::bit(7)) AS days,
            CASE WHEN since < 7 THEN tasks_week_0 ELSE 0 END + CASE WHEN since < 6 THEN tasks_week_1 ELSE 0 END
                + CASE WHEN since < 5 THEN tasks_week_2 ELSE 0 END + CASE WHEN since < 4 THEN tasks_week_3 ELSE 0 END
                + CASE WHEN since < 3 THEN tasks_week_4 ELSE 0 END + CASE WHEN since < 2 THEN tasks_week_5 ELSE 0 END
                + CASE WHEN since < 1 THEN tasks_week_6 ELSE 0 END AS week
        FROM (
            SELECT activity_totals.*, learners.cohort_id,
                greatest(0, ($1::timestamptz AT TIME ZONE time_zone)::date - last_day) AS since
            FROM activity_totals JOIN learners ON learners.id = learner_id
            WHERE shares_data AND active AND NOT cohort_excluded AND cohort_id IS NOT NULL AND study_days >= 3
        ) AS own
        WHERE since < 14
    ) AS figures
    GROUP BY cohort_id
"""


async def run(workshop: Workshop) -> list[Row]:
    cohorts, members = (COHORTS, MEMBERS) if workshop.rounds > 2 else (FEW_COHORTS, FEW_MEMBERS)
    workshop.said(f"loading {cohorts:,} cohorts of {members:,} members")
    async with postgres_database() as dsn:
        database = open_database(product_url(dsn), statement_seconds=600)
        connection = await asyncpg.connect(dsn)

        async def published() -> float:
            # From nothing each time: that is all of them.
            await connection.execute(FROM_NOTHING)
            started = perf_counter()
            made = await snapshot_cohorts(database, RULES, workshop.now)
            seconds = perf_counter() - started
            assert made >= 10 * cohorts, "ten metrics of each cohort"
            return seconds

        async def grouped() -> float:
            started = perf_counter()
            found = await connection.fetch(GROUPED, workshop.now, timeout=600)
            seconds = perf_counter() - started
            assert len(found) == cohorts
            assert sum(row[1] for row in found) == cohorts * members, "all are active"
            return seconds

        try:
            for statement, arguments in zip(LOAD, ([cohorts], [members], [LONG_AGO]), strict=True):
                await connection.execute(statement, *arguments, timeout=600)
            await connection.execute("VACUUM (ANALYZE)", timeout=600)
            jobs, statements = await in_turns(max(2, workshop.rounds // 2), published, grouped)
        finally:
            await connection.close()
            await database.close()
    return [
        Comparison(
            subject=f"snapshots of {cohorts:,} cohorts x {members:,} members",
            baseline="one grouped statement: averages of ten metrics, one median, two percentiles",
            unit="s",
            values=jobs,
            baseline_values=statements,
            target=Target(most=2),
            note="and of 12 starts and of all learners",
        )
    ]
