"""A full ghost report over HTTP, among many learners and among few: what it costs may not depend on the crowd."""

from contextlib import AsyncExitStack
from typing import Final

import asyncpg
import httpx

from bench import programs
from bench.databases import postgres_database, product_url
from bench.load import Request, Window, check, window
from bench.measure import Comparison, Row, Target, in_turns
from bench.workshop import RULES, Workshop
from domain.database import open_database
from server.app import create_app
from server.jobs.activity import count_totals
from server.jobs.ghost import benchmark_achievers, snapshot_cohorts
from server.settings import Settings

FEW, MANY, MANY_WITHOUT_PATIENCE = 1_000, 100_000, 10_000
COHORT = 100  # learners
DAY = 60  # of everybody's journey but the achievers'
ACHIEVERS = 500
ASKED = 400  # learners in turn
CONNECTIONS = 4
MOST_STATEMENTS = 6

REPORT: Final = """
{ viewer { ghost(context: WEEKLY_REPORT) {
  visible priority
  activity { tasksCompleted tasksThisWeek practiceMinutes currentStreak dayInJourney }
  successBenchmark {
    ... on SuccessBenchmark { dayNumber successPercentile values { metric value } sampleSize }
    ... on Unavailable { reason }
  }
  cohortComparison {
    ... on CohortComparison {
      percentileRank
      snapshot { population activeMembers averages { metric value } medianStreak top10PercentTasks top25PercentTasks }
    }
    ... on Unavailable { reason }
  }
  messages { kind metric position tone yours theirs text }
  catchUp { tasksToday minutesToday }
} } }
"""
# That chance depends on n lets PostgreSQL throw its die once a day, and not once a learner.
LOAD: Final = (
    """
    INSERT INTO cohorts (id, name)
    SELECT md5('cohort ' || n)::uuid, 'Cohort ' || n FROM generate_series(0, $1::int / $2::int - 1) AS n
    """,
    """
    INSERT INTO learners (id, display_name, joined_at, shares_data, active, cohort_excluded, cohort_id, time_zone,
        target_band, diagnostic_score)
    SELECT md5('learner ' || n)::uuid, 'Learner ' || n, now() - ($3::int - 1) * interval '1 day', true, true, false,
        md5('cohort ' || n / $2::int)::uuid, 'UTC', 7.5, 6
    FROM generate_series(0, $1::int - 1) AS n
    """,
    """
    INSERT INTO learners (id, display_name, joined_at, shares_data, active, cohort_excluded, time_zone, target_band,
        diagnostic_score, final_band)
    SELECT md5('achiever ' || n)::uuid, 'Achiever ' || n, now() - interval '200 days', true, true, false, 'UTC', 7.5,
        6, 8
    FROM generate_series(1, $1::int) AS n
    """,
    """
    INSERT INTO daily_user_stats (learner_id, day, study_milliseconds, active_milliseconds, sessions, attempts, correct,
        first_attempts, first_correct, interactions, materials_completed, tasks, practice_milliseconds, speaking,
        writing, reading, listening, mock_tests, events)
    SELECT id, joined_at::date + n, 3600000, 3000000, 1, 20, 14, 10, 7, 2, 1, 1 + n % 3,
        1500000, (n % 4 = 0)::int, (n % 4 = 1)::int, (n % 4 = 2)::int, (n % 4 = 3)::int, (n % 20 = 0)::int, 25
    FROM learners, generate_series(0, 90) AS n
    WHERE joined_at::date + n <= current_date AND random() + 0 * n < 0.4 + 0.5 * abs(hashtext(id::text) % 100) / 100
    ORDER BY id, n
    """,
    "INSERT INTO stale_totals SELECT id FROM learners",
)


async def run(workshop: Workshop) -> list[Row]:
    many = MANY if workshop.heavy else MANY_WITHOUT_PATIENCE
    async with AsyncExitStack() as stack:
        places = []
        for learners in (FEW, many):
            workshop.said(f"loading {learners:,} learners, and what is published of them")
            dsn = await stack.enter_async_context(postgres_database())
            requests = [Request.of(REPORT, {}, workshop.token(id_)) for id_ in await _fill(dsn, learners, workshop)]
            # The first one makes the plans that are kept with the document, which is not a statement of the others.
            statements = (await _statements(dsn, requests[:2]))[-1]
            url = await stack.enter_async_context(programs.paceline(product_url(dsn)))
            await check(url, requests, without=["reason"])
            places.append((url, requests, statements))

        async def of(place: int) -> Window:
            url, requests, _ = places[place]
            return await window(url, requests, connections=CONNECTIONS, seconds=workshop.seconds)

        among_few, among_many = await in_turns(workshop.rounds, lambda: of(0), lambda: of(1))
    return [
        Comparison(
            subject=f"a full ghost report among {many:,} learners, p50",
            baseline=f"the same among {FEW:,}",
            unit="ms",
            values=[one.p50 for one in among_many],
            baseline_values=[one.p50 for one in among_few],
            target=Target(most=1.15),
            note=f"day {DAY}; {CONNECTIONS} connections, {ASKED} learners in turn",
        ),
        Comparison(
            subject="SQL statements for a full ghost report",
            baseline="as many as it may have",
            unit="statements",
            values=[statements for _, _, statements in places],
            baseline_values=[MOST_STATEMENTS] * len(places),
            target=Target(most=1),
        ),
    ]


async def _fill(dsn: str, learners: int, workshop: Workshop) -> list[str]:
    connection = await asyncpg.connect(dsn)
    try:
        arguments: tuple[list[int], ...] = ([learners, COHORT], [learners, COHORT, DAY], [ACHIEVERS], [], [])
        for statement, values in zip(LOAD, arguments, strict=True):
            await connection.execute(statement, *values, timeout=600)
        await connection.execute("VACUUM (ANALYZE)", timeout=600)
        rows = await connection.fetch(
            "SELECT id::text FROM learners WHERE final_band IS NULL ORDER BY random() LIMIT $1", ASKED
        )
    finally:
        await connection.close()
    database = open_database(product_url(dsn), statement_seconds=600)
    try:
        await count_totals(database, workshop.now)
        for publish in (snapshot_cohorts, benchmark_achievers):
            await publish(database, RULES, workshop.now)
    finally:
        await database.close()
    return [row[0] for row in rows]


async def _statements(dsn: str, requests: list[Request]) -> list[int]:
    """How many statements each of *requests* takes, one after the other."""
    values = {name.removeprefix("PACELINE_").lower(): value for name, value in programs.SETTINGS.items()}
    app = create_app(Settings(_env_file=None, database_url=product_url(dsn), **values))  # type: ignore[call-arg, arg-type]  # as text
    statements: list[str] = []
    app.state.database.watch = statements.append
    counts = []
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client,
    ):
        for request in requests:
            statements.clear()
            headers = {"content-type": "application/json", "authorization": f"Bearer {request.token}"}
            answer = await client.post("/graphql", content=request.body, headers=headers)
            assert answer.json()["data"]["viewer"]["ghost"]["messages"], "the report has something to say"
            counts.append(len(statements))
    return counts
