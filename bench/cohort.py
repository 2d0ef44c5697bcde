"""50 learners of a cohort with 12 objective scores each, against PostGraphile over the same tables.

The educator's request leaves an audit record for each learner, which no peer does.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import asyncpg
import httpx

from bench import programs
from bench.load import Request, Window, check, window
from bench.measure import Comparison, NotMeasured, Row, Target, in_turns
from bench.node import NoNode, installed
from bench.people import Population
from bench.programs import SETTINGS
from bench.questions import cohort_scores
from bench.workshop import SMALL, Filled, Workshop
from server.app import create_app
from server.settings import Settings

HEARD_SECONDS = 1.0  # more than it takes until a process knows that it hears of changes, and keeps
LEARNERS = 50
CONNECTIONS = 16
SUBJECT = f"{LEARNERS} learners of a cohort with 12 `objectiveScores` each"

POSTGRAPHILE: Final = """
query Scores($cohort: UUID!, $learners: Int!) {
  cohortByRowId(rowId: $cohort) {
    learnersByCohortId(first: $learners, orderBy: [DISPLAY_NAME_ASC, ROW_ID_ASC]) {
      nodes {
        rowId
        displayName
        objectiveRollupsByLearnerId(first: 12) {
          nodes { objectiveByObjectiveId { rowId name } responses comprehensionSum }
        }
      }
    }
  }
}
"""

MERCURIUS: Final = """
query Scores($cohort: ID!, $learners: Int!) {
  cohort(id: $cohort) {
    learners(first: $learners) { id displayName scores(first: 12) { objective { id name } score responses } }
  }
}
"""

# PostGraphile takes relations from foreign keys, or from such comments.
RELATIONS = """
COMMENT ON TABLE objective_rollups IS E'@foreignKey (learner_id) references learners (id)\\n'
    '@foreignKey (objective_id) references objectives (id)'
"""


async def run(workshop: Workshop) -> list[Row]:
    filled = await workshop.filled(SMALL)
    rows = await _compared(workshop, filled)
    return [*rows, *await _statements(workshop, filled)]


async def _compared(workshop: Workshop, filled: Filled) -> list[Row]:
    connection = await asyncpg.connect(filled.dsn)
    await connection.execute(RELATIONS)
    await connection.close()
    requests = cohort_scores(workshop, filled.people, LEARNERS)
    try:
        async with (
            installed() as peers,
            programs.paceline(filled.url) as ours,
            peers.server("postgraphile", filled.dsn) as postgraphile,
            peers.server("mercurius", filled.dsn) as mercurius,
        ):
            return await _rows(workshop, requests, filled.people, ours, postgraphile, mercurius)
    except NoNode as why:
        return [NotMeasured(subject=SUBJECT, why=str(why))]


async def _rows(
    workshop: Workshop, requests: list[Request], people: Population, ours: str, postgraphile: str, mercurius: str
) -> list[Row]:
    asked: Mapping[str, list[Request]] = {
        ours: requests,
        postgraphile: _of_peer(POSTGRAPHILE, people),
        mercurius: _of_peer(MERCURIUS, people),
    }
    for url, some in asked.items():
        await check(url, some, without=['"learners":null', '"cohortByRowId":null'])

    async def of(url: str) -> Window:
        return await window(url, asked[url], connections=CONNECTIONS, seconds=workshop.seconds)

    measured, *others = await in_turns(
        workshop.rounds, lambda: of(ours), lambda: of(postgraphile), lambda: of(mercurius)
    )
    names = ("PostGraphile 5", "Mercurius with JIT, SQL by hand")
    return [
        Comparison(
            subject=SUBJECT,
            baseline=name,
            unit="requests/s",
            values=[one.rate for one in measured],
            baseline_values=[one.rate for one in other],
            target=target,
            note=f"{CONNECTIONS} connections; ours writes {LEARNERS} audit records a request",
        )
        for name, other, target in zip(names, others, (Target(least=2.5), Target(least=1.0)), strict=True)
    ]


def _of_peer(document: str, people: Population) -> list[Request]:
    return [Request.of(document, {"cohort": cohort, "learners": LEARNERS}) for cohort in people.cohorts]


async def _statements(workshop: Workshop, filled: Filled) -> list[Row]:
    """The number of statements for 100 learners, against that for 1 and for 10; and for the same asked again."""
    counts = {number: await _statements_of(workshop, filled, number) for number in (1, 10, 100)}
    return [
        Comparison(
            subject="SQL statements for 100 learners",
            baseline="for 1 and for 10",
            unit="statements",
            values=[counts[100][0]] * 2,
            baseline_values=[counts[1][0], counts[10][0]],
            target=Target(least=1, most=1),
        ),
        Comparison(
            subject="SQL statements for 100 learners who were asked for before",
            baseline="2",
            unit="statements",
            values=[counts[100][1]],
            baseline_values=[2],
            target=Target(most=1),
            note="the COPY of the audit records",
        ),
    ]


async def _statements_of(workshop: Workshop, filled: Filled, learners: int) -> tuple[int, int]:
    """How many statements a request takes, and the same one once its answers are kept."""
    values = {name.removeprefix("PACELINE_").lower(): value for name, value in SETTINGS.items()}
    app = create_app(Settings(_env_file=None, database_url=filled.url, **values))  # type: ignore[call-arg, arg-type]
    statements: list[str] = []
    app.state.database.watch = statements.append
    [request, *_] = cohort_scores(workshop, filled.people, learners)
    headers = {"content-type": "application/json", "authorization": f"Bearer {request.token}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client,
    ):

        async def ask() -> int:
            statements.clear()
            answer = await client.post("/graphql", content=request.body, headers=headers)
            assert len(answer.json()["data"]["cohort"]["learners"]["edges"]) == learners, "the cohort is too small"
            return len(statements)

        first = await ask()
        await asyncio.sleep(HEARD_SECONDS)
        await ask()
        return first, await ask()
