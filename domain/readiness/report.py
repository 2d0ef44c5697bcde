"""How good a model's predictions were: what is published beside it."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats

Outcomes = NDArray[np.bool_]

RELIABILITY_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """One bin of people with similar predictions, 0-1: from *low* to *high*, both inclusive.

    predicted: their mean. observed: share who passed, 0-1.
    """

    low: float
    high: float
    predicted: float
    observed: float
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessReport:
    """A model on results that came after those it was trained on.

    trained_on, judged_on: numbers of results. base_rate: share of passes among the former.
    brier: mean squared error of the pass probability, 0-1. brier_skill: what it takes off the error of predicting
    the base rate for everybody; at most 1, below 0 where the model is worse.
    calibration_error: ECE. score_coverage: share of scores within their 95 % interval.
    auc: None where everybody passed, or nobody.
    """

    trained_on: int
    judged_on: int
    base_rate: float
    brier: float
    brier_skill: float
    calibration_error: float
    score_coverage: float
    auc: float | None
    bins: tuple[ReliabilityBin, ...]

    def to_json(self) -> dict[str, object]:
        """The report as JSON has it."""
        return asdict(self)


def brier(probability: Floats, passed: Outcomes) -> float:
    """Mean squared difference of probabilities and outcomes, 0-1; shapes (n,), n >= 1. Source: Brier 1950."""
    return float(np.mean((probability - passed) ** 2))


def brier_skill(probability: Floats, passed: Outcomes, base_rate: float) -> float:
    """Share of the base rate's Brier score that the model's is better by, up to 1.

    probability, passed: shape (n,), n >= 1. base_rate: 0-1, exclusive, as known *before* these outcomes.
    """
    return 1 - brier(probability, passed) / brier(np.full(len(passed), base_rate), passed)


def reliability(probability: Floats, passed: Outcomes) -> tuple[ReliabilityBin, ...]:
    """Ten bins of as equal sizes as can be, by rising probability; fewer where there are fewer people.

    Ties stay in the order in which they come. shapes (n,), n >= 1.
    """
    rising = np.argsort(probability, kind="stable")
    return tuple(
        ReliabilityBin(
            low=float(probability[bin_].min()),
            high=float(probability[bin_].max()),
            predicted=float(probability[bin_].mean()),
            observed=float(passed[bin_].mean()),
            people=bin_.size,
        )
        for bin_ in np.array_split(rising, min(RELIABILITY_BINS, rising.size))
    )


def expected_calibration_error(bins: tuple[ReliabilityBin, ...]) -> float:
    """Mean distance of predicted and observed shares, 0-1, each bin counting by its people; ECE."""
    return sum(one.people * abs(one.predicted - one.observed) for one in bins) / sum(one.people for one in bins)


def coverage(score: Floats, low: Floats, high: Floats) -> float:
    """Share of *score* from *low* to *high*, both inclusive; shapes (n,), n >= 1."""
    return float(np.mean((score >= low) & (score <= high)))


def auc(probability: Floats, passed: Outcomes) -> float | None:
    """How often one who passed was given the higher probability than one who did not; a tie counts half.

    None without one of each. Source: the Mann-Whitney statistic, from mean ranks.
    """
    passes = int(np.count_nonzero(passed))
    failures = passed.size - passes
    if passes == 0 or failures == 0:
        return None
    _, place, count = np.unique(probability, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((ranks[passed].sum() - passes * (passes + 1) / 2) / (passes * failures))
