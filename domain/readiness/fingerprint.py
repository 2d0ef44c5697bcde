"""Tells whether a model would be trained on the same results again."""

import hashlib

import numpy as np

from domain.distribution import Floats
from domain.readiness.features import FEATURES, Integers
from domain.readiness.report import Outcomes


def fingerprint(matrix: Floats, passed: Outcomes, score: Floats, taken_at: Integers) -> str:
    """12 hexadecimal digits that differ when anything differs that `training.train` is handed, as shapes there."""
    digest = hashlib.blake2b("|".join(FEATURES).encode(), digest_size=6)
    for column in (np.nan_to_num(matrix, nan=-1.0), passed, score, taken_at):
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()
