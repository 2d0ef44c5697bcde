"""Keeps the rollups in step with the responses."""

from collections.abc import Mapping, Sequence

from domain.database import Writing
from domain.events.response import ValidationResponse
from domain.peers.rollup import Rollup, by_learner, by_objective
from domain.peers.tables import learner_rollups, objective_rollups


def rollups_of(responses: Sequence[ValidationResponse]) -> Mapping[tuple[str, str], Rollup]:
    """What *responses* add to the rollups of their objectives: `add_rollups` stores it."""
    return by_objective(responses)


async def add_rollups(writing: Writing, rollups: Mapping[tuple[str, str], Rollup]) -> None:
    """Adds what responses come to, which were stored in the same transaction, to the rollups."""
    await writing.increase(
        objective_rollups,
        ("learner_id", "objective_id", *Rollup._fields),
        [(*key, *rollup) for key, rollup in rollups.items()],
    )
    await writing.increase(
        learner_rollups,
        ("learner_id", *Rollup._fields),
        [(learner_id, *rollup) for learner_id, rollup in by_learner(rollups).items()],
    )
