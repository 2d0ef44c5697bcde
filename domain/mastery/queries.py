"""Reads of what learners have shown of topics."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Select,
    String,
    Table,
    and_,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from domain.activity.tables import topic_daily_stats
from domain.catalog.tables import topics
from domain.catalog.topic import Topic
from domain.database import Reading
from domain.database.columns import Id, Instant, microseconds
from domain.database.statement import KeyedQuery, Row, keyed
from domain.days import own_day
from domain.events.queries import Answer
from domain.learners.tables import learners
from domain.mastery.knowledge import NEVER, Attempts, KnowledgeParameters, Known, ParametersOfGroups
from domain.mastery.overview import Cards, Counted, Days, Shown, TopicMastery, overviews
from domain.mastery.score import Ints
from domain.mastery.tables import (
    knowledge_parameters,
    mastery_bases,
    material_completions,
    topic_mastery,
    topic_materials,
)
from domain.mastery.trend import WINDOW_DAYS
from domain.packed_ids import places
from domain.reviews.memory import Algorithm
from domain.reviews.queries import FoundCards, cards_between, cards_by_learner, cards_by_topic

PARAMETERS = ("prior", "learn", "guess", "slip", "forget")
_TRACING = keyed(
    lambda key: (
        select(topics.c.id, *(knowledge_parameters.c[name] for name in PARAMETERS))
        .join_from(key, topics, topics.c.id == key.c.id)
        .outerjoin(knowledge_parameters, knowledge_parameters.c.topic_id == topics.c.id)
    ),
    id=Id,
)
Tracing: TypeAlias = Mapping[str, KnowledgeParameters]

DEFAULTS = KnowledgeParameters()


async def tracing_by_topic(reading: Reading, topic_ids: Sequence[str]) -> Tracing:
    """How to trace each of these topics that there is: as fitted, or by the defaults."""
    return {id_: _parameters(values) for id_, *values in await reading.rows_by(_TRACING, [(id_,) for id_ in topic_ids])}


def _parameters(values: Sequence[Any]) -> KnowledgeParameters:
    """What the values of PARAMETERS say; the defaults where they are none."""
    return DEFAULTS if values[0] is None else KnowledgeParameters(**dict(zip(PARAMETERS, values, strict=True)))


# ---- what the API shows


class MasteryKey(NamedTuple):
    """A loader's key: whose mastery of which topic, or (None) of all; as of when, and what foresees recall.

    The keys of one call have one instant and one algorithm.
    """

    learner_id: str
    topic_id: str | None
    now: datetime
    algorithm: Algorithm


_COUNTERS = ("first_correct", "first_attempts", "correct", "attempts")
_COMPLETED = (
    select(func.sum(material_completions.c.completion))
    .where(
        material_completions.c.learner_id == topic_mastery.c.learner_id,
        material_completions.c.topic_id == topic_mastery.c.topic_id,
    )
    .scalar_subquery()
)
_MATERIALS = (
    select(func.count()).where(topic_materials.c.topic_id == topic_mastery.c.topic_id).select_from(topic_materials)
).scalar_subquery()


class _Listed(FunctionElement[str]):
    """The texts of a group with a semicolon between each two."""

    type = String()
    inherit_cache = True


@compiles(_Listed, "postgresql")
def _listed_on_postgresql(element: _Listed, compiler: Any, **options: Any) -> str:
    return f"string_agg({compiler.process(element.clauses, **options)}, ';')"


@compiles(_Listed, "sqlite")
def _listed_on_sqlite(element: _Listed, compiler: Any, **options: Any) -> str:
    return f"group_concat({compiler.process(element.clauses, **options)}, ';')"


def _words(*columns: ColumnElement[Any]) -> ColumnElement[str]:
    """The values of *columns* as one text, a blank between each two."""
    first, *others = (cast(column, String) for column in columns)
    return reduce(lambda text, other: text + " " + other, others, first.expression)


# The days of a pair since a date, each as its date and counters: text, so that they come with the pair itself.
_LATELY = (
    select(_Listed(_words(topic_daily_stats.c.day, *(topic_daily_stats.c[name] for name in _COUNTERS))))
    .where(
        topic_daily_stats.c.learner_id == topic_mastery.c.learner_id,
        topic_daily_stats.c.topic_id == topic_mastery.c.topic_id,
        topic_daily_stats.c.day >= bindparam("since", type_=Date),
    )
    .scalar_subquery()
)


def _theirs(table: Table, key: FromClause, one_topic: bool) -> ColumnElement[bool]:
    theirs = table.c.learner_id == key.c.learner_id
    return and_(theirs, table.c.topic_id == key.c.topic_id) if one_topic else theirs


def _key(one_topic: bool) -> dict[str, Any]:
    return {"place": Integer, "learner_id": Id, **({"topic_id": Id} if one_topic else {})}


def _shown(*, one_topic: bool) -> KeyedQuery:
    def build(key: FromClause) -> Select[Any]:
        # Ids as text: the driver would make an object of each, and we a text of that.
        return (
            select(
                key.c.place,
                learners.c.time_zone,
                cast(topics.c.id, String).label("id"),
                topics.c.name,
                cast(topics.c.parent_id, String).label("parent_id"),
                topics.c.exam_weight,
                topic_mastery.c.last_attempt_at,
                topic_mastery.c.p_known,
                *(topic_mastery.c[name] for name in _COUNTERS),
                func.coalesce(cast(_COMPLETED, BigInteger), 0).label("completed"),
                _MATERIALS.label("materials"),
                _LATELY.label("lately"),
                *(knowledge_parameters.c[name] for name in PARAMETERS),
            )
            .join_from(key, topic_mastery, _theirs(topic_mastery, key, one_topic))
            .join(learners, learners.c.id == topic_mastery.c.learner_id)
            .join(topics, topics.c.id == topic_mastery.c.topic_id)
            .outerjoin(knowledge_parameters, knowledge_parameters.c.topic_id == topic_mastery.c.topic_id)
        )

    return keyed(build, **_key(one_topic))


_SHOWN = _shown(one_topic=False)
_SHOWN_OF_TOPIC = _shown(one_topic=True)


async def mastery_by_key(reading: Reading, keys: Sequence[MasteryKey]) -> Mapping[MasteryKey, list[TopicMastery]]:
    """For each key the topics that the learner has shown something of, in order of name and id.

    The trend rests on the days that are counted: what came in since the last count is missing from it, and from
    nothing else. Two statements for any number of learners, and two for any number of single topics.
    """
    found: dict[MasteryKey, list[TopicMastery]] = {key: [] for key in keys}
    [(now, algorithm)] = {(key.now, key.algorithm) for key in keys}
    # Far enough back wherever the learner lives: the first of 28 own days is not earlier than this one.
    since = now.astimezone(UTC).date() - timedelta(days=WINDOW_DAYS)
    whole = [(place, key.learner_id) for place, key in enumerate(keys) if key.topic_id is None]
    single = [(place, key.learner_id, key.topic_id) for place, key in enumerate(keys) if key.topic_id is not None]
    parts = []
    if whole:
        parts.append((await reading.rows_by(_SHOWN, whole, since=since), await cards_by_learner(reading, whole)))
    if single:
        rows = await reading.rows_by(_SHOWN_OF_TOPIC, single, since=since)
        parts.append((rows, await cards_by_topic(reading, single)))
    for rows, cards in parts:
        rows.sort(key=lambda row: (row[0], row[3], row[2]))  # place, name, id
        masteries = overviews(_joined(rows, cards, now), microseconds(now), algorithm)
        for row, mastery in zip(rows, masteries, strict=True):
            if mastery is not None:
                found[keys[row[0]]].append(mastery)
    return found


def _joined(rows: Sequence[Row], cards: FoundCards, now: datetime) -> Shown:
    """The pairs of *rows*, in their order, with their cards and days."""
    pair_of = {(place, topic_id): pair for pair, (place, _, topic_id, *_) in enumerate(rows)}
    # What was written between two statements may have no pair yet.
    of_card = np.array([pair_of.get(key, -1) for key in zip(cards.places, cards.topic_ids, strict=True)], np.int64)
    of_day = [(pair, *_day_of(text)) for pair, row in enumerate(rows) if row[14] for text in row[14].split(";")]
    days = np.array(of_day, np.int64).reshape(-1, 6).T
    counters = np.array([row[8:14] for row in rows], np.int64).reshape(-1, 6).T
    last_attempts: list[datetime | None] = [row[6] for row in rows]
    return Shown(
        topics=[
            Topic(id=id_, name=name, parent_id=parent_id, exam_weight=exam_weight)
            for _, _, id_, name, parent_id, exam_weight, *_ in rows
        ],
        last_attempts=last_attempts,
        counted=Counted(**dict(zip((*_COUNTERS, "completed", "materials"), counters, strict=True))),
        known=Known(
            p=np.array([np.nan if row[7] is None else row[7] for row in rows], np.float64),
            at=np.array([NEVER if at is None else microseconds(at) for at in last_attempts], np.int64),
        ),
        parameters=ParametersOfGroups.of([_parameters(row[15:]) for row in rows], np.arange(len(rows))),
        cards=Cards(pair=of_card[of_card >= 0], memories=cards.memories.take(of_card >= 0)),
        days=Days(**dict(zip(("pair", "day", *_COUNTERS), days, strict=True))),
        today=np.array([own_day(now, row[1]).toordinal() for row in rows], np.int64),
    )


def _day_of(text: str) -> tuple[int, ...]:
    day, *counters = text.split(" ")
    return date.fromisoformat(day).toordinal(), *map(int, counters)


# ---- what the nightly job reads

NO_ID = "00000000-0000-0000-0000-000000000000"  # before every other

_UNSCORED = (
    select(topic_mastery.c.learner_id)
    .where(topic_mastery.c.scored_at.is_distinct_from(bindparam("as_of", type_=Instant)))
    .order_by(topic_mastery.c.learner_id)
    .limit(1)
)
_LEARNERS_FROM = (
    select(learners.c.id)
    .where(learners.c.id >= bindparam("first", type_=Id))
    .order_by(learners.c.id)
    .limit(bindparam("number", type_=Integer))
)


async def first_unscored(reading: Reading, as_of: datetime) -> str | None:
    """The first learner, by id, with a topic that was not scored as of this instant."""
    rows = await reading.rows(_UNSCORED, as_of=as_of)
    return rows[0][0] if rows else None


async def learners_from(reading: Reading, first: str, number: int) -> list[str]:
    """The ids of at most *number* learners, in order, from *first* on."""
    return [row[0] for row in await reading.rows(_LEARNERS_FROM, first=first, number=number)]


Texts = NDArray[np.bytes_]  # ids as 16 bytes, or pairs of them as 32


class Materials(NamedTuple):
    """How many materials are known of each topic; topic_ids ascend."""

    topic_ids: Texts
    number: Ints


class Pairs(NamedTuple):
    """(learner, topic) pairs, in order, with what their scores rest on; ids as 16 raw bytes, dtype V16."""

    learner_ids: NDArray[np.void]
    topic_ids: NDArray[np.void]
    counted: Counted
    cards: Cards


_MATERIALS_BY_TOPIC = keyed(
    lambda key: (
        select(topic_materials.c.topic_id, cast(func.count(), BigInteger).label("materials"))
        .join_from(key, topic_materials, topic_materials.c.topic_id >= key.c.first)
        .group_by(topic_materials.c.topic_id)
    ),
    first=Id,
)
_COUNTED = keyed(
    lambda key: select(
        topic_mastery.c.learner_id, topic_mastery.c.topic_id, *(topic_mastery.c[name] for name in _COUNTERS)
    ).join_from(key, topic_mastery, topic_mastery.c.learner_id.between(key.c.first, key.c.last)),
    first=Id,
    last=Id,
)
_COMPLETIONS = keyed(
    lambda key: (
        select(
            material_completions.c.learner_id,
            material_completions.c.topic_id,
            cast(func.sum(material_completions.c.completion), BigInteger).label("completed"),
        )
        .join_from(key, material_completions, material_completions.c.learner_id.between(key.c.first, key.c.last))
        .group_by(material_completions.c.learner_id, material_completions.c.topic_id)
    ),
    first=Id,
    last=Id,
)


async def materials(reading: Reading) -> Materials:
    """The known materials of all topics."""
    columns = await reading.arrays(_MATERIALS_BY_TOPIC, [(NO_ID,)])
    topic_ids = columns["topic_id"].view("S16")
    order = np.argsort(topic_ids)
    return Materials(topic_ids[order], columns["materials"][order])


async def pairs_between(reading: Reading, first: str, last: str, known: Materials) -> Pairs:
    """All pairs of the learners from *first* to *last*, by id. known: the materials of all topics."""
    columns = await reading.arrays(_COUNTED, [(first, last)])
    completions = await reading.arrays(_COMPLETIONS, [(first, last)])
    owners, topic_ids, memories = await cards_between(reading, first, last)
    keys = _pair_keys(columns["learner_id"], columns["topic_id"])
    order = np.argsort(keys)
    keys = keys[order]

    completed = np.zeros(keys.size, np.int64)
    place, there = places(_pair_keys(completions["learner_id"], completions["topic_id"]), keys)
    completed[place[there]] = completions["completed"][there]
    number = np.zeros(keys.size, np.int64)
    place, there = places(columns["topic_id"][order].view("S16"), known.topic_ids)
    number[there] = known.number[place[there]]
    place, there = places(_pair_keys(owners, topic_ids), keys)
    return Pairs(
        learner_ids=columns["learner_id"][order],
        topic_ids=columns["topic_id"][order],
        counted=Counted(
            **{name: columns[name][order] for name in _COUNTERS},
            # A material that came up after *known* was read counts tomorrow.
            completed=completed,
            materials=number,
        ),
        cards=Cards(pair=place[there], memories=memories.take(there)),
    )


def _pair_keys(learner_ids: NDArray[np.void], topic_ids: NDArray[np.void]) -> Texts:
    keys = np.empty(learner_ids.size, np.dtype([("learner", "V16"), ("topic", "V16")]))
    keys["learner"], keys["topic"] = learner_ids, topic_ids
    return keys.view("S32")


# ---- what tracing topics anew reads

Pair: TypeAlias = tuple[str, str]  # learner, topic

_UNREPLAYED = (
    select(knowledge_parameters.c.topic_id)
    .where(knowledge_parameters.c.replayed.is_(False))
    .order_by(knowledge_parameters.c.topic_id)
)
_STUDIED = (
    select(topic_mastery.c.learner_id, topic_mastery.c.attempts)
    .where(
        topic_mastery.c.topic_id == bindparam("topic", type_=Id),
        topic_mastery.c.learner_id > bindparam("after", type_=Id),
        topic_mastery.c.attempts > 0,
    )
    .order_by(topic_mastery.c.learner_id)
    .limit(bindparam("number", type_=Integer))
)
_BASES = keyed(
    lambda key: select(key.c.place, mastery_bases.c.p_known, mastery_bases.c.last_attempt_at).join_from(
        key,
        mastery_bases,
        and_(mastery_bases.c.learner_id == key.c.learner_id, mastery_bases.c.topic_id == key.c.topic_id),
    ),
    place=Integer,
    learner_id=Id,
    topic_id=Id,
)


async def unreplayed_topics(reading: Reading) -> list[str]:
    """The topics with parameters by which not every pKnown was computed yet."""
    return [row[0] for row in await reading.rows(_UNREPLAYED)]


async def studied(reading: Reading, topic_id: str, after: str, number: int) -> list[tuple[str, int]]:
    """At most *number* learners with attempts at a topic, by id, those behind *after*; with how many attempts."""
    return [
        (id_, attempts) for id_, attempts in await reading.rows(_STUDIED, topic=topic_id, after=after, number=number)
    ]


async def history(reading: Reading, pairs: Sequence[Pair], answers: Sequence[Answer]) -> tuple[Known, Attempts]:
    """What was known of *pairs* before their stored answers, and these, a group being a pair's place."""
    place_of = {pair: place for place, pair in enumerate(pairs)}
    p, at = np.full(len(pairs), np.nan), np.full(len(pairs), NEVER)
    for place, p_known, last_at in await reading.rows_by(_BASES, [(place, *pair) for place, pair in enumerate(pairs)]):
        p[place], at[place] = p_known, microseconds(last_at)
    ordered = sorted(answers, key=lambda answer: (answer.occurred_at, answer.event_id))
    return Known(p=p, at=at), Attempts(
        group=np.array([place_of[answer.learner_id, answer.topic_id] for answer in ordered], np.int64),
        at=np.array([microseconds(answer.occurred_at) for answer in ordered], np.int64),
        correct=np.array([answer.correct for answer in ordered], np.bool_),
        tie=np.arange(len(ordered)),
    )
