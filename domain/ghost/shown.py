"""What a learner is shown of messages on one of its own days."""

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from domain.ghost.message import GhostMessageKind
from domain.ghost.metric import ActivityMetric

# What makes two messages of one day the same message, whatever their figures are by then.
MessageKey: TypeAlias = tuple[GhostMessageKind, ActivityMetric]


@dataclass(frozen=True, slots=True)
class OwnDay:
    """One of a learner's own calendar days."""

    learner_id: str
    day: date


@dataclass(frozen=True, slots=True)
class Claim:
    """Messages that a learner is about to be shown, the most important first.

    limit: how many different ones it may be shown on that day.
    """

    on: OwnDay
    wanted: tuple[MessageKey, ...]
    limit: int
