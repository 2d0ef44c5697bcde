"""A learner's dashboard over HTTP, among many learners and among few: what figures cost may not depend on the crowd."""

from contextlib import AsyncExitStack
from typing import Final

import asyncpg
import numpy as np

from bench import programs
from bench.databases import postgres_database, product_url
from bench.load import Request, Window, check, window
from bench.mastery import LOAD, MATERIALS, QUESTIONS, TOPICS
from bench.measure import Comparison, Row, Target, in_turns
from bench.people import SEED
from bench.workshop import Workshop
from domain.database import open_database
from domain.readiness.training import Trained, train
from domain.readiness.writes import put_model

FEW, MANY, MANY_WITHOUT_PATIENCE = 1_000, 100_000, 10_000
ASKED = 400  # learners in turn
CONNECTIONS = 4
RESULTS = 400  # that readiness is trained on

DASHBOARD: Final = """
{ viewer {
  mastery(first: 20) { edges { node { topic { name } score pKnown retrievalStrength nextReviewAt } } }
  knowledgeGaps(first: 10) { topic { name } severity priorityScore recommendation }
  reviews(first: 10) { edges { node { topic { name } nextReviewAt dueQuestions } } }
  learningPatterns { currentStreak }
  learningMetrics { accuracy30d studyMinutes30d topicsMastered }
  examReadiness { ... on ExamReadiness { readiness passProbability } ... on Unavailable { reason } }
} }
"""
NIGHT: Final = (
    """
    INSERT INTO daily_user_stats SELECT l.id, current_date - n, 3600000, 3000000, 1, 20, 14, 10, 7, 2, 1,
        0, 0, 0, 0, 0, 0, 0, 23
    FROM learners l, generate_series(1, 30) AS n ORDER BY l.id, n
    """,
    """
    INSERT INTO topic_daily_stats SELECT l.id, t.id, current_date - n * 5, 4, 3, 2, 1
    FROM learners l, topics t, generate_series(1, 5) AS n ORDER BY l.id, t.id, n
    """,
    """
    INSERT INTO user_learning_metrics SELECT id, 600, 420, 600, 420, 600, 420, 300, 210, 108000000, 108000000, 90000000,
        30, 3, 2, 0.6, now() FROM learners ORDER BY id
    """,
    """
    INSERT INTO knowledge_gaps SELECT l.id, t.id, 'HIGH', 0.6, 12.5, 3, json_build_array(t.id)::text, '[]', now()
    FROM learners l, (SELECT id FROM topics ORDER BY id LIMIT 10) t ORDER BY l.id, t.id
    """,
)


async def run(workshop: Workshop) -> list[Row]:
    many = MANY if workshop.heavy else MANY_WITHOUT_PATIENCE
    async with AsyncExitStack() as stack:
        places = []
        for learners in (FEW, many):
            workshop.said(f"loading the dashboards of {learners:,} learners")
            dsn = await stack.enter_async_context(postgres_database())
            ids = await _fill(dsn, learners, workshop)
            url = await stack.enter_async_context(programs.paceline(product_url(dsn)))
            requests = [Request.of(DASHBOARD, {}, workshop.token(id_)) for id_ in ids]
            await check(url, requests, without=["Unavailable", "NOT_COMPUTED", "NO_DATA"])
            places.append((url, requests))

        async def of(place: int) -> Window:
            url, requests = places[place]
            return await window(url, requests, connections=CONNECTIONS, seconds=workshop.seconds)

        among_few, among_many = await in_turns(workshop.rounds, lambda: of(0), lambda: of(1))
    return [
        Comparison(
            subject=f"a dashboard among {many:,} learners, p50",
            baseline=f"the same among {FEW:,}",
            unit="ms",
            values=[one.p50 for one in among_many],
            baseline_values=[one.p50 for one in among_few],
            target=Target(most=1.15),
            note=f"{TOPICS} masteries, 10 gaps, 10 reviews, streak, metrics, readiness; 8 statements; "
            f"{CONNECTIONS} connections, {ASKED} learners in turn",
        )
    ]


async def _fill(dsn: str, learners: int, workshop: Workshop) -> list[str]:
    connection = await asyncpg.connect(dsn)
    try:
        for statement, number in zip(LOAD, (learners, TOPICS, MATERIALS, QUESTIONS, 0.5, QUESTIONS), strict=True):
            await connection.execute(statement, number)
        for statement in NIGHT:
            await connection.execute(statement)
        await connection.execute("VACUUM (ANALYZE)")
        rows = await connection.fetch("SELECT id::text FROM learners ORDER BY random() LIMIT $1", ASKED)
    finally:
        await connection.close()
    database = open_database(product_url(dsn))
    try:
        async with database.write() as writing:
            await put_model(writing, _model(), workshop.now)
    finally:
        await database.close()
    return [row[0] for row in rows]


def _model() -> Trained:
    """A model of exams that nobody sat: what matters here is only what it costs to ask it."""
    rng = np.random.default_rng(SEED)
    matrix = rng.random((RESULTS, 8))
    score = 50 + 40 * (matrix[:, 0] - 0.5) + rng.normal(0, 5, RESULTS)
    trained = train(matrix, score > 50, score, np.arange(RESULTS), version="bench")
    assert isinstance(trained, Trained)
    return trained
