"""Where a learner stands among its peers in one objective and metric."""

from dataclasses import dataclass
from enum import Enum

from domain.peers.metric import OwnMean, PeerMetric
from domain.privacy.figures import Distribution, distribution, rank, rank_margin
from domain.privacy.policy import Thresholds
from domain.privacy.release import Release
from domain.unavailable import Reason, Unavailable

# Percentile ranks, both inclusive: the upper and the lower quarter of the peers.
STRENGTH_FROM = 75
WEAKNESS_TO = 25


class StandingCategory(Enum):
    """A percentile rank in words."""

    STRENGTH = "STRENGTH"
    TYPICAL = "TYPICAL"
    WEAKNESS = "WEAKNESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerStanding:
    """A learner against its peers.

    objective_id: the release's subject. score: the learner's own mean, 0-100, unrounded.
    percentile_rank: share of peers at or below it, 0-100.
    rank_margin: how far that may be off in 9 cases of 10, in percent.
    """

    objective_id: str
    metric: PeerMetric
    score: float
    percentile_rank: float
    rank_margin: float
    category: StandingCategory
    distribution: Distribution


def stand(
    own: OwnMean | None, release: Release | None, thresholds: Thresholds, contributes: bool
) -> PeerStanding | Unavailable:
    """The standing of a learner with *own* in *release*.

    own: None for a learner without responses. release: None where there are too few peers.
    contributes: whether the learner shares its results and is active, so that it may be its own peer's peer.
    Too few peers go before too few responses: what a learner lacks is worth saying only where it would help.
    """
    if release is None:
        return Unavailable.because(Reason.TOO_FEW_PEERS)
    if own is None or own.responses < thresholds.minimum_responses:
        return Unavailable.because(Reason.TOO_FEW_RESPONSES)
    percentile_rank = rank_among_peers(own, release, thresholds, contributes=contributes)
    if percentile_rank is None:
        return Unavailable.because(Reason.TOO_FEW_PEERS)
    return PeerStanding(
        objective_id=release.cell.subject,
        metric=own.metric,
        score=own.mean,
        percentile_rank=percentile_rank,
        rank_margin=rank_margin(release),
        category=categorise(percentile_rank),
        distribution=distribution(release),
    )


def rank_among_peers(own: OwnMean, release: Release, thresholds: Thresholds, *, contributes: bool) -> float | None:
    """Share of peers at or below *own*, 0-100; None where too few others remain.

    Mastery is read at the end of its bar: it takes few values, so most peers tie with somebody.
    Raises ValueError for a release of another metric.
    """
    if release.cell.metric != own.metric:
        raise ValueError(f"a mean in {own.metric} has no rank in {release.cell.key}")
    return rank(
        release,
        own.mean,
        at_bar_end=own.metric is PeerMetric.MASTERY,
        contributes=contributes,
        minimum_peers=thresholds.minimum_peers,
    )


def categorise(percentile_rank: float) -> StandingCategory:
    """STRENGTH from a rank of 75, WEAKNESS up to 25, both inclusive."""
    if percentile_rank >= STRENGTH_FROM:
        return StandingCategory.STRENGTH
    if percentile_rank <= WEAKNESS_TO:
        return StandingCategory.WEAKNESS
    return StandingCategory.TYPICAL
