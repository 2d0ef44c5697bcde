"""Reads of releases: the only figures about other people that a request may see."""

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import String, and_, select

from domain.database import Reading
from domain.database.statement import Row, keyed
from domain.privacy.cell import Cell
from domain.privacy.policy import ReleasePolicy
from domain.privacy.release import Release
from domain.privacy.tables import releases

_RELEASE = (
    releases.c.population,
    releases.c.subject,
    releases.c.metric,
    releases.c.policy,
    releases.c.size,
    releases.c.edges,
    releases.c.cumulative,
    releases.c.means,
    releases.c.released_at,
)
MEANS_DTYPE = np.dtype("<f8")


def _release(row: Row) -> Release:
    population, subject, metric, policy, size, edges, cumulative, means, released_at = row
    return Release(
        cell=Cell(population, subject, metric),
        policy=ReleasePolicy(policy),
        released_at=released_at,
        size=size,
        edges=tuple(edges),
        cumulative=tuple(cumulative),
        means=None if means is None else np.frombuffer(means, dtype=MEANS_DTYPE),
    )


_BY_CELL = keyed(
    lambda key: select(*_RELEASE).join_from(
        key,
        releases,
        and_(
            releases.c.population == key.c.population,
            releases.c.subject == key.c.subject,
            releases.c.metric == key.c.metric,
            releases.c.policy == key.c.policy,
        ),
    ),
    population=String,
    subject=String,
    metric=String,
    policy=String,
)


async def release_by_cell(reading: Reading, cells: Sequence[Cell], policy: ReleasePolicy) -> Mapping[Cell, Release]:
    """The current releases of *cells*, if they were made under *policy*.

    A row of the other policy counts as none: changing the setting must not go on serving what it forbids.
    """
    keys = [(cell.population, cell.subject, cell.metric, str(policy)) for cell in cells]
    found = (_release(row) for row in await reading.rows_by(_BY_CELL, keys))
    return {release.cell: release for release in found}


_ALL = select(*_RELEASE)


async def all_releases(reading: Reading) -> Mapping[Cell, Release]:
    """Every current release, for the job that renews them."""
    return {release.cell: release for release in map(_release, await reading.rows(_ALL))}
