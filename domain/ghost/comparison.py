"""The cohort comparison: a learner among its cohort, or among a wider population where that is too small."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.ghost.metric import ActivityMetric
from domain.ghost.scales import SCALES
from domain.ghost.snapshot import Candidate, CohortSnapshot, answering, rank_below, snapshot
from domain.privacy.figures import quantile
from domain.privacy.release import Release
from domain.unavailable import Unavailable

# What the most active may be told by.
TOP_METRICS = (ActivityMetric.DAYS_PRACTICED_PER_WEEK, ActivityMetric.TASKS_COMPLETED)

# Percent, the smallest share first: a tenth is told of 100 people and more, a quarter of every release.
TOP_SHARES = (10, 25)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopShare:
    """The value that the most active *percent* (of TOP_SHARES) of a population reach or pass."""

    percent: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortComparison:
    """A learner among a population.

    ranks: share of the population strictly below the learner, in whole percent, in each metric.
    top: what the most active do, by TOP_METRICS: 10 %, where that is released, else 25 %.
    """

    snapshot: CohortSnapshot
    ranks: Mapping[ActivityMetric, int]
    top: Mapping[ActivityMetric, TopShare]


def compare(
    candidates: Sequence[Candidate], activity: Mapping[ActivityMetric, float]
) -> CohortComparison | Unavailable:
    """The comparison with the first of *candidates* that is released, the narrowest population first.

    activity: the learner's own figures in all ten metrics. Withheld where no candidate is released.
    """
    shown, found = snapshot(candidates), answering(candidates)
    if isinstance(shown, Unavailable):
        return shown
    assert found is not None, "a snapshot is read from releases"
    _, releases = found
    return CohortComparison(
        snapshot=shown,
        ranks={metric: rank_below(release, activity[metric]) for metric, release in releases.items()},
        top={metric: _top(releases[metric], metric) for metric in TOP_METRICS},
    )


def _top(release: Release, metric: ActivityMetric) -> TopShare:
    shares = ((percent, quantile(release, 1 - percent / 100, SCALES[metric])) for percent in TOP_SHARES)
    return next(TopShare(percent=percent, value=value) for percent, value in shares if value is not None)
