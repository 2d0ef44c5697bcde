"""Scoring every topic of every learner anew, against plain scans of the rows that it needs."""

from datetime import timedelta
from io import BytesIO
from itertools import count
from time import perf_counter
from typing import Final

import asyncpg

from bench.databases import postgres_database, product_url
from bench.measure import Comparison, Row, Target, in_turns
from bench.workshop import Workshop
from domain.database import open_database
from domain.reviews.memory import Algorithm
from server.jobs.mastery import score_topics

LEARNERS, FEW_LEARNERS = 100_000, 5_000
TOPICS = 20  # of each learner, with
QUESTIONS = 5  # and
MATERIALS = 2

# Ids that come by chance and are the same in each run, rows in their order, as those of PostgreSQL's own indexes.
LOAD: Final = (
    """
    INSERT INTO learners (id, display_name, joined_at, shares_data, active, cohort_excluded, time_zone)
    SELECT md5('learner ' || n)::uuid, 'Learner ' || n, now() - interval '300 days', true, true, false, 'UTC'
    FROM generate_series(1, $1::int) AS n
    """,
    """
    INSERT INTO topics (id, name, exam_weight)
    SELECT md5('topic ' || n)::uuid, 'Topic ' || n, 5 FROM generate_series(1, $1::int) AS n
    """,
    """
    INSERT INTO topic_materials (topic_id, material_id)
    SELECT id, md5(id || 'material ' || n)::uuid FROM topics, generate_series(1, $1::int) AS n
    """,
    """
    INSERT INTO topic_mastery
        (learner_id, topic_id, attempts, correct, first_attempts, first_correct, interactions, p_known, last_attempt_at)
    SELECT l.id, t.id, 2 * $1::int, $1::int + floor(random() * $1::int), $1::int, floor(random() * $1::int), 2,
        random(), now() - random() * interval '90 days'
    FROM learners l, topics t ORDER BY l.id, t.id
    """,
    """
    INSERT INTO material_completions (learner_id, topic_id, material_id, completion)
    SELECT l.id, m.topic_id, m.material_id, floor(random() * 1000001)
    FROM learners l, topic_materials m WHERE random() < $1::float8 ORDER BY l.id, m.topic_id
    """,
    """
    INSERT INTO review_states (learner_id, topic_id, question_id, reviewed_at, stability, difficulty, easiness,
        interval_days, repetitions, reviews, lapses)
    SELECT l.id, t.id, md5(t.id || 'question ' || n)::uuid, now() - random() * interval '90 days', 1 + 60 * random(),
        5, 2.5, 6, 2, 2, 0
    FROM learners l, topics t, generate_series(1, $1::int) AS n ORDER BY l.id, t.id
    """,
)
READ: Final = (
    "SELECT learner_id, topic_id, first_correct, first_attempts, correct, attempts FROM topic_mastery",
    "SELECT learner_id, topic_id, completion FROM material_completions",
    "SELECT learner_id, topic_id, reviewed_at, stability, interval_days FROM review_states",
)


async def run(workshop: Workshop) -> list[Row]:
    learners = LEARNERS if workshop.heavy else FEW_LEARNERS
    workshop.said(f"loading what {learners:,} learners have shown of {TOPICS} topics each")
    async with postgres_database() as dsn:
        database = open_database(product_url(dsn), statement_seconds=600)
        connection = await asyncpg.connect(dsn)
        for statement, number in zip(LOAD, (learners, TOPICS, MATERIALS, QUESTIONS, 0.5, QUESTIONS), strict=True):
            await connection.execute(statement, number)
        await connection.execute("VACUUM (ANALYZE)")
        nights = count(1)

        async def scored() -> float:
            # The room that last night's rows took is free again by then.
            await connection.execute("VACUUM topic_mastery")
            now = workshop.now + timedelta(days=next(nights))
            started = perf_counter()
            rows = await score_topics(database, Algorithm.FSRS, now)
            seconds = perf_counter() - started
            assert rows == learners * TOPICS, "each has studied every topic"
            return seconds

        async def read() -> float:
            started = perf_counter()
            for statement in READ:
                await connection.copy_from_query(statement, output=BytesIO(), format="binary")
            return perf_counter() - started

        async def written() -> float:
            await connection.execute("VACUUM topic_mastery")
            started = perf_counter()
            await connection.execute(
                "UPDATE topic_mastery SET score = random(), retrieval = random(), scored_at = now()"
            )
            return perf_counter() - started

        try:
            # Freshly loaded pages have no room for new versions of their rows: no night but the first finds them so.
            await scored()
            jobs, reads, writes = await in_turns(max(2, workshop.rounds // 2), scored, read, written)
        finally:
            await connection.close()
            await database.close()
    subject = f"mastery of {learners:,} learners x {TOPICS} topics"
    note = f"{learners * TOPICS:,} scores from {learners * TOPICS * QUESTIONS:,} memories"
    return [
        Comparison(
            subject=subject,
            baseline="scans that hand out the rows it needs (binary COPY)",
            unit="s",
            values=jobs,
            baseline_values=reads,
            target=Target(most=4),
            note=note,
        ),
        Comparison(
            subject=subject,
            baseline="one UPDATE that writes as many rows, computing nothing",
            unit="s",
            values=jobs,
            baseline_values=writes,
            note=note,
        ),
    ]
