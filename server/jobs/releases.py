"""Makes, renews and withdraws the releases of peers' scores."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from domain.database import Database, Reading
from domain.jobs.writes import set_watermark, watermark
from domain.peers.contributors import Crowd, crowd_by_objective, crowd_over_all, subjects
from domain.peers.metric import PeerMetric
from domain.privacy.cell import ALL, Cell
from domain.privacy.policy import ReleasePolicy, ReleaseRules
from domain.privacy.queries import all_releases
from domain.privacy.release import Contributors, Release, build
from domain.privacy.schedule import five_minute_tick, hourly_tick, renewable, renewable_exactly, weekly_tick
from domain.privacy.writes import put_releases, withdraw_releases

RENEWALS = "releases.renewals"  # watermark: the last weekly tick whose renewals were made
OBJECTIVES_AT_ONCE = 100  # bounds memory: 100 objectives of 100,000 learners are about 1 GB


@dataclass(frozen=True, slots=True)
class Ticks:
    """The times that releases made now would carry; None where there is none to be made.

    first: for cells without a release. renewal: for cells with one.
    """

    first: datetime
    renewal: datetime | None

    def of(self, current: Release | None, rules: ReleaseRules) -> datetime | None:
        """The time that a new release in place of *current* would carry; None where it is not due."""
        if current is None or current.policy is not rules.policy:
            return self.first
        if self.renewal is None:
            return None
        if rules.policy is ReleasePolicy.EXACT:
            return self.renewal if renewable_exactly(current.released_at, self.renewal) else None
        return self.renewal if renewable(current.released_at, current.size, self.renewal) else None


def ticks_at(now: datetime, rules: ReleaseRules, renewed_until: datetime | None) -> Ticks:
    """The ticks at *now*. Renewals of a weekly tick are made once, by the first run after it."""
    if rules.policy is ReleasePolicy.EXACT:
        return Ticks(first=five_minute_tick(now), renewal=five_minute_tick(now))
    weekly = weekly_tick(now)
    due = renewed_until is None or renewed_until < weekly
    return Ticks(first=hourly_tick(now), renewal=weekly if due else None)


async def make_releases(database: Database, rules: ReleaseRules, now: datetime) -> int:
    """Brings the releases to what is due at *now*; returns how many rows were made, replaced or deleted.

    Running it again at the same time changes nothing: the same content gives the same noise.
    """
    made: list[Release] = []
    withdrawn: list[Cell] = []
    async with database.snapshot() as reading:
        current = await all_releases(reading)
        ticks = ticks_at(now, rules, await watermark(reading, RENEWALS))
        due = _due(await subjects(reading), current, ticks, rules)
        async for subject, crowd in _crowds(reading, list(due)):
            for cell, released_at in due[subject].items():
                release = build(cell, _contributors(crowd, cell, rules), rules, released_at) if crowd else None
                if release is None:
                    withdrawn += [cell] if cell in current else []
                elif cell not in current or not release.publishes_the_same(current[cell]):
                    made.append(release)
    async with database.write() as writing:
        await put_releases(writing, made)
        await withdraw_releases(writing, withdrawn)
        if ticks.renewal is not None:
            await set_watermark(writing, RENEWALS, ticks.renewal)
    return len(made) + len(withdrawn)


Due: TypeAlias = dict[str, dict[Cell, datetime]]


def _due(objective_ids: Sequence[str], current: Mapping[Cell, Release], ticks: Ticks, rules: ReleaseRules) -> Due:
    """By subject, the cells that a release is due for, and the time that it carries."""
    due: Due = {}
    for subject in (ALL, *objective_ids):
        for metric in PeerMetric:
            cell = Cell(ALL, subject, metric)
            tick = ticks.of(current.get(cell), rules)
            if tick is not None:
                due.setdefault(subject, {})[cell] = tick
    return due


async def _crowds(reading: Reading, due: Sequence[str]) -> AsyncIterator[tuple[str, Crowd | None]]:
    """Each subject with its crowd, a bounded number of them in memory; None where there is nobody."""
    if ALL in due:
        yield ALL, await crowd_over_all(reading)
    objective_ids = [subject for subject in due if subject != ALL]
    for start in range(0, len(objective_ids), OBJECTIVES_AT_ONCE):
        some = objective_ids[start : start + OBJECTIVES_AT_ONCE]
        found = await crowd_by_objective(reading, some)
        for objective_id in some:
            yield objective_id, found.get(objective_id)


def _contributors(crowd: Crowd, cell: Cell, rules: ReleaseRules) -> Contributors:
    return crowd.contributors(PeerMetric(cell.metric), rules.minimum_responses)
