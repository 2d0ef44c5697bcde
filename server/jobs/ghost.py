"""Publishes what cohorts do and what achievers had done."""

from datetime import datetime

from domain.database import Database
from domain.privacy.policy import ReleaseRules
from domain.privacy.schedule import crowd_joined, hourly_tick
from server.jobs.releases import Publication, publish
from server.jobs.supplies import benchmark_supplies, snapshot_supplies

SNAPSHOTS = Publication(
    renewals="cohort-snapshots.renewals", supplies=snapshot_supplies, exact_tick=hourly_tick, together=True
)
BENCHMARKS = Publication(
    renewals="success-benchmarks.renewals",
    supplies=benchmark_supplies,
    exact_tick=hourly_tick,
    together=True,
    renews=crowd_joined,
)


async def snapshot_cohorts(database: Database, rules: ReleaseRules, now: datetime) -> int:
    """Brings the snapshots of cohorts, starts and all learners to what is due; returns how many rows changed."""
    return await publish(database, SNAPSHOTS, rules, now)


async def benchmark_achievers(database: Database, rules: ReleaseRules, now: datetime) -> int:
    """Brings the success benchmarks to what is due; returns how many rows changed."""
    return await publish(database, BENCHMARKS, rules, now)
