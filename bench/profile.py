"""`relativePerformance` over 26 objectives, against an endpoint that parses a POST and answers a constant."""

from bench import programs
from bench.load import Window, check, window
from bench.measure import Comparison, Row, Target, in_turns
from bench.questions import profiles
from bench.workshop import SMALL, Workshop

OBJECTIVES = 26


async def run(workshop: Workshop) -> list[Row]:
    filled = await workshop.filled(SMALL)
    requests = profiles(workshop, filled.people, OBJECTIVES)
    async with programs.paceline(filled.url) as ours, programs.constant() as constant:
        await check(ours, requests, without=["TOO_FEW"])

        async def of(url: str) -> Window:
            return await window(url, requests, connections=1, seconds=workshop.seconds)

        measured, baseline = await in_turns(workshop.rounds, lambda: of(ours), lambda: of(constant))
    return [
        Comparison(
            subject=f"`relativePerformance` over {OBJECTIVES} objectives, 1 connection",
            baseline="Starlette, constant POST",
            unit="requests/s",
            values=[one.rate for one in measured],
            baseline_values=[one.rate for one in baseline],
            target=Target(least=0.15),
            note=f"{len(requests)} learners in turn",
        )
    ]
