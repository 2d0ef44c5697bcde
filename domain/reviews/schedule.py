"""When reviews are due: the next one, those waiting now, and how many each of the coming days brings."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from domain.reviews.fsrs import Ints
from domain.reviews.memory import NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLoad:
    """How many questions become due on one of the learner's own days."""

    day: date
    questions: int


def next_review_at(due: Ints) -> int | None:
    """The earliest instant at which one of the cards is due, microseconds; None where none ever is.

    due: shape (n,), as from `due_at`. It may lie in the past.
    """
    earliest = int(due.min(initial=NEVER))
    return None if earliest == NEVER else earliest


def due_count(due: Ints, at: int) -> int:
    """How many cards are due at *at* (microseconds) or were so before."""
    return int(np.count_nonzero(due <= at))


def load_forecast(due: Ints, day_starts: Ints) -> Ints:
    """How many cards become due on each of the coming days, shape (d,). Overdue cards fall on the first day.

    day_starts: shape (d + 1,), d >= 1, ascending, microseconds: where each of the learner's own calendar days begins,
    today's first, and where the last one ends. Days that clocks are changed on are shorter or longer than others.
    Cards due later are not counted. Raises ValueError for days that do not ascend, or for none.
    """
    if day_starts.size < 2 or np.any(np.diff(day_starts) <= 0):
        raise ValueError("days begin one after the other, and there is at least one")
    inside = due[due < day_starts[-1]]
    day = np.maximum(np.searchsorted(day_starts, inside, side="right") - 1, 0)
    result: Ints = np.bincount(day, minlength=day_starts.size - 1).astype(np.int64)
    return result
