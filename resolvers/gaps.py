"""Knowledge gaps: what the nightly job found, with the topics that it names."""

from collections.abc import Iterable

from domain.catalog.queries import topic_by_id
from domain.catalog.topic import Topic
from domain.gaps.gap import KnowledgeGap
from domain.gaps.queries import GapList, StoredGap, gaps_by_learner
from domain.gaps.severity import GapSeverity
from domain.paging import Window
from domain.readiness.queries import NEWEST, standard_by_key
from resolvers import access
from resolvers.context import Context

DEFAULT_GAPS = 10


async def knowledge_gaps(
    context: Context, learner_id: str, severity: GapSeverity | None, first: int | None
) -> list[KnowledgeGap]:
    """The learner's most urgent gaps; raises InvalidInput for a *first* beyond 0-100."""
    access.require_read(context, learner_id)
    window = Window.of(DEFAULT_GAPS if first is None else first, None)
    stored = await context.batch.load(gaps_by_learner, GapList(learner_id, severity, window.first)) or []
    topics = await _topics(context, stored)
    return [
        KnowledgeGap.of(
            topic=topics[row.topic_id],
            severity=row.severity,
            gap=row.gap,
            priority=row.priority,
            own_hours=row.hours,
            path=[topics[id_] for id_ in row.path if id_ in topics],
            blocks=[topics[id_] for id_ in row.blocks if id_ in topics],
            detected_at=row.detected_at,
        )
        for row in stored
        if row.topic_id in topics
    ]


async def _topics(context: Context, stored: Iterable[StoredGap]) -> dict[str, Topic]:
    """Those topics that the rows name and that are still there; asked for at once, so in one statement.

    Of the whole curriculum, where readiness has asked for that in this request: a dashboard shows both.
    """
    whole = context.batch.asked(standard_by_key, NEWEST)
    if whole is not None and (standard := await whole) is not None:
        return {topic.id: topic for topic in standard.topics}
    ids = {id_ for row in stored for id_ in (row.topic_id, *row.path, *row.blocks)}
    pending = {id_: context.batch.load(topic_by_id, id_) for id_ in sorted(ids)}
    found = {id_: await topic for id_, topic in pending.items()}
    return {id_: topic for id_, topic in found.items() if topic is not None}
