"""Stores events, each once, with everything that is counted from them, in the transaction it is given."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Table, bindparam, delete, select

from domain.activity.writes import begin_sessions, mark_days, put_sessions
from domain.catalog.queries import known_objectives
from domain.database import Reading, Writing
from domain.database.columns import Id, Instant
from domain.database.statement import keyed
from domain.days import own_day
from domain.events.attempt import QuestionAttempt
from domain.events.event import Event
from domain.events.intake import Rejection, RejectionCode
from domain.events.interaction import MaterialInteraction
from domain.events.queries import Answer
from domain.events.response import ValidationResponse
from domain.events.session_report import SessionReport
from domain.events.study_event import StudyEvent
from domain.events.tables import (
    EVENTS,
    MONTHLY,
    event_ids,
    material_interactions,
    question_attempts,
    session_reports,
    study_events,
    task_completions,
    validation_responses,
)
from domain.events.task import TaskCompletion
from domain.learners.erasure import ERASURE_LOCK, Pseudonyms
from domain.learners.queries import erased, hold_learners, zone_by_learner
from domain.mastery.queries import Tracing, tracing_by_topic
from domain.mastery.writes import begin_lesson, found_bases
from domain.peers.writes import add_rollups, rollups_of

# Where each kind of event is kept. Columns bear the names of the fields.
_TABLES: Mapping[type[Event], Table] = MappingProxyType(
    {
        ValidationResponse: validation_responses,
        QuestionAttempt: question_attempts,
        MaterialInteraction: material_interactions,
        SessionReport: session_reports,
        TaskCompletion: task_completions,
        StudyEvent: study_events,
    }
)
_RECORDS = {kind: attrgetter(*table.columns.keys()) for kind, table in _TABLES.items()}

_DIGESTS = keyed(
    lambda key: select(event_ids.c.event_id, event_ids.c.digest).join_from(
        key, event_ids, event_ids.c.event_id == key.c.event_id
    ),
    event_id=Id,
)


class Candidate(NamedTuple):
    """An event that `intake` has checked, its place in what the caller sent, and its digest."""

    place: int
    event: Event
    content: bytes


async def store_once(
    writing: Writing, batch: Sequence[Candidate], pseudonyms: Pseudonyms
) -> tuple[int, int, dict[int, Rejection]]:
    """Stores those of *batch* that are new, with their rollups and what they change in sessions, mastery and memories.

    batch: ids in canonical spelling.
    Returns how many were stored, how many were there before, and by place why the others were rejected. Only the
    first of several events with one id is stored; the others are duplicates, or conflicts where they say otherwise.
    """
    # Held until this transaction ends: nobody is erased between our look at the learners and our rows about them.
    await writing.lock(ERASURE_LOCK, shared=True)
    zones = await _zones(writing, batch)
    tracing = await _tracing(writing, batch)
    rejected = await _about_unknown(writing, batch, zones, tracing, pseudonyms)
    events, duplicates = await _new_events(writing, batch, rejected)

    by_kind: dict[type[Event], list[Any]] = {}
    for event in events:
        by_kind.setdefault(type(event), []).append(event)
    responses, reports = by_kind.get(ValidationResponse, []), by_kind.get(SessionReport, [])
    attempts, interactions = by_kind.get(QuestionAttempt, []), by_kind.get(MaterialInteraction, [])
    study = by_kind.get(StudyEvent, [])
    lesson = await begin_lesson(writing, attempts, interactions, tracing)
    if lesson.late:
        async with _storing(writing, by_kind):
            pass
        by_kind = {}
        await lesson.look_back(writing)
    await lesson.recall(writing)
    sessions = await begin_sessions(writing, reports, (*attempts, *interactions, *study))
    # All is read. What is left to work out is worked out while the database takes in what is there already.
    async with _storing(writing, by_kind):
        remembered = lesson.memories()
        await asyncio.sleep(0)  # more of the records may go out
        rollups = rollups_of(responses)
    async with lesson.remembering(writing, remembered):
        mastery = lesson.mastery()
        await asyncio.sleep(0)
        sittings = sessions.after()
        days = {
            (event.learner_id, own_day(event.occurred_at, zones[event.learner_id]))
            for event in events
            if type(event) is not ValidationResponse
        }
        days |= {(learner_id, own_day(at, zones[learner_id])) for learner_id, at in sessions.moved(sittings)}
    await add_rollups(writing, rollups)
    await lesson.write(writing, mastery)
    await put_sessions(writing, sittings)
    await mark_days(writing, days)
    return len(events), duplicates, rejected


@asynccontextmanager
async def _storing(writing: Writing, by_kind: Mapping[type[Event], Sequence[Any]]) -> AsyncGenerator[None]:
    """Stores events, those of the kind with most of them while a block works on (`Writing.inserting`)."""
    kinds = sorted(by_kind, key=lambda kind: len(by_kind[kind]))
    for kind in kinds:
        table, some = _TABLES[kind], by_kind[kind]
        if table in MONTHLY:
            await writing.make_months(table, [event.occurred_at for event in some])
        inserting = writing.inserting(table, table.columns.keys(), list(map(_RECORDS[kind], some)))
        async with inserting:
            if kind is kinds[-1]:
                yield
    if not kinds:
        yield


async def _zones(writing: Writing, batch: Sequence[Candidate]) -> Mapping[str, str]:
    """The time zones of the learners there are. Those whose state a batch changes by reading it first are held."""
    ids = sorted({candidate.event.learner_id for candidate in batch})
    if all(type(candidate.event) is ValidationResponse for candidate in batch):
        return await zone_by_learner(writing, ids)
    return await hold_learners(writing, ids)


async def _tracing(reading: Reading, batch: Sequence[Candidate]) -> Tracing:
    """The topics that events of *batch* are about, as far as they exist."""
    topic_ids = {
        event.topic_id for _, event, _ in batch if type(event) is QuestionAttempt or type(event) is MaterialInteraction
    }
    return await tracing_by_topic(reading, sorted(topic_ids)) if topic_ids else {}


async def _new_events(
    writing: Writing, batch: Sequence[Candidate], rejected: dict[int, Rejection]
) -> tuple[list[Event], int]:
    """Those of *batch* that are stored now for the first time, and how many were there before.

    Adds to *rejected* those whose id stands for something else.
    """
    first: dict[str, tuple[Event, bytes]] = {}
    duplicates = 0
    again: list[tuple[int, str, bytes]] = []
    for place, event, content in batch:
        if place in rejected:
            continue
        if event.event_id in first:
            again.append((place, event.event_id, content))
        else:
            first[event.event_id] = (event, content)

    claims = [(event_id, first[event_id][1]) for event_id in sorted(first)]
    new = await writing.insert_new(event_ids, ("event_id", "digest"), claims)
    seen = {event_id: content for event_id, content in claims if event_id not in new}
    if seen:
        stored: dict[str, bytes] = dict(await writing.rows_by(_DIGESTS, [(event_id,) for event_id in seen]))
        places = {event.event_id: place for place, event, _ in reversed(batch) if place not in rejected}
        again += [(places[event_id], event_id, content) for event_id, content in seen.items()]
    else:
        stored = {}
    for place, event_id, content in again:
        if content == (stored.get(event_id) or first[event_id][1]):
            duplicates += 1
        else:
            rejected[place] = Rejection(
                RejectionCode.CONFLICT,
                "eventId: another event has this id; give each event an id of its own. The first one stays.",
            )
    return [event for event_id, (event, _) in first.items() if event_id in new], duplicates


async def _about_unknown(
    reading: Reading,
    batch: Sequence[Candidate],
    learner_ids: Collection[str],
    topic_ids: Collection[str],
    pseudonyms: Pseudonyms,
) -> dict[int, Rejection]:
    """The rejections of events about learners, objectives or topics that are not there.

    learner_ids, topic_ids: those that are.
    """
    objective_ids = {event.objective_id for _, event, _ in batch if type(event) is ValidationResponse}
    known = await known_objectives(reading, sorted(objective_ids))
    strangers = {event.learner_id for _, event, _ in batch if event.learner_id not in learner_ids}
    gone = await _erased_of(reading, strangers, pseudonyms) if strangers else set()
    rejected: dict[int, Rejection] = {}
    for place, event, _ in batch:
        if event.learner_id in gone:
            rejected[place] = Rejection(
                RejectionCode.ERASED, "learnerId: this learner was erased; send no more events about it."
            )
        elif event.learner_id in strangers:
            rejected[place] = UNKNOWN_LEARNER
        elif type(event) is ValidationResponse:
            if event.objective_id not in known:
                rejected[place] = UNKNOWN_OBJECTIVE
        elif (type(event) is QuestionAttempt or type(event) is MaterialInteraction) and event.topic_id not in topic_ids:
            rejected[place] = UNKNOWN_TOPIC
    return rejected


UNKNOWN_LEARNER = Rejection(
    RejectionCode.UNKNOWN_LEARNER, "learnerId: there is no such learner; import it first, or correct the id."
)
UNKNOWN_OBJECTIVE = Rejection(
    RejectionCode.UNKNOWN_OBJECTIVE, "objectiveId: there is no such objective; import it first, or correct the id."
)
UNKNOWN_TOPIC = Rejection(
    RejectionCode.UNKNOWN_TOPIC, "topicId: there is no such topic; import it first, or correct the id."
)


async def _erased_of(reading: Reading, learner_ids: set[str], pseudonyms: Pseudonyms) -> set[str]:
    by_pseudonym: Mapping[str, str] = {pseudonyms.of(id_): id_ for id_ in learner_ids}
    return {by_pseudonym[pseudonym] for pseudonym in await erased(reading, sorted(by_pseudonym))}


async def make_months(writing: Writing, instants: Collection[datetime]) -> None:
    """Makes partitions ahead, so that no event has to wait for one."""
    for table in MONTHLY:
        await writing.make_months(table, instants)


_HORIZON = bindparam("horizon", type_=Instant)
_OLD_LEARNERS = select(question_attempts.c.learner_id).where(question_attempts.c.occurred_at < _HORIZON).distinct()
_TOPICS_OF_OLD = keyed(
    lambda key: (
        select(*(question_attempts.c[name] for name in Answer._fields))
        .join_from(key, question_attempts, question_attempts.c.learner_id == key.c.learner_id)
        .where(question_attempts.c.occurred_at < bindparam("horizon", type_=Instant))
    ),
    learner_id=Id,
)
_FORGET_ATTEMPTS = keyed(
    lambda key: delete(question_attempts).where(
        question_attempts.c.learner_id.in_(select(key.c.learner_id)), question_attempts.c.occurred_at < _HORIZON
    ),
    learner_id=Id,
)


async def learners_with_old_attempts(reading: Reading, horizon: datetime) -> list[str]:
    """Learners with attempts from before *horizon*, by id."""
    return sorted(learner_id for (learner_id,) in await reading.rows(_OLD_LEARNERS, horizon=horizon))


async def forget_attempts(writing: Writing, learner_ids: Sequence[str], horizon: datetime) -> int:
    """Deletes these learners' attempts from before *horizon*, and keeps what they left in mastery and memories."""
    await hold_learners(writing, learner_ids)
    keys = [(learner_id,) for learner_id in learner_ids]
    answers = [Answer._make(row) for row in await writing.rows_by(_TOPICS_OF_OLD, keys, horizon=horizon)]
    tracing = await tracing_by_topic(writing, sorted({answer.topic_id for answer in answers}))
    await found_bases(writing, answers, tracing)
    return await writing.run_by(_FORGET_ATTEMPTS, keys, horizon=horizon)


_FORGET_OF_MONTHS = [
    delete(table).where(table.c.occurred_at < _HORIZON) for table in MONTHLY if table is not question_attempts
]


async def forget_months(writing: Writing, horizon: datetime) -> int:
    """Deletes all other events from before *horizon* that lie by months, whole months first.

    Returns how many rows, and how many partitions, went.
    """
    dropped = [await writing.drop_months(table, horizon) for table in MONTHLY]
    deleted = [await writing.run(statement, horizon=horizon) for statement in _FORGET_OF_MONTHS]
    return sum(dropped) + sum(deleted)


# By the learner, with whom the key begins: by the time alone such a table would be read from end to end at once.
_FORGET_OF_LEARNERS = [
    delete(table).where(
        table.c.learner_id.between(bindparam("first", type_=Id), bindparam("last", type_=Id)),
        table.c.occurred_at < _HORIZON,
    )
    for table in EVENTS
    if table not in MONTHLY
]


async def forget_between(writing: Writing, first: str, last: str, horizon: datetime) -> int:
    """Deletes the events from before *horizon* that do not lie by months, of the learners between two ids."""
    deleted = [
        await writing.run(statement, first=first, last=last, horizon=horizon) for statement in _FORGET_OF_LEARNERS
    ]
    return sum(deleted)
