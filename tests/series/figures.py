"""Contributed figures for tests, stored by the product's own write."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from domain.database import Database
from domain.series.choice import CompanySize, Region
from domain.series.contributed import FigureCell
from domain.series.figure import UserFigure
from domain.series.industries import models
from domain.series.industry import IndustryMetric
from domain.series.writes import put_user_figures
from tests.builders import an_id

OCTOBER = FigureCell("healthcare", CompanySize.MEDIUM, Region.NATIONAL, "profit_margin", date(2026, 10, 1))
FIRST_TICK = datetime(2026, 11, 18, 12, tzinfo=UTC)  # the full hour before tests.builders.NOW
RENEWAL = datetime(2026, 12, 21, 3, 5, tzinfo=UTC)  # after the Monday on which the smallest releases are due again


def organisations(number: int, name: str = "organisation") -> list[str]:
    """Ids of so many organisations."""
    return [an_id(f"{name} {place:03}") for place in range(number)]


def metric_of(cell: FigureCell) -> IndustryMetric:
    return models().industries[cell.industry].metrics[cell.metric].metric


async def contribute(
    database: Database,
    contributor_ids: Sequence[str],
    values: Sequence[float],
    *,
    cell: FigureCell = OCTOBER,
    by_learners: bool = False,
) -> None:
    """Each of these contributes its value of *values*."""
    figures = [UserFigure(id_, by_learners, *cell, value) for id_, value in zip(contributor_ids, values, strict=True)]
    async with database.write() as writing:
        await put_user_figures(writing, figures)
