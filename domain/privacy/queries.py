"""Reads of releases: the only figures about other people that a request may see."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import orjson
from sqlalchemy import String, Text, and_, select, type_coerce

from domain.database import Reading
from domain.database.statement import Row, keyed
from domain.privacy.cell import Cell
from domain.privacy.policy import ReleasePolicy
from domain.privacy.release import Release
from domain.privacy.tables import releases

# A release without its means: under `private` all of it. The JSON documents are fetched as text.
PUBLISHED = (
    releases.c.population,
    releases.c.subject,
    releases.c.metric,
    releases.c.policy,
    releases.c.size,
    type_coerce(releases.c.edges, Text).label("edges"),
    type_coerce(releases.c.cumulative, Text).label("cumulative"),
    releases.c.released_at,
)
_RELEASE = (*PUBLISHED, releases.c.means)
MEANS_DTYPE = np.dtype("<f8")
KEPT_RELEASES = 2_000  # about 2 kB each


@lru_cache(maxsize=KEPT_RELEASES)
def private_release(published: Row) -> Release:
    """The release in a row of PUBLISHED, for policy `private`.

    Looked up by all that the row says, so it is never an old one; and always the same object for the same release, so
    that what is derived from it need be derived but once.
    """
    return _release((*published, None))


def _release(row: Row) -> Release:
    population, subject, metric, policy, size, edges, cumulative, released_at, means = row
    return Release(
        cell=Cell(population, subject, metric),
        policy=ReleasePolicy(policy),
        released_at=released_at,
        size=size,
        edges=tuple(orjson.loads(edges)),
        cumulative=tuple(orjson.loads(cumulative)),
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
    rows = await reading.rows_by(_BY_CELL, keys)
    found = (private_release(row[:-1]) if row[-1] is None else _release(row) for row in rows)
    return {release.cell: release for release in found}


_ALL = select(*_RELEASE)


async def all_releases(reading: Reading) -> Mapping[Cell, Release]:
    """Every current release, for the job that renews them."""
    return {release.cell: release for release in map(_release, await reading.rows(_ALL))}
