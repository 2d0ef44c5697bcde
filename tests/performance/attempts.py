"""Attempts for tests of metrics, without a database."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from domain.events.attempt import Difficulty
from domain.performance.attempts import Attempts, AttemptsByDifficulty

Answer: TypeAlias = tuple[int, bool]  # question, whether it was right


def some_attempts(answers: Sequence[Answer]) -> Attempts:
    """Attempts at questions by their numbers, in this order, a minute apart."""
    number = len(answers)
    seen: dict[int, int] = {}
    numbers = []
    for question, _ in answers:
        seen[question] = seen.get(question, 0) + 1
        numbers.append(seen[question])
    return Attempts(
        question=np.array([question for question, _ in answers], np.int64),
        correct=np.array([correct for _, correct in answers], np.bool_),
        attempt_number=np.array(numbers, np.int64),
        occurred_at=np.datetime64("2026-11-18T12:00", "us") + np.arange(number) * np.timedelta64(60, "s"),
        time_to_answer=np.full(number, np.nan),
        confidence=np.full(number, np.nan),
    )


def attempted(answers: dict[Difficulty, list[Answer]], required_correct: int = 2) -> AttemptsByDifficulty:
    """What a metric is given; difficulties without answers are left out."""
    made = {difficulty: some_attempts(some) for difficulty, some in answers.items() if some}
    return AttemptsByDifficulty(by_difficulty=made, required_correct=required_correct)
