"""Reads the figures that people and organisations contributed, for the job that releases them and for nobody else."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from sqlalchemy import Date, Integer, String, and_, bindparam, func, not_, or_, select

from domain.database import Reading
from domain.database.session import Columns
from domain.database.statement import keyed
from domain.learners.tables import learners
from domain.privacy.release import Contributors
from domain.privacy.roster import Roster
from domain.series.choice import CompanySize, Region
from domain.series.contributed import FigureCell
from domain.series.industries import models
from domain.series.scales import on_scale
from domain.series.tables import user_figures

# Organisations contribute by handing their figures in; learners, as everywhere, by consent.
_COUNTS = or_(not_(user_figures.c.by_learner), and_(learners.c.active, learners.c.shares_data))
_WITH_LEARNERS = user_figures.outerjoin(learners, learners.c.id == user_figures.c.contributor_id)

_CELL = tuple(user_figures.c[name] for name in ("industry", "company_size", "region", "metric", "period"))
_CELLS = (
    select(*_CELL)
    .select_from(_WITH_LEARNERS)
    .where(_COUNTS)
    .group_by(*_CELL)
    .having(func.count() >= bindparam("minimum", type_=Integer))
    .order_by(*_CELL)
)


async def figure_cells(reading: Reading, minimum_peers: int) -> list[FigureCell]:
    """The cells that have enough contributors; figures of an industry or a metric that is no more are in none."""
    known = {name: model.metrics for name, model in models().industries.items()}
    return [
        FigureCell(industry, CompanySize(company_size), Region(region), metric, period)
        for industry, company_size, region, metric, period in await reading.rows(_CELLS, minimum=minimum_peers)
        if metric in known.get(industry, ())
    ]


_FIGURES = keyed(
    lambda key: (
        select(key.c.place, user_figures.c.contributor_id, user_figures.c.value)
        .join_from(key, user_figures, and_(*(user_figures.c[column.name] == key.c[column.name] for column in _CELL)))
        .outerjoin(learners, learners.c.id == user_figures.c.contributor_id)
        .where(_COUNTS)
    ),
    place=Integer,
    industry=String,
    company_size=String,
    region=String,
    metric=String,
    period=Date,
)


async def contributors_by_cell(reading: Reading, cells: Sequence[FigureCell]) -> Mapping[FigureCell, Contributors]:
    """The contributors to each of *cells*, with their figures in steps on the cell's scale; none, no entry."""
    keys = [
        (place, cell.industry, str(cell.company_size), str(cell.region), cell.metric, cell.period)
        for place, cell in enumerate(cells)
    ]
    return dict(_by_cell(await reading.arrays(_FIGURES, keys), cells))


def _by_cell(columns: Columns, cells: Sequence[FigureCell]) -> Iterator[tuple[FigureCell, Contributors]]:
    if not columns["place"].size:
        return  # np.split would make one cell of nobody
    order = np.argsort(columns["place"], kind="stable")
    places, starts = np.unique(columns["place"][order], return_index=True)
    for place, rows in zip(places.tolist(), np.split(order, starts[1:]), strict=True):
        cell = cells[place]
        step = models().industries[cell.industry].metrics[cell.metric].metric.step
        values = on_scale(columns["value"][rows], cell.scale, step)
        yield cell, Contributors(roster=Roster(columns["contributor_id"][rows]), means=values)
