"""Learners whose values make up releases: many figures of the same ones share what is worked out of their ids."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from domain.packed_ids import halves, rising

ID_BYTES = 16


@dataclass(frozen=True, eq=False)
class Roster:
    """Learners in any order, each once.

    ids: shape (n,), 16 raw bytes each (dtype V16 or S16). Raises ValueError for others; that a learner is there twice
    is found when the order is asked for.
    """

    ids: NDArray[np.void] | NDArray[np.bytes_]

    def __post_init__(self) -> None:
        if self.ids.dtype.itemsize != ID_BYTES or self.ids.ndim != 1:
            raise ValueError("learner ids come as one row of 16-byte values")

    @cached_property
    def order(self) -> NDArray[np.intp] | slice:
        """Positions of the learners by rising id; ValueError if one is there twice."""
        numbers = halves(self.ids)
        if _above_the_one_before(numbers).all():
            return slice(None)  # which copies nothing: whoever makes thousands of releases hands them in order
        order = rising(numbers)
        if not _above_the_one_before(numbers[order]).all():
            raise ValueError("a learner stands among the contributors twice; give one mean each")
        return order

    @cached_property
    def digest(self) -> bytes:
        """32 bytes that stand for who they are, in whichever order they are given."""
        return hashlib.sha256(self.ids[self.order].tobytes()).digest()


def _above_the_one_before(numbers: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """For each id but the first, by its halves, whether it is above the one before."""
    upper, lower = numbers[:, 0], numbers[:, 1]
    above: NDArray[np.bool_] = (upper[:-1] < upper[1:]) | ((upper[:-1] == upper[1:]) & (lower[:-1] < lower[1:]))
    return above
