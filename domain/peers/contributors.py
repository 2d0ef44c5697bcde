"""Reads other people's rollups, for the job that makes releases and for nobody else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, and_, literal_column, select

from domain.catalog.tables import objectives
from domain.database import Reading
from domain.database.columns import Id
from domain.database.session import Columns
from domain.database.statement import keyed
from domain.learners.tables import learners
from domain.peers.metric import PeerMetric, means_points
from domain.peers.rollup import Rollup
from domain.peers.tables import learner_rollups, objective_rollups
from domain.privacy.release import Contributors
from domain.privacy.roster import Roster

_ELIGIBLE = and_(learners.c.active, learners.c.shares_data)

# The sum and the count behind each metric, as in Rollup.counter.
_COUNTERS = {
    PeerMetric.COMPREHENSION: ("comprehension_sum", "responses"),
    PeerMetric.REASONING: ("reasoning_sum", "reasoning_count"),
    PeerMetric.CALIBRATION: ("calibration_sum", "calibration_count"),
    PeerMetric.MASTERY: ("mastery_sum", "responses"),
}

_BY_OBJECTIVE = keyed(
    lambda key: (
        select(key.c.place, objective_rollups.c.learner_id, *(objective_rollups.c[name] for name in Rollup._fields))
        .join_from(key, objective_rollups, objective_rollups.c.objective_id == key.c.objective_id)
        .join(learners, learners.c.id == objective_rollups.c.learner_id)
        .where(_ELIGIBLE)
    ),
    place=BigInteger,
    objective_id=Id,
)
_OVER_ALL = keyed(
    lambda key: (
        select(key.c.place, learner_rollups.c.learner_id, *(learner_rollups.c[name] for name in Rollup._fields))
        .join_from(key, learner_rollups, literal_column("1 = 1"))
        .join(learners, learners.c.id == learner_rollups.c.learner_id)
        .where(_ELIGIBLE)
    ),
    place=BigInteger,
)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Those who share, are active and have a response in one subject, with their counters; still to be sifted."""

    learner_ids: NDArray[np.void]
    counters: Mapping[str, NDArray[np.int64]]

    def contributors(self, metric: PeerMetric, minimum_responses: int) -> Contributors:
        """Those with at least *minimum_responses* values of *metric*, and their means."""
        total, count = (self.counters[name] for name in _COUNTERS[metric])
        enough = count >= minimum_responses
        return Contributors(roster=Roster(self.learner_ids[enough]), means=means_points(total[enough], count[enough]))


async def crowd_by_objective(reading: Reading, objective_ids: Sequence[str]) -> Mapping[str, Crowd]:
    """The crowd of each objective that has one."""
    columns = await reading.arrays(_BY_OBJECTIVE, list(enumerate(objective_ids)))
    return {objective_ids[place]: crowd for place, crowd in _crowds(columns)}


async def crowd_over_all(reading: Reading) -> Crowd | None:
    """The crowd over all objectives together; None while there is nobody."""
    return dict(_crowds(await reading.arrays(_OVER_ALL, [(0,)]))).get(0)


def _crowds(columns: Columns) -> Iterator[tuple[int, Crowd]]:
    places = columns["place"]
    if not places.size:
        return
    order = np.argsort(places, kind="stable")
    present, starts = np.unique(places[order], return_index=True)
    for place, rows in zip(present, np.split(order, starts[1:]), strict=True):
        counters = {name: columns[name][rows] for name in Rollup._fields}
        yield int(place), Crowd(columns["learner_id"][rows], counters)


async def subjects(reading: Reading) -> list[str]:
    """The objectives that can have releases."""
    return [row[0] for row in await reading.rows(_OBJECTIVES)]


_OBJECTIVES = select(objectives.c.id).order_by(objectives.c.id)
