"""How bad a gap is."""

from enum import StrEnum

import numpy as np

from domain.distribution import Floats


class GapSeverity(StrEnum):
    """Classes of gaps, worst first."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


# A gap is a difference of sums of floats: one of 0.7 may come out as 0.6999999999999998.
_ROUNDING = 1e-9

_WORST_FIRST = tuple(GapSeverity)


def classify(gap: Floats, priority: Floats) -> list[GapSeverity | None]:
    """The severity of each gap, None where it is too small to be one.

    gap: shape (n,), 0-1. priority: shape (n,), as domain.gaps.priority works it out.
    CRITICAL from a gap of 0.7, or of 0.5 with a priority of 15; HIGH from 0.5, or from 0.3 with a priority of 12;
    MEDIUM from 0.3; LOW from 0.15. All limits are inclusive.
    """
    size, urgency = gap + _ROUNDING, priority + _ROUNDING
    places = np.select(
        [
            (size >= 0.7) | ((size >= 0.5) & (urgency >= 15)),
            (size >= 0.5) | ((size >= 0.3) & (urgency >= 12)),
            size >= 0.3,
            size >= 0.15,
        ],
        list(range(len(_WORST_FIRST))),
        default=-1,
    )
    return [_WORST_FIRST[place] if place >= 0 else None for place in places.tolist()]
