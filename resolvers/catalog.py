"""Objectives and topics: the curriculum, which every caller may read."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from domain.catalog import queries
from domain.catalog.topic import Objective, Topic
from domain.database import Reading
from domain.errors import InvalidInput, NotFound
from domain.ids import canonical_id
from domain.paging import Page, Window, page
from resolvers.context import Context


def required_id(field: str, text: str) -> str:
    """The canonical spelling of an id argument; raises InvalidInput for text that is no UUID."""
    id_ = canonical_id(text)
    if id_ is None:
        raise InvalidInput(field, "it is not a UUID", "send an id as the platform gave it")
    return id_


async def objective(context: Context, objective_id: str) -> Objective | None:
    id_ = canonical_id(objective_id)
    return None if id_ is None else await context.batch.load(queries.objective_by_id, id_)


async def required_objective(context: Context, objective_id: str) -> Objective:
    """The objective that an argument names; raises NotFound where there is none."""
    found = await context.batch.load(queries.objective_by_id, objective_id)
    if found is None:
        raise NotFound("objectiveId", "there is no such objective", "take an id from `objectives`")
    return found


async def objectives(context: Context, search: str | None, first: int | None, after: str | None) -> Page[Objective]:
    if search is not None and "\0" in search:
        raise InvalidInput("search", "it holds the character NUL, which no name does", "leave it out")
    key = queries.ObjectiveList(search or "", Window.of(first, after))
    rows = await context.batch.load(queries.objectives_by_search, key) or []

    async def count() -> int:
        return await context.batch.load(queries.objective_count_by_search, key.search) or 0

    return page(rows, key.window, lambda row: (row.name, row.id), count)


async def topic(context: Context, topic_id: str) -> Topic | None:
    id_ = canonical_id(topic_id)
    return None if id_ is None else await context.batch.load(queries.topic_by_id, id_)


async def required_topic(context: Context, topic_id: str) -> Topic:
    """The topic that an argument names; raises NotFound where there is none."""
    found = await context.batch.load(queries.topic_by_id, topic_id)
    if found is None:
        raise NotFound("topicId", "there is no such topic", "take an id from `topics`")
    return found


async def topics(context: Context, parent_id: str | None, first: int | None, after: str | None) -> Page[Topic]:
    parent = None if parent_id is None else required_id("parentId", parent_id)
    key = queries.TopicList(parent, Window.of(first, after))
    rows = await context.batch.load(queries.topics_by_parent, key) or []

    async def count() -> int:
        return await context.batch.load(queries.topic_count_by_parent, parent) or 0

    return page(rows, key.window, lambda row: (row.name, row.id), count)


TopicsByTopic = Callable[[Reading, Sequence[str]], Awaitable[Mapping[str, list[Topic]]]]


async def linked(context: Context, query: TopicsByTopic, topic_id: str) -> list[Topic]:
    """The topics that *query* finds beside one topic; most curricula link a handful."""
    return await context.batch.load(query, topic_id) or []


async def children(context: Context, topic_id: str) -> list[Topic]:
    return await linked(context, queries.children_by_topic, topic_id)


async def prerequisites(context: Context, topic_id: str) -> list[Topic]:
    return await linked(context, queries.prerequisites_by_topic, topic_id)


async def related(context: Context, topic_id: str) -> list[Topic]:
    return await linked(context, queries.related_by_topic, topic_id)
