"""Reads of a learner's own rollups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, func, select

from domain.catalog.tables import objectives
from domain.catalog.topic import Objective
from domain.database import Reading
from domain.database.columns import Id
from domain.database.statement import Row, keyed
from domain.database.windows import window_keys, windowed
from domain.paging import Window
from domain.peers.metric import PeerMetric
from domain.peers.rollup import Rollup
from domain.peers.tables import objective_rollups
from domain.privacy.cell import ALL, Cell
from domain.privacy.policy import ReleasePolicy
from domain.privacy.queries import PUBLISHED, private_release
from domain.privacy.release import Release
from domain.privacy.tables import releases

_COUNTERS = tuple(objective_rollups.c[name] for name in Rollup._fields)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A learner's counters in one objective beside what was released for it.

    rollup: None without a response. release: None where nothing was released; the cell alone under policy `exact`,
    where the release holds everybody's mean and is read once for all who are compared with it (`release_by_cell`).
    """

    rollup: Rollup | None
    release: Release | Cell | None


@dataclass(frozen=True, slots=True)
class ComparisonKey:
    """A loader's key: whose counters, in which objective, against the release of which metric and policy."""

    learner_id: str
    objective_id: str
    metric: PeerMetric
    policy: ReleasePolicy


def _is_about(objective_id: ColumnElement[str], metric: ColumnElement[str], policy: ColumnElement[str]) -> Any:
    """Whether a release is the one of an objective, among all learners."""
    return and_(
        releases.c.population == ALL,
        releases.c.subject == cast(objective_id, String),
        releases.c.metric == metric,
        releases.c.policy == policy,
    )


def _compared(row: Row) -> Comparison:
    """The comparison in a row of counters and of PUBLISHED."""
    counters, published = row[: len(_COUNTERS)], row[len(_COUNTERS) :]
    release: Release | Cell | None = None
    if published[0] is not None:
        exact = published[3] == ReleasePolicy.EXACT
        release = Cell(*published[:3]) if exact else private_release(published)
    return Comparison(None if counters[0] is None else Rollup._make(counters), release)


# One statement and not two: a round trip is the larger part of a standing (docs/performance.md).
_COMPARISONS = keyed(
    lambda key: (
        select(key.c.learner_id, key.c.objective_id, key.c.metric, *_COUNTERS, *PUBLISHED)
        .select_from(key)
        .outerjoin(
            objective_rollups,
            and_(
                objective_rollups.c.learner_id == key.c.learner_id,
                objective_rollups.c.objective_id == key.c.objective_id,
            ),
        )
        .outerjoin(releases, _is_about(key.c.objective_id, key.c.metric, key.c.policy))
    ),
    learner_id=Id,
    objective_id=Id,
    metric=String,
    policy=String,
)


async def comparison_by_key(reading: Reading, keys: Sequence[ComparisonKey]) -> Mapping[ComparisonKey, Comparison]:
    """The comparison for each key."""
    by_row = {(key.learner_id, key.objective_id, key.metric): key for key in keys}
    rows = await reading.rows_by(
        _COMPARISONS, [(k.learner_id, k.objective_id, str(k.metric), str(k.policy)) for k in keys]
    )
    return {by_row[row[:3]]: _compared(row[3:]) for row in rows}


@dataclass(frozen=True, slots=True)
class ProfileKey:
    """A loader's key: whose comparisons, in which metric, with the releases of which policy."""

    learner_id: str
    metric: PeerMetric
    policy: ReleasePolicy


_PROFILES = keyed(
    lambda key: (
        select(
            key.c.learner_id,
            key.c.metric,
            objectives.c.id,
            objectives.c.name,
            objectives.c.topic_id,
            *_COUNTERS,
            *PUBLISHED,
        )
        .select_from(key)
        .join(objective_rollups, objective_rollups.c.learner_id == key.c.learner_id)
        .join(objectives, objectives.c.id == objective_rollups.c.objective_id)
        .outerjoin(releases, _is_about(objective_rollups.c.objective_id, key.c.metric, key.c.policy))
    ),
    learner_id=Id,
    metric=String,
    policy=String,
)


async def profile_by_learner(
    reading: Reading, keys: Sequence[ProfileKey]
) -> Mapping[ProfileKey, list[tuple[Objective, Comparison]]]:
    """All objectives in which each learner has a response, with the comparison in each."""
    found: dict[ProfileKey, list[tuple[Objective, Comparison]]] = {key: [] for key in keys}
    by_row = {(key.learner_id, key.metric): key for key in keys}
    rows = await reading.rows_by(_PROFILES, [(key.learner_id, str(key.metric), str(key.policy)) for key in keys])
    for learner_id, metric, id_, name, topic_id, *rest in rows:
        objective = Objective(id=id_, name=name, topic_id=topic_id)
        found[by_row[learner_id, metric]].append((objective, _compared(tuple(rest))))
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
    found: list[list[ObjectiveRollup]] = [[] for _ in keys]
    rows = await reading.rows_by(_SCORES, window_keys((key.window, key.learner_id, str(key.metric)) for key in keys))
    for place, id_, name, topic_id, *counters in rows:
        objective = Objective(id=id_, name=name, topic_id=topic_id)
        found[place].append(ObjectiveRollup(objective, Rollup._make(counters)))
    return dict(zip(keys, found, strict=True))


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
