"""A learner's attempts at the questions of one topic, as arrays by difficulty: what metrics are computed from."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats
from domain.events.attempt import Difficulty

# Met wherever nobody asks for another number: one right answer may be luck.
REQUIRED_CORRECT = 2
MOST_REQUIRED_CORRECT = 1000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attempts:
    """Attempts at questions of one difficulty, in order of time; each array of shape (n,), n >= 1, and read-only.

    question: int64, a number for each question from 0 on, the same at every difficulty; their order means nothing.
    correct: bool, whether the answer was right.
    attempt_number: int64, from 1 on, as the platform counts.
    occurred_at: datetime64[us], UTC.
    time_to_answer: float64, seconds; NaN where it is not known.
    confidence: float64, self-rated, 0-1; NaN where it is not known.
    Raises ValueError for arrays of different shapes and for empty ones.
    """

    question: NDArray[np.int64]
    correct: NDArray[np.bool_]
    attempt_number: NDArray[np.int64]
    occurred_at: NDArray[np.datetime64]
    time_to_answer: Floats
    confidence: Floats

    def __post_init__(self) -> None:
        arrays = [getattr(self, one.name) for one in fields(self)]
        if {array.shape for array in arrays} != {(self.question.size,)} or not self.question.size:
            raise ValueError("attempts come as arrays of one length, at least 1")
        for array in arrays:
            # Metrics of several authors look at the same arrays: none may change what the next one sees.
            array.flags.writeable = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AttemptsByDifficulty:
    """What a metric is given: one learner's attempts at the questions of one topic, in one mode.

    by_difficulty: the difficulties with attempts, at least one, in the order EASY, MEDIUM, HARD.
    required_correct: so many questions of a difficulty have to be answered correctly to complete it, 1-1000.
    Raises ValueError for anything else.
    """

    by_difficulty: Mapping[Difficulty, Attempts]
    required_correct: int = REQUIRED_CORRECT

    def __post_init__(self) -> None:
        if not self.by_difficulty:
            raise ValueError("there are no attempts; say so instead of measuring them")
        if not 1 <= self.required_correct <= MOST_REQUIRED_CORRECT:
            raise ValueError(f"required_correct is {self.required_correct}; give 1 to {MOST_REQUIRED_CORRECT}")
        ordered = {one: self.by_difficulty[one] for one in Difficulty if one in self.by_difficulty}
        object.__setattr__(self, "by_difficulty", MappingProxyType(ordered))
