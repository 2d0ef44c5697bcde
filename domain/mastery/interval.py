"""How far the mastery score may be off, given how few answers it rests on."""

from dataclasses import dataclass

import numpy as np

from domain.distribution import Floats
from domain.mastery.score import Evidence, Ints, mastery_score, weigh

# The 97.5 % quantile of the normal distribution.
Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreInterval:
    """Mastery scores with their 95 % intervals, 0-1, each of shape (n,); low <= score <= high, NaN in all or none."""

    score: Floats
    low: Floats
    high: Floats


def score_interval(evidence: Evidence) -> ScoreInterval:
    """The scores of *evidence* with their 95 % intervals.

    Each accuracy is moved to the ends of its Wilson interval, retrieval strength and completion stay as they are.
    Both accuracies move together, since they count the same answers: independent errors would look narrower.
    Without any answer low = score = high.
    """
    first_low, first_high = wilson(evidence.first_correct, evidence.first_attempts)
    low, high = wilson(evidence.correct, evidence.attempts)
    score = mastery_score(evidence)
    return ScoreInterval(
        score=score,
        low=np.minimum(score, weigh(np.stack([first_low, low, evidence.retrieval, evidence.completion]))),
        high=np.maximum(score, weigh(np.stack([first_high, high, evidence.retrieval, evidence.completion]))),
    )


def wilson(correct: Ints, attempts: Ints) -> tuple[Floats, Floats]:
    """Ends of the 95 % interval of a share, 0-1; NaN where there are no attempts.

    Source: Wilson 1927, without continuity correction; SciPy's binomtest is the reference in the tests.
    """
    size = np.where(attempts > 0, attempts, np.nan)
    share = correct / size
    shrink = 1 + Z_95**2 / size
    middle = (share + Z_95**2 / (2 * size)) / shrink
    reach = Z_95 / shrink * np.sqrt(share * (1 - share) / size + Z_95**2 / (4 * size**2))
    return np.clip(middle - reach, 0, 1), np.clip(middle + reach, 0, 1)
