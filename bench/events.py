"""Validation responses with everything that is counted from them, against PostgreSQL's COPY of the same rows.

Three ways in: `POST /events`, `paceline import` and the mutation. The baseline copies ready-made records into a table
of the same columns with a primary key and an index, and commits each batch; it checks nothing and counts nothing.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import asyncpg
import httpx
import numpy as np

from bench import programs
from bench.databases import postgres_database, product_url
from bench.measure import Comparison, Row, Target, in_turns
from bench.people import SEED, load
from bench.programs import SETTINGS
from bench.responses import COLUMNS, POSTGRES_BASELINE, Maker, csv_text, mutation, ndjson
from bench.workshop import SMALL, Workshop
from domain.database import open_database
from domain.learners.erasure import Pseudonyms
from server.collector import settle
from server.importing.folder import import_folder

BATCH = 5_000
BATCHES = 10  # in each round
MUTATION_BATCH = 1_000

Act = Callable[[], Awaitable[float]]


async def run(workshop: Workshop) -> list[Row]:
    async with postgres_database() as dsn:
        people = await load(dsn, SMALL, workshop.now, with_responses=False)
        maker = Maker(people, workshop.now, np.random.default_rng(SEED))
        async with (
            programs.paceline(product_url(dsn)) as url,
            posting(url, workshop.token("ingester", "service")) as client,
            _copying(dsn, maker) as copying,
            _importing(dsn, workshop, maker) as imported,
        ):
            scattered = Maker(people, workshop.now, np.random.default_rng(SEED + 1), in_sittings=False)
            measured, worst, by_import, by_mutation, copied, copied_small = await in_turns(
                workshop.rounds,
                posted_events(client, lambda: ndjson(maker.batch(BATCH))),
                posted_events(client, lambda: ndjson(scattered.batch(BATCH))),
                imported,
                _mutated(client, maker),
                copying(BATCH, BATCHES),
                copying(MUTATION_BATCH, BATCHES),
            )
    rows: tuple[tuple[str, list[float], list[float], int, float | None], ...] = (
        ("`POST /events`, bodies of 5000 lines", measured, copied, BATCH, 0.30),
        ("the same, no two of a learner together", worst, copied, BATCH, None),
        ("`paceline import`", by_import, copied, BATCH, 0.35),
        ("`recordEvents` with 1000 events", by_mutation, copied_small, MUTATION_BATCH, 0.25),
    )
    return [
        Comparison(
            subject=f"{subject}, PostgreSQL",
            baseline=f"asyncpg COPY, {batch} rows a commit, no rollup",
            unit="events/s",
            values=values,
            baseline_values=baseline,
            target=None if least is None else Target(least=least),
        )
        for subject, values, baseline, batch, least in rows
    ]


@asynccontextmanager
async def posting(url: str, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client with one connection."""
    headers = {"authorization": f"Bearer {token}"}
    limits = httpx.Limits(max_connections=1)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120, limits=limits) as client:
        yield client


def posted_events(client: httpx.AsyncClient, body: Callable[[], bytes]) -> Act:
    """Posts bodies of one batch each."""

    async def rate() -> float:
        bodies = [body() for _ in range(BATCHES)]
        started = perf_counter()
        for content in bodies:
            answer = await client.post("/events", content=content, headers={"content-type": "application/x-ndjson"})
            assert answer.json()["accepted"] == BATCH, answer.text[:300]
        return BATCH * BATCHES / (perf_counter() - started)

    return rate


def _mutated(client: httpx.AsyncClient, maker: Maker) -> Act:
    async def rate() -> float:
        bodies = [mutation(maker.batch(MUTATION_BATCH)) for _ in range(BATCHES)]
        started = perf_counter()
        for body in bodies:
            answer = await client.post("/graphql", content=body, headers={"content-type": "application/json"})
            assert answer.json()["data"]["recordEvents"]["accepted"] == MUTATION_BATCH, answer.text[:300]
        return MUTATION_BATCH * BATCHES / (perf_counter() - started)

    return rate


@asynccontextmanager
async def _copying(dsn: str, maker: Maker) -> AsyncIterator[Callable[[int, int], Act]]:
    connection = await asyncpg.connect(dsn)
    await connection.execute(POSTGRES_BASELINE)

    def copying(size: int, number: int) -> Act:
        async def rate() -> float:
            batches = [maker.batch(size) for _ in range(number)]
            started = perf_counter()
            for batch in batches:
                await connection.copy_records_to_table("plain_responses", records=batch, columns=COLUMNS)
            return size * number / (perf_counter() - started)

        return rate

    try:
        yield copying
    finally:
        await connection.close()


@asynccontextmanager
async def _importing(dsn: str, workshop: Workshop, maker: Maker) -> AsyncIterator[Act]:
    """What `paceline import` calls, without the second that its start takes."""
    database = open_database(product_url(dsn), statement_seconds=600)
    pseudonyms = Pseudonyms(SETTINGS["PACELINE_PSEUDONYM_KEY"].encode())
    settle()  # as the command does

    async def rate() -> float:
        with (
            TemporaryDirectory(prefix="paceline-bench-") as name,
            redirect_stdout(StringIO()),
            redirect_stderr(StringIO()),
        ):
            folder = Path(name)
            text = csv_text(maker.batch(BATCH * BATCHES))
            (folder / "validation_responses.csv").write_text(text, encoding="utf-8")
            started = perf_counter()
            rejected = await import_folder(database, pseudonyms, folder, workshop.now, 730)
            seconds = perf_counter() - started
        assert rejected == 0
        return BATCH * BATCHES / seconds

    try:
        yield rate
    finally:
        await database.close()
