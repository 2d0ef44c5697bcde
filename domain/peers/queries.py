"""Reads of a learner's own rollups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, and_, case, func, select

from domain.catalog.tables import objectives
from domain.catalog.topic import Objective
from domain.database import Reading
from domain.database.columns import Id
from domain.database.statement import keyed
from domain.database.windows import window_keys, windowed
from domain.paging import Window
from domain.peers.metric import PeerMetric
from domain.peers.rollup import Rollup
from domain.peers.tables import objective_rollups

_COUNTERS = tuple(objective_rollups.c[name] for name in Rollup._fields)

_OWN = keyed(
    lambda key: select(objective_rollups.c.learner_id, objective_rollups.c.objective_id, *_COUNTERS).join_from(
        key,
        objective_rollups,
        and_(
            objective_rollups.c.learner_id == key.c.learner_id,
            objective_rollups.c.objective_id == key.c.objective_id,
        ),
    ),
    learner_id=Id,
    objective_id=Id,
)


async def rollup_by_learner_objective(
    reading: Reading, keys: Sequence[tuple[str, str]]
) -> Mapping[tuple[str, str], Rollup]:
    """The counters of (learner, objective) pairs; pairs without a response are left out."""
    return {
        (learner_id, objective_id): Rollup(*counters)
        for learner_id, objective_id, *counters in await reading.rows_by(_OWN, keys)
    }


_ALL_OWN = keyed(
    lambda key: select(objective_rollups.c.learner_id, objective_rollups.c.objective_id, *_COUNTERS).join_from(
        key, objective_rollups, objective_rollups.c.learner_id == key.c.learner_id
    ),
    learner_id=Id,
)


async def rollups_by_learner(reading: Reading, learner_ids: Sequence[str]) -> Mapping[str, dict[str, Rollup]]:
    """All counters of each learner, by objective; learners without a response are left out."""
    found: dict[str, dict[str, Rollup]] = {}
    rows = await reading.rows_by(_ALL_OWN, [(id_,) for id_ in learner_ids])
    for learner_id, objective_id, *counters in rows:
        found.setdefault(learner_id, {})[objective_id] = Rollup(*counters)
    return found


@dataclass(frozen=True, slots=True)
class ScoreList:
    """A loader's key: a window of the objectives in which a learner has responses with *metric*."""

    learner_id: str
    metric: PeerMetric
    window: Window


@dataclass(frozen=True, slots=True)
class ObjectiveRollup:
    objective: Objective
    rollup: Rollup


def _counts(metric: ColumnElement[str]) -> ColumnElement[int]:
    """How many responses have the metric that a column names."""
    return case(
        (metric == PeerMetric.REASONING, objective_rollups.c.reasoning_count),
        (metric == PeerMetric.CALIBRATION, objective_rollups.c.calibration_count),
        else_=objective_rollups.c.responses,
    )


_SCORES = windowed(
    lambda key: (
        select(objectives.c.id, objectives.c.name, objectives.c.topic_id, *_COUNTERS)
        .join_from(key, objective_rollups, objective_rollups.c.learner_id == key.c.learner_id)
        .join(objectives, objectives.c.id == objective_rollups.c.objective_id)
        .where(_counts(key.c.metric) > 0)
    ),
    order=(objectives.c.name, objectives.c.id),
    learner_id=Id,
    metric=String,
)


async def scores_by_learner(reading: Reading, keys: Sequence[ScoreList]) -> Mapping[ScoreList, list[ObjectiveRollup]]:
    """For each key its window of rollups in the objectives' order, and one more where there is a next page."""
    found: dict[ScoreList, list[ObjectiveRollup]] = {key: [] for key in keys}
    rows = await reading.rows_by(_SCORES, window_keys((key.window, key.learner_id, str(key.metric)) for key in keys))
    for place, id_, name, topic_id, *counters in rows:
        objective = Objective(id=id_, name=name, topic_id=topic_id)
        found[keys[place]].append(ObjectiveRollup(objective, Rollup(*counters)))
    return found


_SCORE_COUNTS = keyed(
    lambda key: (
        select(key.c.learner_id, key.c.metric, func.count())
        .join_from(key, objective_rollups, objective_rollups.c.learner_id == key.c.learner_id)
        .where(_counts(key.c.metric) > 0)
        .group_by(key.c.learner_id, key.c.metric)
    ),
    learner_id=Id,
    metric=String,
)


async def score_count_by_learner(
    reading: Reading, keys: Sequence[tuple[str, PeerMetric]]
) -> Mapping[tuple[str, PeerMetric], int]:
    """In how many objectives each learner has responses with a metric; those without any are left out."""
    rows = await reading.rows_by(_SCORE_COUNTS, [(learner_id, str(metric)) for learner_id, metric in keys])
    return {(learner_id, PeerMetric(metric)): count for learner_id, metric, count in rows}
