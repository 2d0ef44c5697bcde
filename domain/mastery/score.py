"""The mastery score: what a learner has shown of a topic, as one weighted figure."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# The four parts in this order: first-attempt accuracy, overall accuracy, retrieval strength, material completion.
WEIGHTS = np.array([0.30, 0.20, 0.30, 0.20])

MASTERED_FROM = 0.8
MASTERED_FIRST_ATTEMPTS = 5
WEAK_BELOW = 0.5

# 0.8 as a weighted sum of shares may come out a last bit below 0.8.
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of n (learner, topic) pairs; every array has the shape (n,).

    first_correct of first_attempts: answers to questions that the learner saw for the first time.
    correct of attempts: all answers. retrieval: probability of recall now, 0-1, NaN without a question in review.
    completion: share of the topic's material that is done, 0-1, NaN for a topic without material.
    Raises ValueError for shapes that differ, counts that do not fit and shares outside 0-1.
    """

    first_correct: Ints
    first_attempts: Ints
    correct: Ints
    attempts: Ints
    retrieval: Floats
    completion: Floats

    def __post_init__(self) -> None:
        shape = self.attempts.shape
        columns = (self.first_correct, self.first_attempts, self.correct, self.retrieval, self.completion)
        if any(column.shape != shape for column in columns):
            raise ValueError("all parts of the evidence have one shape")
        for right, of in ((self.first_correct, self.first_attempts), (self.correct, self.attempts)):
            if np.any(right < 0) or np.any(right > of):
                raise ValueError("right answers lie between 0 and the number of answers")
        for share in (self.retrieval, self.completion):
            if np.any(share < 0) or np.any(share > 1):
                raise ValueError("retrieval strength and completion lie between 0 and 1")

    @classmethod
    def of_one(
        cls,
        *,
        first_correct: int = 0,
        first_attempts: int = 0,
        correct: int = 0,
        attempts: int = 0,
        retrieval: float | None = None,
        completion: float | None = None,
    ) -> Self:
        """The evidence of one pair, as arrays of shape (1,); None for a share that does not exist."""
        return cls(
            first_correct=np.array([first_correct]),
            first_attempts=np.array([first_attempts]),
            correct=np.array([correct]),
            attempts=np.array([attempts]),
            retrieval=np.array([np.nan if retrieval is None else retrieval]),
            completion=np.array([np.nan if completion is None else completion]),
        )

    @property
    def parts(self) -> Floats:
        """The four parts in the order of WEIGHTS, 0-1, shape (4, n); NaN where one does not exist."""
        return np.stack(
            [
                accuracy(self.first_correct, self.first_attempts),
                accuracy(self.correct, self.attempts),
                self.retrieval,
                self.completion,
            ]
        )


def mastery_score(evidence: Evidence) -> Floats:
    """The score, 0-1, shape (n,): 0.30 first-attempt accuracy, 0.20 accuracy, 0.30 retrieval, 0.20 completion.

    Where a part is missing, the weights of the others grow to 1 in proportion; NaN where all four are.
    """
    return weigh(evidence.parts)


def mastered(score: Floats, first_attempts: Ints) -> Bools:
    """Whether a topic counts as mastered: 0.8 or more, on 5 first attempts or more; never where the score is NaN."""
    return (score >= MASTERED_FROM - ROUNDING) & (first_attempts >= MASTERED_FIRST_ATTEMPTS)


def weak(score: Floats) -> Bools:
    """Whether a topic counts as weak: below 0.5; never where the score is NaN."""
    return score < WEAK_BELOW - ROUNDING


def accuracy(correct: Ints, attempts: Ints) -> Floats:
    """Share of right answers, 0-1; NaN where there are no attempts."""
    return np.where(attempts > 0, correct / np.maximum(attempts, 1), np.nan)


def daily_figure(first_correct: Ints, first_attempts: Ints, correct: Ints, attempts: Ints) -> Floats:
    """The score of one day's answers alone: its two accuracies by their weights; NaN for a day without answers."""
    missing = np.full(attempts.shape, np.nan)
    return weigh(np.stack([accuracy(first_correct, first_attempts), accuracy(correct, attempts), missing, missing]))


def weigh(parts: Floats) -> Floats:
    """Mean of *parts*, shape (4, n), by WEIGHTS over those that are not NaN; shape (n,), NaN where all are."""
    weights = np.where(np.isnan(parts), 0.0, WEIGHTS[:, np.newaxis])
    total = weights.sum(axis=0)
    weighted = (weights * np.nan_to_num(parts)).sum(axis=0)
    return np.where(total > 0, np.clip(weighted / np.where(total > 0, total, 1.0), 0, 1), np.nan)
