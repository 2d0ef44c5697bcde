"""The demo's curriculum: systems of the body, their topics, and the objectives in order of teaching."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources

import msgspec

from server.demo.ids import ids
from server.demo.rows import NULL, Rows
from server.demo.shapes import Shape


class ObjectiveEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An objective of curriculum.toml.

    difficulty: points by which scores lie below those of the shape.
    introduced_days_ago: for an objective younger than the curriculum.
    contributors: exactly so many active, sharing learners get to the responses that count; None leaves it open.
    reasoning_contributors: the same for responses with a reasoning score.
    """

    key: str
    name: str
    shape: Shape
    difficulty: float = 0.0
    introduced_days_ago: int | None = None
    contributors: int | None = None
    reasoning_contributors: int | None = None

    @property
    def id(self) -> str:
        return ids(f"objective {self.key}", 1)[0]


class TopicEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A topic of curriculum.toml; the links are by key, with their strength (0-1)."""

    key: str
    name: str
    exam_weight: float
    prerequisites: Mapping[str, float] = {}
    related: Mapping[str, float] = {}
    objectives: tuple[ObjectiveEntry, ...] = ()


class SystemEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A system of the body: a topic without a parent."""

    key: str
    name: str
    exam_weight: float
    topics: tuple[TopicEntry, ...]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    systems: tuple[SystemEntry, ...]


@dataclass(frozen=True, slots=True)
class Curriculum:
    """What is taught; its ids stay the same whatever the seed."""

    systems: tuple[SystemEntry, ...]

    @classmethod
    def read(cls) -> "Curriculum":
        """The curriculum of curriculum.toml."""
        text = resources.files("server.demo").joinpath("curriculum.toml").read_bytes()
        return cls(msgspec.toml.decode(text, type=_File).systems)

    @property
    def objectives(self) -> tuple[ObjectiveEntry, ...]:
        """In the order in which they are taught."""
        return tuple(objective for _, _, objective in self._objectives())

    @property
    def system_of_objective(self) -> tuple[int, ...]:
        """For each objective the place of its system."""
        places = {system.key: place for place, system in enumerate(self.systems)}
        return tuple(places[system.key] for system, _, _ in self._objectives())

    def _objectives(self) -> Iterator[tuple[SystemEntry, TopicEntry, ObjectiveEntry]]:
        for system in self.systems:
            for topic in system.topics:
                for objective in topic.objectives:
                    yield system, topic, objective

    @property
    def topic_keys(self) -> tuple[str, ...]:
        """The topics with questions, in the order in which they are taught."""
        return tuple(topic.key for system in self.systems for topic in system.topics)

    def topic_id(self, key: str) -> str:
        return _topic_id(key)

    def topic_rows(self) -> Rows:
        """topics.csv, each parent before its children."""
        topics: list[tuple[SystemEntry | TopicEntry, str]] = []
        for system in self.systems:
            topics.append((system, NULL))
            topics += [(topic, _topic_id(system.key)) for topic in system.topics]
        return Rows(
            {
                "id": [_topic_id(topic.key) for topic, _ in topics],
                "name": [topic.name for topic, _ in topics],
                "parent_id": [parent_id for _, parent_id in topics],
                "exam_weight": [str(topic.exam_weight) for topic, _ in topics],
            }
        )

    def link_rows(self) -> Rows:
        """topic_links.csv."""
        links = [
            (topic.key, kind, other, strength)
            for system in self.systems
            for topic in system.topics
            for kind, others in (("prerequisite", topic.prerequisites), ("related", topic.related))
            for other, strength in others.items()
        ]
        return Rows(
            {
                "topic_id": [_topic_id(key) for key, *_ in links],
                "kind": [kind for _, kind, *_ in links],
                "other_topic_id": [_topic_id(other) for *_, other, _ in links],
                "strength": [str(strength) for *_, strength in links],
            }
        )

    def objective_rows(self) -> Rows:
        """objectives.csv."""
        found = list(self._objectives())
        return Rows(
            {
                "id": [objective.id for *_, objective in found],
                "name": [objective.name for *_, objective in found],
                "topic_id": [_topic_id(topic.key) for _, topic, _ in found],
            }
        )


def _topic_id(key: str) -> str:
    return ids(f"topic {key}", 1)[0]
