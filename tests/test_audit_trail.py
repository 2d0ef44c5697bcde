"""The audit records of one request: each act once, stored when whoever did it goes on, and all of a call or none."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from domain.audit.record import Action, AuditRecord, Outcome
from domain.audit.tables import audit_records
from domain.audit.writes import record_alone
from domain.database import Database
from resolvers.audit_trail import Act, AuditTrail
from resolvers.caller import Caller, Role
from tests.builders import NOW, PSEUDONYMS, an_id
from tests.learners.dumps import command

pytestmark = pytest.mark.anyio

EDUCATOR = Caller(subject=an_id("educator"), role=Role.EDUCATOR, cohorts=frozenset())
ANN, BOB, CID, DAN = PEOPLE = ("Ann", "Bob", "Cid", "Dan")

_SUBJECTS = select(audit_records.c.subject).order_by(audit_records.c.id)
_COUNT = select(func.count()).select_from(audit_records)


def acts(*read: str, outcome: Outcome = Outcome.ALLOWED) -> list[Act]:
    return [(Action.READ_LEARNER, an_id(name), outcome) for name in read]


def trail_of(database: Database, recorded: set[Act] | None = None, caller: Caller = EDUCATOR) -> AuditTrail:
    return AuditTrail(caller, NOW, "a request", PSEUDONYMS, database, set() if recorded is None else recorded)


async def stored(database: Database) -> list[str]:
    """Who was read, by name, in the order of the records."""
    known = {PSEUDONYMS.of(an_id(name)): name for name in PEOPLE}
    async with database.read() as reading:
        return [known[subject] for (subject,) in await reading.rows(_SUBJECTS)]


def transactions(database: Database) -> list[str]:
    """The statements by which records are added, from now on."""
    added: list[str] = []

    def note(sql: str) -> None:
        if sql.startswith(("INSERT", "COPY")):
            added.append(sql)

    database.watch = note
    return added


async def test_acts_of_one_call_are_stored_together_in_their_order_and_each_once(database: Database) -> None:
    trail = trail_of(database)
    added = transactions(database)
    await trail.record(acts(BOB, ANN, BOB, CID))
    assert await stored(database) == [BOB, ANN, CID]
    assert len(added) == 1
    assert trail.recorded == set(acts(ANN, BOB, CID))


async def test_a_record_says_who_did_what_to_whom_and_names_nobody(database: Database) -> None:
    await trail_of(database).record(acts(ANN, outcome=Outcome.REFUSED))
    async with database.read() as reading:
        [row] = await reading.rows(select(*(column for column in audit_records.c if column.name != "id")))
    pseudonyms = PSEUDONYMS.of(EDUCATOR.subject), PSEUDONYMS.of(an_id(ANN))
    assert row == (NOW, pseudonyms[0], "educator", "learner.read", pseudonyms[1], "refused", "a request")


@pytest.mark.parametrize(
    ("caller", "actor"),
    [
        (EDUCATOR, PSEUDONYMS.of(EDUCATOR.subject)),
        (Caller(subject="ingester" * 20, role=Role.SERVICE, cohorts=frozenset()), ("ingester" * 20)[:64]),
    ],
    ids=["a person by its pseudonym", "a service by its name"],
)
async def test_a_record_for_a_transaction_is_the_one_that_would_be_stored(
    database: Database, caller: Caller, actor: str
) -> None:
    trail = trail_of(database, caller=caller)
    [act] = acts(ANN)
    made = trail.record_of(act)
    assert made.actor == actor
    assert trail.recorded == set()  # until that transaction ends nobody knows whether it was stored
    await trail.record([act])
    async with database.read() as reading:
        [(stored_actor,)] = await reading.rows(select(audit_records.c.actor))
    assert stored_actor == actor


async def test_what_was_stored_before_is_not_stored_again(database: Database) -> None:
    trail = trail_of(database)
    await trail.record(acts(ANN, BOB))
    added = transactions(database)
    await trail.record(acts(BOB))
    await trail.record(acts(BOB, ANN))
    assert added == []
    await trail.record(acts(ANN, CID, BOB))
    assert await stored(database) == [ANN, BOB, CID]
    assert len(added) == 1


async def test_what_is_asked_for_side_by_side_is_stored_once_and_in_one_go(database: Database) -> None:
    trail = trail_of(database)
    added = transactions(database)
    await asyncio.gather(*map(trail.record, (acts(ANN, BOB), acts(BOB, CID), acts(ANN), acts(CID, DAN, ANN))))
    assert sorted(await stored(database)) == [ANN, BOB, CID, DAN]
    assert len(added) == 1


async def test_who_asks_while_the_act_is_being_stored_goes_on_when_it_is_there(database: Database) -> None:
    trail = trail_of(database)
    first = asyncio.ensure_future(trail.record(acts(ANN, BOB)))
    for _ in range(3):  # by then it is under way
        await asyncio.sleep(0)
    assert not first.done()
    for again in (acts(BOB), acts(ANN, CID)):
        await trail.record(again)
        assert set(again) <= trail.recorded
    assert first.done()
    assert await stored(database) == [ANN, BOB, CID]


async def test_the_same_act_with_another_outcome_is_another_act(database: Database) -> None:
    trail = trail_of(database)
    await trail.record([*acts(ANN), *acts(ANN, outcome=Outcome.REFUSED), (Action.RECORD_EVENTS, None, Outcome.REFUSED)])
    async with database.read() as reading:
        assert await reading.rows(_COUNT) == [(3,)]


async def test_nothing_is_asked_of_the_database_where_there_is_nothing_to_record(database: Database) -> None:
    added = transactions(database)
    await trail_of(database).record([])
    assert added == []
    assert await stored(database) == []


async def test_a_request_that_is_answered_anew_leaves_the_records_that_it_has_left_before_out(
    database: Database,
) -> None:
    recorded: set[Act] = set()
    await trail_of(database, recorded).record(acts(ANN, BOB))
    await trail_of(database, recorded).record(acts(BOB, CID))
    assert await stored(database) == [ANN, BOB, CID]


async def test_who_gives_up_while_an_act_is_being_stored_does_not_have_it_stored_twice(database: Database) -> None:
    trail = trail_of(database)
    given_up = asyncio.ensure_future(trail.record(acts(ANN, BOB)))
    for _ in range(3):
        await asyncio.sleep(0)
    given_up.cancel()
    async with asyncio.timeout(60):
        while not trail.recorded:  # noqa: ASYNC110  # nobody is told of what was given up
            await asyncio.sleep(0.001)
    await trail.record(acts(ANN, CID))
    assert given_up.cancelled()
    assert await stored(database) == [ANN, BOB, CID]


async def test_where_the_trail_cannot_be_written_everybody_who_asked_is_told_and_nothing_counts_as_recorded(
    database: Database, database_url: str
) -> None:
    recorded: set[Act] = set()
    trail = trail_of(database, recorded)
    await command(database_url, "ALTER TABLE audit_records RENAME COLUMN outcome TO elsewhere")
    asked: Sequence[list[Act]] = (acts(ANN, BOB), acts(BOB), acts(CID))
    failed = await asyncio.gather(*map(trail.record, asked), return_exceptions=True)
    assert all(isinstance(one, Exception) and "outcome" in str(one) for one in failed)
    with pytest.raises(Exception, match="outcome"):
        await trail.record(acts(ANN))
    assert recorded == set()
    await command(database_url, "ALTER TABLE audit_records RENAME COLUMN elsewhere TO outcome")
    await trail_of(database, recorded).record(acts(ANN, BOB))
    assert await stored(database) == [ANN, BOB]


async def test_records_of_one_act_are_added_all_or_none_and_the_next_ones_are_added(database: Database) -> None:
    good, bad = (trail_of(database).record_of(act) for act in acts(ANN, BOB))
    broken = AuditRecord(
        at=bad.at,
        actor=None,  # type: ignore[arg-type]  # what no database takes
        role=bad.role,
        action=bad.action,
        subject=bad.subject,
        outcome=bad.outcome,
        request_id=bad.request_id,
    )
    with pytest.raises(Exception, match=r"(?i)not.null"):
        await record_alone(database, [good, broken])
    assert await stored(database) == []
    await record_alone(database, [])
    await record_alone(database, [good, bad])
    assert await stored(database) == [ANN, BOB]
