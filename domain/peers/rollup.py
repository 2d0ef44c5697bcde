"""What responses add up to: counters per learner and objective, in whole millionths of a point."""

from collections.abc import Hashable, Iterable, Mapping
from operator import add
from typing import NamedTuple, TypeVar, assert_never

from domain.events.response import ValidationResponse
from domain.peers.metric import MILLIONTHS, OwnMean, PeerMetric, mean_points

K = TypeVar("K", bound=Hashable)


class Rollup(NamedTuple):
    """Counters of a learner's responses; sums in millionths of a point.

    responses: also the count behind comprehension and mastery, which every response has.
    """

    responses: int = 0
    comprehension_sum: int = 0
    reasoning_count: int = 0
    reasoning_sum: int = 0
    calibration_count: int = 0
    calibration_sum: int = 0
    mastery_sum: int = 0

    def counter(self, metric: PeerMetric) -> tuple[int, int]:
        """The sum and the count behind *metric*."""
        match metric:
            case PeerMetric.COMPREHENSION:
                return self.comprehension_sum, self.responses
            case PeerMetric.REASONING:
                return self.reasoning_sum, self.reasoning_count
            case PeerMetric.CALIBRATION:
                return self.calibration_sum, self.calibration_count
            case PeerMetric.MASTERY:
                return self.mastery_sum, self.responses
        assert_never(metric)

    def own_mean(self, metric: PeerMetric) -> OwnMean | None:
        """The learner's mean in *metric*; None where no response has it."""
        total, count = self.counter(metric)
        return OwnMean(metric=metric, mean=mean_points(total, count), responses=count) if count else None


def rolled_up(response: ValidationResponse) -> Rollup:
    """What one response adds.

    Comprehension is 100 times the score, calibration 100 minus the distance between confidence and performance,
    mastery 100 or 0 (decisions: docs/formulas.md). Rounded here, once: sums of whole numbers do not depend on order.
    """
    reasoning, delta = response.reasoning_score, response.calibration_delta
    return Rollup(
        1,
        round(response.score * (100 * MILLIONTHS)),
        0 if reasoning is None else 1,
        0 if reasoning is None else round(reasoning * MILLIONTHS),
        0 if delta is None else 1,
        0 if delta is None else round((100 - abs(delta)) * MILLIONTHS),
        100 * MILLIONTHS if response.mastery_verified else 0,
    )


def by_objective(responses: Iterable[ValidationResponse]) -> dict[tuple[str, str], Rollup]:
    """The counters that *responses* add up to, by (learner, objective)."""
    return _summed(((response.learner_id, response.objective_id), rolled_up(response)) for response in responses)


def by_learner(rollups: Mapping[tuple[str, str], Rollup]) -> dict[str, Rollup]:
    """The counters over all objectives, by learner."""
    return _summed((learner_id, rollup) for (learner_id, _), rollup in rollups.items())


def _summed(rollups: Iterable[tuple[K, Rollup]]) -> dict[K, Rollup]:
    # Most keys of a batch come once, so what came once stays as it is.
    sums: dict[K, Rollup] = {}
    for key, added in rollups:
        known = sums.get(key)
        sums[key] = added if known is None else Rollup._make(map(add, known, added))
    return sums
