"""Makes, renews and withdraws releases: those of scores, and whatever else is published of many learners."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from domain.database import Database, Reading
from domain.jobs.writes import set_watermark, watermark
from domain.privacy.cell import Cell
from domain.privacy.policy import ReleasePolicy, ReleaseRules
from domain.privacy.queries import releases_by_metric
from domain.privacy.release import Release, build
from domain.privacy.schedule import five_minute_tick, hourly_tick, renewable, renewable_exactly, weekly_tick
from domain.privacy.writes import put_releases, withdraw_releases
from server.jobs.supplies import Supply, supplies

Tick: TypeAlias = Callable[[datetime], datetime]


def at_any_tick(current: Release, contributors: int) -> bool:
    """Renews a release at each tick at which it is due."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What one job publishes, and by which calendar.

    renewals: the watermark that tells the last weekly tick whose renewals were made.
    supplies: what there is to publish at a time.
    exact_tick: the rhythm under policy `exact`.
    together: whether the cells of one population are replaced all at once, so that they are always of the same people.
    renews: whether a private release that is due is replaced by one of so many contributors, who are enough, or else
    stands.
    """

    renewals: str
    supplies: Callable[[datetime], Sequence[Supply]]
    exact_tick: Tick
    together: bool = False
    renews: Callable[[Release, int], bool] = at_any_tick


SCORES = Publication(renewals="releases.renewals", supplies=supplies, exact_tick=five_minute_tick)


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


def ticks_at(now: datetime, rules: ReleaseRules, exact_tick: Tick, renewed_until: datetime | None) -> Ticks:
    """The ticks at *now*. Renewals of a weekly tick are made once, by the first run after it."""
    if rules.policy is ReleasePolicy.EXACT:
        return Ticks(first=exact_tick(now), renewal=exact_tick(now))
    weekly = weekly_tick(now)
    due = renewed_until is None or renewed_until < weekly
    return Ticks(first=hourly_tick(now), renewal=weekly if due else None)


async def make_releases(database: Database, rules: ReleaseRules, now: datetime) -> int:
    """Brings the releases of scores to what is due at *now*; returns how many rows were made, replaced or deleted."""
    return await publish(database, SCORES, rules, now)


async def publish(database: Database, publication: Publication, rules: ReleaseRules, now: datetime) -> int:
    """Brings the releases of *publication* to what is due; returns how many rows were made, replaced or deleted.

    Running it again at the same time changes nothing: the same content gives the same noise. All of it is stored in
    one transaction: a run that was killed has changed nothing, and the next one makes what is due then.
    """
    made: list[Release] = []
    withdrawn: list[Cell] = []
    async with database.snapshot() as reading:
        offered = publication.supplies(now)
        current = await releases_by_metric(reading, [metric for supply in offered for metric in supply.metrics])
        renewed_until = await watermark(reading, publication.renewals)
        ticks = ticks_at(now, rules, publication.exact_tick, renewed_until)
        for supply in offered:
            due = _due(await supply.cells(reading, rules), current, supply, ticks, rules)
            replaced, gone = await _replacements(reading, publication, supply, due, current, rules)
            made += replaced
            withdrawn += gone
    async with database.write() as writing:
        await put_releases(writing, made)
        await withdraw_releases(writing, withdrawn)
        if ticks.renewal is not None:
            await set_watermark(writing, publication.renewals, ticks.renewal)
    return len(made) + len(withdrawn)


def _due(
    possible: Iterable[Cell], current: Mapping[Cell, Release], supply: Supply, ticks: Ticks, rules: ReleaseRules
) -> dict[Cell, datetime]:
    """The supply's cells that a release is due for, those that stand included, and the time that it carries."""
    standing = (cell for cell in current if cell.metric in supply.metrics)
    due = {}
    for cell in dict.fromkeys((*possible, *standing)):
        tick = ticks.of(current.get(cell), rules)
        if tick is not None:
            due[cell] = tick
    return due


async def _replacements(
    reading: Reading,
    publication: Publication,
    supply: Supply,
    due: Mapping[Cell, datetime],
    current: Mapping[Cell, Release],
    rules: ReleaseRules,
) -> tuple[list[Release], list[Cell]]:
    """The releases to put in place of those of the cells that are due, and the cells to withdraw."""
    built: dict[Cell | str, list[Release]] = {}
    changed: set[Cell | str] = set()
    found: set[Cell] = set()
    async for cell, contributors in supply.contributors(reading, list(due), rules):
        before, size = current.get(cell), contributors.means.size
        if before is not None and before.policy is rules.policy and size >= rules.minimum_peers:
            found.add(cell)
            if rules.policy is ReleasePolicy.PRIVATE and not publication.renews(before, size):
                continue
        release = build(cell, contributors, rules, due[cell], scale=supply.scale_of(cell))
        if release is None:
            continue
        found.add(cell)
        group = cell.population if publication.together else cell
        built.setdefault(group, []).append(release)
        if before is None or not release.publishes_the_same(before):
            changed.add(group)
    replaced = [release for group in built if group in changed for release in built[group]]
    return replaced, [cell for cell in due if cell in current and cell not in found]
