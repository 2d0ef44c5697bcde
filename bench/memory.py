"""The memory of a server process after 100,000 mixed queries, against the same after 10,000."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import httpx
import orjson

from bench import programs
from bench.generator import answer_of, wire
from bench.load import Request, check
from bench.measure import Comparison, NotMeasured, Row, Target
from bench.questions import DIFFERENT_REQUESTS, cohort_scores, profiles, standings
from bench.workshop import SMALL, Workshop

SUBJECT = "memory of a process after 100,000 mixed queries"
BEFORE, AFTER = 10_000, 100_000
CONNECTIONS = 8
NEW_DOCUMENT_EACH = 10  # queries: as of clients that write values into their documents
GAUGE: Final = "process_resident_memory_bytes "
LEARNERS_OF_COHORT = 5
OBJECTIVES = 26


async def run(workshop: Workshop) -> list[Row]:
    if not workshop.heavy:
        return [NotMeasured(subject=SUBJECT, why="takes minutes: run with --heavy")]
    filled = await workshop.filled(SMALL)
    people = filled.people
    kinds = (
        standings(workshop, people),
        profiles(workshop, people, OBJECTIVES),
        cohort_scores(workshop, people, LEARNERS_OF_COHORT),
    )
    turns = [itertools.cycle(kind) for kind in kinds]
    requests = [next(turns[number % len(turns)]) for number in range(DIFFERENT_REQUESTS)]
    values, baselines = [], []
    async with programs.paceline(filled.url) as url:
        await check(url, requests, without=["TOO_FEW"])
        await ask(url, requests, 0, BEFORE)
        baselines.append(await memory(url))
        await ask(url, requests, BEFORE, AFTER)
        values.append(await memory(url))
    return [
        Comparison(
            subject=SUBJECT,
            baseline=f"after {BEFORE:,}",
            unit="MB",
            values=values,
            baseline_values=baselines,
            target=Target(most=1.05),
            note=f"standings, profiles and cohorts; every {NEW_DOCUMENT_EACH}th document is new; resident",
        )
    ]


async def ask(url: str, requests: Sequence[Request], first: int, last: int) -> None:
    """Sends so many of *requests*, over and over, on several connections. Raises RuntimeError for a failure."""
    address = urlsplit(url)
    numbers = iter(range(first, last))

    async def send() -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for number in numbers:
            request = requests[number % len(requests)]
            if number % NEW_DOCUMENT_EACH == 0:
                request = fresh(request, number)
            writer.write(wire(address.netloc, (request.token or "").encode(), request.body))
            if not (head := await answer_of(reader)).startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(head.decode())
        writer.close()

    await asyncio.gather(*(send() for _ in range(CONNECTIONS)))


def fresh(request: Request, number: int) -> Request:
    """*request*, by a document that was never sent before."""
    content = orjson.loads(request.body)
    content["query"] = content["query"].replace("{", f"{{ n{number}: __typename", 1)
    return Request(body=orjson.dumps(content), token=request.token)


async def memory(url: str) -> float:
    """Megabytes that the process keeps in memory, by its own metrics."""
    async with httpx.AsyncClient(base_url=url) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    [line] = [line for line in lines if line.startswith(GAUGE)]
    return float(line.removeprefix(GAUGE)) / 1e6
