"""Publishes what users contributed about companies, by industry, size, region, metric and month."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from domain.database import Database, Reading
from domain.privacy.cell import Cell
from domain.privacy.policy import ReleaseRules
from domain.privacy.release import Contributors
from domain.privacy.scale import Scale
from domain.privacy.schedule import hourly_tick
from domain.series.contributed import FigureCell
from domain.series.contributors import contributors_by_cell, figure_cells
from domain.series.industries import industries
from server.jobs.releases import Publication, publish
from server.jobs.supplies import Supply

CELLS_AT_ONCE = 200  # bounds memory: 200 cells of 10,000 contributors are about 100 MB


@dataclass(frozen=True, slots=True)
class FiguresSupply:
    """What each contributor says of a company's month: one number each, on bars of the month's own."""

    metrics: frozenset[str]

    def scale_of(self, cell: Cell) -> Scale:
        return FigureCell.of(cell).scale

    async def cells(self, reading: Reading, rules: ReleaseRules) -> list[Cell]:
        return [found.cell for found in await figure_cells(reading, rules.minimum_peers)]

    async def contributors(
        self, reading: Reading, cells: Collection[Cell], rules: ReleaseRules
    ) -> AsyncIterator[tuple[Cell, Contributors]]:
        wanted = map(FigureCell.of, cells)
        while chunk := list(islice(wanted, CELLS_AT_ONCE)):
            for found, contributors in (await contributors_by_cell(reading, chunk)).items():
                yield found.cell, contributors


def figure_supplies(now: datetime) -> Sequence[Supply]:
    """The supply of contributed figures."""
    return (FiguresSupply(frozenset(metric.name for industry in industries() for metric in industry.metrics)),)


FIGURES = Publication(renewals="user-figures.renewals", supplies=figure_supplies, exact_tick=hourly_tick)


async def publish_figures(database: Database, rules: ReleaseRules, now: datetime) -> int:
    """Brings what is published of contributed figures to what is due at *now*; returns how many rows changed."""
    return await publish(database, FIGURES, rules, now)
