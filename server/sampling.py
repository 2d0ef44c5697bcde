"""Metrics that are read off the process: how the pools are used, and what was found among what is kept."""

import asyncio
from contextlib import suppress
from math import nan

from prometheus_client import Counter

from domain.database import Database, Replica
from resolvers.keeping import KeptByLearner
from server.documents import Documents
from server.metrics import (
    DATABASE_CONNECTIONS,
    DATABASE_CONNECTIONS_LIMIT,
    DATABASE_WAITING,
    DOCUMENTS,
    KEPT_ANSWERS,
    REPLICA_BEHIND,
    REPLICA_IN_USE,
)

SAMPLE_SECONDS = 5.0  # where another process may be asked for ours


class Sampler:
    """Reads off one process. documents: those that it keeps checked. kept: the answers that it keeps, if it does."""

    def __init__(
        self, database: Database, replica: Replica | None, documents: Documents, kept: KeptByLearner | None
    ) -> None:
        self._databases = {"primary": database} | ({"replica": replica.database} if replica is not None else {})
        self._replica = replica
        self._looked_up: list[tuple[Counter, Documents | KeptByLearner]] = [(DOCUMENTS, documents)]
        if kept is not None:
            self._looked_up.append((KEPT_ANSWERS, kept))
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
        for counter, kept in self._looked_up:
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
