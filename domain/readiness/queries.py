"""Reads of models, and of what a learner's readiness is worked out from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from cachetools import LRUCache
from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Date,
    FromClause,
    Integer,
    String,
    and_,
    case,
    cast,
    literal,
    null,
    select,
    true,
    union,
    union_all,
)

from domain.activity.queries import DAY_KEY, TOPIC_COUNTED, counted_topic_days, day_key, own_days, span
from domain.activity.tables import stale_days, stale_topic_days, topic_daily_stats
from domain.catalog.tables import topics
from domain.catalog.topic import Topic
from domain.database import Reading
from domain.database.columns import Id
from domain.database.statement import keyed, total
from domain.gaps.path import Curriculum
from domain.gaps.queries import curriculum
from domain.readiness.calendar import TopicCards
from domain.readiness.features import RECENT_DAYS, TopicDays
from domain.readiness.model import ReadinessModel
from domain.readiness.report import ReadinessReport, ReliabilityBin
from domain.readiness.tables import readiness_models
from domain.reviews.tables import review_states

NEWEST = "newest"  # the only key of what every learner is judged by


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """A model with the report on it."""

    trained_at: datetime
    model: ReadinessModel
    report: ReadinessReport


_NEWEST_MODEL = (
    select(readiness_models.c.trained_at, readiness_models.c.model, readiness_models.c.report)
    .order_by(readiness_models.c.id.desc())
    .limit(1)
)


async def newest_model(reading: Reading, keys: Sequence[str]) -> Mapping[str, StoredModel]:
    """The model in use; nothing before the first was trained."""
    rows = await reading.rows(_NEWEST_MODEL)
    return {
        key: StoredModel(trained_at=trained_at, model=ReadinessModel.from_json(model), report=_report(report))
        for key in keys
        for trained_at, model, report in rows
    }


def _report(stored: Mapping[str, Any]) -> ReadinessReport:
    return ReadinessReport(**{**stored, "bins": tuple(ReliabilityBin(**one) for one in stored["bins"])})


_TOPICS = select(topics.c.id, topics.c.name, topics.c.parent_id, topics.c.exam_weight)


async def all_topics(reading: Reading, keys: Sequence[str]) -> Mapping[str, list[Topic]]:
    """The whole curriculum, in no order."""
    rows = await reading.rows(_TOPICS)
    found = [Topic(id=id_, name=name, parent_id=parent_id, exam_weight=weight) for id_, name, parent_id, weight in rows]
    return dict.fromkeys(keys, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """What every learner is judged by. topics: the whole curriculum, in no order. stored: None before any training."""

    topics: Sequence[Topic]
    stored: StoredModel | None


_IN_USE = (
    select(readiness_models.c.version, readiness_models.c.trained_at)
    .order_by(readiness_models.c.id.desc())
    .limit(1)
    .subquery("in_use")
)
_ONE = select(literal(1).label("one")).subquery("one")
_STANDARD = (
    select(_IN_USE.c.version, _IN_USE.c.trained_at, *_TOPICS.selected_columns)
    .select_from(_ONE)
    .outerjoin(_IN_USE, true())
    .outerjoin(topics, true())
)
# Models never change; their version names the data that they were trained on.
_KNOWN_MODELS: LRUCache[tuple[str, datetime], StoredModel] = LRUCache(maxsize=8)


async def standard_by_key(reading: Reading, keys: Sequence[str]) -> Mapping[str, Standard]:
    """The curriculum and the model in use. One statement, and another when a model is met for the first time."""
    rows = await reading.rows(_STANDARD)
    version, trained_at = rows[0][:2]
    found = [
        Topic(id=id_, name=name, parent_id=parent_id, exam_weight=weight)
        for _, _, id_, name, parent_id, weight in rows
        if id_ is not None
    ]
    if version is None:
        return dict.fromkeys(keys, Standard(topics=found, stored=None))
    stored = _KNOWN_MODELS.get((version, trained_at))
    if stored is None:
        stored = (await newest_model(reading, [NEWEST]))[NEWEST]
        _KNOWN_MODELS[stored.model.version, stored.trained_at] = stored
    return dict.fromkeys(keys, Standard(topics=found, stored=stored))


@dataclass(frozen=True, slots=True)
class LearnerDay:
    """A loader's key: a learner as of its own day *today*, which counts in full, in its time zone."""

    learner_id: str
    today: date
    time_zone: str

    @property
    def since(self) -> date:
        """The first of the days that features call recent."""
        return self.today - timedelta(days=RECENT_DAYS - 1)


def _answers(key: FromClause) -> CompoundSelect[Any]:
    """What was counted of days that are up to date, and which days are not: in one statement, since jobs go on."""
    wanted = select(*key.columns).cte("wanted")
    queued = (
        select(wanted.c.place, queue.c.day).join_from(
            wanted, queue, and_(queue.c.learner_id == wanted.c.learner_id, queue.c.day <= wanted.c.today)
        )
        for queue in (stale_days, stale_topic_days)
    )
    stale = union(*queued).cte("stale")
    recent = case((topic_daily_stats.c.day >= wanted.c.since, 1), else_=0)
    counted = (
        select(
            wanted.c.place,
            topic_daily_stats.c.topic_id,
            cast(null(), Date).label("day"),
            recent.label("recent"),
            *(total(topic_daily_stats.c[name]) for name in TOPIC_COUNTED),
        )
        .join_from(
            wanted,
            topic_daily_stats,
            and_(topic_daily_stats.c.learner_id == wanted.c.learner_id, topic_daily_stats.c.day <= wanted.c.today),
        )
        .outerjoin(stale, and_(stale.c.place == wanted.c.place, stale.c.day == topic_daily_stats.c.day))
        .where(stale.c.place.is_(None))
        .group_by(wanted.c.place, topic_daily_stats.c.topic_id, recent)
    )
    uncounted = select(
        stale.c.place, cast(null(), Id), stale.c.day, literal(0), *(cast(null(), BigInteger) for _ in TOPIC_COUNTED)
    )
    return union_all(counted, uncounted)


_ANSWERS = keyed(_answers, place=Integer, learner_id=Id, today=Date, since=Date)
_COUNTED_NOW = keyed(lambda key: counted_topic_days(own_days(key)), **DAY_KEY)


async def topic_days_by_learner(reading: Reading, keys: Sequence[LearnerDay]) -> Mapping[LearnerDay, TopicDays]:
    """What each learner answered up to its day; days that no feature tells apart are counted together.

    Days that the jobs have still to count are counted from their events.
    """
    found: dict[LearnerDay, list[Sequence[Any]]] = {key: [] for key in keys}
    stale: dict[tuple[str, date], LearnerDay] = {}
    spans = [(place, key.learner_id, key.today, key.since) for place, key in enumerate(keys)]
    for place, topic_id, day, *figures in await reading.rows_by(_ANSWERS, spans):
        key = keys[place]
        if topic_id is None:
            stale[key.learner_id, day] = key
        else:
            found[key].append((topic_id, *figures))
    days = [day_key(key.learner_id, day, key.time_zone) for (_, day), key in stale.items()]
    for learner_id, topic_id, day, *figures in await reading.rows_by(_COUNTED_NOW, days, **span(days)):
        key = stale[learner_id, day]
        found[key].append((topic_id, day >= key.since, *figures))
    return {key: _topic_days(key.today.toordinal(), rows) for key, rows in found.items()}


def _topic_days(today: int, rows: Sequence[Sequence[Any]]) -> TopicDays:
    topic_of = {topic_id: place for place, topic_id in enumerate(dict.fromkeys(row[0] for row in rows))}
    numbers = [(topic_of[row[0]], today if row[1] else today - RECENT_DAYS, *row[2:]) for row in rows]
    topic, day, *counters = np.array(numbers, dtype=np.int64).reshape(-1, 6).T
    return TopicDays(
        learner=np.zeros_like(topic), topic=topic, day=day, **dict(zip(TOPIC_COUNTED, counters, strict=True))
    )


_CARDS = keyed(
    lambda key: select(
        key.c.place,
        # As text: the driver would make an object of each, and we a text of that.
        cast(review_states.c.topic_id, String).label("topic_id"),
        review_states.c.reviewed_at,
        review_states.c.stability,
        review_states.c.difficulty,
    ).join_from(key, review_states, review_states.c.learner_id == key.c.learner_id),
    place=Integer,
    learner_id=Id,
)


async def cards_by_moment(
    reading: Reading, keys: Sequence[tuple[str, datetime]]
) -> Mapping[tuple[str, datetime], dict[str, TopicCards]]:
    """The memories of each learner (by its id and the present) by topic, the topics and the cards in no order."""
    found: dict[tuple[str, datetime], dict[str, list[tuple[float, float, int]]]] = {key: {} for key in keys}
    placed = [(place, learner_id) for place, (learner_id, _) in enumerate(keys)]
    for place, topic_id, reviewed_at, stability, difficulty in await reading.rows_by(_CARDS, placed):
        elapsed = max(0, (keys[place][1] - reviewed_at).days)
        found[keys[place]].setdefault(topic_id, []).append((stability, difficulty, elapsed))
    return {key: {topic_id: _cards(rows) for topic_id, rows in by_topic.items()} for key, by_topic in found.items()}


def _cards(rows: Sequence[tuple[float, float, int]]) -> TopicCards:
    stability, difficulty, elapsed_days = zip(*rows, strict=True)
    return TopicCards(
        stability=np.array(stability), difficulty=np.array(difficulty), elapsed_days=np.array(elapsed_days)
    )


async def order_of_topics(reading: Reading, keys: Sequence[str]) -> Mapping[str, Curriculum]:
    """All topics in the order in which they build on each other."""
    ordered, _ = await curriculum(reading)
    return dict.fromkeys(keys, ordered)
