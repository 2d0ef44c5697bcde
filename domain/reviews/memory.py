"""What is remembered of cards: the state of many at once under both algorithms, and what follows from it."""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import assert_never

import numpy as np

from domain.distribution import Floats
from domain.reviews import fsrs, sm2
from domain.reviews.fsrs import Bools, Ints

MICROSECONDS_A_DAY = 86_400_000_000

# When a card is due that was never reviewed: later than any instant.
NEVER = int(np.iinfo(np.int64).max)


class Algorithm(StrEnum):
    """What schedules reviews."""

    FSRS = "fsrs"
    SM2 = "sm2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memories:
    """The state of n cards, each array of shape (n,). Both algorithms keep theirs, so that either can be asked.

    reviewed_at: the last review, microseconds since 1970 UTC; of no account for a card that was never reviewed.
    stability: days; difficulty: 1-10 (FSRS); both NaN for a card that was never reviewed.
    easiness, interval_days, repetitions: SM-2's; interval_days is 0 for a card that was never reviewed.
    reviews: how many there were. lapses: how many of those after the first were wrong.
    Raises ValueError for arrays of different lengths.
    """

    reviewed_at: Ints
    stability: Floats
    difficulty: Floats
    easiness: Floats
    interval_days: Ints
    repetitions: Ints
    reviews: Ints
    lapses: Ints

    def __post_init__(self) -> None:
        shape = (self.reviewed_at.size,)
        if any(getattr(self, name).shape != shape for name in ARRAYS):
            raise ValueError("the arrays of memories are equally long, with one value a card")

    @property
    def size(self) -> int:
        return self.reviewed_at.size

    @property
    def known(self) -> Bools:
        """Which cards have been reviewed."""
        return ~np.isnan(self.stability)

    def take(self, cards: Ints | Bools | slice) -> "Memories":
        """The cards at these places, in this order. A slice shares its arrays with the whole."""
        return Memories(**{name: getattr(self, name)[cards] for name in ARRAYS})


ARRAYS = tuple(field.name for field in fields(Memories))


def new_memories(size: int) -> Memories:
    """*size* cards that were never reviewed."""
    return Memories(
        reviewed_at=np.zeros(size, np.int64),
        stability=np.full(size, np.nan),
        difficulty=np.full(size, np.nan),
        easiness=np.full(size, sm2.FIRST_EASINESS),
        interval_days=np.zeros(size, np.int64),
        repetitions=np.zeros(size, np.int64),
        reviews=np.zeros(size, np.int64),
        lapses=np.zeros(size, np.int64),
    )


def elapsed_days(memories: Memories, at: Ints | int) -> Ints:
    """Whole days of 24 hours from each card's last review until *at* (microseconds), never below 0."""
    result: Ints = np.maximum((at - memories.reviewed_at) // MICROSECONDS_A_DAY, 0)
    return result


def reviewed(memories: Memories, at: Ints, correct: Bools) -> Memories:
    """The cards after one review of each. at: microseconds, none before the card's last review."""
    stability, difficulty = fsrs.next_memory(
        memories.stability, memories.difficulty, elapsed_days(memories, at), correct
    )
    easiness, interval, repetitions = sm2.next_schedule(
        memories.easiness, memories.interval_days, memories.repetitions, sm2.qualities(correct)
    )
    return Memories(
        reviewed_at=at,
        stability=stability,
        difficulty=difficulty,
        easiness=easiness,
        interval_days=interval,
        repetitions=repetitions,
        reviews=memories.reviews + 1,
        lapses=memories.lapses + (memories.known & ~correct),
    )


def recall(memories: Memories, at: Ints | int, algorithm: Algorithm) -> Floats:
    """Probability of recall of each card, 0-1, NaN for cards that were never reviewed.

    at: microseconds, one instant or one a card; before a card's last review it counts as the review's own.
    """
    elapsed = elapsed_days(memories, at)
    match algorithm:
        case Algorithm.FSRS:
            return fsrs.retrievability(elapsed, memories.stability)
        case Algorithm.SM2:
            return np.where(memories.known, sm2.recall(elapsed, np.maximum(memories.interval_days, 1)), np.nan)
        case _:
            assert_never(algorithm)


def due_at(memories: Memories, algorithm: Algorithm, desired_retention: float = fsrs.DESIRED_RETENTION) -> Ints:
    """When each card is due, microseconds; NEVER for cards that were never reviewed.

    desired_retention: between 0 and 1, for FSRS; SM-2 has intervals of its own.
    """
    match algorithm:
        case Algorithm.FSRS:
            days = fsrs.interval_days(np.where(memories.known, memories.stability, 1.0), desired_retention)
        case Algorithm.SM2:
            days = memories.interval_days
        case _:
            assert_never(algorithm)
    return np.where(memories.known, memories.reviewed_at + days * MICROSECONDS_A_DAY, np.int64(NEVER))
