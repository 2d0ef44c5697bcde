"""A learner's strengths and weaknesses: its ranks in all objectives, against their average."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import fsum
from typing import NamedTuple

from domain.catalog.topic import Objective
from domain.peers.metric import OwnMean, PeerMetric
from domain.peers.standing import StandingCategory, categorise, rank_among_peers
from domain.privacy.figures import peer_mean
from domain.privacy.policy import Thresholds
from domain.privacy.release import Release
from domain.unavailable import Reason, Unavailable

# An average over one or two objectives is no profile to stand out from.
MINIMUM_OBJECTIVES = 3


class ComparedObjective(NamedTuple):
    """One objective to compare in: its release (None where withheld) and the learner's own mean (None without)."""

    objective: Objective
    own: OwnMean | None
    release: Release | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelativeStanding:
    """An objective in which the learner stands out.

    percentile_rank: 0-100. peer_mean: 0-100. advantage: rank minus the learner's average rank.
    """

    objective: Objective
    percentile_rank: float
    peer_mean: float
    advantage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RelativePerformance:
    """A learner's profile in one metric.

    average_percentile: mean of its ranks. strengths: ranks from 75; weaknesses: ranks up to 25;
    in both the largest distance from the average first.
    """

    metric: PeerMetric
    average_percentile: float
    strengths: tuple[RelativeStanding, ...]
    weaknesses: tuple[RelativeStanding, ...]


def relative_performance(
    metric: PeerMetric, objectives: Iterable[ComparedObjective], thresholds: Thresholds, *, contributes: bool
) -> RelativePerformance | Unavailable:
    """The profile of a learner over *objectives*, each given once, in any order.

    An objective counts with a release and enough own responses; fewer than three that count: TOO_FEW_RESPONSES.
    Ties in the distance go by the objectives' names. contributes: as in `stand`.
    """
    ranked = [
        (compared, own, release, percentile_rank)
        for compared in objectives
        if (own := compared.own) is not None
        and (release := compared.release) is not None
        and own.responses >= thresholds.minimum_responses
        and (percentile_rank := rank_among_peers(own, release, thresholds, contributes=contributes)) is not None
    ]
    if len(ranked) < MINIMUM_OBJECTIVES:
        return Unavailable.because(Reason.TOO_FEW_RESPONSES)
    average = fsum(percentile_rank for *_, percentile_rank in ranked) / len(ranked)
    ranked.sort(key=lambda entry: (-abs(entry[3] - average), entry[0].objective.name, entry[0].objective.id))

    def of_category(category: StandingCategory) -> tuple[RelativeStanding, ...]:
        return tuple(
            RelativeStanding(
                objective=compared.objective,
                percentile_rank=percentile_rank,
                peer_mean=peer_mean(release, own.mean, contributes=contributes),
                advantage=percentile_rank - average,
            )
            for compared, own, release, percentile_rank in ranked
            if categorise(percentile_rank) is category
        )

    return RelativePerformance(
        metric=metric,
        average_percentile=average,
        strengths=of_category(StandingCategory.STRENGTH),
        weaknesses=of_category(StandingCategory.WEAKNESS),
    )
