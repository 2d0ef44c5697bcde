"""Stores releases; the old row of a cell is gone with the new one."""

from collections.abc import Sequence

from sqlalchemy import and_, bindparam, delete

from domain.database import Writing
from domain.privacy.cell import Cell
from domain.privacy.queries import MEANS_DTYPE
from domain.privacy.release import Release
from domain.privacy.tables import releases

_COLUMNS = (
    "population",
    "subject",
    "metric",
    "policy",
    "size",
    "edges",
    "cumulative",
    "means",
    "released_at",
)
_DELETE = delete(releases).where(
    and_(
        releases.c.population == bindparam("cell_population"),
        releases.c.subject == bindparam("cell_subject"),
        releases.c.metric == bindparam("cell_metric"),
    )
)


async def put_releases(writing: Writing, made: Sequence[Release]) -> int:
    """Puts *made* in place of what was released for the same cells; returns how many rows changed."""
    return await writing.upsert(
        releases,
        _COLUMNS,
        [
            (
                release.cell.population,
                release.cell.subject,
                release.cell.metric,
                str(release.policy),
                release.size,
                release.edges,
                release.cumulative,
                None if release.means is None else release.means.astype(MEANS_DTYPE).tobytes(),
                release.released_at,
            )
            for release in made
        ],
    )


async def withdraw_releases(writing: Writing, cells: Sequence[Cell]) -> None:
    """Deletes what was released for *cells*."""
    for cell in cells:
        await writing.run(_DELETE, cell_population=cell.population, cell_subject=cell.subject, cell_metric=cell.metric)
