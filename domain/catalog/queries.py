"""Reads of topics and objectives."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import String, and_, func, or_, select, union_all

from domain.catalog.tables import objectives, topic_links, topics
from domain.catalog.topic import Objective, Topic
from domain.database import Reading
from domain.database.columns import Id
from domain.database.statement import Row, keyed
from domain.database.windows import window_keys, windowed
from domain.paging import Window

_OBJECTIVE = (objectives.c.id, objectives.c.name, objectives.c.topic_id)
_TOPIC = (topics.c.id, topics.c.name, topics.c.parent_id, topics.c.exam_weight)


def _objective(row: Row) -> Objective:
    id_, name, topic_id = row
    return Objective(id=id_, name=name, topic_id=topic_id)


def _topic(row: Row) -> Topic:
    id_, name, parent_id, exam_weight = row
    return Topic(id=id_, name=name, parent_id=parent_id, exam_weight=exam_weight)


_OBJECTIVES = keyed(lambda key: select(*_OBJECTIVE).join_from(key, objectives, objectives.c.id == key.c.id), id=Id)


async def objective_by_id(reading: Reading, ids: Sequence[str]) -> Mapping[str, Objective]:
    """The objectives with these ids."""
    return {row[0]: _objective(row) for row in await reading.rows_by(_OBJECTIVES, [(id_,) for id_ in ids])}


_TOPICS = keyed(lambda key: select(*_TOPIC).join_from(key, topics, topics.c.id == key.c.id), id=Id)


async def topic_by_id(reading: Reading, ids: Sequence[str]) -> Mapping[str, Topic]:
    """The topics with these ids."""
    return {row[0]: _topic(row) for row in await reading.rows_by(_TOPICS, [(id_,) for id_ in ids])}


_CHILDREN = keyed(
    lambda key: (
        select(key.c.parent_id, *_TOPIC)
        .join_from(key, topics, topics.c.parent_id == key.c.parent_id)
        .order_by(topics.c.name, topics.c.id)
    ),
    parent_id=Id,
)


async def children_by_topic(reading: Reading, topic_ids: Sequence[str]) -> Mapping[str, list[Topic]]:
    """The topics directly below each of these, in order of name."""
    return _grouped(await reading.rows_by(_CHILDREN, [(id_,) for id_ in topic_ids]))


_PREREQUISITES = keyed(
    lambda key: (
        select(topic_links.c.topic_id, *_TOPIC)
        .join_from(key, topic_links, and_(topic_links.c.topic_id == key.c.id, topic_links.c.kind == "prerequisite"))
        .join(topics, topics.c.id == topic_links.c.other_topic_id)
        .order_by(topics.c.name, topics.c.id)
    ),
    id=Id,
)


async def prerequisites_by_topic(reading: Reading, topic_ids: Sequence[str]) -> Mapping[str, list[Topic]]:
    """The topics to know before each of these, in order of name."""
    return _grouped(await reading.rows_by(_PREREQUISITES, [(id_,) for id_ in topic_ids]))


# A relation is stored once and read from both ends.
_RELATIONS = union_all(
    *(
        select(near.label("id"), far.label("other_id")).where(topic_links.c.kind == "related")
        for near, far in (
            (topic_links.c.topic_id, topic_links.c.other_topic_id),
            (topic_links.c.other_topic_id, topic_links.c.topic_id),
        )
    )
).subquery("relations")
_RELATED = keyed(
    lambda key: (
        select(key.c.id.label("near_id"), *_TOPIC)
        .join_from(key, _RELATIONS, _RELATIONS.c.id == key.c.id)
        .join(topics, topics.c.id == _RELATIONS.c.other_id)
        .order_by(topics.c.name, topics.c.id)
        .distinct()
    ),
    id=Id,
)


async def related_by_topic(reading: Reading, topic_ids: Sequence[str]) -> Mapping[str, list[Topic]]:
    """The topics related to each of these, in order of name."""
    return _grouped(await reading.rows_by(_RELATED, [(id_,) for id_ in topic_ids]))


def _grouped(rows: Sequence[Row]) -> dict[str, list[Topic]]:
    found: dict[str, list[Topic]] = {}
    for near_id, *topic in rows:
        found.setdefault(near_id, []).append(_topic(tuple(topic)))
    return found


@dataclass(frozen=True, slots=True)
class ObjectiveList:
    """A loader's key: a window of the objectives whose name contains *search*, whatever its case; of all for ""."""

    search: str
    window: Window


@dataclass(frozen=True, slots=True)
class TopicList:
    """A loader's key: a window of the topics below *parent_id*; of all topics for None."""

    parent_id: str | None
    window: Window


_FOUND_OBJECTIVES = windowed(
    lambda key, after: select(*_OBJECTIVE).join_from(
        key, objectives, and_(objectives.c.folded_name.like(key.c.pattern, escape="\\"), after)
    ),
    order=(objectives.c.name, objectives.c.id),
    pattern=String,
)


async def objectives_by_search(
    reading: Reading, keys: Sequence[ObjectiveList]
) -> Mapping[ObjectiveList, list[Objective]]:
    """For each key its window of objectives in order of name, and one more where there is a next page."""
    found: dict[ObjectiveList, list[Objective]] = {key: [] for key in keys}
    rows = await reading.rows_by(_FOUND_OBJECTIVES, window_keys((key.window, _pattern(key.search)) for key in keys))
    for place, *objective in rows:
        found[keys[place]].append(_objective(tuple(objective)))
    return found


_OBJECTIVE_COUNTS = keyed(
    lambda key: (
        select(key.c.pattern, func.count())
        .join_from(key, objectives, objectives.c.folded_name.like(key.c.pattern, escape="\\"))
        .group_by(key.c.pattern)
    ),
    pattern=String,
)


async def objective_count_by_search(reading: Reading, searches: Sequence[str]) -> Mapping[str, int]:
    """How many objectives match each search; searches without any are left out."""
    rows = await reading.rows_by(_OBJECTIVE_COUNTS, [(pattern,) for pattern in {_pattern(s) for s in searches}])
    counts: dict[str, int] = dict(rows)
    return {search: counts[_pattern(search)] for search in searches if _pattern(search) in counts}


def _pattern(search: str) -> str:
    """The LIKE pattern for names that contain *search*; the names are stored casefolded."""
    escaped = re.sub(r"([\\%_])", r"\\\1", search.casefold())
    return f"%{escaped}%"


_TOPIC_LISTS = windowed(
    lambda key, after: select(*_TOPIC).join_from(
        key, topics, and_(or_(key.c.parent_id.is_(None), topics.c.parent_id == key.c.parent_id), after)
    ),
    order=(topics.c.name, topics.c.id),
    parent_id=Id,
)


async def topics_by_parent(reading: Reading, keys: Sequence[TopicList]) -> Mapping[TopicList, list[Topic]]:
    """For each key its window of topics in order of name, and one more where there is a next page."""
    found: dict[TopicList, list[Topic]] = {key: [] for key in keys}
    rows = await reading.rows_by(_TOPIC_LISTS, window_keys((key.window, key.parent_id) for key in keys))
    for place, *topic in rows:
        found[keys[place]].append(_topic(tuple(topic)))
    return found


_TOPIC_COUNTS = keyed(
    lambda key: (
        select(key.c.parent_id, func.count())
        .join_from(key, topics, or_(key.c.parent_id.is_(None), topics.c.parent_id == key.c.parent_id))
        .group_by(key.c.parent_id)
    ),
    parent_id=Id,
)


async def topic_count_by_parent(reading: Reading, parent_ids: Sequence[str | None]) -> Mapping[str | None, int]:
    """How many topics are below each of these; how many there are at all for None."""
    return dict(await reading.rows_by(_TOPIC_COUNTS, [(id_,) for id_ in parent_ids]))


_KNOWN = keyed(lambda key: select(objectives.c.id).join_from(key, objectives, objectives.c.id == key.c.id), id=Id)


async def known_objectives(reading: Reading, ids: Sequence[str]) -> set[str]:
    """Those of *ids* that are objectives."""
    return {row[0] for row in await reading.rows_by(_KNOWN, [(id_,) for id_ in ids])}
