"""Values that the peer fields answer with beside standings: benchmarks over all metrics, and own scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from domain.catalog.topic import Objective
from domain.peers.metric import PeerMetric, mean_points
from domain.privacy.figures import Distribution, distribution
from domain.privacy.release import Release
from domain.unavailable import Reason, Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerBenchmark:
    """Peers' distributions in every metric that is released, in the metrics' order.

    objective: None for all objectives together.
    """

    objective: Objective | None
    dimensions: Sequence[Distribution]


def benchmark(objective: Objective | None, releases: Sequence[Release | None]) -> PeerBenchmark | Unavailable:
    """The benchmark from one release a metric; withheld where no metric has one."""
    dimensions = [distribution(release) for release in releases if release is not None]
    if not dimensions:
        return Unavailable.because(Reason.TOO_FEW_PEERS)
    return PeerBenchmark(objective=objective, dimensions=dimensions)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveScore:
    """A learner's own mean in one objective.

    score: 0-100. responses: how many it is the mean of.
    """

    objective: Objective
    metric: PeerMetric
    score: float
    responses: int

    @classmethod
    def of(cls, objective: Objective, metric: PeerMetric, total: int, count: int) -> Self:
        """The mean of *count* >= 1 responses that add up to *total* millionths of a point."""
        return cls(objective=objective, metric=metric, score=mean_points(total, count), responses=count)
