"""Keeps the rollups in step with the responses."""

from collections.abc import Sequence

from domain.database import Writing
from domain.events.response import ValidationResponse
from domain.peers.rollup import Rollup, by_learner, by_objective
from domain.peers.tables import learner_rollups, objective_rollups


async def count_responses(writing: Writing, responses: Sequence[ValidationResponse]) -> None:
    """Adds *responses*, which were stored in the same transaction, to the rollups."""
    rollups = by_objective(responses)
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
