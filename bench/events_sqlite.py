"""`POST /events` on SQLite, against aiosqlite's executemany of the same rows in WAL mode."""

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import aiosqlite
import numpy as np

from bench import programs
from bench.databases import sqlite_database
from bench.events import BATCH, BATCHES, posted_events, posting
from bench.measure import Comparison, Row, Target, in_turns
from bench.people import SEED, Population, Size, made_up
from bench.responses import SQLITE_BASELINE, Maker, ndjson
from bench.workshop import Workshop
from domain.catalog.tables import objectives
from domain.database import open_database
from domain.database.columns import microseconds
from domain.learners.tables import learners

INSERT = "INSERT INTO plain_responses VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


async def run(workshop: Workshop) -> list[Row]:
    with TemporaryDirectory(prefix="paceline-bench-") as name:
        folder = Path(name)
        url = await sqlite_database(folder)
        people = made_up(Size(learners=2_000, objectives=50))
        await _put(url, people, workshop)
        maker = Maker(people, workshop.now, np.random.default_rng(SEED))
        async with (
            aiosqlite.connect(folder / "plain.db", isolation_level=None) as plain,
            programs.paceline(url) as served,
            posting(served, workshop.token("ingester", "service")) as client,
        ):
            await plain.execute("PRAGMA journal_mode = WAL")
            await plain.execute("PRAGMA synchronous = NORMAL")
            await plain.executescript(SQLITE_BASELINE)

            async def inserted() -> float:
                batches = [
                    [
                        (str(learner), microseconds(at), str(id_), str(objective), *scores)
                        for learner, at, id_, objective, *scores in maker.batch(BATCH)
                    ]
                    for _ in range(BATCHES)
                ]
                started = perf_counter()
                for batch in batches:
                    await plain.execute("BEGIN IMMEDIATE")
                    await plain.executemany(INSERT, batch)
                    await plain.commit()
                return BATCH * BATCHES / (perf_counter() - started)

            measured, baseline = await in_turns(
                workshop.rounds, posted_events(client, lambda: ndjson(maker.batch(BATCH))), inserted
            )
    return [
        Comparison(
            subject="`POST /events`, bodies of 5000 lines, SQLite",
            baseline="aiosqlite executemany, WAL, 5000 rows a commit, no rollup",
            unit="events/s",
            values=measured,
            baseline_values=baseline,
            target=Target(least=0.5),
        )
    ]


async def _put(url: str, people: Population, workshop: Workshop) -> None:
    """The learners and objectives that the events are about."""
    database = open_database(url)
    try:
        async with database.write() as writing:
            columns = ("id", "display_name", "joined_at", "shares_data", "active", "cohort_excluded", "time_zone")
            records = [(id_, "", workshop.now, True, True, False, "UTC") for id_ in people.answered]
            await writing.upsert(learners, columns, records)
            named = [(id_, id_, id_) for id_ in people.objectives]
            await writing.upsert(objectives, ("id", "name", "folded_name"), named)
    finally:
        await database.close()
