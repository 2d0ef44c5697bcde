"""Reads of gaps, and of what they are found from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import (
    Date,
    FromClause,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    func,
    or_,
    select,
)

from domain.activity.tables import daily_user_stats, topic_daily_stats
from domain.catalog.tables import topic_links, topics
from domain.database import Reading
from domain.database.columns import Id
from domain.database.statement import keyed, total
from domain.distribution import Floats
from domain.gaps.path import Curriculum, PrerequisiteLink
from domain.gaps.priority import Counts
from domain.gaps.severity import GapSeverity
from domain.gaps.tables import knowledge_gaps
from domain.learners.tables import learners
from domain.mastery.tables import topic_mastery

MILLISECONDS_AN_HOUR = 3_600_000


class StoredGap(NamedTuple):
    """A gap as it lies in the table; path, blocks: ids of topics, which may be gone by now."""

    topic_id: str
    severity: GapSeverity
    gap: float
    priority: float
    hours: float | None
    path: Sequence[str]
    blocks: Sequence[str]
    detected_at: datetime


@dataclass(frozen=True, slots=True)
class GapList:
    """A loader's key: the *first* most urgent gaps of a learner; of one severity, or of any for None."""

    learner_id: str
    severity: GapSeverity | None
    first: int


_RANKED = (
    "topic_id",
    "severity",
    "gap",
    "priority",
    "hours",
    "path",
    "blocks",
    "detected_at",
)


def _most_urgent(key: FromClause) -> Select[Any]:
    urgency = (knowledge_gaps.c.priority.desc(), topics.c.name, topics.c.id)
    ranked = (
        select(
            key.c.place,
            key.c.first,
            *(knowledge_gaps.c[name] for name in _RANKED),
            func.row_number().over(partition_by=key.c.place, order_by=urgency).label("row"),
        )
        .join_from(
            key,
            knowledge_gaps,
            and_(
                knowledge_gaps.c.learner_id == key.c.learner_id,
                or_(key.c.severity.is_(None), knowledge_gaps.c.severity == key.c.severity),
            ),
        )
        # A topic may have been deleted since the gap was found.
        .join(topics, topics.c.id == knowledge_gaps.c.topic_id)
        .subquery("ranked")
    )
    return (
        select(ranked.c.place, *(ranked.c[name] for name in _RANKED))
        .where(ranked.c.row <= ranked.c.first)
        .order_by(ranked.c.place, ranked.c.row)
    )


_GAPS = keyed(_most_urgent, place=Integer, learner_id=Id, severity=String, first=Integer)


async def gaps_by_learner(reading: Reading, keys: Sequence[GapList]) -> Mapping[GapList, list[StoredGap]]:
    """The gaps that each key asks for, the most urgent first, then by name."""
    found: dict[GapList, list[StoredGap]] = {key: [] for key in keys}
    rows = await reading.rows_by(
        _GAPS, [(place, key.learner_id, key.severity, key.first) for place, key in enumerate(keys)]
    )
    for place, topic_id, severity, *rest in rows:
        found[keys[place]].append(StoredGap(topic_id, GapSeverity(severity), *rest))
    return found


_TOPICS = select(topics.c.id, topics.c.name, topics.c.exam_weight)
_LINKS = select(topic_links.c.topic_id, topic_links.c.other_topic_id, topic_links.c.strength).where(
    topic_links.c.kind == "prerequisite"
)


async def curriculum(reading: Reading) -> tuple[Curriculum, Floats]:
    """All topics in order, and the exam weight, 0-10, of each. Raises ValueError for links in a circle."""
    rows = await reading.rows(_TOPICS)
    links = [
        PrerequisiteLink(topic_id=topic_id, prerequisite_id=other_id, strength=strength)
        for topic_id, other_id, strength in await reading.rows(_LINKS)
    ]
    ordered = Curriculum.of({id_: name for id_, name, _ in rows}, links)
    weights = {id_: weight for id_, _, weight in rows}
    return ordered, np.array([weights[id_] for id_ in ordered.topic_ids], dtype=np.float64)


class Member(NamedTuple):
    """Whose gaps are to be found, and the time zone that it lives in."""

    learner_id: str
    time_zone: str


_AFTER = bindparam("after", type_=Id)
_MEMBERS = (
    select(learners.c.id, learners.c.time_zone)
    .where(or_(_AFTER.is_(None), learners.c.id > _AFTER))
    .order_by(learners.c.id)
    .limit(bindparam("many", type_=Integer))
)


async def learners_after(reading: Reading, learner_id: str | None, many: int) -> list[Member]:
    """The next learners, in order of their ids, after this one; the first of all for None."""
    return [Member(*row) for row in await reading.rows(_MEMBERS, after=learner_id, many=many)]


_SCORES = keyed(
    lambda key: (
        select(key.c.place, topic_mastery.c.topic_id, topic_mastery.c.score)
        .join_from(key, topic_mastery, topic_mastery.c.learner_id == key.c.learner_id)
        .where(topic_mastery.c.score.is_not(None))
    ),
    place=Integer,
    learner_id=Id,
)
_RECENT = keyed(
    lambda key: (
        select(
            key.c.place,
            topic_daily_stats.c.topic_id,
            total(topic_daily_stats.c.attempts),
            total(topic_daily_stats.c.correct),
        )
        .join_from(
            key,
            topic_daily_stats,
            and_(
                topic_daily_stats.c.learner_id == key.c.learner_id,
                topic_daily_stats.c.day >= key.c.since,
                topic_daily_stats.c.day <= key.c.today,
            ),
        )
        .group_by(key.c.place, topic_daily_stats.c.topic_id)
    ),
    place=Integer,
    learner_id=Id,
    since=Date,
    today=Date,
)
_PACES = keyed(
    lambda key: (
        select(
            key.c.place,
            total(daily_user_stats.c.active_milliseconds),
            total(daily_user_stats.c.sessions),
        )
        .join_from(key, daily_user_stats, daily_user_stats.c.learner_id == key.c.learner_id)
        .group_by(key.c.place)
    ),
    place=Integer,
    learner_id=Id,
)


async def mastery_of(reading: Reading, learner_ids: Sequence[str], columns: Mapping[str, int]) -> Floats:
    """Scores, 0-1, shape (learners, topics), NaN where the nightly job has found none. columns: by topic."""
    scores = np.full((len(learner_ids), len(columns)), np.nan)
    for place, topic_id, score in await reading.rows_by(_SCORES, list(enumerate(learner_ids))):
        if topic_id in columns:
            scores[place, columns[topic_id]] = score
    return scores


async def recent_answers_of(
    reading: Reading, spans: Sequence[tuple[str, date, date]], columns: Mapping[str, int]
) -> tuple[Counts, Counts]:
    """Wrong answers, and all, shape (learners, topics). spans: by learner its first and its last own day."""
    failures = np.zeros((len(spans), len(columns)), dtype=np.int64)
    attempts = np.zeros_like(failures)
    rows = await reading.rows_by(_RECENT, [(place, *span) for place, span in enumerate(spans)])
    for place, topic_id, answered, correct in rows:
        if topic_id in columns:
            attempts[place, columns[topic_id]] = answered
            failures[place, columns[topic_id]] = answered - correct
    return failures, attempts


async def study_of(reading: Reading, learner_ids: Sequence[str]) -> list[tuple[float, int]]:
    """By learner the hours that it studied actively, and in how many sessions."""
    studied = [(0.0, 0)] * len(learner_ids)
    for place, milliseconds, sessions in await reading.rows_by(_PACES, list(enumerate(learner_ids))):
        studied[place] = (milliseconds / MILLISECONDS_AN_HOUR, sessions)
    return studied


_STORED = keyed(
    lambda key: select(key.c.place, *(knowledge_gaps.c[name] for name in _RANKED)).join_from(
        key, knowledge_gaps, knowledge_gaps.c.learner_id == key.c.learner_id
    ),
    place=Integer,
    learner_id=Id,
)


async def stored_gaps(reading: Reading, learner_ids: Sequence[str]) -> dict[tuple[str, str], StoredGap]:
    """All that is stored of these learners, by learner and topic."""
    found = {}
    for place, topic_id, severity, *rest in await reading.rows_by(_STORED, list(enumerate(learner_ids))):
        found[learner_ids[place], topic_id] = StoredGap(topic_id, GapSeverity(severity), *rest)
    return found
