"""SM-2: the interval after each review, from an easiness that every card keeps.

Source: P. A. Wozniak, "Optimization of learning" (1990), section 3.2, as published in 1998. Its text rounds intervals
up and leaves the easiness alone when an answer is wrong. It does not say whether a new easiness already counts for the
interval that follows: here it does, as in the Python package `sm-2`.
"""

import numpy as np

from domain.distribution import Floats
from domain.reviews.fsrs import LONGEST_INTERVAL_DAYS, Bools, Ints

FIRST_EASINESS = 2.5
LEAST_EASINESS = 1.3
FIRST_INTERVAL_DAYS = 1
SECOND_INTERVAL_DAYS = 6

# On the algorithm's scale of 0 to 5, of which 3 and more are right: a right answer after some thought, and a wrong one
# that looks familiar once it is shown. An attempt tells no more than right or wrong.
QUALITY_RIGHT = 4
QUALITY_WRONG = 1
LEAST_QUALITY_RIGHT = 3

# The algorithm gives no probabilities. A card is due when it would be recalled in 9 cases of 10, and forgetting is
# taken to be exponential, as in the published comparison of algorithms (srs-benchmark).
RECALL_WHEN_DUE = 0.9


def recall(elapsed_days: Floats | Ints, interval_days: Ints) -> Floats:
    """Probability of recall, 0-1, *elapsed_days* whole days after the last review. interval_days: >= 1."""
    result: Floats = RECALL_WHEN_DUE ** (elapsed_days / interval_days)
    return result


def qualities(correct: Bools) -> Ints:
    """The quality that an answer stands for when it is known only to be right or wrong."""
    return np.where(correct, np.int64(QUALITY_RIGHT), np.int64(QUALITY_WRONG))


def next_schedule(easiness: Floats, interval_days: Ints, repetitions: Ints, quality: Ints) -> tuple[Floats, Ints, Ints]:
    """Easiness, interval in days and repetitions of n cards after one review of each.

    All of shape (n,). easiness: >= 1.3, 2.5 for a new card. repetitions: right answers in a row, 0 for a new card,
    whose interval is of no account. quality: 0-5. An interval never exceeds 36,500 days.
    A wrong answer starts the repetitions anew, with an interval of one day.
    """
    right = quality >= LEAST_QUALITY_RIGHT
    short_of_perfect = 5 - quality
    moved = easiness + (0.1 - short_of_perfect * (0.08 + short_of_perfect * 0.02))
    next_easiness = np.where(right, np.maximum(moved, LEAST_EASINESS), easiness)
    next_repetitions = np.where(right, repetitions + 1, 0)
    grown = np.minimum(np.ceil(interval_days * next_easiness), LONGEST_INTERVAL_DAYS).astype(np.int64)
    next_interval = np.where(
        next_repetitions <= 1,
        FIRST_INTERVAL_DAYS,
        np.where(next_repetitions == 2, SECOND_INTERVAL_DAYS, grown),
    )
    return next_easiness, next_interval, next_repetitions
