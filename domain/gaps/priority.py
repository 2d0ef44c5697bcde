"""Which gap to work on first: its size, what the exam gives for it, what it holds back, and how it went of late."""

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats
from domain.gaps.path import Curriculum

Counts = NDArray[np.int64]

GAP_WEIGHT = 3.0
EXAM_WEIGHT = 2.0
IMPACT_WEIGHT = 1.0
FAILURE_WEIGHT = 1.5

# The failures of how many days make the recent failure rate, and from how many attempts on it says anything.
RECENT_DAYS = 14
MINIMUM_ATTEMPTS = 3


def gap(mastery: Floats) -> Floats:
    """What is missing to full mastery: 1 - *mastery*, both 0-1, of any shape."""
    return 1.0 - mastery


def recent_failure_rate(failures: Counts, attempts: Counts) -> Floats:
    """Share of wrong answers over the last 14 days, 0-1, drawn towards one half: (failures + 1) / (attempts + 2).

    failures, attempts: of one shape, failures <= attempts. Below 3 attempts the rate is 0, so that it adds nothing
    to a priority: nobody is pressed by one unlucky answer. Source: Laplace's rule of succession.
    """
    rate = (failures + 1.0) / (attempts + 2.0)
    return np.where(attempts >= MINIMUM_ATTEMPTS, rate, 0.0)


def prerequisite_impact(curriculum: Curriculum, mastery: Floats) -> Floats:
    """How much each topic holds back the topics that build on it, 0-1.

    mastery: shape (learners, topics), 0-1, columns as curriculum.topic_ids; 0 where a topic was never studied.
    Returns the same shape: the mean, over all topics that build on this one directly or through others, of the link's
    strength times what is missing in them; 0 for a topic that nothing builds on. Over several links the strength is
    the product along the path on which it is largest.
    Raises ValueError for a matrix with another number of columns.
    """
    if mastery.ndim != 2 or mastery.shape[1] != len(curriculum.topic_ids):
        raise ValueError(f"mastery of shape {mastery.shape} does not fit {len(curriculum.topic_ids)} topics")
    impact = np.zeros_like(mastery)
    missing = gap(mastery)
    for column, (dependants, strengths) in enumerate(curriculum.held_back):
        if dependants.size:
            impact[:, column] = missing[:, dependants] @ strengths / dependants.size
    # Strengths are at most 1, so only rounding can carry a mean beyond it.
    return np.minimum(impact, 1.0)


def priority(gap: Floats, exam_weight: Floats, impact: Floats, failure_rate: Floats) -> Floats:
    """The order of work, most urgent highest: 3 gap + 2 exam weight + impact + 1.5 failure rate, 0-25.5.

    gap, impact, failure_rate: 0-1. exam_weight: 0-10, as the curriculum states it. Shapes that broadcast.
    """
    return GAP_WEIGHT * gap + EXAM_WEIGHT * exam_weight + IMPACT_WEIGHT * impact + FAILURE_WEIGHT * failure_rate
