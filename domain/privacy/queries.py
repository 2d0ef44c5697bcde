"""Reads of releases: the only figures about other people that a request may see."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import orjson
from sqlalchemy import String, Text, and_, func, select, type_coerce

from domain.database import Reading
from domain.database.columns import Instant
from domain.database.statement import Row, keyed
from domain.privacy.cell import Cell
from domain.privacy.policy import ReleasePolicy
from domain.privacy.release import Release
from domain.privacy.tables import releases

# A release without its cell, its policy and its means. The JSON documents are fetched as text.
CONTENT = (
    releases.c.size,
    type_coerce(releases.c.edges, Text).label("edges"),
    type_coerce(releases.c.cumulative, Text).label("cumulative"),
    releases.c.released_at,
)
# A release without its means: under `private` all of it.
PUBLISHED = (releases.c.population, releases.c.subject, releases.c.metric, releases.c.policy, *CONTENT)
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


class Group(NamedTuple):
    """A loader's key: the releases of one metric about one population, in every subject."""

    population: str
    metric: str
    policy: ReleasePolicy


_BY_GROUP = keyed(
    lambda key: select(*_RELEASE).join_from(
        key,
        releases,
        and_(
            releases.c.population == key.c.population,
            releases.c.metric == key.c.metric,
            releases.c.policy == key.c.policy,
        ),
    ),
    population=String,
    metric=String,
    policy=String,
)


async def releases_by_group(reading: Reading, groups: Sequence[Group]) -> Mapping[Group, list[Release]]:
    """The current releases of *groups* under their policies, in any order; groups without one are left out."""
    found: dict[Group, list[Release]] = {}
    for row in await reading.rows_by(
        _BY_GROUP, [(group.population, group.metric, str(group.policy)) for group in groups]
    ):
        release = private_release(row[:-1]) if row[-1] is None else _release(row)
        group = Group(release.cell.population, release.cell.metric, release.policy)
        found.setdefault(group, []).append(release)
    return found


_BY_METRIC = keyed(
    lambda key: select(*_RELEASE).join_from(key, releases, releases.c.metric == key.c.metric), metric=String
)


async def releases_by_metric(reading: Reading, metrics: Sequence[str]) -> Mapping[Cell, Release]:
    """Every current release of *metrics*, for the job that renews them."""
    rows = await reading.rows_by(_BY_METRIC, [(metric,) for metric in metrics])
    return {release.cell: release for release in map(_release, rows)}


_AGES = select(
    releases.c.metric,
    func.min(releases.c.released_at, type_=Instant).label("oldest"),
    func.max(releases.c.released_at, type_=Instant).label("newest"),
).group_by(releases.c.metric)


async def release_ages(reading: Reading) -> Mapping[str, tuple[datetime, datetime]]:
    """For each metric that something is released of the dates of the oldest and of the newest release."""
    return {metric: (oldest, newest) for metric, oldest, newest in await reading.rows(_AGES)}
