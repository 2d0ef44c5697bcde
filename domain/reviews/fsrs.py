"""FSRS-6: how stable and how difficult a memory is after each review, and how likely recall is between reviews.

Source: the FSRS-6 algorithm of the Open Spaced Repetition project with its published default parameters. Reviews are
right or wrong here, so of its four ratings only Good (right) and Again (wrong) occur, and its parameters for Hard and
Easy have no part. There are no learning steps and intervals are not fuzzed. Time is whole days of 24 hours since the
last review, as in the project's Python package `fsrs`, the reference in the tests.
"""

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# The default parameters w0 to w20, fitted by the project on the reviews of about ten thousand people.
PARAMETERS = (
    *(0.212, 1.2931, 2.3065, 8.2956),  # first stability, by rating
    *(6.4133, 0.8334, 3.0194, 0.001),  # difficulty
    *(1.8722, 0.1666, 0.796),  # stability after recall
    *(1.4835, 0.0614, 0.2629, 1.6483),  # stability after a lapse
    *(0.6014, 1.8729),  # Hard and Easy
    *(0.5425, 0.0912, 0.0658),  # a second review on one day
    0.1542,  # decay of the forgetting curve
)
W = PARAMETERS
AGAIN = 1
GOOD = 3
EASY = 4

DECAY = -W[20]
# Chosen by the algorithm so that retrievability is 0.9 after as many days as the stability.
FACTOR = 0.9 ** (1 / DECAY) - 1

LEAST_STABILITY = 0.001  # days; keeps the curve defined after any number of lapses
LEAST_DIFFICULTY = 1.0
MOST_DIFFICULTY = 10.0
LONGEST_INTERVAL_DAYS = 36_500
DESIRED_RETENTION = 0.9


def _first_difficulty(rating: int) -> float:
    return W[4] - float(np.exp(W[5] * (rating - 1))) + 1


FIRST_STABILITY_RIGHT = W[GOOD - 1]
FIRST_STABILITY_WRONG = W[AGAIN - 1]
FIRST_DIFFICULTY_RIGHT = _first_difficulty(GOOD)
FIRST_DIFFICULTY_WRONG = _first_difficulty(AGAIN)
# Difficulty is drawn towards that of an easy first answer, which is not clamped here.
DIFFICULTY_AT_REST = _first_difficulty(EASY)
HARDER_WHEN_WRONG = W[6] * (GOOD - AGAIN)


def retrievability(elapsed_days: Floats | Ints, stability: Floats) -> Floats:
    """Probability of recall, 0-1, *elapsed_days* whole days after the last review.

    stability: days, > 0; NaN (never reviewed) gives NaN. Both broadcast against each other. After as many days as
    the stability it is 0.9.
    """
    result: Floats = (1 + FACTOR * elapsed_days / stability) ** DECAY
    return result


def interval_days(stability: Floats, desired_retention: float = DESIRED_RETENTION) -> Ints:
    """Whole days until recall has fallen to *desired_retention*, 1-36,500, halves rounded to the even day.

    stability: days, > 0, none NaN. Raises ValueError for a retention that is not between 0 and 1.
    """
    if not 0 < desired_retention < 1:
        raise ValueError(f"a desired retention lies between 0 and 1, not at {desired_retention}")
    days = stability / FACTOR * (desired_retention ** (1 / DECAY) - 1)
    result: Ints = np.rint(days).clip(1, LONGEST_INTERVAL_DAYS).astype(np.int64)
    return result


def next_memory(
    stability: Floats, difficulty: Floats, elapsed_days: Floats | Ints, correct: Bools
) -> tuple[Floats, Floats]:
    """Stability (days) and difficulty (1-10) of n cards after one review of each.

    All of shape (n,). stability, difficulty: before the review; NaN for a card that was never reviewed.
    elapsed_days: whole days since the last review, >= 0, of no account for a card without one. 0 is a second review
    on one day: its effect is small, and a right answer never lowers the stability.
    """
    first = np.isnan(stability)
    recall = retrievability(elapsed_days, stability)
    with_lapse = np.where(
        correct, _after_recall(stability, difficulty, recall), _after_lapse(stability, difficulty, recall)
    )
    later = np.where(elapsed_days < 1, _after_same_day(stability, correct), with_lapse)
    next_stability = np.where(
        first,
        np.where(correct, FIRST_STABILITY_RIGHT, FIRST_STABILITY_WRONG),
        np.maximum(later, LEAST_STABILITY),
    )
    next_difficulty = np.where(
        first,
        np.where(correct, FIRST_DIFFICULTY_RIGHT, FIRST_DIFFICULTY_WRONG),
        _next_difficulty(difficulty, correct),
    )
    return next_stability, next_difficulty.clip(LEAST_DIFFICULTY, MOST_DIFFICULTY)


def _after_recall(stability: Floats, difficulty: Floats, recall: Floats) -> Floats:
    """The less likely recall was, the more it strengthens; less so for difficult and for stable cards."""
    gain = np.exp(W[8]) * (11 - difficulty) * stability ** -W[9] * np.expm1((1 - recall) * W[10])
    result: Floats = stability * (1 + gain)
    return result


def _after_lapse(stability: Floats, difficulty: Floats, recall: Floats) -> Floats:
    """Never more than a wrong answer on the same day would have left."""
    kept = W[11] * difficulty ** -W[12] * ((stability + 1) ** W[13] - 1) * np.exp((1 - recall) * W[14])
    result: Floats = np.minimum(kept, stability / np.exp(W[17] * W[18]))
    return result


def _after_same_day(stability: Floats, correct: Bools) -> Floats:
    damping = stability ** -W[19]
    right = np.maximum(np.exp(W[17] * W[18]) * damping, 1)
    wrong = np.exp(W[17] * (AGAIN - GOOD + W[18])) * damping
    result: Floats = stability * np.where(correct, right, wrong)
    return result


def _next_difficulty(difficulty: Floats, correct: Bools) -> Floats:
    """A wrong answer makes a card more difficult, by less the nearer it is to 10; a right one leaves it where it is."""
    moved = difficulty + (MOST_DIFFICULTY - difficulty) * np.where(correct, 0.0, HARDER_WHEN_WRONG) / 9
    result: Floats = W[7] * DIFFICULTY_AT_REST + (1 - W[7]) * moved
    return result
