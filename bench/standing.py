"""`peerStanding` of one learner over HTTP, against an endpoint that answers a constant, and against PostGraphile.

PostGraphile reads the two rows that a standing is made of, and makes nothing of them; it checks no token.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from bench import programs
from bench.load import Request, Window, check, window
from bench.measure import Comparison, NotMeasured, Row, Target, in_turns
from bench.node import NoNode, installed
from bench.questions import DIFFERENT_REQUESTS, PEER_STANDING_TODAY, standings
from bench.workshop import SMALL, Filled, Workshop

SUBJECT: Final = "`peerStanding` of one learner"
NOTE: Final = "HS256 token of 400 learners in turn, PostgreSQL, one process"
CONNECTIONS: Final = 16
CROWD: Final = 64

TWO_ROWS: Final = """
query Rows($learner: UUID!, $objective: UUID!, $subject: String!) {
  objectiveRollupByLearnerIdAndObjectiveId(learnerId: $learner, objectiveId: $objective) { responses comprehensionSum }
  releaseByPopulationAndSubjectAndMetric(population: "all", subject: $subject, metric: "COMPREHENSION") {
    size edges cumulative
  }
}
"""


async def run(workshop: Workshop) -> list[Row]:
    filled = await workshop.filled(SMALL)
    async with programs.paceline(filled.url) as ours:
        return [*await _beside_a_constant(workshop, filled, ours), await _beside_postgraphile(workshop, filled, ours)]


async def _beside_a_constant(workshop: Workshop, filled: Filled, ours: str) -> list[Row]:
    requests = standings(workshop, filled.people)
    rows: list[Row] = []
    await check(ours, requests, without=["Unavailable", "TOO_FEW"])
    async with programs.constant() as constant:
        for connections in (1, CONNECTIONS, CROWD):
            measured, baseline = await _windows(workshop, connections, {ours: requests, constant: requests})
            if connections == CROWD:
                rows.append(_slowest(measured))
            rows.append(
                Comparison(
                    subject=f"{SUBJECT}, {connections} connection{'s' if connections > 1 else ''}",
                    baseline="Starlette, constant POST",
                    unit="requests/s",
                    values=[one.rate for one in measured],
                    baseline_values=[one.rate for one in baseline],
                    target=Target(least=0.6),
                    note=NOTE,
                )
            )
        today = standings(workshop, filled.people, PEER_STANDING_TODAY)
        measured, baseline = await _windows(workshop, CONNECTIONS, {ours: today, constant: today})
    rows.append(
        Comparison(
            subject=f"the same with `dayInJourney`, so that the answer is not kept, {CONNECTIONS} connections",
            baseline="Starlette, constant POST",
            unit="requests/s",
            values=[one.rate for one in measured],
            baseline_values=[one.rate for one in baseline],
            note=NOTE,
        )
    )
    return rows


def _slowest(measured: Sequence[Window]) -> Row:
    return Comparison(
        subject=f"{SUBJECT}, {CROWD} connections, p99",
        baseline="p50",
        unit="ms",
        values=[one.p99 for one in measured],
        baseline_values=[one.p50 for one in measured],
        target=Target(most=8),
        note=NOTE,
    )


async def _beside_postgraphile(workshop: Workshop, filled: Filled, ours: str) -> Row:
    subject = f"{SUBJECT}, {CONNECTIONS} connections"
    theirs = [
        Request.of(TWO_ROWS, {"learner": learner, "objective": objective, "subject": objective})
        for learner, objective in filled.people.pairs[:DIFFERENT_REQUESTS]
    ]
    try:
        async with installed() as peers, peers.server("postgraphile", filled.dsn) as postgraphile:
            await check(postgraphile, theirs, without=["null"])
            asked = {ours: standings(workshop, filled.people), postgraphile: theirs}
            measured, baseline = await _windows(workshop, CONNECTIONS, asked)
    except NoNode as why:
        return NotMeasured(subject=subject, why=str(why))
    return Comparison(
        subject=subject,
        baseline="PostGraphile 5, the two rows it is made of",
        unit="requests/s",
        values=[one.rate for one in measured],
        baseline_values=[one.rate for one in baseline],
        target=Target(least=3.5),
        note=NOTE,
    )


async def _windows(workshop: Workshop, connections: int, asked: Mapping[str, Sequence[Request]]) -> list[list[Window]]:
    """What each server did in each round, in the order of *asked*."""

    async def of(url: str) -> Window:
        return await window(url, asked[url], connections=connections, seconds=workshop.seconds)

    return await in_turns(workshop.rounds, *(partial(of, url) for url in asked))
