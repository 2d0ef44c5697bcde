"""`peerStanding` with 30 million responses behind it, against the same with 300 thousand."""

from bench import programs
from bench.load import Window, check, window
from bench.measure import Comparison, NotMeasured, Row, Target, in_turns
from bench.questions import standings
from bench.standing import CONNECTIONS
from bench.workshop import LARGE, SMALL, Workshop

SUBJECT = "the same with 30 million responses"


async def run(workshop: Workshop) -> list[Row]:
    if not workshop.heavy:
        return [NotMeasured(subject=SUBJECT, why="takes 6 GB and minutes: run with --heavy")]
    small, large = await workshop.filled(SMALL), await workshop.filled(LARGE)
    of_small, of_large = standings(workshop, small.people), standings(workshop, large.people)
    async with programs.paceline(small.url) as few, programs.paceline(large.url) as many:
        await check(few, of_small, without=["Unavailable", "TOO_FEW"])
        await check(many, of_large, without=["Unavailable", "TOO_FEW"])

        async def asked_many() -> Window:
            return await window(many, of_large, connections=CONNECTIONS, seconds=workshop.seconds)

        async def asked_few() -> Window:
            return await window(few, of_small, connections=CONNECTIONS, seconds=workshop.seconds)

        measured, baseline = await in_turns(workshop.rounds, asked_many, asked_few)
    return [
        Comparison(
            subject=SUBJECT,
            baseline=f"{small.people.responses:,} responses",
            unit="ms (p50)",
            values=[one.p50 for one in measured],
            baseline_values=[one.p50 for one in baseline],
            target=Target(most=1.1),
            note=f"{large.people.responses:,} responses of {large.people.size}",
        )
    ]
