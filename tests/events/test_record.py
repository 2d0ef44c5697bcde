"""Storing responses: each once, however often, in whatever order and from however many sides they arrive."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select

from domain.database import Database
from domain.events.intake import Rejection, RejectionCode, TimeBounds
from domain.events.response import ValidationResponse
from domain.events.tables import event_ids, validation_responses
from domain.learners.writes import erase_learner
from domain.peers.tables import learner_rollups, objective_rollups
from resolvers.events import Recorded, record
from tests.builders import NOW, PSEUDONYMS, a_response, add_learners, add_objectives, an_id, new_id, store
from tests.events.rollups import POINT, counters

pytestmark = pytest.mark.anyio

LEARNERS, OBJECTIVES = 3, 3


async def number_of_responses(database: Database) -> tuple[int, int]:
    async with database.read() as reading:
        [(responses,)] = await reading.rows(select(func.count()).select_from(validation_responses))
        [(ids,)] = await reading.rows(select(func.count()).select_from(event_ids))
    return responses, ids


async def people_and_objectives(database: Database) -> tuple[list[str], list[str]]:
    learners = await add_learners(database, [new_id() for _ in range(LEARNERS)])
    return learners, await add_objectives(database, [new_id() for _ in range(OBJECTIVES)])


async def test_a_batch_sent_again_is_all_duplicates_and_changes_nothing(database: Database) -> None:
    learners, objectives = await people_and_objectives(database)
    batch = [a_response(learner, objective, 0.25) for learner in learners for objective in objectives]
    assert (await store(database, batch)) == Recorded(accepted=9)
    before = await counters(database)
    assert (await store(database, batch)) == Recorded(duplicates=9)
    assert (await store(database, batch[::-1])) == Recorded(duplicates=9)
    assert await counters(database) == before
    assert await number_of_responses(database) == (9, 9)


def codes(recorded: Recorded) -> list[tuple[int, str]]:
    return [(event.index, event.code) for event in recorded.rejected]


CONFLICT = "eventId: another event has this id; give each event an id of its own. The first one stays."


async def test_the_same_id_with_other_content_is_a_conflict_and_the_first_stays(database: Database) -> None:
    learners, objectives = await people_and_objectives(database)
    first = a_response(learners[0], objectives[0], 0.25)
    await store(database, [first])
    before = await counters(database)
    for change in (
        {"score": 0.75},
        {"learner_id": learners[1]},
        {"objective_id": objectives[1]},
        {"occurred_at": first.occurred_at + timedelta(seconds=1)},
        {"mastery_verified": True},
    ):
        recorded = await store(database, [replace(first, **change)])
        assert [(event.index, event.code, event.message) for event in recorded.rejected] == [(0, "CONFLICT", CONFLICT)]
    assert await counters(database) == before
    assert await number_of_responses(database) == (1, 1)


async def test_within_one_batch_the_first_of_an_id_counts(database: Database) -> None:
    [learner, *_], [objective, *_] = await people_and_objectives(database)
    first = a_response(learner, objective, 0.25)
    other = replace(first, score=0.75)
    recorded = await store(database, [first, other, first, other, a_response(learner, objective, 1.0)])
    assert (recorded.accepted, recorded.duplicates) == (2, 1)
    assert codes(recorded) == [(1, "CONFLICT"), (3, "CONFLICT")]
    by_objective, _ = await counters(database)
    assert by_objective[learner, objective].comprehension_sum == 125 * POINT


async def test_a_known_id_met_twice_in_a_batch_is_compared_with_the_stored_one(database: Database) -> None:
    [learner, *_], [objective, *_] = await people_and_objectives(database)
    stored = a_response(learner, objective, 0.25)
    other = replace(stored, score=0.75)
    await store(database, [stored])
    recorded = await store(database, [other, stored, other])
    assert (recorded.accepted, recorded.duplicates) == (0, 1)
    assert codes(recorded) == [(0, "CONFLICT"), (2, "CONFLICT")]


async def test_an_id_in_two_spellings_is_one_id(database: Database) -> None:
    [learner, *_], [objective, *_] = await people_and_objectives(database)
    sent = a_response(learner, objective)
    shouted = replace(sent, event_id=sent.event_id.upper(), learner_id=learner.upper(), objective_id=objective.upper())
    assert await store(database, [shouted, sent]) == Recorded(accepted=1, duplicates=1)


async def test_an_id_whose_first_event_is_rejected_is_still_free(database: Database) -> None:
    [learner, *_], [objective, *_] = await people_and_objectives(database)
    good = a_response(learner, objective)
    recorded = await store(database, [replace(good, learner_id=an_id("nobody")), replace(good, score=7), good])
    assert (recorded.accepted, codes(recorded)) == (1, [(0, "UNKNOWN_LEARNER"), (1, "OUT_OF_RANGE")])


async def test_one_bad_event_rejects_itself_and_not_the_batch(database: Database) -> None:
    [learner, *_], [objective, *_] = await people_and_objectives(database)
    gone, *_ = await add_learners(database, ["gone"])
    async with database.write() as writing:
        await erase_learner(writing, gone, PSEUDONYMS, NOW)
    good = a_response(learner, objective)
    recorded = await store(
        database,
        [
            a_response(an_id("nobody"), objective),
            a_response(learner, an_id("nothing")),
            a_response(gone, objective),
            good,
            a_response(learner, objective, 1.5),
            a_response(learner, objective, occurred_at=NOW + timedelta(hours=1)),
            a_response(learner, objective, occurred_at=NOW - timedelta(days=731)),
            a_response(learner, objective, event_id="event 7"),
            replace(good, score=0.9),
        ],
    )
    assert recorded.accepted == 1
    assert codes(recorded) == [
        (0, "UNKNOWN_LEARNER"),
        (1, "UNKNOWN_OBJECTIVE"),
        (2, "ERASED"),
        (4, "OUT_OF_RANGE"),
        (5, "IN_FUTURE"),
        (6, "TOO_OLD"),
        (7, "BAD_ID"),
        (8, "CONFLICT"),
    ]
    messages = [event.message for event in recorded.rejected]
    assert [message.partition(":")[0] for message in messages] == [
        "learnerId", "objectiveId", "learnerId", "score", "occurredAt", "occurredAt", "eventId", "eventId",
    ]  # fmt: skip
    assert all(message.endswith(".") for message in messages)
    assert await number_of_responses(database) == (1, 1)


async def test_what_could_not_be_read_keeps_its_place_and_reason(database: Database) -> None:
    [learner, *_], [objective, *_] = await people_and_objectives(database)
    unread = Rejection(RejectionCode.MALFORMED, "score: expected a number; send one.")
    recorded = await record(
        database,
        PSEUDONYMS,
        [unread, a_response(learner, objective), unread],
        bounds=TimeBounds.at(NOW, 730),
        may_record=lambda learner_id: True,
        first_index=5000,
    )
    assert (recorded.accepted, codes(recorded)) == (1, [(5000, "MALFORMED"), (5002, "MALFORMED")])


async def test_learners_that_the_caller_may_not_record_about_are_like_none(database: Database) -> None:
    [own, other, _], [objective, *_] = await people_and_objectives(database)
    recorded = await record(
        database,
        PSEUDONYMS,
        [a_response(own, objective), a_response(other.upper(), objective), a_response(an_id("nobody"), objective)],
        bounds=TimeBounds.at(NOW, 730),
        may_record=lambda learner_id: learner_id == own,
    )
    assert recorded.accepted == 1
    assert codes(recorded) == [(1, "UNKNOWN_LEARNER"), (2, "UNKNOWN_LEARNER")]
    assert recorded.rejected[0].message == recorded.rejected[1].message


async def test_an_empty_batch_is_stored_without_asking_the_database(database: Database) -> None:
    statements: list[str] = []
    database.watch = statements.append
    assert await store(database, []) == Recorded()
    assert await store(database, [a_response("x", "y")]) != Recorded()
    assert statements == []


async def test_historical_times_are_kept_to_the_microsecond(database: Database) -> None:
    [learner, *_], [objective, *_] = await people_and_objectives(database)
    times = [NOW - timedelta(days=365 * years, microseconds=1) for years in (0, 11, 56, 100, 1900)]
    recorded = await record(
        database,
        PSEUDONYMS,
        [a_response(learner, objective, occurred_at=time) for time in times],
        bounds=TimeBounds.at(NOW, 0),
        may_record=lambda learner_id: True,
    )
    assert recorded == Recorded(accepted=5)
    async with database.read() as reading:
        rows = await reading.rows(select(validation_responses.c.occurred_at))
    assert {row[0] for row in rows} == set(times)


async def test_batches_at_once_with_the_same_ids_store_each_once(database: Database) -> None:
    learners, objectives = await people_and_objectives(database)
    responses = [
        a_response(learners[n % LEARNERS], objectives[n % OBJECTIVES], n / 200, event_id=an_id(f"event {n}"))
        for n in range(120)
    ]
    batches: list[Sequence[ValidationResponse]] = [
        responses,
        responses[::-1],
        responses[40:],
        responses[:80],
        responses,
    ]
    async with asyncio.timeout(30):
        outcomes = await asyncio.gather(*(store(database, batch) for batch in batches))
    assert sum(outcome.accepted for outcome in outcomes) == 120
    assert sum(outcome.duplicates for outcome in outcomes) == sum(map(len, batches)) - 120
    assert not any(outcome.rejected for outcome in outcomes)
    _, over_all = await counters(database)
    assert sum(rollup.responses for rollup in over_all.values()) == 120
    assert await number_of_responses(database) == (120, 120)


async def test_of_conflicting_batches_at_once_one_event_wins_everywhere(database: Database) -> None:
    [learner, *_], [objective, *_] = await people_and_objectives(database)
    rivals = [
        [a_response(learner, objective, score, event_id=an_id(f"event {n}")) for n in range(30)]
        for score in (0.0, 0.5, 1.0)
    ]
    outcomes = await asyncio.gather(*(store(database, batch) for batch in rivals))
    assert sorted(outcome.accepted for outcome in outcomes) == [0, 0, 30]
    assert sorted(len(outcome.rejected) for outcome in outcomes) == [0, 30, 30]
    by_objective, _ = await counters(database)
    async with database.read() as reading:
        stored = await reading.rows(select(validation_responses.c.score))
    assert by_objective[learner, objective].comprehension_sum == sum(round(score * 100) for (score,) in stored) * POINT


async def test_a_learner_erased_while_its_events_arrive_leaves_none_behind(database: Database) -> None:
    learners, [objective, *_] = await people_and_objectives(database)

    async def erase() -> None:
        async with database.write() as writing:
            await erase_learner(writing, learners[0], PSEUDONYMS, NOW)

    async def send() -> Recorded:
        return await store(database, [a_response(learner, objective) for learner in learners])

    await asyncio.gather(send(), send(), erase(), send(), send())
    async with database.read() as reading:
        for table in (validation_responses, objective_rollups, learner_rollups):
            found = {row[0] for row in await reading.rows(select(table.c.learner_id))}
            assert found == set(learners[1:]), table.name
    assert codes(await send()) == [(0, "ERASED")]
