"""Bands: what a learner wants to reach, where it began, and whether it got there."""

import math

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats

TARGETS = (7.0, 7.5, 8.0)
STARTS = (5.0, 5.5, 6.0, 6.5)
DEFAULT_TARGET = 7.5  # of a learner whose platform knows none

NO_GROUP = -1


def band_floor(score: float) -> float:
    """*score*, lowered to the half band: everywhere, so that 6.9 is never a 7.0 in one place and a 6.5 in another."""
    return math.floor(2 * score) / 2


def target_of(band: float | None) -> float:
    """The target band, one of TARGETS, that a learner who wants *band* is compared by."""
    return DEFAULT_TARGET if band is None else _clamp(band_floor(band), TARGETS)


def start_of(score: float | None) -> float | None:
    """The starting skill, one of STARTS, of a learner with this diagnostic score; None without one."""
    return None if score is None else _clamp(band_floor(score), STARTS)


def achieved(final_band: float, target: float) -> bool:
    """Whether *final_band* reaches *target*: who did better than that has reached it too."""
    return final_band >= target


def groups_of(bands: Floats, scores: Floats) -> NDArray[np.int64]:
    """As target_of and start_of for many learners, NaN for None: places in GROUPS, or NO_GROUP without a score."""
    targets = np.where(np.isnan(bands), DEFAULT_TARGET, _floors(bands, TARGETS))
    places = len(STARTS) * np.searchsorted(TARGETS, targets) + np.searchsorted(STARTS, _floors(scores, STARTS))
    return np.where(np.isnan(scores), NO_GROUP, places)


GROUPS = tuple((target, start) for target in TARGETS for start in STARTS)


def _floors(scores: Floats, bands: tuple[float, ...]) -> Floats:
    return np.clip(np.floor(2 * scores) / 2, bands[0], bands[-1])


def _clamp(band: float, bands: tuple[float, ...]) -> float:
    return min(max(band, bands[0]), bands[-1])
