"""Performance by difficulty of a learner with 10,000 attempts, against reading the attempts and doing no more."""

from contextlib import AsyncExitStack
from datetime import timedelta
from io import BytesIO
from time import perf_counter
from typing import Final

import asyncpg

from bench import programs
from bench.databases import postgres_database, product_url
from bench.load import Request, check, window
from bench.measure import Comparison, Row, Target, in_turns
from bench.workshop import Workshop
from domain.catalog.queries import topic_by_id
from domain.database import Database, open_database
from domain.events.attempt import LearningMode
from domain.events.writes import make_months
from domain.performance.attempts import AttemptsByDifficulty
from domain.performance.difficulty import performance
from domain.performance.queries import AttemptsKey, attempts_by_key
from domain.performance.registry import Registry

ATTEMPTS = 10_000
QUESTIONS = 2_000
OTHERS = 50  # learners with as many attempts each
DAYS = 300
AT_ONCE = 10  # one after the other, for one value

LOAD: Final = (
    """
    INSERT INTO learners (id, display_name, joined_at, shares_data, active, cohort_excluded, time_zone)
    SELECT md5('learner ' || n)::uuid, 'Learner ' || n, now() - interval '300 days', true, true, false, 'UTC'
    FROM generate_series(0, $1::int) AS n
    """,
    "INSERT INTO topics (id, name, exam_weight) VALUES (md5('topic')::uuid, 'Topic', 5)",
    """
    INSERT INTO question_attempts (learner_id, occurred_at, event_id, question_id, topic_id, difficulty, mode, correct,
        attempt_number, time_to_answer)
    SELECT l.id, now() - n * interval '1 day' * $3::int / $1, md5(l.id || 'event ' || n)::uuid,
        md5('question ' || n % $2::int)::uuid, md5('topic')::uuid, (ARRAY['EASY', 'MEDIUM', 'HARD'])[1 + n % 3],
        'STANDARD', random() < 0.6, 1 + n / $2::int, 60 * random()
    FROM learners l, generate_series(1, $1::int) AS n ORDER BY l.id, n
    """,
)
NEEDED: Final = "question_id, difficulty, correct, attempt_number, occurred_at, time_to_answer, confidence"
ROWS: Final = f"""
    SELECT {NEEDED} FROM question_attempts
    WHERE learner_id = md5('learner 0')::uuid AND topic_id = md5('topic')::uuid AND mode = 'STANDARD'
"""  # noqa: S608  # of the two lines above
ASKED: Final = """
query ($topic: ID!) { viewer { difficultyPerformance(topicId: $topic) { ... on DifficultyPerformance {
  passed failed ranking byDifficulty { difficulty score questions attempts averageAttempts completion }
} } } }
"""


async def run(workshop: Workshop) -> list[Row]:
    workshop.said(f"loading {OTHERS + 1} learners with {ATTEMPTS:,} attempts each")
    async with AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(postgres_database())
        database = open_database(product_url(dsn), statement_seconds=600)
        connection = await asyncpg.connect(dsn)
        try:
            learner_id, topic_id = await _fill(database, connection, workshop)
            key = AttemptsKey(learner_id, topic_id, LearningMode.STANDARD)

            async def ours() -> float:
                started = perf_counter()
                for _ in range(AT_ONCE):
                    async with database.read() as reading:
                        topics = await topic_by_id(reading, [topic_id])
                        found = await attempts_by_key(reading, [key])
                    given = AttemptsByDifficulty(by_difficulty=found[key])
                    shown = performance(Registry(), topics[topic_id], key.mode, given)
                    assert sum(one.attempts for one in shown.by_difficulty) == ATTEMPTS
                return 1000 * (perf_counter() - started) / AT_ONCE

            async def rows() -> float:
                started = perf_counter()
                for _ in range(AT_ONCE):
                    assert len(await connection.fetch(ROWS)) == ATTEMPTS
                return 1000 * (perf_counter() - started) / AT_ONCE

            async def copied() -> float:
                started = perf_counter()
                for _ in range(AT_ONCE):
                    await connection.copy_from_query(ROWS, output=BytesIO(), format="binary")
                return 1000 * (perf_counter() - started) / AT_ONCE

            url = await stack.enter_async_context(programs.paceline(product_url(dsn)))
            request = Request.of(ASKED, {"topic": topic_id}, workshop.token(learner_id))
            await check(url, [request], without=["Unavailable", "NO_DATA"])

            async def served() -> float:
                return (await window(url, [request], connections=1, seconds=workshop.seconds)).p50

            answers, computed, fetched, copies = await in_turns(workshop.rounds, served, ours, rows, copied)
        finally:
            await connection.close()
            await database.close()
    note = f"{ATTEMPTS:,} attempts at {QUESTIONS:,} questions within {DAYS} days, among {OTHERS} learners with as many"
    subject = f"performance by difficulty of {ATTEMPTS:,} attempts"
    return [
        Comparison(
            subject=f"{subject}, over HTTP, p50",
            baseline="its rows by asyncpg's `fetch`",
            unit="ms",
            values=answers,
            baseline_values=fetched,
            target=Target(most=3),
            note=note,
        ),
        Comparison(
            subject=f"{subject}, read and computed",
            baseline="its rows by asyncpg's `fetch`",
            unit="ms",
            values=computed,
            baseline_values=fetched,
            note="the topic read too",
        ),
        Comparison(
            subject=f"{subject}, read and computed",
            baseline="its rows by binary COPY, which makes no values of them",
            unit="ms",
            values=computed,
            baseline_values=copies,
            target=Target(most=3),
            note="the topic read too",
        ),
    ]


async def _fill(
    database: Database, connection: "asyncpg.Connection[asyncpg.Record]", workshop: Workshop
) -> tuple[str, str]:
    """The ids of the learner that is asked about, and of the topic."""
    async with database.write() as writing:
        await make_months(writing, [workshop.now - timedelta(days=back) for back in range(DAYS + 32)])
    await connection.execute(LOAD[0], OTHERS)
    await connection.execute(LOAD[1])
    await connection.execute(LOAD[2], ATTEMPTS, QUESTIONS, DAYS)
    await connection.execute("VACUUM (ANALYZE)")
    learner_id = await connection.fetchval("SELECT md5('learner 0')::uuid::text")
    topic_id = await connection.fetchval("SELECT id::text FROM topics")
    return learner_id, topic_id
