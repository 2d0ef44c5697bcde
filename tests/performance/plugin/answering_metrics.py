"""Two metrics for performance by difficulty: how fast a learner answers, and how long it gets everything right."""

import numpy as np

from domain.performance.attempts import AttemptsByDifficulty


def median_seconds(given: AttemptsByDifficulty) -> dict[str, float | None]:
    """Median seconds to answer, by difficulty; None where no attempt was timed."""
    found: dict[str, float | None] = {}
    for difficulty, attempts in given.by_difficulty.items():
        timed = attempts.time_to_answer[~np.isnan(attempts.time_to_answer)]
        found[difficulty] = float(np.median(timed)) if timed.size else None
    return found


def longest_run(given: AttemptsByDifficulty) -> int:
    """The most right answers in a row, whatever their difficulty."""
    made = given.by_difficulty.values()
    order = np.argsort(np.concatenate([attempts.occurred_at for attempts in made]), kind="stable")
    correct = np.concatenate([attempts.correct for attempts in made])[order]
    # Between two wrong answers, before the first and after the last lies one run each.
    wrong = np.flatnonzero(~np.concatenate([[False], correct, [False]]))
    return int(np.diff(wrong).max() - 1)
