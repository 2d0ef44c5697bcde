"""What responses add up to: counters per learner and objective, in whole millionths of a point."""

from collections.abc import Callable, Mapping, Sequence
from operator import add, attrgetter
from typing import NamedTuple, assert_never

import numpy as np

from domain.events.response import ValidationResponse
from domain.peers.metric import MILLIONTHS, OwnMean, PeerMetric, mean_points


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


def by_objective(responses: Sequence[ValidationResponse]) -> dict[tuple[str, str], Rollup]:
    """The counters that *responses* add up to, by (learner, objective).

    Comprehension is 100 times the score, calibration 100 minus the distance between confidence and performance,
    mastery 100 or 0 (decisions: docs/formulas.md). Each is rounded here, once: sums of whole numbers do not depend on
    order.
    """
    if not responses:
        return {}
    place_of: dict[tuple[str, str], int] = {}
    place = np.array([place_of.setdefault(key, len(place_of)) for key in map(_key, responses)])
    scores, reasonings, deltas, mastered = zip(*map(_said, responses), strict=True)
    reasoning, delta = np.array(reasonings, np.float64), np.array(deltas, np.float64)  # None becomes NaN
    counters = np.stack(
        [
            np.ones(place.size, np.int64),
            np.rint(np.array(scores, np.float64) * (100 * MILLIONTHS)),
            ~np.isnan(reasoning),
            np.nan_to_num(np.rint(reasoning * MILLIONTHS)),
            ~np.isnan(delta),
            np.nan_to_num(np.rint((100 - np.abs(delta)) * MILLIONTHS)),
            np.array(mastered, np.int64) * (100 * MILLIONTHS),
        ]
    ).astype(np.int64)
    together = np.argsort(place, kind="stable")
    begins = np.flatnonzero(np.diff(place[together], prepend=-1))
    sums = np.add.reduceat(counters[:, together], begins, axis=1)
    return dict(zip(place_of, map(Rollup._make, sums.T.tolist()), strict=True))


_key: Callable[[ValidationResponse], tuple[str, str]] = attrgetter("learner_id", "objective_id")
_said = attrgetter("score", "reasoning_score", "calibration_delta", "mastery_verified")


def by_learner(rollups: Mapping[tuple[str, str], Rollup]) -> dict[str, Rollup]:
    """The counters over all objectives, by learner."""
    # Most learners of a batch come once or a few times, so what came once stays as it is.
    sums: dict[str, Rollup] = {}
    for (learner_id, _), added in rollups.items():
        known = sums.get(learner_id)
        sums[learner_id] = added if known is None else Rollup._make(map(add, known, added))
    return sums
