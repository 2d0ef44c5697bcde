"""Which parts of the exam are weak, how much of it was studied, and when the learner will be ready at this pace."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.catalog.topic import Topic
from domain.distribution import Floats

WEAK_BELOW = 50.0
READY_FROM = 0.8  # mastery

PACE_DAYS = 28
# With fewer days a straight line fits nearly anything.
MINIMUM_DAYS = 5

# Student's t at 0.975 by degrees of freedom, 1 to 26: as many as 28 days can leave. Tested against SciPy.
_T975 = np.array(
    [
        12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157,
        2.228139, 2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922,
        2.093024, 2.085963, 2.079614, 2.073873, 2.068658, 2.063899, 2.059539, 2.055529,
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionReadiness:
    """A part of the exam, which is a topic below no other. readiness: 0-100, the mastery of all that lies in it."""

    topic: Topic
    readiness: float


def weak_sections(topics: Sequence[Topic], mastery: Mapping[str, float]) -> list[SectionReadiness]:
    """The sections with a readiness below 50, weakest first, ties by name, then by id.

    topics: the whole curriculum, in any order. mastery: the learner's score, 0-1, by topic studied.
    A section's readiness is the mean mastery of its topics, itself among them, by exam weight; evenly where all of
    them weigh nothing. A topic never studied counts as 0, but one that only heads others is left out.
    """
    sections = [
        SectionReadiness(topic=section, readiness=100 * _mean(members, mastery))
        for section, members in _sections(examined(topics, mastery), topics)
    ]
    weak = [one for one in sections if one.readiness < WEAK_BELOW]
    return sorted(weak, key=lambda one: (one.readiness, one.topic.name, one.topic.id))


def topic_coverage(topics: Sequence[Topic], mastery: Mapping[str, float]) -> float:
    """Share of the exam's weight, 0-1, that lies on topics studied; of their number where all weigh nothing.

    As in weak_sections, a topic that only heads others is left out. 0 for an empty curriculum.
    """
    counted = examined(topics, mastery)
    if not counted:
        return 0.0
    return float(_weights(counted) @ np.array([topic.id in mastery for topic in counted]))


def mean_mastery(topics: Sequence[Topic], mastery: Mapping[str, float]) -> float:
    """Mastery of the whole exam, 0-1, counted as weak_sections counts a section's; 0 for an empty curriculum."""
    counted = examined(topics, mastery)
    return _mean(counted, mastery) if counted else 0.0


def projected_days_to_ready(
    days: NDArray[np.int64], scores: Floats, current: float, target: float = READY_FROM
) -> float | None:
    """In how many days *current* reaches *target* at the learner's own pace; 0 where it is there already.

    days, scores: shape (n,), the days with study of the last 28, each once, and the learner's score on each,
    0-1, for instance its accuracy. current: 0-1. The pace is the slope of the least-squares line.
    None below 5 days, and where the slope's 95 % interval is not wholly above 0: a pace that may be none has no end.
    Raises ValueError for days further apart than 28, or twice the same.
    """
    if current >= target:
        return 0.0
    if days.size and (np.ptp(days) >= PACE_DAYS or np.unique(days).size < days.size):
        raise ValueError("a pace is that of different days out of 28")
    if days.size < MINIMUM_DAYS:
        return None
    away = days - days.mean()
    spread = float(away @ away)
    slope = float(away @ scores) / spread
    residuals = scores - scores.mean() - slope * away
    freedom = days.size - 2
    reach = float(_T975[freedom - 1]) * (float(residuals @ residuals) / freedom / spread) ** 0.5
    # A slope of rounding errors is none: a thousandth of what a learner could notice in a year.
    return (target - current) / slope if slope - reach > 1e-9 else None


def examined(topics: Sequence[Topic], mastery: Mapping[str, float]) -> list[Topic]:
    """Topics that can be studied: all but those that head others and were never studied themselves.

    topics: the whole curriculum; they come back in its order. mastery: by topic studied.
    """
    heads = {topic.parent_id for topic in topics}
    return [topic for topic in topics if topic.id not in heads or topic.id in mastery]


def _sections(counted: Iterable[Topic], topics: Sequence[Topic]) -> list[tuple[Topic, list[Topic]]]:
    """Each section that has any of *counted* in it, and which."""
    by_id = {topic.id: topic for topic in topics}
    members: dict[str, list[Topic]] = {}
    for topic in counted:
        above = topic
        while above.parent_id in by_id:
            above = by_id[above.parent_id]
        members.setdefault(above.id, []).append(topic)
    return [(by_id[section_id], inside) for section_id, inside in members.items()]


def _weights(topics: Sequence[Topic]) -> Floats:
    """Exam weights that sum to 1; equal ones where all are 0."""
    weights = np.array([topic.exam_weight for topic in topics], dtype=np.float64)
    total = weights.sum()
    return weights / total if total > 0 else np.full(len(topics), 1 / len(topics))


def _mean(topics: Sequence[Topic], mastery: Mapping[str, float]) -> float:
    return float(_weights(topics) @ np.array([mastery.get(topic.id, 0.0) for topic in topics]))
