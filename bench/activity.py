"""Figures by day, topic and week: one day that is counted anew, and all of them, against plain statements.

Attempts come in sittings of ten, over a year, in learners' own time zones.
"""

from datetime import timedelta
from time import perf_counter

import asyncpg

from bench.databases import postgres_database, product_url
from bench.measure import Comparison, Row, Target, in_turns
from bench.workshop import Workshop
from domain.database import Database, open_database
from domain.events.tables import MONTHLY
from server.jobs.activity import count_days, count_topic_days, count_weeks, recount_all

ATTEMPTS_OF_LEARNER = 500
SITTING = 10  # attempts, half a minute each
DAYS = 365
TOPICS = 20

LOAD = (
    """
    INSERT INTO learners (id, display_name, joined_at, shares_data, active, cohort_excluded, time_zone)
    SELECT gen_random_uuid(), 'Learner ' || place, now(), true, true, false,
        (ARRAY['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata'])[1 + place % 4]
    FROM generate_series(1, $1::int) AS place
    """,
    """
    INSERT INTO topics (id, name, exam_weight)
    SELECT gen_random_uuid(), 'Topic ' || place, 5 FROM generate_series(1, $1::int) AS place
    """,
    """
    INSERT INTO question_attempts (learner_id, occurred_at, event_id, question_id, topic_id, difficulty, mode, correct,
        attempt_number, time_to_answer)
    SELECT learner_id, began_at + place * interval '30 seconds', gen_random_uuid(), gen_random_uuid(), topic_id,
        'MEDIUM', 'STANDARD', random() < 0.6, 1 + (random() < 0.3)::int, random() * 60
    FROM (
        SELECT learners.id AS learner_id, $1::timestamptz - random() * $2::int * interval '1 day' AS began_at,
            (ARRAY(SELECT id FROM topics))[1 + floor(random() * $3::int)::int] AS topic_id
        FROM learners, generate_series(1, $4::int)
    ) AS sittings, generate_series(1, $5::int) AS place
    ORDER BY 2
    """,
)
EMPTY = "TRUNCATE daily_user_stats, weekly_user_stats, topic_daily_stats"
FIRST = "attempt_number = 1"
DAY = "(occurred_at AT TIME ZONE time_zone)::date"
MARK = f"""
    INSERT INTO stale_days SELECT DISTINCT learner_id, {DAY}
    FROM question_attempts JOIN learners ON learners.id = learner_id WHERE {DAY} = $1
"""  # noqa: S608  # the constant above
PLAIN = (
    f"""
    INSERT INTO daily_user_stats
    SELECT learner_id, {DAY},
        coalesce(sum(floor(time_to_answer * 1000 + 0.5)::bigint) FILTER (WHERE session_id IS NULL), 0),
        coalesce(sum(floor(time_to_answer * 1000 + 0.5)::bigint) FILTER (WHERE session_id IS NULL), 0),
        0, count(*), count(*) FILTER (WHERE correct), count(*) FILTER (WHERE {FIRST}),
        count(*) FILTER (WHERE {FIRST} AND correct), 0, 0, 0, 0, 0, 0, 0, 0, 0, count(*)
    FROM question_attempts JOIN learners ON learners.id = learner_id
    GROUP BY 1, 2
    """,  # noqa: S608  # the constants above
    f"""
    INSERT INTO topic_daily_stats
    SELECT learner_id, topic_id, {DAY}, count(*), count(*) FILTER (WHERE correct), count(*) FILTER (WHERE {FIRST}),
        count(*) FILTER (WHERE {FIRST} AND correct)
    FROM question_attempts JOIN learners ON learners.id = learner_id
    GROUP BY 1, 2, 3
    """,  # noqa: S608  # as above
    """
    INSERT INTO weekly_user_stats
    SELECT learner_id, date_trunc('week', day)::date, sum(study_milliseconds), sum(active_milliseconds), count(*),
        sum(sessions), sum(attempts), sum(correct), sum(tasks)
    FROM daily_user_stats
    GROUP BY 1, 2
    """,
)


async def run(workshop: Workshop) -> list[Row]:
    attempts = 10_000_000 if workshop.heavy else 1_000_000
    workshop.said(f"loading {attempts:,} attempts")
    day = (workshop.now - timedelta(days=DAYS // 2)).date()
    async with postgres_database() as dsn:
        database = open_database(product_url(dsn), statement_seconds=1200)
        connection = await asyncpg.connect(dsn)

        async def full() -> float:
            await connection.execute(EMPTY)
            started = perf_counter()
            await recount_all(database, workshop.now)
            return perf_counter() - started

        async def plain() -> float:
            await connection.execute(EMPTY)
            started = perf_counter()
            async with connection.transaction():
                for statement in PLAIN:
                    await connection.execute(statement)
            return perf_counter() - started

        async def one_day() -> float:
            await connection.execute(MARK, day)
            started = perf_counter()
            counted = sum(
                [await count(database, workshop.now) for count in (count_days, count_topic_days, count_weeks)]
            )
            seconds = perf_counter() - started
            assert counted > 0, "somebody studied on that day"
            return seconds

        async def day_of_all() -> float:
            started = perf_counter()
            counted = await recount_all(database, workshop.now, day)
            seconds = perf_counter() - started
            assert counted >= attempts // ATTEMPTS_OF_LEARNER, "the day of every learner"
            return seconds

        try:
            await _load(database, connection, workshop, attempts)
            plains, fulls, days, days_of_all = await in_turns(
                max(2, workshop.rounds // 2), plain, full, one_day, day_of_all
            )
        finally:
            await connection.close()
            await database.close()
    note = f"{attempts:,} attempts of {attempts // ATTEMPTS_OF_LEARNER:,} learners over {DAYS} days"
    everything = "all figures by day, topic and week counted anew"
    return [
        Comparison(
            subject="those of one own day, of the learners who studied on it",
            baseline=everything,
            unit="s",
            values=days,
            baseline_values=fulls,
            target=Target(most=0.03),
            note=note,
        ),
        Comparison(
            subject="those of one own day, of all learners",
            baseline=everything,
            unit="s",
            values=days_of_all,
            baseline_values=fulls,
            note=note,
        ),
        Comparison(
            subject=everything,
            baseline="bare `INSERT ... SELECT ... GROUP BY` of attempts alone",
            unit="s",
            values=fulls,
            baseline_values=plains,
            target=Target(most=1.3),
            note=note,
        ),
    ]


async def _load(
    database: Database, connection: "asyncpg.Connection[asyncpg.Record]", workshop: Workshop, attempts: int
) -> None:
    async with database.write() as writing:
        for table in MONTHLY:
            await writing.make_months(table, [workshop.now - timedelta(days=back) for back in range(-1, DAYS + 2)])
    sittings = ATTEMPTS_OF_LEARNER // SITTING
    learners, topics, made = LOAD
    await connection.execute(learners, attempts // ATTEMPTS_OF_LEARNER)
    await connection.execute(topics, TOPICS)
    await connection.execute(made, workshop.now, DAYS, TOPICS, sittings, SITTING, timeout=1200)
    await connection.execute("VACUUM (ANALYZE)", timeout=1200)
    await connection.execute("CHECKPOINT")
