"""Stores events, each once, with everything that is counted from them, in the transaction it is given."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import select

from domain.catalog.queries import known_objectives
from domain.database import Reading, Writing
from domain.database.columns import Id
from domain.database.statement import keyed
from domain.events.intake import Rejection, RejectionCode
from domain.events.response import ValidationResponse
from domain.events.tables import event_ids, validation_responses
from domain.learners.erasure import ERASURE_LOCK, Pseudonyms
from domain.learners.queries import erased, known_learners
from domain.peers.writes import count_responses

COLUMNS = (
    "learner_id",
    "occurred_at",
    "event_id",
    "objective_id",
    "score",
    "reasoning_score",
    "calibration_delta",
    "mastery_verified",
)

_DIGESTS = keyed(
    lambda key: select(event_ids.c.event_id, event_ids.c.digest).join_from(
        key, event_ids, event_ids.c.event_id == key.c.event_id
    ),
    event_id=Id,
)


class Candidate(NamedTuple):
    """A response that `intake` has checked, its place in what the caller sent, and its digest."""

    place: int
    response: ValidationResponse
    content: bytes


async def store_once(
    writing: Writing, batch: Sequence[Candidate], pseudonyms: Pseudonyms
) -> tuple[int, int, dict[int, Rejection]]:
    """Stores those of *batch* that are new, with their rollups.

    batch: ids in canonical spelling.
    Returns how many were stored, how many were there before, and by place why the others were rejected. Only the
    first of several events with one id is stored; the others are duplicates, or conflicts where they say otherwise.
    """
    # Held until this transaction ends: nobody is erased between our look at the learners and our rows about them.
    await writing.lock(ERASURE_LOCK, shared=True)
    rejected = await _about_unknown(writing, batch, pseudonyms)

    first: dict[str, tuple[ValidationResponse, bytes]] = {}
    duplicates = 0
    again: list[tuple[int, str, bytes]] = []
    for place, response, content in batch:
        if place in rejected:
            continue
        if response.event_id in first:
            again.append((place, response.event_id, content))
        else:
            first[response.event_id] = (response, content)

    claims = sorted((event_id, content) for event_id, (_, content) in first.items())
    new = await writing.insert_new(event_ids, ("event_id", "digest"), claims)
    seen = {event_id: content for event_id, content in claims if event_id not in new}
    if seen:
        stored: dict[str, bytes] = dict(await writing.rows_by(_DIGESTS, [(event_id,) for event_id in seen]))
        places = {response.event_id: place for place, response, _ in reversed(batch) if place not in rejected}
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

    responses = [response for event_id, (response, _) in first.items() if event_id in new]
    await writing.insert(validation_responses, COLUMNS, [_record(response) for response in responses])
    await count_responses(writing, responses)
    return len(responses), duplicates, rejected


def _record(response: ValidationResponse) -> tuple[object, ...]:
    return (
        response.learner_id,
        response.occurred_at,
        response.event_id,
        response.objective_id,
        response.score,
        response.reasoning_score,
        response.calibration_delta,
        response.mastery_verified,
    )


async def _about_unknown(reading: Reading, batch: Sequence[Candidate], pseudonyms: Pseudonyms) -> dict[int, Rejection]:
    """The rejections of events about learners or objectives that are not there."""
    learner_ids = {response.learner_id for _, response, _ in batch}
    objective_ids = {response.objective_id for _, response, _ in batch}
    strangers = learner_ids - await known_learners(reading, sorted(learner_ids))
    unknown = objective_ids - await known_objectives(reading, sorted(objective_ids))
    rejected: dict[int, Rejection] = {}
    if not strangers and not unknown:
        return rejected
    gone = await _erased_of(reading, strangers, pseudonyms)
    for place, response, _ in batch:
        if response.learner_id in gone:
            rejected[place] = Rejection(
                RejectionCode.ERASED, "learnerId: this learner was erased; send no more events about it."
            )
        elif response.learner_id in strangers:
            rejected[place] = UNKNOWN_LEARNER
        elif response.objective_id in unknown:
            rejected[place] = Rejection(
                RejectionCode.UNKNOWN_OBJECTIVE,
                "objectiveId: there is no such objective; import it first, or correct the id.",
            )
    return rejected


UNKNOWN_LEARNER = Rejection(
    RejectionCode.UNKNOWN_LEARNER, "learnerId: there is no such learner; import it first, or correct the id."
)


async def _erased_of(reading: Reading, learner_ids: set[str], pseudonyms: Pseudonyms) -> set[str]:
    by_pseudonym: Mapping[str, str] = {pseudonyms.of(id_): id_ for id_ in learner_ids}
    return {by_pseudonym[pseudonym] for pseudonym in await erased(reading, sorted(by_pseudonym))}
