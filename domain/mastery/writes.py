"""Keeps what learners have shown of topics in step with their events."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from sqlalchemy import Float, Integer, Table, and_, bindparam, select, update

from domain.database import Reading, Writing
from domain.database.columns import Id, Instant, instant, microseconds
from domain.database.statement import KeyedQuery, keyed
from domain.distribution import Floats
from domain.events.attempt import QuestionAttempt
from domain.events.interaction import MaterialInteraction
from domain.events.queries import Answer, answers_by_topic
from domain.mastery.knowledge import NEVER, Attempts, KnowledgeParameters, Known, ParametersOfGroups, trace
from domain.mastery.queries import PARAMETERS, Pair, Pairs, history
from domain.mastery.tables import (
    knowledge_parameters,
    mastery_bases,
    material_completions,
    topic_mastery,
    topic_materials,
)
from domain.reviews.writes import Review, remember, remember_for_good

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


@dataclass(slots=True)
class _Shown:
    """A row of `topic_mastery` while it changes; last_at: microseconds, NEVER before the first attempt."""

    counters: list[int] = field(default_factory=lambda: [0] * len(COUNTERS))
    p_known: float = np.nan
    last_at: int = NEVER


async def learn(
    writing: Writing,
    attempts: Sequence[QuestionAttempt],
    interactions: Sequence[MaterialInteraction],
    tracing: Mapping[str, KnowledgeParameters],
) -> None:
    """Adds events, which were stored in the same transaction, to mastery and memories.

    Their learners' rows are locked. tracing: of each topic. A topic whose new attempts are not all later than those
    before is traced once more from its beginning, so that nothing depends on the order of arrival.
    """
    if not attempts and not interactions:
        return
    pairs = sorted(
        {(attempt.learner_id, attempt.topic_id) for attempt in attempts}
        | {(interaction.learner_id, interaction.topic_id) for interaction in interactions}
    )
    shown = await _shown(writing, pairs)
    late = _late(attempts, shown)
    _count(attempts, interactions, shown)
    answers = [_answer(attempt) for attempt in attempts if (attempt.learner_id, attempt.topic_id) not in late]
    answers += await answers_by_topic(writing, sorted(late))
    if answers:
        await _rewind(writing, shown, late)
        _trace(answers, shown, tracing)
        await remember(writing, _reviews(answers), late)
    records = [
        (*pair, *row.counters, None if row.last_at == NEVER else row.p_known, _instant(row.last_at))
        for pair, row in shown.items()
    ]
    await writing.upsert(topic_mastery, COLUMNS, records)
    await _complete(writing, interactions)


async def _shown(writing: Writing, pairs: Sequence[Pair]) -> dict[Pair, _Shown]:
    shown = {pair: _Shown() for pair in pairs}
    rows = await writing.rows_by(_MASTERY, [(place, *pair) for place, pair in enumerate(pairs)])
    for place, *counters, p_known, last_at in rows:
        shown[pairs[place]].counters = counters
        if last_at is not None:
            shown[pairs[place]].p_known = p_known
            shown[pairs[place]].last_at = microseconds(last_at)
    return shown


def _late(attempts: Iterable[QuestionAttempt], shown: Mapping[Pair, _Shown]) -> set[Pair]:
    """The pairs with an attempt that is not later than all before; one of the same instant may belong before it."""
    return {
        (attempt.learner_id, attempt.topic_id)
        for attempt in attempts
        if microseconds(attempt.occurred_at) <= shown[attempt.learner_id, attempt.topic_id].last_at
    }


def _count(
    attempts: Iterable[QuestionAttempt], interactions: Iterable[MaterialInteraction], shown: Mapping[Pair, _Shown]
) -> None:
    for attempt in attempts:
        counters = shown[attempt.learner_id, attempt.topic_id].counters
        counters[0] += 1
        counters[1] += attempt.correct
        if attempt.attempt_number == 1:
            counters[2] += 1
            counters[3] += attempt.correct
    for interaction in interactions:
        shown[interaction.learner_id, interaction.topic_id].counters[4] += 1


def _answer(attempt: QuestionAttempt) -> Answer:
    return Answer(
        attempt.learner_id,
        attempt.topic_id,
        attempt.question_id,
        attempt.occurred_at,
        attempt.event_id,
        attempt.correct,
    )


async def _rewind(reading: Reading, shown: Mapping[Pair, _Shown], pairs: Collection[Pair]) -> None:
    """Takes pKnown of *pairs* back to what it was before all attempts that are stored."""
    places = sorted(pairs)
    for pair in places:
        shown[pair].last_at = NEVER
    for place, p_known, last_at in await reading.rows_by(_BASES, [(n, *pair) for n, pair in enumerate(places)]):
        shown[places[place]].p_known, shown[places[place]].last_at = p_known, microseconds(last_at)


def _trace(answers: list[Answer], shown: Mapping[Pair, _Shown], tracing: Mapping[str, KnowledgeParameters]) -> None:
    """Sets pKnown in *shown* to what it is after *answers*, which are put into the order they were given in."""
    answers.sort(key=lambda answer: (answer.occurred_at, answer.event_id))
    group_of: dict[Pair, int] = {}
    groups = [group_of.setdefault((answer.learner_id, answer.topic_id), len(group_of)) for answer in answers]
    topic_place = {id_: place for place, id_ in enumerate(tracing)}
    after = trace(
        Known(
            p=np.array([shown[pair].p_known for pair in group_of]),
            at=np.array([shown[pair].last_at for pair in group_of]),
        ),
        Attempts(
            group=np.array(groups),
            at=np.array([microseconds(answer.occurred_at) for answer in answers]),
            correct=np.array([answer.correct for answer in answers]),
            tie=np.arange(len(answers)),
        ),
        ParametersOfGroups.of(list(tracing.values()), np.array([topic_place[topic_id] for _, topic_id in group_of])),
    )
    for pair, p_known, last_at in zip(group_of, after.p.tolist(), after.at.tolist(), strict=True):
        shown[pair].p_known, shown[pair].last_at = p_known, last_at


def _reviews(answers: Iterable[Answer]) -> list[Review]:
    return [
        Review(
            (answer.learner_id, answer.topic_id, answer.question_id), microseconds(answer.occurred_at), answer.correct
        )
        for answer in answers
    ]


async def found_bases(writing: Writing, answers: list[Answer], tracing: Mapping[str, KnowledgeParameters]) -> None:
    """Adds *answers*, the oldest of their learners, to the bases that replays start from.

    Called in the transaction that deletes them, with their learners held.
    """
    if not answers:
        return
    pairs = {(answer.learner_id, answer.topic_id) for answer in answers}
    shown = {pair: _Shown() for pair in pairs}
    await _rewind(writing, shown, pairs)
    _trace(answers, shown, tracing)
    columns = ("learner_id", "topic_id", "p_known", "last_attempt_at")
    records = [
        (*pair, row.p_known, instant(row.last_at)) for pair, row in sorted(shown.items(), key=lambda item: item[0])
    ]
    await writing.upsert(mastery_bases, columns, records)
    await remember_for_good(writing, _reviews(answers))


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
            score=key.c.score,
            retrieval=key.c.retrieval,
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
    if not pairs.learner_ids:
        return 0
    keys = list(zip(pairs.learner_ids, pairs.topic_ids, _or_none(score), _or_none(retrieval), strict=True))
    # They are in order of their learners.
    return await writing.run_by(_SCORE, keys, as_of=at, first=keys[0][0], last=keys[-1][0])


def _or_none(values: Floats) -> list[float | None]:
    found = values.astype(object)
    found[np.isnan(values)] = None
    return list(found)


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
