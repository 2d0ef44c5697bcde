"""`peerStanding` of one learner over HTTP, against an endpoint that parses a POST and answers a constant."""

from bench import programs
from bench.load import Window, check, window
from bench.measure import Comparison, Row, Target, in_turns
from bench.questions import standings
from bench.workshop import SMALL, Workshop

CONNECTIONS = 16


async def run(workshop: Workshop) -> list[Row]:
    filled = await workshop.filled(SMALL)
    requests = standings(workshop, filled.people)
    async with programs.paceline(filled.url) as ours, programs.constant() as constant:
        await check(ours, requests, without=["Unavailable", "TOO_FEW"])

        async def of(url: str) -> Window:
            return await window(url, requests, connections=CONNECTIONS, seconds=workshop.seconds)

        measured, baseline = await in_turns(workshop.rounds, lambda: of(ours), lambda: of(constant))
    return [
        Comparison(
            subject="`peerStanding` of one learner, 16 connections",
            baseline="Starlette, constant POST",
            unit="requests/s",
            values=[one.rate for one in measured],
            baseline_values=[one.rate for one in baseline],
            target=Target(least=0.21),
            note="HS256 token of 400 learners in turn, PostgreSQL, one process",
        )
    ]
