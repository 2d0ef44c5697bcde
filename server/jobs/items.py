"""Publishes how good the questions of topics are."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.database import Database, Reading
from domain.performance.contributors import contributors_by_cell, item_cells, topics_in_chunks
from domain.performance.item_analysis import ITEM_SCORE, SCALE, topic_of
from domain.privacy.cell import Cell
from domain.privacy.policy import ReleaseRules
from domain.privacy.release import Contributors
from domain.privacy.schedule import five_minute_tick
from server.jobs.releases import Publication, publish
from server.jobs.supplies import ScaledByMetric, Supply


@dataclass(frozen=True, slots=True)
class ItemsSupply(ScaledByMetric):
    """What learners say about the questions that they were asked, by topic."""

    async def cells(self, reading: Reading, rules: ReleaseRules) -> list[Cell]:
        return await item_cells(reading, rules.minimum_peers)

    async def contributors(
        self, reading: Reading, cells: Collection[Cell], rules: ReleaseRules
    ) -> AsyncIterator[tuple[Cell, Contributors]]:
        for topic_ids in await topics_in_chunks(reading, {topic_of(cell) for cell in cells}):
            found = await contributors_by_cell(reading, topic_ids, cells, rules.minimum_responses)
            for cell, contributors in found.items():
                yield cell, contributors


def item_supplies(now: datetime) -> Sequence[Supply]:
    """The supply of item analysis."""
    return (ItemsSupply({ITEM_SCORE: SCALE}),)


ITEMS = Publication(renewals="item-analysis.renewals", supplies=item_supplies, exact_tick=five_minute_tick)


async def analyse_items(database: Database, rules: ReleaseRules, now: datetime) -> int:
    """Brings what is published about questions to what is due at *now*; returns how many rows changed."""
    return await publish(database, ITEMS, rules, now)
