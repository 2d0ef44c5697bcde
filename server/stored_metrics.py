"""Metrics that stand in the database, the same for all processes: jobs, releases, and what waits to be counted."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from math import nan
from time import monotonic

from prometheus_client import Gauge

from domain.activity.queries import has_backlog
from domain.database import Database
from domain.errors import DatabaseUnavailable
from domain.jobs.queries import job_states
from domain.jobs.run import JobState
from domain.privacy.queries import release_ages
from server.health import NOT_MIGRATED
from server.metrics import (
    BACKLOG,
    DATABASE_UP,
    JOB_FAILED,
    JOB_STARTED,
    JOB_SUCCEEDED,
    JOB_TOOK,
    JOB_WATERMARK,
    NEWEST_RELEASE,
    OLDEST_RELEASE,
)

FRESH_SECONDS = 10.0  # scrapes that come closer together, by several Prometheus servers or by anybody, share a look
PATIENCE_SECONDS = 3.0  # then the scrape is answered with what was known before


class StoredMetrics:
    """Reads them when they are asked for, and not for everybody who asks."""

    def __init__(self, database: Database, *, elapsed: Callable[[], float] = monotonic) -> None:
        self._database = database
        self._elapsed = elapsed
        self._looked_at: float | None = None
        self._turn = asyncio.Lock()
        self._released: set[str] = set()

    async def refresh(self) -> None:
        """Brings the metrics up to date, unless they are fresh. Without a database they stay as they were."""
        async with self._turn:
            if self._looked_at is not None and self._elapsed() - self._looked_at < FRESH_SECONDS:
                return
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._look()
            except (DatabaseUnavailable, TimeoutError):
                DATABASE_UP.set(0)
            except NOT_MIGRATED:  # it answers, and /readyz says what is missing
                DATABASE_UP.set(1)
            else:
                DATABASE_UP.set(1)
            self._looked_at = self._elapsed()

    async def _look(self) -> None:
        async with self._database.read() as reading:
            states = await job_states(reading)
            ages = await release_ages(reading)
            BACKLOG.set(await has_backlog(reading))
        for state in states:
            _tell(state)
        for metric, (oldest, newest) in ages.items():
            OLDEST_RELEASE.labels(metric).set(oldest.timestamp())
            NEWEST_RELEASE.labels(metric).set(newest.timestamp())
        # What was withdrawn altogether has no age. Several processes together cannot take a label back.
        for metric in self._released - ages.keys():
            OLDEST_RELEASE.labels(metric).set(nan)
            NEWEST_RELEASE.labels(metric).set(nan)
        self._released |= ages.keys()


def _tell(state: JobState) -> None:
    times: tuple[tuple[datetime | None, Gauge], ...]
    times = ((state.started_at, JOB_STARTED), (state.succeeded_at, JOB_SUCCEEDED), (state.scheduled_at, JOB_WATERMARK))
    for instant, metric in times:
        if instant is not None:
            metric.labels(state.job).set(instant.timestamp())
    if state.took is not None:
        JOB_TOOK.labels(state.job).set(state.took.total_seconds())
    JOB_FAILED.labels(state.job).set(state.failed)
