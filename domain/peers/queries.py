"""Reads of a learner's own rollups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, String, and_, case, cast, func, select

from domain.catalog.tables import objectives
from domain.catalog.topic import Objective
from domain.database import Reading
from domain.database.columns import Id
from domain.database.statement import Row, keyed
from domain.database.windows import window_keys, windowed
from domain.learners.learner import Learner
from domain.learners.queries import LEARNER, learner_of
from domain.learners.tables import learners
from domain.paging import Window
from domain.peers.benchmark import ObjectiveScore
from domain.peers.metric import PeerMetric
from domain.peers.rollup import Rollup
from domain.peers.tables import objective_rollups
from domain.privacy.cell import ALL, Cell
from domain.privacy.policy import ReleasePolicy
from domain.privacy.queries import CONTENT, private_release
from domain.privacy.release import Release
from domain.privacy.tables import releases

_COUNTERS = tuple(objective_rollups.c[name] for name in Rollup._fields)
_COUNTED = len(_COUNTERS)
_LEARNER_FROM = 1 + _COUNTED + len(CONTENT)  # in a row of _COMPARISONS


class Comparison(NamedTuple):
    """A learner's counters in one objective beside what was released for it.

    rollup: None without a response. release: None where nothing was released; the cell alone under policy `exact`,
    where the release holds everybody's mean and is read once for all who are compared with it (`release_by_cell`).
    learner: None where there is none; in profiles, which would repeat it, always.
    """

    rollup: Rollup | None
    release: Release | Cell | None
    learner: Learner | None = None


class ComparisonKey(NamedTuple):
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


def _compared(
    objective_id: str, metric: PeerMetric, policy: ReleasePolicy, values: Row, learner: Learner | None = None
) -> Comparison:
    """The comparison in the values of _COUNTERS and of CONTENT; what `_is_about` holds equal was not fetched again."""
    counters, content = values[:_COUNTED], values[_COUNTED:]
    release: Release | Cell | None = None
    if content[0] is not None:
        if policy is ReleasePolicy.EXACT:
            release = Cell.objective(objective_id, metric)
        else:
            release = private_release((ALL, objective_id, metric.value, policy.value, *content))
    return Comparison(None if counters[0] is None else Rollup._make(counters), release, learner)


# One statement and not three: a round trip is the larger part of a standing (docs/performance.md).
_COMPARISONS = keyed(
    lambda key: (
        select(key.c.place, *_COUNTERS, *CONTENT, *LEARNER)
        .select_from(key)
        .outerjoin(
            objective_rollups,
            and_(
                objective_rollups.c.learner_id == key.c.learner_id,
                objective_rollups.c.objective_id == key.c.objective_id,
            ),
        )
        .outerjoin(releases, _is_about(key.c.objective_id, key.c.metric, key.c.policy))
        .outerjoin(learners, learners.c.id == key.c.learner_id)
    ),
    place=Integer,
    learner_id=Id,
    objective_id=Id,
    metric=String,
    policy=String,
)


async def comparison_by_key(reading: Reading, keys: Sequence[ComparisonKey]) -> Mapping[ComparisonKey, Comparison]:
    """The comparison for each key."""
    found = {}
    rows = await reading.rows_by(
        _COMPARISONS,
        [
            (place, key.learner_id, key.objective_id, key.metric.value, key.policy.value)
            for place, key in enumerate(keys)
        ],
    )
    for row in rows:
        key = keys[row[0]]
        learner = None if row[_LEARNER_FROM] is None else learner_of(row[_LEARNER_FROM:])
        found[key] = _compared(key.objective_id, key.metric, key.policy, row[1:_LEARNER_FROM], learner)
    return found


class ProfileKey(NamedTuple):
    """A loader's key: whose comparisons, in which metric, with the releases of which policy."""

    learner_id: str
    metric: PeerMetric
    policy: ReleasePolicy


# Ids as text: the driver would make an object of each, and we a text of that.
_PROFILES = keyed(
    lambda key: (
        select(
            key.c.place,
            cast(objectives.c.id, String).label("id"),
            objectives.c.name,
            cast(objectives.c.topic_id, String).label("topic_id"),
            *_COUNTERS,
            *CONTENT,
        )
        .select_from(key)
        .join(objective_rollups, objective_rollups.c.learner_id == key.c.learner_id)
        .join(objectives, objectives.c.id == objective_rollups.c.objective_id)
        .outerjoin(releases, _is_about(objective_rollups.c.objective_id, key.c.metric, key.c.policy))
    ),
    place=Integer,
    learner_id=Id,
    metric=String,
    policy=String,
)


async def profile_by_learner(
    reading: Reading, keys: Sequence[ProfileKey]
) -> Mapping[ProfileKey, list[tuple[Objective, Comparison]]]:
    """All objectives in which each learner has a response, with the comparison in each."""
    found: list[list[tuple[Objective, Comparison]]] = [[] for _ in keys]
    rows = await reading.rows_by(
        _PROFILES,
        [(place, key.learner_id, key.metric.value, key.policy.value) for place, key in enumerate(keys)],
    )
    for row in rows:
        place, id_, name, topic_id = row[:4]
        _, metric, policy = keys[place]
        objective = Objective(id=id_, name=name, topic_id=topic_id)
        found[place].append((objective, _compared(id_, metric, policy, row[4:])))
    return dict(zip(keys, found, strict=True))


@dataclass(frozen=True, slots=True)
class ScoreList:
    """A loader's key: a window of the objectives in which a learner has responses with *metric*."""

    learner_id: str
    metric: PeerMetric
    window: Window


def _counter(metric: ColumnElement[str], place: int) -> ColumnElement[int]:
    """The sum (*place* 0) or the count (1) of the metric that a column names, as in Rollup.counter."""
    named = Rollup._make(_COUNTERS)
    return case(*((metric == one, named.counter(one)[place]) for one in PeerMetric))


_SCORES = windowed(
    lambda key, after: (
        select(
            cast(objectives.c.id, String).label("id"),
            objectives.c.name,
            cast(objectives.c.topic_id, String).label("topic_id"),
            _counter(key.c.metric, 0).label("total"),
            _counter(key.c.metric, 1).label("count"),
        )
        .join_from(key, objective_rollups, objective_rollups.c.learner_id == key.c.learner_id)
        .join(objectives, and_(objectives.c.id == objective_rollups.c.objective_id, after))
        .where(_counter(key.c.metric, 1) > 0)
    ),
    order=(objectives.c.name, objectives.c.id),
    learner_id=Id,
    metric=String,
)


async def scores_by_learner(reading: Reading, keys: Sequence[ScoreList]) -> Mapping[ScoreList, list[ObjectiveScore]]:
    """For each key its window of scores in the objectives' order, and one more where there is a next page."""
    found: list[list[ObjectiveScore]] = [[] for _ in keys]
    # The learners of a cohort work on the same objectives.
    objectives_by_id: dict[str, Objective] = {}
    rows = await reading.rows_by(_SCORES, window_keys((key.window, key.learner_id, str(key.metric)) for key in keys))
    for place, id_, name, topic_id, total, count in rows:
        objective = objectives_by_id.get(id_)
        if objective is None:
            objective = objectives_by_id[id_] = Objective(id=id_, name=name, topic_id=topic_id)
        found[place].append(ObjectiveScore.of(objective, keys[place].metric, total, count))
    return dict(zip(keys, found, strict=True))


_SCORE_COUNTS = keyed(
    lambda key: (
        select(key.c.learner_id, key.c.metric, func.count())
        .join_from(key, objective_rollups, objective_rollups.c.learner_id == key.c.learner_id)
        .where(_counter(key.c.metric, 1) > 0)
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
