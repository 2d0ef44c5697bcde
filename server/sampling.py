"""Metrics that are read off the process: how the pools are used, and what was found among what is kept."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from math import nan
from typing import Protocol

from prometheus_client import Counter

from domain.database import Database, Replica
from server.metrics import (
    DATABASE_CONNECTIONS,
    DATABASE_CONNECTIONS_LIMIT,
    DATABASE_WAITING,
    REPLICA_BEHIND,
    REPLICA_IN_USE,
)

SAMPLE_SECONDS = 5.0  # where another process may be asked for ours


class LookedUp(Protocol):
    """Something that is kept. hits, misses: how often what was looked for was there, or was not."""

    @property
    def hits(self) -> int: ...
    @property
    def misses(self) -> int: ...


class Sampler:
    """Reads off one process. kept: what it keeps, by the counter that is told of it; None for what it does not."""

    def __init__(self, database: Database, replica: Replica | None, kept: Mapping[Counter, LookedUp | None]) -> None:
        self._databases = {"primary": database} | ({"replica": replica.database} if replica is not None else {})
        self._replica = replica
        self._kept = {counter: looked_up for counter, looked_up in kept.items() if looked_up is not None}
        self._counted: dict[tuple[Counter, str], int] = {}
        self._task: asyncio.Task[None] | None = None

    def sample(self) -> None:
        """Brings the metrics up to date."""
        for name, database in self._databases.items():
            occupancy = database.occupancy()
            DATABASE_CONNECTIONS.labels(name, "in_use").set(occupancy.in_use)
            DATABASE_CONNECTIONS.labels(name, "idle").set(occupancy.idle)
            DATABASE_CONNECTIONS_LIMIT.labels(name).set(occupancy.limit)
            DATABASE_WAITING.labels(name).set(occupancy.waiting)
        for counter, kept in self._kept.items():
            for outcome, number in (("hit", kept.hits), ("miss", kept.misses)):
                counter.labels(outcome).inc(number - self._counted.get((counter, outcome), 0))
                self._counted[counter, outcome] = number
        if self._replica is not None:
            behind = self._replica.behind
            REPLICA_IN_USE.set(self._replica.in_use)
            REPLICA_BEHIND.set(nan if behind is None else behind)

    def start(self) -> None:
        """Samples every few seconds from now on."""
        self._task = asyncio.get_running_loop().create_task(self._sample_for_ever())

    async def stop(self) -> None:
        """Samples no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _sample_for_ever(self) -> None:
        while True:
            self.sample()
            await asyncio.sleep(SAMPLE_SECONDS)
