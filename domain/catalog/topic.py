"""Topics and objectives as values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A node of the curriculum.

    exam_weight: 0-10.
    """

    id: str
    name: str
    parent_id: str | None
    exam_weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A learning objective."""

    id: str
    name: str
    topic_id: str | None
