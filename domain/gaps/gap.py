"""A gap as its learner reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from domain.catalog.topic import Topic
from domain.gaps.path import hours
from domain.gaps.recommendation import recommend
from domain.gaps.severity import GapSeverity

# What stands in for a learner's own pace until it has five sessions: three hours for a topic from nothing to all.
ASSUMED_RATE = 1 / 3  # mastery an hour


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeGap:
    """What a learner does not command of one topic, and what to do about it.

    gap_score: 0-1. priority_score: as domain.gaps.priority has it. estimated_hours: of active study until the topic
    is mastered, at the learner's own pace, or at ASSUMED_RATE where that is not known. learning_path: topics to study
    in order, this one last. blocks: topics that build on it. detected_at: when the gap was first found.
    """

    topic: Topic
    severity: GapSeverity
    gap_score: float
    priority_score: float
    estimated_hours: float
    learning_path: Sequence[Topic]
    blocks: Sequence[Topic]
    recommendation: str
    detected_at: datetime

    @classmethod
    def of(
        cls,
        *,
        topic: Topic,
        severity: GapSeverity,
        gap: float,
        priority: float,
        own_hours: float | None,
        path: Sequence[Topic],
        blocks: Sequence[Topic],
        detected_at: datetime,
    ) -> Self:
        """The gap in *topic*; own_hours: at the learner's own pace, None where that is not known.

        path, blocks: those topics of a stored gap that are still there; the path ends with *topic* in any case.
        """
        first = [one for one in path if one.id != topic.id]
        estimated = hours(1 - gap, ASSUMED_RATE) if own_hours is None else own_hours
        assert estimated is not None, "there is a rate"
        return cls(
            topic=topic,
            severity=severity,
            gap_score=gap,
            priority_score=priority,
            estimated_hours=estimated,
            learning_path=[*first, topic],
            blocks=blocks,
            recommendation=recommend(
                topic=topic.name,
                hours=own_hours,
                first=[one.name for one in first],
                blocked=len(blocks),
                severity=severity,
            ),
            detected_at=detected_at,
        )
