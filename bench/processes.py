"""`peerStanding` by two server processes, against one, on the same two cores, beside the database and the load."""

from bench import programs
from bench.load import Window, check, window
from bench.machine import LOAD_CORE, SERVER_CORE, pinned
from bench.measure import Comparison, NotMeasured, Row, Target, in_turns
from bench.questions import standings
from bench.workshop import SMALL, Workshop

SUBJECT = "`peerStanding` by two processes, 64 connections"
CONNECTIONS = 64  # so that both are kept busy, however unevenly they were handed out
CORES = (SERVER_CORE, LOAD_CORE)


async def run(workshop: Workshop) -> list[Row]:
    if not pinned():
        return [NotMeasured(subject=SUBJECT, why="takes two cores")]
    filled = await workshop.filled(SMALL)
    requests = standings(workshop, filled.people)
    async with (
        programs.paceline(filled.url, processes=2, cores=CORES) as two,
        programs.paceline(filled.url, cores=CORES) as one,
    ):
        for url in (two, one):
            await check(url, requests, without=["Unavailable", "TOO_FEW"])

        async def of(url: str) -> Window:
            return await window(url, requests, connections=CONNECTIONS, seconds=workshop.seconds)

        measured, baseline = await in_turns(workshop.rounds, lambda: of(two), lambda: of(one))
    return [
        Comparison(
            subject=SUBJECT,
            baseline="one process",
            unit="requests/s",
            values=[window.rate for window in measured],
            baseline_values=[window.rate for window in baseline],
            target=Target(least=1.3),
            note="two cores, with PostgreSQL and the load beside them",
        )
    ]
