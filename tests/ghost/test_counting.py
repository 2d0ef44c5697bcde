"""Totals: what the job adds up is what the events come to, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, insert, select

from domain.activity.tables import daily_user_stats, stale_totals
from domain.database import Database, Writing
from domain.events.event import Event
from domain.ghost.tables import activity_totals
from domain.learners.writes import enrol, erase_learner
from server.jobs.activity import count_days, count_totals, recount_all
from tests.activity.reference import DAILY, daily
from tests.activity.test_counts import Killed, chunks_of, enrolled, people, some_events, stored
from tests.builders import NOW, PSEUDONYMS, a_task, add_learners, an_id
from tests.ghost import reference

pytestmark = pytest.mark.anyio

Totals = dict[str, dict[str, Any]]
COLUMNS = [column.name for column in activity_totals.columns]


def expected(events: Iterable[Event], zones: Mapping[str, str]) -> Totals:
    """By learner what *events* come to."""
    days: dict[str, dict[date, Mapping[str, int]]] = {}
    for (learner_id, day), counts in daily(events, zones).items():
        days.setdefault(learner_id, {})[day] = counts
    return {learner_id: reference.totals(some) for learner_id, some in days.items()}


async def stored_totals(database: Database) -> Totals:
    async with database.read() as reading:
        rows = await reading.rows(select(*activity_totals.columns))
    return {row[0]: dict(zip(COLUMNS[1:], row[1:], strict=True)) for row in rows}


async def stale(database: Database) -> set[str]:
    async with database.read() as reading:
        return {learner_id for (learner_id,) in await reading.rows(select(stale_totals.c.learner_id))}


async def count_all(database: Database) -> int:
    await count_days(database, NOW)
    return await count_totals(database, NOW)


@pytest.mark.parametrize("chunk", [1, 3, 500])
async def test_totals_equal_a_recomputation_from_the_events(database: Database, chunk: int) -> None:
    zones = await people(database)
    await add_learners(database, ["never here"])
    events = some_events(np.random.default_rng(chunk), 200, list(zones))
    # In another order, with some of them sent twice.
    await stored(database, events[100:] + events[:60])
    with chunks_of(chunk):
        assert await count_all(database) == len(zones)
        await stored(database, events[:160])
        assert await count_all(database) > 0
        assert await stored_totals(database) == expected(events, zones)
        assert await count_all(database) == 0
    assert await stale(database) == set()


async def test_days_that_were_counted_wait_for_their_totals(database: Database) -> None:
    zones = await people(database)
    anna, ben, *_ = zones
    events: list[Event] = [a_task(anna, occurred_at=NOW)]
    await stored(database, events)
    assert await count_totals(database, NOW) == 0
    await count_days(database, NOW)
    assert await stale(database) == {anna}
    assert await stored_totals(database) == {}
    assert await count_totals(database, NOW) == 1
    events.append(a_task(ben, occurred_at=NOW))
    await stored(database, events[1:])
    await count_days(database, NOW)
    assert await stale(database) == {ben}
    assert await count_totals(database, NOW) == 1
    assert await stored_totals(database) == expected(events, zones)


async def test_a_run_that_is_killed_half_way_is_taken_up_by_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    zones = await people(database)
    events = some_events(np.random.default_rng(7), 80, list(zones))
    await stored(database, events)
    await count_days(database, NOW)
    whole, chunks = database.write, []

    @asynccontextmanager
    async def dying() -> AsyncIterator[Writing]:
        async with whole() as writing:
            yield writing
            chunks.append(1)
            if len(chunks) == 3:
                raise Killed

    with chunks_of(1):
        monkeypatch.setattr(database, "write", dying)
        with pytest.raises(Killed):
            await count_totals(database, NOW)
        monkeypatch.setattr(database, "write", whole)
        assert set(await stored_totals(database)) == set(zones) - await stale(database)
        assert len(await stale(database)) == 2
        assert await count_totals(database, NOW) == 2
    assert await stored_totals(database) == expected(events, zones)


async def test_two_jobs_at_once_beside_an_ingest_lose_nothing(database: Database) -> None:
    zones = await people(database)
    events = some_events(np.random.default_rng(3), 300, list(zones), days=10)
    ingested = asyncio.Event()

    async def work() -> None:
        while not ingested.is_set():
            await count_all(database)

    with chunks_of(5):
        workers = [asyncio.create_task(work()) for _ in range(2)]
        for start in range(0, 300, 20):
            await stored(database, events[start : start + 20])
        ingested.set()
        await asyncio.gather(*workers)
    await count_all(database)
    assert await stored_totals(database) == expected(events, zones)


async def test_another_time_zone_moves_the_days_that_totals_are_of(database: Database) -> None:
    zones = await people(database)
    events = some_events(np.random.default_rng(5), 120, list(zones))
    await stored(database, events)
    await count_all(database)
    before = await stored_totals(database)
    moved = {**zones, an_id("anna"): "Pacific/Pago_Pago", an_id("ben"): "Pacific/Kiritimati"}
    async with database.write() as writing:
        await enrol(writing, [enrolled(learner_id, time_zone) for learner_id, time_zone in moved.items()], NOW)
    assert await stale(database) == {an_id("anna"), an_id("ben")}
    await count_all(database)
    after = await stored_totals(database)
    assert after == expected(events, moved)
    assert after != before == expected(events, zones)


async def put(database: Database, learner_id: str, days: Sequence[date]) -> None:
    """Writes daily figures, a one in each column, that no events stand behind."""
    async with database.write() as writing:
        await writing.upsert(
            daily_user_stats, ("learner_id", "day", *DAILY), [(learner_id, day, *(1 for _ in DAILY)) for day in days]
        )


async def test_everything_is_counted_anew_where_totals_were_wrong(database: Database) -> None:
    zones = await people(database)
    anna, ben, cleo, dan = zones
    events = some_events(np.random.default_rng(11), 100, [anna, ben])
    await stored(database, events)
    await count_all(database)
    right = await stored_totals(database)
    old = [NOW.date() - timedelta(days=300 + back) for back in range(2)]
    await put(database, cleo, old)  # of events that retention has deleted
    wrong = [7 for _ in COLUMNS[2:]]
    async with database.write() as writing:
        await writing.run(delete(activity_totals).where(activity_totals.c.learner_id == anna))
        await writing.upsert(activity_totals, COLUMNS, [(id_, NOW.date(), *wrong) for id_ in (ben, dan)])
    with chunks_of(2):
        await recount_all(database, NOW)
    ones = dict.fromkeys(DAILY, 1)
    assert await stored_totals(database) == right | {cleo: reference.totals(dict.fromkeys(old, ones))}
    assert await stale(database) == set()


async def test_a_day_of_all_learners_is_counted_anew(database: Database) -> None:
    zones = await people(database)
    events = some_events(np.random.default_rng(13), 100, list(zones), days=5)
    await stored(database, events)
    await count_all(database)
    yesterday = (NOW - timedelta(days=1)).date()
    for learner_id in zones:
        await put(database, learner_id, [yesterday])
    async with database.write() as writing:
        await writing.run(delete(activity_totals))
    await recount_all(database, NOW, yesterday)
    assert await stored_totals(database) == expected(events, zones)


async def test_who_has_no_day_any_more_has_no_totals(database: Database) -> None:
    [anna] = await add_learners(database, ["anna"])
    await stored(database, [a_task(anna, occurred_at=NOW)])
    await count_all(database)
    assert set(await stored_totals(database)) == {anna}
    async with database.write() as writing:
        await writing.run(delete(daily_user_stats))
        await writing.run(insert(stale_totals).values(learner_id=anna))
    assert await count_totals(database, NOW) == 1
    assert await stored_totals(database) == {}


async def test_an_erased_learner_leaves_neither_totals_nor_a_mark(database: Database) -> None:
    anna, ben = await add_learners(database, ["anna", "ben"])
    for _ in range(2):
        await count_totals(database, NOW)
        await stored(database, [a_task(learner_id, occurred_at=NOW) for learner_id in (anna, ben)])
        await count_days(database, NOW)
    assert set(await stored_totals(database)) == await stale(database) == {anna, ben}
    async with database.write() as writing:
        await erase_learner(writing, anna, PSEUDONYMS, NOW)
    assert set(await stored_totals(database)) == await stale(database) == {ben}
