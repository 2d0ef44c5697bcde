"""Stores the curriculum, in the transaction it is given."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from domain.catalog.tables import objectives, topic_links, topics
from domain.database import Writing
from domain.database.statement import Row

TOPIC_COLUMNS = ("id", "name", "parent_id", "exam_weight")
LINK_COLUMNS = ("topic_id", "kind", "other_topic_id", "strength")


async def put_topics(writing: Writing, rows: Sequence[Row]) -> None:
    """Adds or changes topics; *rows* in the order of TOPIC_COLUMNS, parents before what is below them."""
    await writing.upsert(topics, TOPIC_COLUMNS, rows)


async def put_links(writing: Writing, rows: Sequence[Row]) -> None:
    """Adds or changes links; *rows* in the order of LINK_COLUMNS, without a circle of prerequisites."""
    await writing.upsert(topic_links, LINK_COLUMNS, rows)


async def put_objectives(writing: Writing, rows: Sequence[tuple[str, str, str | None]]) -> None:
    """Adds or changes objectives; *rows* of id, name, topic."""
    columns = ("id", "name", "folded_name", "topic_id")
    await writing.upsert(objectives, columns, [(id_, name, name.casefold(), topic) for id_, name, topic in rows])


_TOPICS = select(topics.c.id, topics.c.parent_id)
_PREREQUISITES = select(topic_links.c.topic_id, topic_links.c.other_topic_id).where(
    topic_links.c.kind == "prerequisite"
)


async def topic_parents(writing: Writing) -> dict[str, str | None]:
    """All topics, each with the one above it."""
    return dict(await writing.rows(_TOPICS))


async def prerequisite_links(writing: Writing) -> list[tuple[str, str]]:
    """All pairs of a topic and one of its prerequisites."""
    rows: list[Any] = await writing.rows(_PREREQUISITES)
    return rows
