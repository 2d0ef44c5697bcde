"""Keeping the rollups in step with the responses."""

import pytest
from sqlalchemy import select

from domain.database import Database
from domain.peers.rollup import Rollup
from domain.peers.tables import learner_rollups
from domain.peers.writes import add_rollups, rollups_of
from tests.builders import a_response, an_id

pytestmark = pytest.mark.anyio

POINT = 1_000_000


async def over_all(database: Database) -> dict[str, Rollup]:
    async with database.read() as reading:
        columns = (learner_rollups.c[name] for name in Rollup._fields)
        rows = await reading.rows(select(learner_rollups.c.learner_id, *columns))
    return {learner: Rollup(*counters) for learner, *counters in rows}


async def test_counting_nothing_asks_nothing(database: Database) -> None:
    statements: list[str] = []
    database.watch = statements.append
    async with database.write() as writing:
        await add_rollups(writing, rollups_of([]))
    assert statements == []


async def test_counting_is_two_statements_however_many_responses(database: Database) -> None:
    statements: list[str] = []
    database.watch = statements.append
    async with database.write() as writing:
        responses = [a_response(an_id(f"learner {n % 7}"), an_id(f"objective {n % 5}")) for n in range(500)]
        await add_rollups(writing, rollups_of(responses))
    assert len(statements) == 2
    assert sum(rollup.responses for rollup in (await over_all(database)).values()) == 500


async def test_counters_that_fall_with_their_transaction(database: Database) -> None:
    class Mishap(Exception):
        pass

    async def fail() -> None:
        async with database.write() as writing:
            await add_rollups(writing, rollups_of([a_response(an_id("a"), an_id("o"))]))
            raise Mishap

    with pytest.raises(Mishap):
        await fail()
    assert await over_all(database) == {}


async def test_sums_hold_a_hundred_million_responses(database: Database) -> None:
    """32 bits would end after twenty."""
    async with database.write() as writing:
        columns = ("learner_id", *Rollup._fields)
        many = Rollup(10**8, 10**8 * 100 * POINT)
        await writing.increase(learner_rollups, columns, [(an_id("a"), *many)])
        await add_rollups(writing, rollups_of([a_response(an_id("a"), an_id("o"), 1.0)]))
    assert (await over_all(database))[an_id("a")].comprehension_sum == (10**8 + 1) * 100 * POINT
