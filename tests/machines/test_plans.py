"""How PostgreSQL reads the tables that grow: by an index, or a month at a time, and never from end to end.

The plans are those of real statements with their real parameters, told by PostgreSQL's own auto_explain, on tables of
hundreds of thousands of rows that were analysed.
"""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, cast

import asyncpg
import pytest
from graphql import OperationType, get_operation_ast, parse
from sqlalchemy import func, select

from domain.database import Database
from domain.database.pool import Connection
from domain.database.postgres import PostgresDatabase
from domain.events.tables import EVENTS, MONTHLY, validation_responses
from domain.events.writes import forget_between
from domain.tables import METADATA
from server.demo.examples import Examples
from server.demo.generate import FEWEST_LEARNERS, generate
from server.graphiql.examples import Example, examples
from server.jobs.retention import RANGES, id_ranges
from server.jobs.running import Runner, run_job
from server.quickstart import figure_jobs, load_demo
from tests.builders import (
    NOW,
    PSEUDONYMS,
    a_response,
    a_session,
    a_study_event,
    a_task,
    add_cohort,
    add_learners,
    add_objectives,
    add_topics,
    an_attempt,
    an_id,
    an_interaction,
    store,
)
from tests.client import Served, serving, settings_for

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.postgres,
    pytest.mark.parametrize("engine", ["postgresql"], indirect=True),
]

LEAST_ROWS: Final = 3_000
"""A table of fewer is read from end to end for good reason."""

ENROLLED: Final = 10
"""So many times as many learners as have done something."""

TIMES: Final = 7
"""A statement is planned for its parameters five times, and then perhaps for any."""

EXPLAIN: Final = """
LOAD 'auto_explain';
SET auto_explain.log_min_duration = 0;
SET auto_explain.log_level = notice;
SET auto_explain.log_format = json;
"""

READS: Final = ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Index Scan")

# What grows with learners and their events, and may not be read from end to end for anybody's question.
GROWING: Final = (
    "daily_user_stats",
    "event_ids",
    "learner_rollups",
    "learners",
    "objective_rollups",
    "question_attempts",
    "review_states",
    "session_reports",
    "study_sessions",
    "task_completions",
    "topic_mastery",
    "validation_responses",
    "weekly_user_stats",
)


@dataclass
class Plans:
    """What PostgreSQL told of its plans.

    read: how each table was read, as (kind of scan, whether by a condition of the index), by statement.
    """

    read: dict[str, set[tuple[str, str, bool]]] = field(default_factory=lambda: defaultdict(set))

    def heard(self, _: object, message: Any) -> None:
        head, _, plan = str(message.message).partition("plan:\n")
        if head.startswith("duration:"):
            told = json.loads(plan)
            for node in nodes(told["Plan"]):
                if (node["Node Type"] in READS and "Relation Name" in node) or node["Node Type"] == "Bitmap Index Scan":
                    table = node.get("Relation Name") or node["Index Name"]
                    self.read[told["Query Text"]].add((table, node["Node Type"], "Index Cond" in node))

    def whole(self, tables: Sequence[str]) -> list[str]:
        """Which of these tables were read from end to end, and by what."""
        return [
            f"{kind} of {table}: {statement}"
            for statement, reads in self.read.items()
            for table, kind, by_condition in sorted(reads)
            if not by_condition and any(table.startswith(name) for name in tables)
        ]


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def explain(database: Database, plans: Plans) -> None:
    """Has *plans* be told of every statement that *database* runs from now on, on connections yet to be opened."""
    opened = cast(PostgresDatabase, database)
    connect = opened._connect

    async def connected() -> Connection:
        connection = await connect()
        await connection.execute(EXPLAIN)
        connection.add_log_listener(plans.heard)
        return connection

    opened._pool._connect = connected


async def multiply(url: str, copies: int) -> list[str]:
    """Puts each learner's rows in so many times more, each time under another id; the names of tables that are large.

    Copies are in no cohort: a cohort is as large as ever, however many there are.
    """
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    another = "md5({}::text || number)::uuid"
    try:
        await connection.execute("SET session_replication_role = replica")
        for table in METADATA.sorted_tables:
            names = [column.name for column in table.columns]
            if table.name == "learners":
                changed = {"id": another.format("id"), "cohort_id": "NULL"}
            elif table.name == "event_ids":
                changed = {"event_id": another.format("event_id")}
            elif "learner_id" in names:
                changed = {"learner_id": another.format("learner_id")}
                changed |= {"event_id": another.format("event_id")} if "event_id" in names else {}
            else:
                continue
            if "id" in names and table.name != "learners":
                names.remove("id")  # a number of its own
            # Most of those who are enrolled have not done anything yet.
            times = copies * ENROLLED if table.name == "learners" else copies
            into, values = ", ".join(names), ", ".join(changed.get(name, name) for name in names)
            await connection.execute(
                f"INSERT INTO {table.name} ({into}) SELECT {values} "
                f"FROM {table.name}, generate_series(1, {times}) AS number"
            )
        await connection.execute("ANALYZE")
        rows = await connection.fetch(
            """SELECT coalesce(parent.relname, class.relname)::text AS name, sum(class.reltuples) AS number
            FROM pg_class AS class LEFT JOIN pg_inherits ON inhrelid = class.oid
            LEFT JOIN pg_class AS parent ON parent.oid = inhparent WHERE class.relkind = 'r'
            AND class.relnamespace = 'public'::regnamespace GROUP BY 1"""
        )
        return [name for name, number in rows if number >= LEAST_ROWS]
    finally:
        await connection.close()


async def a_few_learners(database: Database) -> Examples:
    """Two who have done a bit of everything, with what the example queries ask about."""
    cohort_id = await add_cohort(database, "cohort")
    learner_ids = await add_learners(database, ["me", "other"], cohort_id=cohort_id)
    [topic_id, _] = topic_ids = await add_topics(database, ["topic", "another topic"])
    objective_ids = await add_objectives(database, [f"objective {number}" for number in range(5)], topic_id=topic_id)
    for learner_id in learner_ids:
        whose = learner_id[:8]
        await store(
            database,
            [
                *(a_response(learner_id, objective_id) for objective_id in objective_ids),
                *(
                    an_attempt(
                        learner_id,
                        topic_ids[number % 2],
                        f"question {number}",
                        session_id=an_id(f"{whose} {number % 4}"),
                        occurred_at=NOW - timedelta(days=number * 7),
                    )
                    for number in range(12)
                ),
                *(an_interaction(learner_id, topic_id, occurred_at=NOW - timedelta(days=days)) for days in (2, 40)),
                *(a_study_event(learner_id, occurred_at=NOW - timedelta(days=days)) for days in (3, 35)),
                *(a_session(learner_id, f"{whose} {days}", started_at=NOW - timedelta(days=days)) for days in (2, 9)),
                *(a_task(learner_id, occurred_at=NOW - timedelta(days=days)) for days in (1, 5, 12)),
            ],
        )
    me, other = learner_ids
    return Examples(
        learner_id=me,
        other_learner_id=other,
        private_learner_id=other,
        newcomer_id=other,
        at_risk_learner_id=other,
        idle_learner_id=other,
        cohort_id=cohort_id,
        small_cohort_id=cohort_id,
        topic_id=topic_id,
        objective_id=objective_ids[0],
        scarce_objective_id=objective_ids[1],
        new_objective_id=objective_ids[2],
        unreasoned_objective_id=objective_ids[3],
    )


async def night(database: Database, url: str) -> None:
    """Runs all jobs once."""
    runner = Runner(database=database, clock=lambda: NOW, holder="night", operator="cli")
    for job in figure_jobs(settings_for(url)):
        await run_job(runner, job, NOW)


@asynccontextmanager
async def explained(url: str) -> AsyncIterator[tuple[Served, Plans]]:
    """A server all of whose plans are told."""
    plans = Plans()
    async with serving(url) as served:
        explain(served.database, plans)
        yield served, plans


async def ask_everything(served: Served, about: Examples) -> None:
    """Every example query of the IDE, often enough for its lasting plan."""
    asked = examples(
        objective_id=about.objective_id,
        topic_id=about.topic_id,
        learner_id=about.learner_id,
        cohort_id=about.cohort_id,
        now=NOW,
    )
    for example in asked:
        operation = get_operation_ast(parse(example.document))
        if operation is not None and operation.operation is not OperationType.SUBSCRIPTION:
            for _ in range(TIMES):
                await ask(served, about, example)


async def ask(served: Served, about: Examples, example: Example) -> None:
    client = served.learner(about.learner_id) if example.role == "learner" else served.admin()
    answered = await client.post(example.document, example.variables)
    assert answered.status_code == 200, answered.text
    faults = {error["extensions"]["code"] for error in answered.json().get("errors", ())}
    assert faults <= {"BENCHMARK_UNAVAILABLE", "SOURCE_UNAVAILABLE"}, (
        answered.text
    )  # figures of companies are no matter here


# What the examples leave out. Staff ask about many learners at once, for which the same queries have another form.
OF_A_LEARNER: Final = """query ($topic: ID!) {
  viewer {
    mastery(first: 50, minScore: 0) { totalCount edges { node { score topic { name } } } }
    topicMastery(topicId: $topic) { score forgettingCurve(days: 7) }
    difficultyPerformance(topicId: $topic) { ... on DifficultyPerformance { ranking } }
    reviews(first: 50) { totalCount }
    learningMetrics { computedAt }
  }
  topic(id: $topic) {
    parent { id } children { id } prerequisites { id } related { id } itemAnalysis(first: 5) { questionId }
  }
  topics(first: 5) { totalCount edges { node { id } } }
  peerBenchmark { __typename }
  topPerformers { __typename }
}"""
OF_A_COHORT: Final = """query ($cohort: ID!, $topic: ID!, $objective: ID!) {
  cohort(id: $cohort) {
    hardestTopics { topic { id } }
    learners(first: 20) {
      totalCount
      edges {
        node {
          peerStanding(objectiveId: $objective) { __typename }
          peerProfile(objectiveId: $objective) { __typename }
          objectiveScores(first: 3) { totalCount edges { node { score } } }
          topicMastery(topicId: $topic) { score }
          mastery(first: 5) { totalCount }
          reviews(first: 5) { totalCount }
          reviewForecast(days: 7) { day }
          knowledgeGaps(first: 3) { severity }
          examReadiness { __typename }
          dailyStats(from: "2026-11-01", to: "2026-11-18") { day }
          weeklyStats(from: "2026-10-01", to: "2026-11-18") { weekStart }
          learningMetrics { computedAt }
          learningPatterns { __typename }
          studyEfficiency { __typename }
          ghost { visible messages { text } }
        }
      }
    }
  }
  jobRuns(first: 5) { job }
  readinessReport { __typename }
}"""


async def ask_the_rest(served: Served, about: Examples) -> None:
    names = {"topic": about.topic_id, "objective": about.objective_id, "cohort": about.cohort_id}
    for _ in range(TIMES):
        await served.learner(about.learner_id).data(OF_A_LEARNER, {"topic": about.topic_id})
        await served.admin().data(OF_A_COHORT, names)


async def test_retention_finds_what_is_old_by_an_index(database: Database, database_url: str) -> None:
    await a_few_learners(database)
    await multiply(database_url, 4_000)
    async with explained(database_url) as (served, plans), served.database.write() as writing:
        deleted = [await forget_between(writing, *ids, NOW - timedelta(days=9)) for ids in id_ranges(RANGES)]
    assert sum(deleted) > 4_000
    assert plans.whole([table.name for table in EVENTS if table not in MONTHLY]) == []


async def test_no_example_query_reads_a_growing_table_from_end_to_end(database: Database, database_url: str) -> None:
    about = await a_few_learners(database)
    await night(database, database_url)
    large = await multiply(database_url, 4_000)
    assert set(GROWING) <= set(large)
    async with explained(database_url) as (served, plans):
        await ask_everything(served, about)
        await ask_the_rest(served, about)
        assert plans.whole(large) == []
        assert len(plans.read) > 30, "plans were told"
        # And one that no index serves is found out.
        async with served.database.read() as reading:
            await reading.rows(select(func.count()).where(validation_responses.c.score > 2))
        [found] = plans.whole(large)
        assert found.startswith("Seq Scan of validation_responses_2026_11: SELECT count")


@pytest.mark.heavy
async def test_nor_does_it_where_learners_have_done_more(database: Database, database_url: str) -> None:
    data = generate(learners=FEWEST_LEARNERS, until=NOW)
    await load_demo(database, PSEUDONYMS, data, NOW)
    await night(database, database_url)
    large = await multiply(database_url, 40)
    assert set(GROWING) <= set(large)
    async with explained(database_url) as (served, plans):
        await ask_everything(served, data.example)
        await ask_the_rest(served, data.example)
    assert plans.whole(large) == []
