"""The gaps of many learners at once: which there are, how bad each is, and what to study for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from domain.distribution import Floats
from domain.gaps.path import Curriculum, hours
from domain.gaps.priority import Counts, gap, prerequisite_impact, priority, recent_failure_rate
from domain.gaps.severity import GapSeverity, classify


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundGap:
    """What a learner does not command of one topic.

    gap: what is missing to full mastery, 0-1. hours: until it is mastered, None where nothing tells the learner's
    pace. path: topics to study in order, this one last. blocks: topics that build on it, the nearest first.
    """

    topic_id: str
    severity: GapSeverity
    gap: float
    priority: float
    hours: float | None
    path: tuple[str, ...]
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Studied:
    """What n learners have shown of the topics of a curriculum: shape (n, topics), columns as curriculum.topic_ids.

    mastery: 0-1, NaN where a topic was never studied. failures, attempts: of the last 14 days, failures <= attempts.
    """

    mastery: Floats
    failures: Counts
    attempts: Counts


def detect(
    curriculum: Curriculum, exam_weights: Floats, studied: Studied, rates: Sequence[float | None]
) -> list[list[FoundGap]]:
    """The gaps of each learner among the topics that it studied, in the order of the curriculum.

    exam_weights: shape (topics,), 0-10. rates: by learner the mastery that it gains in an hour, as
    `path.learning_rate` gives it. A topic never studied is no gap, but counts as not commanded where others rest on it.
    """
    known = ~np.isnan(studied.mastery)
    mastery = np.where(known, studied.mastery, 0.0)
    missing = gap(mastery)
    urgency = priority(
        missing,
        exam_weights,
        prerequisite_impact(curriculum, mastery),
        recent_failure_rate(studied.failures, studied.attempts),
    )
    found: list[list[FoundGap]] = [[] for _ in rates]
    rows, columns = np.nonzero(known)
    severities = classify(missing[rows, columns], urgency[rows, columns])
    scores = [_by_topic(curriculum, learner) for learner in studied.mastery]
    for row, column, severity in zip(rows.tolist(), columns.tolist(), severities, strict=True):
        if severity is None:
            continue
        topic_id = curriculum.topic_ids[column]
        found[row].append(
            FoundGap(
                topic_id=topic_id,
                severity=severity,
                gap=float(missing[row, column]),
                priority=float(urgency[row, column]),
                hours=hours(float(mastery[row, column]), rates[row]),
                path=curriculum.learning_path(topic_id, scores[row]),
                blocks=curriculum.blocks[topic_id],
            )
        )
    return found


def _by_topic(curriculum: Curriculum, mastery: Floats) -> Mapping[str, float]:
    """The scores of one learner, shape (topics,), by topic studied."""
    known = np.flatnonzero(~np.isnan(mastery))
    return {curriculum.topic_ids[place]: float(mastery[place]) for place in known.tolist()}
