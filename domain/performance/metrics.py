"""The built-in metrics of performance by difficulty; each is a function as a registered one is.

Each gives a value to every difficulty, 0 where nothing was attempted, but for the ranking, which is a list of them.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.events.attempt import Difficulty
from domain.performance.attempts import AttemptsByDifficulty


class CompletionStatus(StrEnum):
    """Whether enough questions of a difficulty were answered correctly."""

    COMPLETE = "COMPLETE"
    INCOMPLETE = "INCOMPLETE"


def score(given: AttemptsByDifficulty) -> dict[Difficulty, int]:
    """Questions that were answered correctly, at whichever attempt; each counts once."""
    made = given.by_difficulty
    return {one: _distinct(made[one].question[made[one].correct]) if one in made else 0 for one in Difficulty}


def completion(given: AttemptsByDifficulty) -> dict[Difficulty, CompletionStatus]:
    """Complete from the required number of questions answered correctly on."""
    return {
        one: CompletionStatus.COMPLETE if reached >= given.required_correct else CompletionStatus.INCOMPLETE
        for one, reached in score(given).items()
    }


def questions(given: AttemptsByDifficulty) -> dict[Difficulty, int]:
    """Questions that were attempted."""
    made = given.by_difficulty
    return {one: _distinct(made[one].question) if one in made else 0 for one in Difficulty}


def attempts(given: AttemptsByDifficulty) -> dict[Difficulty, int]:
    """Attempts that were made."""
    made = given.by_difficulty
    return {one: made[one].question.size if one in made else 0 for one in Difficulty}


def average_attempts(given: AttemptsByDifficulty) -> dict[Difficulty, float]:
    """Mean attempts at a question that was attempted, from 1 on; 0 where none was."""
    asked = questions(given)
    return {one: number / asked[one] if number else 0.0 for one, number in attempts(given).items()}


def ranking(given: AttemptsByDifficulty) -> list[Difficulty]:
    """All difficulties by mean attempts at a question, most first; equal ones in the order EASY, MEDIUM, HARD."""
    means = average_attempts(given)
    return sorted(means, key=lambda one: -means[one])  # a stable sort of what stands in that order


def _distinct(question: NDArray[np.int64]) -> int:
    """How many questions there are among these: their numbers are small, so they need not be sorted."""
    return int(np.count_nonzero(np.bincount(question)))


BUILT_IN: Mapping[str, Any] = MappingProxyType(
    {
        "score": score,
        "completion": completion,
        "ranking": ranking,
        "averageAttempts": average_attempts,
        "questions": questions,
        "attempts": attempts,
    }
)
