"""What sources say, stored revision by revision, and the ledger of requests; on both engines."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import func, select

from domain.database import Database, open_database
from domain.series.freshness import Fetched
from domain.series.observation import Observation
from domain.series.queries import (
    Observed,
    fetches_by_series,
    newest_knowledge,
    observations_by_series,
    requests_since,
)
from domain.series.quota import ANONYMOUS, Ask, Hindrance, Later, Outcome, Request
from domain.series.tables import series_observations, source_requests
from domain.series.writes import (
    hindrance_to_asking,
    note_fetched,
    reserve_request,
    settle_request,
    store_observations,
)
from tests.builders import NOW

pytestmark = pytest.mark.anyio

JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
DAY = timedelta(days=1)
CES = "CES4200000001"


def said(period: date, value: float | None, *footnotes: str, series_id: str = CES) -> Observation:
    return Observation(series_id=series_id, period=period, value=value, footnotes=footnotes)


async def store(database: Database, *observations: Observation, at: datetime = NOW) -> int:
    async with database.write() as writing:
        return await store_observations(writing, observations, at)


async def known(database: Database, key: Observed) -> list[tuple[date, float | None, tuple[str, ...]]]:
    async with database.read() as reading:
        found = await observations_by_series(reading, [key])
    return [(one.period, one.value, one.footnotes) for one in found.get(key, [])]


async def rows(database: Database) -> int:
    async with database.read() as reading:
        [(number,)] = await reading.rows(select(func.count()).select_from(series_observations))
    return int(number)


ALL = Observed(CES, date.min, date.max)


async def test_what_is_said_is_known_in_the_order_of_periods(database: Database) -> None:
    assert await store(database, said(MARCH, None), said(JANUARY, 15.5, "Preliminary."), said(FEBRUARY, 16.0)) == 3
    assert await known(database, ALL) == [(JANUARY, 15.5, ("Preliminary.",)), (FEBRUARY, 16.0, ()), (MARCH, None, ())]


async def test_the_same_said_again_leaves_no_trace(database: Database) -> None:
    observations = [said(JANUARY, 15.5, "Preliminary."), said(FEBRUARY, None)]
    await store(database, *observations)
    assert await store(database, *observations, at=NOW + DAY) == 0
    assert await rows(database) == 2


async def test_a_revision_stands_beside_what_was_known_before(database: Database) -> None:
    await store(database, said(JANUARY, 15.5, "Preliminary."), said(FEBRUARY, 16.0))
    assert await store(database, said(JANUARY, 15.4), said(FEBRUARY, 16.0), at=NOW + DAY) == 1
    assert await rows(database) == 3
    assert await known(database, ALL) == [(JANUARY, 15.4, ()), (FEBRUARY, 16.0, ())]
    before = Observed(CES, date.min, date.max, NOW + DAY)
    assert await known(database, before) == [(JANUARY, 15.5, ("Preliminary.",)), (FEBRUARY, 16.0, ())]
    assert await known(database, Observed(CES, date.min, date.max, NOW)) == []


async def test_a_value_that_returns_is_a_revision_too(database: Database) -> None:
    for days, value in enumerate([15.5, 15.4, 15.5]):
        assert await store(database, said(JANUARY, value), at=NOW + days * DAY) == 1
    assert await known(database, ALL) == [(JANUARY, 15.5, ())]
    assert await known(database, Observed(CES, JANUARY, JANUARY, NOW + 2 * DAY)) == [(JANUARY, 15.4, ())]


async def test_a_correction_of_the_same_instant_takes_its_place(database: Database) -> None:
    await store(database, said(JANUARY, 15.5))
    assert await store(database, said(JANUARY, 15.6)) == 1
    assert await rows(database) == 1
    assert await known(database, ALL) == [(JANUARY, 15.6, ())]


async def test_a_series_is_read_from_its_first_wanted_period_to_its_last(database: Database) -> None:
    await store(database, said(JANUARY, 1.0), said(FEBRUARY, 2.0), said(MARCH, 3.0))
    assert await known(database, Observed(CES, FEBRUARY, FEBRUARY)) == [(FEBRUARY, 2.0, ())]


async def test_one_statement_reads_a_series_at_several_times_and_others_beside(database: Database) -> None:
    await store(database, said(JANUARY, 1.0), said(JANUARY, 9.0, series_id="JTS440000000000000JOL"))
    await store(database, said(JANUARY, 1.5), at=NOW + DAY)
    keys = [
        ALL,
        Observed(CES, JANUARY, JANUARY, NOW + DAY),
        Observed("JTS440000000000000JOL", JANUARY, JANUARY),
        Observed("unknown", JANUARY, JANUARY),
    ]
    statements: list[str] = []
    database.watch = statements.append
    async with database.read() as reading:
        found = await observations_by_series(reading, keys)
    assert len(statements) == 1
    assert {key: [one.value for one in series] for key, series in found.items()} == {
        keys[0]: [1.5],
        keys[1]: [1.0],
        keys[2]: [9.0],
    }


async def test_nothing_said_is_nothing_to_store(database: Database) -> None:
    assert await store(database) == 0


async def test_thousands_of_figures_are_stored_at_once(database: Database) -> None:
    observations = [
        said(date(2000 + number % 20, 1 + number % 12, 1), float(number), series_id=f"S{number // 60}")
        for number in range(3000)
    ]
    assert await store(database, *observations) == 3000
    assert await store(database, *observations, at=NOW + DAY) == 0


async def test_at_every_time_the_last_said_before_it_is_known(database: Database) -> None:
    """Two hundred statements about nine figures, by chance the same, others, or missing; against a model of lists."""
    chance = np.random.default_rng(5)
    statements: list[Observation] = []
    for number in range(200):
        one = said(
            date(2026, int(chance.integers(1, 4)), 1),
            (1.0, 2.0, None)[chance.integers(3)],
            *((), ("Preliminary.",))[chance.integers(2)],
            series_id=f"S{chance.integers(1, 4)}",
        )
        statements.append(one)
        await store(database, one, at=NOW + number * DAY)
    keys = [
        Observed(f"S{series}", date.min, date.max, NOW + number * DAY + timedelta(hours=1))
        for series in (1, 2, 3)
        for number in range(0, 200, 7)
    ]
    async with database.read() as reading:
        found = await observations_by_series(reading, keys)
    for key in keys:
        made = statements[: (key.before - NOW) // DAY + 1]
        last = {one.period: one for one in made if one.series_id == key.series_id}
        assert found.get(key, []) == [last[period] for period in sorted(last)]


# ---- what was asked for


ASK = Ask(series_ids=(CES, "JTS440000000000000JOL"), first_year=2017, last_year=2026)


async def fetched(database: Database) -> dict[str, Fetched]:
    async with database.read() as reading:
        return dict(await fetches_by_series(reading, [CES, "JTS440000000000000JOL", "unknown"]))


async def test_what_was_asked_for_is_noted_for_each_series(database: Database) -> None:
    async with database.write() as writing:
        await note_fetched(writing, ASK, NOW)
        await note_fetched(writing, Ask(series_ids=(CES,), first_year=2010, last_year=2016), NOW + DAY)
    assert await fetched(database) == {
        CES: Fetched(series_id=CES, first_year=2010, last_year=2026, fetched_at=NOW),
        "JTS440000000000000JOL": Fetched(
            series_id="JTS440000000000000JOL", first_year=2017, last_year=2026, fetched_at=NOW
        ),
    }


async def test_the_newest_knowledge_is_the_last_that_was_stored_or_confirmed(database: Database) -> None:
    async with database.read() as reading:
        assert await newest_knowledge(reading, [CES]) is None
        assert await newest_knowledge(reading, []) is None
    await store(database, said(JANUARY, 1.0))
    async with database.read() as reading:
        assert await newest_knowledge(reading, [CES, "unknown"]) == NOW
    async with database.write() as writing:
        await note_fetched(writing, ASK, NOW + DAY)
    async with database.read() as reading:
        assert await newest_knowledge(reading, [CES, "unknown"]) == NOW + DAY


# ---- the ledger


async def reserve(database: Database, now: datetime = NOW, *, again: bool = False) -> int | Later:
    async with database.write() as writing:
        later = await hindrance_to_asking(writing, now, ANONYMOUS, again=again)
        return await reserve_request(writing, now) if later is None else later


async def settle(database: Database, request: int | Later, outcome: Outcome) -> None:
    assert isinstance(request, int)
    async with database.write() as writing:
        await settle_request(writing, request, outcome)


async def test_a_reserved_request_is_under_way_until_it_is_settled(database: Database) -> None:
    request = await reserve(database)
    assert await reserve(database) == Later(at=NOW + timedelta(minutes=1), why=Hindrance.BUSY)
    await settle(database, request, Outcome.ANSWERED)
    assert isinstance(await reserve(database), int)
    async with database.read() as reading:
        assert await requests_since(reading, "BLS", NOW) == [
            Request(requested_at=NOW, outcome=Outcome.ANSWERED),
            Request(requested_at=NOW, outcome=Outcome.PENDING),
        ]
        assert await requests_since(reading, "CENSUS", NOW) == []
        assert await requests_since(reading, "BLS", NOW + timedelta(microseconds=1)) == []


async def test_a_refusal_holds_for_every_process_until_the_next_utc_day(database: Database, database_url: str) -> None:
    await settle(database, await reserve(database), Outcome.REFUSED)
    other = open_database(database_url)
    try:
        assert await reserve(other) == Later(at=datetime(2026, 11, 19, tzinfo=UTC), why=Hindrance.QUOTA)
        assert isinstance(await reserve(other, datetime(2026, 11, 19, tzinfo=UTC)), int)
    finally:
        await other.close()


async def test_a_failure_holds_for_every_process_for_some_minutes_but_for_the_same_request(
    database: Database,
) -> None:
    await settle(database, await reserve(database), Outcome.FAILED)
    assert await reserve(database) == Later(at=NOW + timedelta(minutes=2), why=Hindrance.PAUSE)
    assert isinstance(await reserve(database, again=True), int)


async def test_of_many_processes_at_once_one_gets_the_turn(database: Database, database_url: str) -> None:
    others = [open_database(database_url) for _ in range(4)]
    try:
        turns = await asyncio.gather(*(reserve(other) for other in (database, *others) for _ in range(3)))
    finally:
        for other in others:
            await other.close()
    assert sum(isinstance(turn, int) for turn in turns) == 1


async def test_requests_of_long_ago_are_forgotten(database: Database) -> None:
    await settle(database, await reserve(database, NOW - 31 * DAY), Outcome.ANSWERED)
    await settle(database, await reserve(database, NOW - 29 * DAY), Outcome.ANSWERED)
    await reserve(database)
    async with database.read() as reading:
        [(number,)] = await reading.rows(select(func.count()).select_from(source_requests))
    assert number == 2
