"""One learner by its key, through each layer that could read it: why hot fields read by the driver."""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import asyncpg
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlmodel import select as select_rows

from bench.measure import Comparison, Row, in_turns
from bench.workshop import SMALL, Workshop
from domain.database import open_database
from domain.learners.queries import learner_by_id
from domain.learners.tables import LearnerRow, learners

READS = 500  # of each layer in each round
SQL = "SELECT * FROM learners WHERE id = $1"

Read = Callable[[str], Awaitable[Any]]


async def run(workshop: Workshop) -> list[Row]:
    filled = await workshop.filled(SMALL)
    held = await asyncpg.connect(filled.dsn)
    pool = await asyncpg.create_pool(filled.dsn, min_size=1)
    database = open_database(filled.url)
    stock = create_async_engine(filled.url)
    automatic = stock.execution_options(isolation_level="AUTOCOMMIT")

    async def by_held(learner: str) -> Any:
        return await held.fetchrow(SQL, learner)

    async def by_pool(learner: str) -> Any:
        async with pool.acquire() as connection:
            return await connection.fetchrow(SQL, learner)

    async def by_reading(learner: str) -> Any:
        async with database.read() as reading:
            return (await learner_by_id(reading, [learner])).get(learner)

    async def by_core(learner: str) -> Any:
        statement = select(learners).where(learners.c.id == learner)
        async with automatic.connect() as connection:
            return (await connection.execute(statement)).one()

    async def by_session(learner: str) -> Any:
        statement = select_rows(LearnerRow).where(learners.c.id == learner)
        async with AsyncSession(stock) as session:
            return (await session.execute(statement)).scalar_one()

    layers: dict[str, Read] = {
        "Paceline's `Database.read()` and query function": by_reading,
        "stock asyncpg pool": by_pool,
        "SQLAlchemy Core, autocommit": by_core,
        "SQLModel `select()` in a stock AsyncSession": by_session,
        "held asyncpg connection": by_held,
    }
    known = list(filled.people.answered)

    def timed(read: Read) -> Callable[[], Awaitable[float]]:
        async def microseconds() -> float:
            started = perf_counter()
            for place in range(READS):
                await read(known[place % len(known)])
            return 1e6 * (perf_counter() - started) / READS

        return microseconds

    try:
        for read in layers.values():
            assert await read(known[0]) is not None
        measured = dict(zip(layers, await in_turns(workshop.rounds, *map(timed, layers.values())), strict=True))
    finally:
        await asyncio.gather(held.close(), pool.close(), database.close(), stock.dispose())
    baseline = measured.pop("held asyncpg connection")
    return [
        Comparison(
            subject=f"one learner by its key: {layer}",
            baseline="held asyncpg connection",
            unit="us",
            values=values,
            baseline_values=baseline,
        )
        for layer, values in measured.items()
    ]
