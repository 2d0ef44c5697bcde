"""What to study before a topic, what the topic holds back, and how long it takes to close its gap."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Self

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats

MASTERED_FROM = 0.8
# A rate from fewer sessions says more about those sessions than about the learner.
MINIMUM_SESSIONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PrerequisiteLink:
    """*prerequisite_id* comes before *topic_id*; strength, 0-1, says how much the topic rests on it."""

    topic_id: str
    prerequisite_id: str
    strength: float

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise ValueError(f"a link's strength lies in 0-1, not at {self.strength}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curriculum:
    """The order of topics, worked out once for all learners of a job.

    topic_ids: every topic, foundations first: by the longest chain of prerequisites below it, then by name, then by
    id. Rows of other attributes, and columns of mastery matrices, are in this order.
    prerequisites: by topic all that comes before it, directly or through others, as places in topic_ids, rising.
    blocks: by topic all that builds on it, the nearest first (fewest links), then as in topic_ids.
    held_back: by row the places of the topics in blocks, and the strength, 0-1, with which each rests on the row's
    topic: the largest product of strengths along a path of links.
    """

    topic_ids: tuple[str, ...]
    prerequisites: Mapping[str, tuple[int, ...]]
    blocks: Mapping[str, tuple[str, ...]]
    held_back: tuple[tuple[NDArray[np.intp], Floats], ...]

    @classmethod
    def of(cls, names: Mapping[str, str], links: Iterable[PrerequisiteLink]) -> Self:
        """The curriculum of all topics, given by id with their names, and the links between them.

        The stronger of two links between the same topics counts.
        Raises ValueError for a link of an unknown topic, and for links in a circle.
        """
        before: dict[str, dict[str, float]] = {topic_id: {} for topic_id in names}
        for link in links:
            if link.topic_id not in names or link.prerequisite_id not in names:
                raise ValueError(f"a link from {link.topic_id} to {link.prerequisite_id} leaves the curriculum")
            known = before[link.topic_id]
            known[link.prerequisite_id] = max(link.strength, known.get(link.prerequisite_id, 0.0))
        try:
            sound = list(TopologicalSorter(before).static_order())
        except CycleError as fault:
            raise ValueError(f"topics that are their own prerequisites: {', '.join(fault.args[1])}") from fault
        depth: dict[str, int] = {}
        for topic_id in sound:
            depth[topic_id] = 1 + max((depth[one] for one in before[topic_id]), default=-1)
        topic_ids = tuple(sorted(names, key=lambda one: (depth[one], names[one], one)))
        place = {topic_id: number for number, topic_id in enumerate(topic_ids)}
        distance, strength = _reach(sound, before)
        blocks = {one: tuple(sorted(distance[one], key=lambda far: (distance[one][far], place[far]))) for one in names}
        behind: dict[str, set[str]] = {one: set() for one in names}
        for topic_id, dependants in blocks.items():
            for dependant in dependants:
                behind[dependant].add(topic_id)
        return cls(
            topic_ids=topic_ids,
            prerequisites={one: tuple(sorted(place[far] for far in behind[one])) for one in names},
            blocks=blocks,
            held_back=tuple(
                (
                    np.array([place[far] for far in blocks[one]], dtype=np.intp),
                    np.array([strength[one][far] for far in blocks[one]], dtype=np.float64),
                )
                for one in topic_ids
            ),
        )

    def learning_path(self, topic_id: str, mastery: Mapping[str, float]) -> tuple[str, ...]:
        """What to study in which order to command *topic_id*, which is the last.

        mastery: the learner's score, 0-1, by topic studied. Prerequisites, direct or not, are left out from 0.8 on;
        those below, or never studied, come foundations first, then by name. Raises KeyError for an unknown topic.
        """
        before = (self.topic_ids[place] for place in self.prerequisites[topic_id])
        return (*(one for one in before if mastery.get(one, 0.0) < MASTERED_FROM), topic_id)


def learning_rate(*, gained: float, active_hours: float, sessions: int, cohort_rate: float | None) -> float | None:
    """Mastery (0-1) gained in an hour of active study; None where nothing tells.

    gained: how much the learner's mastery rose over *sessions*, which came to *active_hours*.
    The learner's own rate from 5 sessions on. Below that, or where nothing was gained, so that no number of hours
    would do, *cohort_rate*, if that is above 0.
    """
    if sessions >= MINIMUM_SESSIONS and active_hours > 0 and gained > 0:
        return gained / active_hours
    return cohort_rate if cohort_rate is not None and cohort_rate > 0 else None


def hours(mastery: float, rate: float | None) -> float | None:
    """Hours of active study until *mastery* (0-1) is at 0.8, 0 from there on; None without a *rate*.

    rate: mastery gained an hour, above 0, as learning_rate gives it.
    """
    if mastery >= MASTERED_FROM:
        return 0.0
    return None if rate is None else (MASTERED_FROM - mastery) / rate


def _reach(
    sound: list[str], before: Mapping[str, Mapping[str, float]]
) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, float]]]:
    """By topic and topic that builds on it: the fewest links between them, and the largest product of strengths.

    sound: topics, each after its prerequisites. Walked backwards, so that what builds on a topic is known in full
    when the topic hands it down to its own prerequisites.
    """
    distance: dict[str, dict[str, int]] = {one: {} for one in sound}
    strength: dict[str, dict[str, float]] = {one: {} for one in sound}
    for topic_id in reversed(sound):
        reached = [(topic_id, 0, 1.0)]
        reached += [(far, links, strength[topic_id][far]) for far, links in distance[topic_id].items()]
        for prerequisite_id, link in before[topic_id].items():
            nearest, strongest = distance[prerequisite_id], strength[prerequisite_id]
            for far, links, product in reached:
                nearest[far] = min(links + 1, nearest.get(far, links + 1))
                strongest[far] = max(link * product, strongest.get(far, 0.0))
    return distance, strength
