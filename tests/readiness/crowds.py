"""Learners with results, drawn with known coefficients."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    matrix: Floats
    passed: NDArray[np.bool_]
    score: Floats
    taken_at: NDArray[np.int64]


def crowd(size: int, *, seed: int = 1, missing: float = 0.0) -> Crowd:
    """Passing depends on the first and the fourth feature alone, the score on them too, with a deviation of 5."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(size, 8))
    signal = 1.2 * matrix[:, 0] + 0.8 * matrix[:, 3]
    passed = rng.random(size) < 1 / (1 + np.exp(-(0.5 + signal)))
    score = 70 + 6 * signal + rng.normal(scale=5, size=size)
    matrix[rng.random(matrix.shape) < missing] = np.nan
    return Crowd(matrix=matrix, passed=passed, score=score, taken_at=np.arange(size))
