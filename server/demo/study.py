"""When the demo's learners study: which objectives, how often, and at which hours of their day."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.privacy.policy import MINIMUM_RESPONSES
from server.demo.curriculum import ObjectiveEntry
from server.demo.people import DAY_SECONDS, HOUR_SECONDS, People

MOST_ATTEMPTS = 8

# Of a hundred learners who come to an objective, how many leave it at 0, 1, 2 ... 8 responses.
_ATTEMPTS_OF_100 = (6, 2, 3, 12, 17, 20, 19, 13, 8)
_HALF_HEARTED = (5, 3, 2)  # the same, in tens, for 0 to 2 responses

# Newcomers take an objective every five days; who joined earlier spreads the curriculum over the time until now,
# but for the last hundred days, so that all its attempts lie in the past.
_FASTEST_PACE_DAYS = 5
_DAYS_TO_FINISH = 100
_LATE_START_DAYS = 14
_LONGEST_GAP_DAYS = 12  # between two attempts at one objective
# An objective that came in lately is studied at once.
_HASTY_START_DAYS, _HASTY_GAP_DAYS = 2, 2

# How busy the hours of a learner's own day are, from 7 to 22 o'clock: breaks at noon, a peak in the evening.
_FIRST_HOUR = 7
_BUSY_HOURS = (2, 3, 4, 5, 4, 2, 3, 4, 4, 4, 4, 5, 7, 8, 6, 3)

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attempts:
    """Attempts as columns, by rising time.

    learner, objective: places. number: from 0 within learner and objective. of: how many there are in these.
    occurred: seconds since 1970.
    """

    learner: Counts
    objective: Counts
    number: Counts
    of: Counts
    occurred: Counts

    def __len__(self) -> int:
        return self.learner.size


def attempts(objectives: Sequence[ObjectiveEntry], learners: People, until: int, rng: np.random.Generator) -> Attempts:
    """Every attempt of *learners* from the day after each joined, for as long as each studied; alumni made none."""
    planned = _counts(objectives, learners, rng)
    occurred = _times(objectives, learners, until, rng)
    happened = np.arange(MOST_ATTEMPTS) < planned[:, :, None]
    happened &= (occurred <= learners.studied_until[:, None, None]) & ~learners.alumni[:, None, None]
    learner, objective, number = np.nonzero(happened)
    order = np.argsort(occurred[happened], kind="stable")
    learner, objective, number = learner[order], objective[order], number[order]
    return Attempts(
        learner=learner,
        objective=objective,
        number=number,
        of=happened.sum(axis=2)[learner, objective],
        occurred=occurred[learner, objective, number],
    )


def earliest(learners: People, contributors: int) -> NDArray[np.bool_]:
    """Who joined first, up to and with so many eligible ones; among them some who do not share.

    The earliest, because these have had the time to finish whatever they began.
    """
    chosen = np.zeros(len(learners), dtype=np.bool_)
    order = learners.seniority
    chosen[order] = np.cumsum((learners.eligible & ~learners.alumni)[order]) <= contributors
    return chosen


def _counts(objectives: Sequence[ObjectiveEntry], learners: People, rng: np.random.Generator) -> Counts:
    """Shape (learners, objectives): how many attempts are planned."""
    shape = (len(learners), len(objectives))
    counts = drawn(_ATTEMPTS_OF_100, shape, rng)
    half_hearted = drawn(_HALF_HEARTED, shape, rng)
    for place, objective in enumerate(objectives):
        for contributors in (objective.contributors, objective.reasoning_contributors):
            if contributors is not None:
                chosen = earliest(learners, contributors)
                counts[chosen, place] = np.maximum(counts[chosen, place], MINIMUM_RESPONSES)
        if objective.contributors is not None:
            others = ~earliest(learners, objective.contributors)
            counts[others, place] = half_hearted[others, place]
    return counts


def _times(objectives: Sequence[ObjectiveEntry], learners: People, until: int, rng: np.random.Generator) -> Counts:
    """Shape (learners, objectives, attempts): when each attempt would be, in seconds since 1970."""
    shape = (len(learners), len(objectives), MOST_ATTEMPTS)
    days_here = (until - learners.joined) // DAY_SECONDS
    pace = np.maximum(
        _FASTEST_PACE_DAYS, (days_here - _DAYS_TO_FINISH) * rng.uniform(0.75, 1, len(learners)) / shape[1]
    )
    start = (pace[:, None] * np.arange(shape[1])).astype(np.int64) + rng.integers(0, _LATE_START_DAYS, shape[:2])
    gaps = rng.integers(1, _LONGEST_GAP_DAYS + 1, shape)
    for place, objective in enumerate(objectives):
        if objective.introduced_days_ago is not None:
            hasty = rng.integers(0, _HASTY_START_DAYS, len(learners))
            start[:, place] = np.maximum(0, days_here - objective.introduced_days_ago) + hasty
            gaps[:, place] = rng.integers(1, _HASTY_GAP_DAYS + 1, (len(learners), MOST_ATTEMPTS))
    gaps[:, :, 0] = 0
    day_joined = (learners.joined + learners.offset) // DAY_SECONDS
    own_day = (day_joined + 1)[:, None, None] + start[:, :, None] + np.cumsum(gaps, axis=2)
    own_second = (_FIRST_HOUR + drawn(_BUSY_HOURS, shape, rng)) * HOUR_SECONDS + rng.integers(0, HOUR_SECONDS, shape)
    times: Counts = own_day * DAY_SECONDS + own_second - learners.offset[:, None, None]
    return times


def drawn(weights: Sequence[int], shape: tuple[int, ...], rng: np.random.Generator) -> Counts:
    """Places of *weights*, each as often as its weight says."""
    return np.searchsorted(np.cumsum(weights), rng.integers(sum(weights), size=shape), side="right")
