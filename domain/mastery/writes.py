"""Keeps what learners have shown of topics in step with their events."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Self

import numpy as np
from sqlalchemy import ColumnElement, Float, Integer, Table, and_, bindparam, func, select, update

from domain.database import Reading, Writing
from domain.database.columns import EPOCH, MICROSECOND, Id, Instant, instant, microseconds
from domain.database.statement import KeyedQuery, Row, keyed
from domain.distribution import Floats
from domain.events.attempt import QuestionAttempt
from domain.events.interaction import MaterialInteraction
from domain.events.queries import Answer, answers_by_topic
from domain.mastery.knowledge import NEVER, Attempts, KnowledgeParameters, Known, ParametersOfGroups, trace
from domain.mastery.queries import PARAMETERS, Pair, Pairs, history
from domain.mastery.score import Bools, Ints
from domain.mastery.tables import (
    knowledge_parameters,
    mastery_bases,
    material_completions,
    topic_mastery,
    topic_materials,
)
from domain.packed_ids import texts_of
from domain.reviews.memory import Memories
from domain.reviews.queries import memories_of
from domain.reviews.writes import Remembered, Reviews, remember_for_good, remembering

COUNTERS = ("attempts", "correct", "first_attempts", "first_correct", "interactions")
COLUMNS = ("learner_id", "topic_id", *COUNTERS, "p_known", "last_attempt_at")


def _by_pair(table: Table, columns: Sequence[str]) -> KeyedQuery:
    return keyed(
        lambda key: select(key.c.place, *(table.c[name] for name in columns)).join_from(
            key, table, and_(table.c.learner_id == key.c.learner_id, table.c.topic_id == key.c.topic_id)
        ),
        place=Integer,
        learner_id=Id,
        topic_id=Id,
    )


_MASTERY = _by_pair(topic_mastery, (*COUNTERS, "p_known", "last_attempt_at"))
_BASES = _by_pair(mastery_bases, ("p_known", "last_attempt_at"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """Rows of `topic_mastery` while they change, one a pair.

    counters: shape (pairs, 5). p_known: NaN, and last_at (microseconds): NEVER before the first attempt.
    """

    pairs: Sequence[Pair]
    counters: Ints
    p_known: Floats
    last_at: Ints

    @classmethod
    def nothing(cls, pairs: Sequence[Pair]) -> Self:
        number = len(pairs)
        counters = np.zeros((number, len(COUNTERS)), np.int64)
        return cls(pairs=pairs, counters=counters, p_known=np.full(number, np.nan), last_at=np.full(number, NEVER))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """Answers in the order in which they happened. pair: of each its place among the pairs; at: microseconds."""

    pair: Ints
    at: Ints
    correct: Bools
    question_ids: Sequence[str]

    @classmethod
    def of(cls, answers: Sequence[Answer | QuestionAttempt], place_of: Mapping[Pair, int]) -> Self:
        at = np.array([(answer.occurred_at - EPOCH) // MICROSECOND for answer in answers], np.int64)
        if np.any(at[1:] <= at[:-1]):
            order = sorted(range(at.size), key=list(zip(at.tolist(), map(_event_id, answers), strict=True)).__getitem__)
            answers, at = [answers[place] for place in order], at[order]
        return cls(
            pair=np.array([place_of[pair] for pair in map(_pair, answers)], np.int64),
            at=at,
            correct=np.array([answer.correct for answer in answers], np.bool_),
            question_ids=[answer.question_id for answer in answers],
        )

    def reviews(self, pairs: Sequence[Pair]) -> Reviews:
        """What they are to memories; cards in the order of *pairs*, so that those of a pair lie together."""
        place_of: dict[tuple[int, str], int] = {}
        keys = zip(self.pair.tolist(), self.question_ids, strict=True)
        card = np.array([place_of.setdefault(key, len(place_of)) for key in keys], np.int64)
        by_pair = np.argsort([pair for pair, _ in place_of], kind="stable")
        place = np.empty_like(by_pair)
        place[by_pair] = np.arange(by_pair.size)
        found = list(place_of)
        cards = [(*pairs[pair], question_id) for pair, question_id in (found[at] for at in by_pair.tolist())]
        return Reviews(cards=cards, card=place[card], at=self.at, correct=self.correct)


_pair: Callable[[Answer | QuestionAttempt | MaterialInteraction], Pair] = attrgetter("learner_id", "topic_id")
_event_id: Callable[[Answer | QuestionAttempt], str] = attrgetter("event_id")


@dataclass(slots=True, kw_only=True)
class Lesson:
    """What a batch of events changes in mastery and memories, on its way from what there is to what will be.

    Made by `begin_lesson`. In between the events themselves are stored; a topic whose new attempts are not all later
    than those before is traced once more from its beginning (`look_back`), so that nothing depends on the order of
    arrival. What needs the database and what does not are steps of their own: the one can wait for the other's end.
    """

    attempts: Sequence[QuestionAttempt]
    interactions: Sequence[MaterialInteraction]
    tracing: Mapping[str, KnowledgeParameters]
    late: Sequence[Pair]
    _shown: _Shown
    _attempted: Bools  # which pairs had an attempt before
    _place_of: Mapping[Pair, int]
    _answers: _Answers
    _reviews: Reviews | None = None
    _start: Memories | None = None
    _again: Bools | None = None

    async def look_back(self, reading: Reading) -> None:
        """Takes all answers of the topics that are *late* into account, the new ones too, which are stored by now."""
        late = set(self.late)
        answers: list[Answer | QuestionAttempt] = [one for one in self.attempts if _pair(one) not in late]
        answers += await answers_by_topic(reading, self.late)
        await _rewind(reading, self._shown, [self._place_of[pair] for pair in self.late])
        self._answers = _Answers.of(answers, self._place_of)

    async def recall(self, reading: Reading) -> None:
        """Reads the memories that change. Of a topic without an attempt there are none."""
        reviews = self._reviews = self._answers.reviews(self._shown.pairs)
        late = np.zeros(len(self._shown.pairs), np.bool_)
        late[[self._place_of[pair] for pair in self.late]] = True
        of_card = np.zeros(len(reviews.cards), np.int64)
        of_card[reviews.card] = self._answers.pair
        self._again = late[of_card]
        stored = np.flatnonzero(self._attempted[of_card] & ~self._again).tolist()
        self._start = await memories_of(
            reading, reviews.cards, stored=stored, bases=np.flatnonzero(self._again).tolist()
        )

    def memories(self) -> Remembered:
        """The memories after the batch."""
        assert self._reviews is not None
        assert self._start is not None
        assert self._again is not None
        return Remembered.of(self._reviews, self._start, self._again)

    def remembering(self, writing: Writing, remembered: Remembered) -> AbstractAsyncContextManager[None]:
        """Stores memories while a block works on."""
        return remembering(writing, remembered)

    def mastery(self) -> list[Row]:
        """The rows of mastery after the batch, as `write` takes them."""
        shown = self._shown
        _count(self.attempts, self.interactions, shown, self._place_of)
        _trace(self._answers, shown, self.tracing)
        rows = zip(shown.pairs, shown.counters.tolist(), shown.p_known.tolist(), shown.last_at.tolist(), strict=True)
        return [
            (*pair, *counters, None if last_at == NEVER else p_known, _instant(last_at))
            for pair, counters, p_known, last_at in rows
        ]

    async def write(self, writing: Writing, mastery: Sequence[Row]) -> None:
        """Stores all but the memories."""
        await writing.upsert(topic_mastery, COLUMNS, mastery)
        await _complete(writing, self.interactions)


async def begin_lesson(
    reading: Reading,
    attempts: Sequence[QuestionAttempt],
    interactions: Sequence[MaterialInteraction],
    tracing: Mapping[str, KnowledgeParameters],
) -> Lesson:
    """Reads what is known of the topics that new events are about. Their learners' rows are locked.

    tracing: of each topic.
    """
    pairs = sorted({*map(_pair, attempts), *map(_pair, interactions)})
    place_of = {pair: place for place, pair in enumerate(pairs)}
    shown = _Shown.nothing(pairs)
    for place, *counters, p_known, last_at in await reading.rows_by(_MASTERY, [(n, *p) for n, p in enumerate(pairs)]):
        shown.counters[place] = counters
        if last_at is not None:
            shown.p_known[place], shown.last_at[place] = p_known, microseconds(last_at)
    answers = _Answers.of(attempts, place_of)
    # One of the same instant as the last may belong before it.
    late = np.unique(answers.pair[answers.at <= shown.last_at[answers.pair]])
    return Lesson(
        attempts=attempts,
        interactions=interactions,
        tracing=tracing,
        late=[pairs[place] for place in late.tolist()],
        _shown=shown,
        _attempted=shown.last_at != NEVER,
        _place_of=place_of,
        _answers=answers,
    )


def _count(
    attempts: Sequence[QuestionAttempt],
    interactions: Iterable[MaterialInteraction],
    shown: _Shown,
    place_of: Mapping[Pair, int],
) -> None:
    pair = np.array([place_of[pair] for pair in map(_pair, attempts)], np.int64)
    correct = np.array([attempt.correct for attempt in attempts], np.bool_)
    first = np.array([attempt.attempt_number == 1 for attempt in attempts], np.bool_)
    used = np.array([place_of[pair] for pair in map(_pair, interactions)], np.int64)
    for column, counted in enumerate((pair, pair[correct], pair[first], pair[first & correct], used)):
        shown.counters[:, column] += np.bincount(counted, minlength=len(shown.pairs))


async def _rewind(reading: Reading, shown: _Shown, places: Sequence[int]) -> None:
    """Takes pKnown of the pairs at *places* back to what it was before all attempts that are stored."""
    for place in places:
        shown.p_known[place], shown.last_at[place] = np.nan, NEVER
    keys = [(place, *shown.pairs[place]) for place in places]
    for place, p_known, last_at in await reading.rows_by(_BASES, keys):
        shown.p_known[place], shown.last_at[place] = p_known, microseconds(last_at)


def _trace(answers: _Answers, shown: _Shown, tracing: Mapping[str, KnowledgeParameters]) -> None:
    """Sets pKnown in *shown* to what it is after *answers*."""
    if answers.at.size == 0:
        return
    groups, group = np.unique(answers.pair, return_inverse=True)
    topic_place = {id_: place for place, id_ in enumerate(tracing)}
    topic = np.array([topic_place[shown.pairs[place][1]] for place in groups.tolist()], np.int64)
    after = trace(
        Known(p=shown.p_known[groups], at=shown.last_at[groups]),
        Attempts(group=group, at=answers.at, correct=answers.correct, tie=np.arange(answers.at.size)),
        ParametersOfGroups.of(list(tracing.values()), topic),
    )
    shown.p_known[groups], shown.last_at[groups] = after.p, after.at


async def found_bases(writing: Writing, found: Sequence[Answer], tracing: Mapping[str, KnowledgeParameters]) -> None:
    """Adds answers, the oldest of their learners, to the bases that replays start from.

    Called in the transaction that deletes them, with their learners held.
    """
    if not found:
        return
    pairs = sorted(set(map(_pair, found)))
    shown = _Shown.nothing(pairs)
    await _rewind(writing, shown, range(len(pairs)))
    answers = _Answers.of(found, {pair: place for place, pair in enumerate(pairs)})
    _trace(answers, shown, tracing)
    columns = ("learner_id", "topic_id", "p_known", "last_attempt_at")
    rows = zip(pairs, shown.p_known.tolist(), shown.last_at.tolist(), strict=True)
    await writing.upsert(
        mastery_bases, columns, [(*pair, p_known, instant(last_at)) for pair, p_known, last_at in rows]
    )
    await remember_for_good(writing, answers.reviews(pairs))


def _instant(at: int) -> object:
    return None if at == NEVER else instant(at)


_COMPLETED = keyed(
    lambda key: select(
        key.c.place,
        material_completions.c.completion,
    ).join_from(
        key,
        material_completions,
        and_(
            material_completions.c.learner_id == key.c.learner_id,
            material_completions.c.topic_id == key.c.topic_id,
            material_completions.c.material_id == key.c.material_id,
        ),
    ),
    place=Integer,
    learner_id=Id,
    topic_id=Id,
    material_id=Id,
)


async def _complete(writing: Writing, interactions: Sequence[MaterialInteraction]) -> None:
    """Notes how far learners have got in materials: never back."""
    reached: dict[tuple[str, str, str], int] = {}
    for interaction in interactions:
        key = (interaction.learner_id, interaction.topic_id, interaction.material_id)
        reached[key] = max(reached.get(key, 0), round(interaction.completion * 1_000_000))
    keys = sorted(reached)
    for place, completion in await writing.rows_by(_COMPLETED, [(place, *key) for place, key in enumerate(keys)]):
        reached[keys[place]] = max(reached[keys[place]], completion)
    columns = ("learner_id", "topic_id", "material_id", "completion")
    await writing.upsert(material_completions, columns, [(*key, reached[key]) for key in keys])
    materials = sorted({key[1:] for key in keys})
    await writing.upsert(topic_materials, ("topic_id", "material_id"), materials)


# ---- what the jobs write


def _number_or_null(values: ColumnElement[float]) -> ColumnElement[float]:
    """Null for NaN; SQLite has none, and takes it for null by itself."""
    return func.nullif(values, bindparam("nan", type_=Float), type_=Float)


_SCORE = keyed(
    lambda key: (
        update(topic_mastery)
        .where(
            topic_mastery.c.learner_id == key.c.learner_id,
            topic_mastery.c.topic_id == key.c.topic_id,
            # Says nothing new, but where in the index all of them lie together.
            topic_mastery.c.learner_id.between(bindparam("first", type_=Id), bindparam("last", type_=Id)),
        )
        .values(
            score=_number_or_null(key.c.score),
            retrieval=_number_or_null(key.c.retrieval),
            scored_at=bindparam("as_of", type_=Instant),
        )
    ),
    learner_id=Id,
    topic_id=Id,
    score=Float,
    retrieval=Float,
)


async def put_scores(writing: Writing, pairs: Pairs, score: Floats, retrieval: Floats, at: datetime) -> int:
    """Stores the scores of *pairs* as of an instant; NaN as no score. Returns how many rows there were to change."""
    if pairs.learner_ids.size == 0:
        return 0
    columns = {"learner_id": pairs.learner_ids, "topic_id": pairs.topic_ids, "score": score, "retrieval": retrieval}
    # They are in order of their learners.
    first, last = texts_of(pairs.learner_ids[[0, -1]])
    return await writing.run_by_columns(_SCORE, columns, as_of=at, first=first, last=last, nan=np.nan)


_REPLAYED = (
    update(knowledge_parameters)
    .where(knowledge_parameters.c.topic_id == bindparam("topic", type_=Id))
    .values(replayed=True)
)
_RETRACE = keyed(
    lambda key: (
        update(topic_mastery)
        .where(
            topic_mastery.c.learner_id == key.c.learner_id,
            topic_mastery.c.topic_id == key.c.topic_id,
            topic_mastery.c.p_known.is_distinct_from(key.c.p_known),
        )
        .values(p_known=key.c.p_known)
    ),
    learner_id=Id,
    topic_id=Id,
    p_known=Float,
)


async def put_parameters(
    writing: Writing, topic_id: str, parameters: KnowledgeParameters, attempts: int, now: datetime
) -> None:
    """Makes these the topic's parameters, by which every later attempt is traced; those before are to be replayed."""
    values = (getattr(parameters, name) for name in PARAMETERS)
    columns = ("topic_id", *PARAMETERS, "attempts", "fitted_at", "replayed")
    await writing.upsert(knowledge_parameters, columns, [(topic_id, *values, attempts, now, False)])


async def set_replayed(writing: Writing, topic_id: str) -> None:
    """Notes that every pKnown of the topic was computed by its parameters."""
    await writing.run(_REPLAYED, topic=topic_id)


async def replay(writing: Writing, pairs: Sequence[Pair], parameters: KnowledgeParameters) -> int:
    """Traces all stored answers of these pairs, which are of one topic, once more; returns how many pKnown changed.

    Their learners' rows are locked.
    """
    answers = await answers_by_topic(writing, pairs)
    start, attempts = await history(writing, pairs, answers)
    after = trace(start, attempts, ParametersOfGroups.of([parameters], np.zeros(len(pairs), np.int64)))
    traced = after.at != NEVER
    records = [
        (*pair, p_known) for pair, p_known, there in zip(pairs, after.p.tolist(), traced.tolist(), strict=True) if there
    ]
    return await writing.run_by(_RETRACE, records)
