"""Reads the rollups that responses have added up to."""

from sqlalchemy import select

from domain.database import Database
from domain.peers.rollup import Rollup
from domain.peers.tables import learner_rollups, objective_rollups

POINT = 1_000_000  # sums are kept in millionths of a point


async def counters(database: Database) -> tuple[dict[tuple[str, str], Rollup], dict[str, Rollup]]:
    async with database.read() as reading:
        by_objective = await reading.rows(
            select(
                objective_rollups.c.learner_id,
                objective_rollups.c.objective_id,
                *(objective_rollups.c[name] for name in Rollup._fields),
            )
        )
        over_all = await reading.rows(
            select(learner_rollups.c.learner_id, *(learner_rollups.c[name] for name in Rollup._fields))
        )
    return (
        {(learner, objective): Rollup(*rest) for learner, objective, *rest in by_objective},
        {learner: Rollup(*rest) for learner, *rest in over_all},
    )
