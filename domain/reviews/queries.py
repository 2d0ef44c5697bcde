"""Reads of what is remembered."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import FromClause, Integer, Select, String, Table, and_, cast, select

from domain.database import Reading
from domain.database.columns import Id, microseconds
from domain.database.statement import KeyedQuery, Row, keyed
from domain.distribution import Floats
from domain.reviews.fsrs import Ints
from domain.reviews.memory import Memories, new_memories
from domain.reviews.tables import review_bases, review_states

MEMORY = (
    "reviewed_at",
    "stability",
    "difficulty",
    "easiness",
    "interval_days",
    "repetitions",
    "reviews",
    "lapses",
)
Card = tuple[str, str, str]  # learner, topic, question


def _by_card(table: Table) -> KeyedQuery:
    return keyed(
        lambda key: select(key.c.place, *(table.c[name] for name in MEMORY)).join_from(
            key,
            table,
            and_(
                table.c.learner_id == key.c.learner_id,
                table.c.topic_id == key.c.topic_id,
                table.c.question_id == key.c.question_id,
            ),
        ),
        place=Integer,
        learner_id=Id,
        topic_id=Id,
        question_id=Id,
    )


_STATES = _by_card(review_states)
_BASES = _by_card(review_bases)


async def memories_of(
    reading: Reading, cards: Sequence[Card], *, stored: Sequence[int] = (), bases: Sequence[int] = ()
) -> Memories:
    """The memories of cards, new where there is none.

    stored: the places of those to look up; bases: of those that are wanted as they were before all events.
    """
    known: list[Row] = []
    for query, wanted in ((_STATES, stored), (_BASES, bases)):
        known += await reading.rows_by(query, [(place, *cards[place]) for place in wanted])
    return _put(new_memories(len(cards)), known)


def _put(memories: Memories, rows: Sequence[Row]) -> Memories:
    """*memories* with what *rows* say: each is a place and the columns of MEMORY."""
    if not rows:
        return memories
    places, *columns = zip(*rows, strict=True)
    at = np.array(places)
    for name, values in zip(MEMORY, columns, strict=True):
        array = getattr(memories, name)
        array[at] = [microseconds(value) for value in values] if name == "reviewed_at" else values
    return memories


# What recall and due dates depend on, by either algorithm.
FORESEEING = ("reviewed_at", "stability", "interval_days")


def _of_learners(*, one_topic: bool) -> KeyedQuery:
    def build(key: FromClause) -> Select[Any]:
        theirs = review_states.c.learner_id == key.c.learner_id
        # The topic as text: the driver would make an object of each, and we a text of that.
        return select(
            key.c.place,
            cast(review_states.c.topic_id, String).label("topic_id"),
            *(review_states.c[name] for name in FORESEEING),
        ).join_from(
            key,
            review_states,
            and_(theirs, review_states.c.topic_id == key.c.topic_id) if one_topic else theirs,
        )

    return keyed(build, place=Integer, learner_id=Id, **({"topic_id": Id} if one_topic else {}))


_ALL_CARDS = _of_learners(one_topic=False)
_CARDS_OF_TOPIC = _of_learners(one_topic=True)


class FoundCards(NamedTuple):
    """Cards of learners: places: of the keys that they were asked by; topic_ids and memories: of each card.

    The memories hold what recall and due dates depend on, and for the rest what new cards have: no review can be added.
    """

    places: Sequence[int]
    topic_ids: Sequence[str]
    memories: Memories


async def cards_by_learner(reading: Reading, keys: Sequence[tuple[int, str]]) -> FoundCards:
    """The cards of learners in all topics; *keys* are a place and the learner's id."""
    return _found(await reading.rows_by(_ALL_CARDS, keys))


async def cards_by_topic(reading: Reading, keys: Sequence[tuple[int, str, str]]) -> FoundCards:
    """The cards of learners in one topic each; *keys* are a place, the learner's id and the topic's."""
    return _found(await reading.rows_by(_CARDS_OF_TOPIC, keys))


def _found(rows: Sequence[Row]) -> FoundCards:
    if not rows:
        return FoundCards((), (), new_memories(0))
    places, topic_ids, reviewed_at, stability, interval_days = zip(*rows, strict=True)
    at = np.array([microseconds(value) for value in reviewed_at], dtype=np.int64)
    memories = _foreseeing(at, np.array(stability, dtype=np.float64), np.array(interval_days, dtype=np.int64))
    return FoundCards(places, topic_ids, memories)


_CARDS_BETWEEN = keyed(
    lambda key: select(
        review_states.c.learner_id, review_states.c.topic_id, *(review_states.c[name] for name in FORESEEING)
    ).join_from(key, review_states, review_states.c.learner_id.between(key.c.first, key.c.last)),
    first=Id,
    last=Id,
)


class CardColumns(NamedTuple):
    """As FoundCards, for jobs: ids as 16 raw bytes, dtype V16."""

    learner_ids: NDArray[np.void]
    topic_ids: NDArray[np.void]
    memories: Memories


async def cards_between(reading: Reading, first: str, last: str) -> CardColumns:
    """The cards of all learners from *first* to *last*, by id."""
    columns = await reading.arrays(_CARDS_BETWEEN, [(first, last)])
    memories = _foreseeing(*(columns[name] for name in FORESEEING))
    return CardColumns(columns["learner_id"], columns["topic_id"], memories)


def _foreseeing(reviewed_at: Ints, stability: Floats, interval_days: Ints) -> Memories:
    """Memories with these arrays, and for the rest what new cards have."""
    return replace(
        new_memories(reviewed_at.size), reviewed_at=reviewed_at, stability=stability, interval_days=interval_days
    )
