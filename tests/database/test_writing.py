"""Transactions through the seam: whole or not at all, each row once, sums right whoever else writes."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import asyncpg
import numpy as np
import pytest
from sqlalchemy import Column, Float, Integer, MetaData, String, Table, bindparam, delete, func, select, text, update

from domain.catalog.tables import topics
from domain.database import Database, Writing
from domain.database.columns import EPOCH, MICROSECOND, Id, microseconds
from domain.database.session import Column as Values
from domain.database.statement import Row, keyed
from domain.events.tables import event_ids
from domain.jobs.tables import job_watermarks
from domain.learners.tables import cohorts
from domain.mastery.tables import topic_mastery
from domain.packed_ids import packed
from domain.peers.tables import learner_rollups, objective_rollups
from domain.reviews.tables import review_states
from tests.builders import NOW, an_id

pytestmark = pytest.mark.anyio

COUNTERS = tuple(name for name in learner_rollups.columns.keys() if name != "learner_id")  # noqa: SIM118 a mapping of columns iterates over columns
EVENTS = ("event_id", "digest")


async def names(database: Database) -> list[str]:
    async with database.read() as reading:
        return sorted(row[0] for row in await reading.rows(select(cohorts.c.name)))


def cohort(name: str) -> Row:
    return (an_id(name), name)


class Mishap(Exception):
    pass


async def test_a_transaction_commits_when_its_block_ends(database: Database) -> None:
    async with database.write() as writing:
        await writing.insert(cohorts, ("id", "name"), [cohort("a"), cohort("b")])
    assert await names(database) == ["a", "b"]


async def test_an_exception_rolls_everything_back_and_the_next_transaction_works(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as writing:
            await writing.insert(cohorts, ("id", "name"), [cohort("a")])
            raise Mishap

    with pytest.raises(Mishap):
        await fail()
    async with database.write() as writing:
        await writing.insert(cohorts, ("id", "name"), [cohort("b")])
    assert await names(database) == ["b"]


async def test_a_statement_that_fails_rolls_back_what_stood_before_it(database: Database) -> None:
    async def add_twice() -> None:
        async with database.write() as writing:
            await writing.insert(cohorts, ("id", "name"), [cohort("a")])
            await writing.insert(cohorts, ("id", "name"), [cohort("a")])

    with pytest.raises(Exception, match=r"(?i)unique"):
        await add_twice()
    assert await names(database) == []


async def test_cancellation_rolls_back(database: Database) -> None:
    inside = asyncio.Event()

    async def write() -> None:
        async with database.write() as writing:
            await writing.insert(cohorts, ("id", "name"), [cohort("a")])
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(write())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.write() as writing:
        await writing.insert(cohorts, ("id", "name"), [cohort("b")])
    assert await names(database) == ["b"]


async def test_cancellation_in_the_middle_of_any_step_leaves_a_usable_database(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.write() as writing:
            for part in range(3):
                await writing.insert(cohorts, ("id", "name"), [cohort(f"{number}/{part}")])

    await names(database)  # a connection is there: that asyncpg is cancelled while it opens one, it tells the loop
    for number in range(40):
        task = asyncio.create_task(write(number))
        for _ in range(number):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    found = await names(database)
    assert all(found.count(f"{number}/0") == found.count(f"{number}/2") for number in range(40)), "a torn transaction"
    await write(99)
    assert "99/2" in await names(database)


async def test_inserting_nothing_is_nothing(database: Database) -> None:
    async with database.write() as writing:
        await writing.insert(cohorts, ("id", "name"), [])
        assert await writing.insert_new(cohorts, ("id", "name"), []) == set()
        assert await writing.upsert(cohorts, ("id", "name"), []) == 0
        await writing.increase(learner_rollups, ("learner_id", *COUNTERS), [])
    assert await names(database) == []


async def test_what_is_inserted_around_a_block_is_there_after_it(database: Database) -> None:
    async with database.write() as writing:
        async with writing.inserting(cohorts, ("id", "name"), [cohort(str(number)) for number in range(20_000)]):
            worked_out = sorted(range(1000))
        async with writing.inserting(cohorts, ("id", "name"), []):
            pass
        assert len(await writing.rows(select(cohorts.c.id))) == 20_000
    assert worked_out[-1] == 999
    assert len(await names(database)) == 20_000


async def test_a_mishap_in_the_block_rolls_back_what_is_inserted_around_it(database: Database) -> None:
    async def fail() -> None:
        async with (
            database.write() as writing,
            writing.inserting(cohorts, ("id", "name"), [cohort(str(number)) for number in range(20_000)]),
        ):
            raise Mishap

    with pytest.raises(Mishap):
        await fail()
    async with database.write() as writing:
        await writing.insert(cohorts, ("id", "name"), [cohort("b")])
    assert await names(database) == ["b"]


async def test_a_row_that_is_there_already_is_told_when_the_block_ends(database: Database) -> None:
    async def add_twice() -> None:
        async with (
            database.write() as writing,
            writing.inserting(cohorts, ("id", "name"), [cohort("a"), cohort("a")]),
        ):
            await asyncio.sleep(0)

    with pytest.raises((asyncpg.UniqueViolationError, sqlite3.IntegrityError)):
        await add_twice()
    assert await names(database) == []


async def test_cancelling_the_block_rolls_back_and_leaves_a_usable_database(database: Database) -> None:
    begun = asyncio.Event()

    async def wait() -> None:
        async with (
            database.write() as writing,
            writing.inserting(cohorts, ("id", "name"), [cohort(str(number)) for number in range(20_000)]),
        ):
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.write() as writing:
        await writing.insert(cohorts, ("id", "name"), [cohort("b")])
    assert await names(database) == ["b"]


async def test_columns_are_inserted_as_records_are(database: Database) -> None:
    async with database.write() as writing:
        columns: dict[str, Values] = {
            "learner_id": [an_id("a"), an_id("b")],
            "topic_id": [an_id("t"), an_id("t")],
            "question_id": [an_id("q"), an_id("r")],
            "reviewed_at": np.array([microseconds(NOW), -1]),
            "stability": np.array([0.1, 1e300]),
            "difficulty": np.array([5.0, -0.0]),
            "easiness": np.array([2.5, 1.3]),
            "interval_days": np.array([6, 0]),
            "repetitions": np.array([0, 2**31 - 1]),
            "reviews": np.array([1, 2]),
            "lapses": np.array([0, -(2**31)]),
        }
        async with writing.inserting_columns(review_states, columns):
            pass
        async with writing.inserting_columns(review_states, {name: values[:0] for name, values in columns.items()}):
            pass
    async with database.read() as reading:
        rows = await reading.rows(select(*(review_states.c[name] for name in columns)))
    assert sorted(rows) == sorted(
        [
            (an_id("a"), an_id("t"), an_id("q"), NOW, 0.1, 5.0, 2.5, 6, 0, 1, 0),
            (an_id("b"), an_id("t"), an_id("r"), EPOCH - MICROSECOND, 1e300, 0.0, 1.3, 0, 2**31 - 1, 2, -(2**31)),
        ]
    )


async def test_insert_new_adds_what_is_not_there_and_says_what_it_was(database: Database) -> None:
    async with database.write() as writing:
        await writing.insert(event_ids, EVENTS, [(an_id("a"), b"first")])
        added = await writing.insert_new(event_ids, EVENTS, [(an_id("a"), b"second"), (an_id("b"), b"b")])
    assert added == {an_id("b")}
    async with database.read() as reading:
        assert set(await reading.rows(select(event_ids.c.event_id, event_ids.c.digest))) == {
            (an_id("a"), b"first"),
            (an_id("b"), b"b"),
        }


@pytest.mark.parametrize("seen", [[], [300], [0, 599], range(600)], ids=["none", "one", "both ends", "all"])
async def test_insert_new_of_many_adds_those_that_are_not_there(database: Database, seen: Sequence[int]) -> None:
    ids = sorted(an_id(f"e {n}") for n in range(600))
    there = [ids[place] for place in seen]
    async with database.write() as writing:
        await writing.insert(event_ids, EVENTS, [(id_, b"first") for id_ in there])
    async with database.write() as writing:
        added = await writing.insert_new(event_ids, EVENTS, [(id_, b"second") for id_ in ids])
    assert added == set(ids).difference(there)
    async with database.read() as reading:
        stored: dict[str, bytes] = dict(await reading.rows(select(event_ids.c.event_id, event_ids.c.digest)))
    assert stored == {id_: b"first" if id_ in there else b"second" for id_ in ids}


@pytest.mark.parametrize("size", [60, 600])
async def test_batches_with_the_same_ids_at_once_add_each_once(database: Database, size: int) -> None:
    """Each transaction that adds ids also counts them: what is counted must be what is there."""
    batches = [[an_id(f"e {n}") for n in range(start, start + size)] for start in range(0, 100, 10)]

    async def take(ids: Sequence[str]) -> set[str]:
        async with database.write() as writing:
            return await writing.insert_new(event_ids, EVENTS, sorted((id_, b"digest") for id_ in ids))

    added = await asyncio.gather(*map(take, batches))
    assert sum(map(len, added)) == len(set().union(*added)) == len({id_ for batch in batches for id_ in batch})


async def test_an_id_whose_first_batch_is_rolled_back_goes_to_the_second(database: Database) -> None:
    claimed, waiting = asyncio.Event(), asyncio.Event()

    async def fail() -> None:
        async with database.write() as writing:
            await writing.insert_new(event_ids, EVENTS, [(an_id("a"), b"lost")])
            claimed.set()
            await waiting.wait()
            await asyncio.sleep(0.05)
            raise Mishap

    async def succeed() -> set[str]:
        await claimed.wait()
        waiting.set()
        async with database.write() as writing:
            return await writing.insert_new(event_ids, EVENTS, [(an_id("a"), b"kept")])

    failed, added = await asyncio.gather(fail(), succeed(), return_exceptions=True)
    assert isinstance(failed, Mishap)
    assert added == {an_id("a")}


async def test_upsert_counts_rows_that_are_new_or_different(database: Database) -> None:
    async def upsert(*records: Row) -> int:
        async with database.write() as writing:
            return await writing.upsert(cohorts, ("id", "name"), records)

    assert await upsert(cohort("a"), cohort("b"), cohort("c")) == 3
    assert await upsert(cohort("a"), (an_id("b"), "B"), cohort("d")) == 2
    assert await upsert(cohort("a"), (an_id("b"), "B")) == 0
    assert await names(database) == ["B", "a", "c", "d"]


async def test_upsert_leaves_columns_alone_that_are_not_named(database: Database) -> None:
    columns = ("id", "name", "parent_id", "exam_weight")
    async with database.write() as writing:
        await writing.upsert(topics, columns, [(an_id("above"), "above", None, 1.0)])
        await writing.upsert(topics, columns, [(an_id("t"), "t", an_id("above"), 7.0)])
        await writing.upsert(topics, ("id", "name", "exam_weight"), [(an_id("t"), "T", 7.0)])
        wanted = select(topics.c.name, topics.c.parent_id).where(topics.c.id == an_id("t"))
        assert await writing.rows(wanted) == [("T", an_id("above"))]


async def test_upsert_of_a_key_alone_adds_it_once(database: Database) -> None:
    marks = Table("marks", MetaData(), Column("id", String, primary_key=True))
    async with database.write() as writing:
        await writing.rows(text("CREATE TABLE marks (id VARCHAR PRIMARY KEY)"))
        assert await writing.upsert(marks, ("id",), [(an_id("a"),), (an_id("b"),)]) == 2
        assert await writing.upsert(marks, ("id",), [(an_id("b"),), (an_id("c"),)]) == 1


async def sums(database: Database) -> dict[str, tuple[int, ...]]:
    async with database.read() as reading:
        rows = await reading.rows(select(learner_rollups.c.learner_id, *(learner_rollups.c[name] for name in COUNTERS)))
    return {id_: tuple(counters) for id_, *counters in rows}


async def test_increase_makes_rows_and_adds_to_them(database: Database) -> None:
    columns = ("learner_id", *COUNTERS)
    async with database.write() as writing:
        await writing.increase(learner_rollups, columns, [(an_id("a"), *range(7))])
        await writing.increase(learner_rollups, columns, [(an_id("b"), *range(7)), (an_id("a"), *([10] * 7))])
    assert await sums(database) == {an_id("a"): tuple(range(10, 17)), an_id("b"): tuple(range(7))}


async def test_increases_at_once_in_opposite_orders_end_and_add_up(database: Database) -> None:
    ids = [an_id(f"learner {n}") for n in range(200)]

    async def add(order: Sequence[str]) -> None:
        async with database.write() as writing:
            await writing.increase(
                objective_rollups,
                ("learner_id", "objective_id", *COUNTERS),
                [(id_, an_id("objective"), *([1] * 7)) for id_ in order],
            )
            await writing.increase(learner_rollups, ("learner_id", *COUNTERS), [(id_, *([1] * 7)) for id_ in order])

    async with asyncio.timeout(30):
        await asyncio.gather(*(add(ids if turn % 2 else ids[::-1]) for turn in range(12)))
    assert await sums(database) == dict.fromkeys(ids, (12,) * 7)


_RESCORE = keyed(
    lambda key: (
        update(topic_mastery)
        .where(topic_mastery.c.learner_id == key.c.learner_id, topic_mastery.c.attempts < bindparam("below"))
        .values(score=func.nullif(key.c.score, bindparam("nan", type_=Float)), correct=key.c.correct)
    ),
    learner_id=Id,
    score=Float,
    correct=Integer,
)


@pytest.mark.parametrize("number", [1, 2, 2_000])
async def test_keys_in_columns_change_what_keys_in_rows_would(database: Database, number: int) -> None:
    ids = sorted(an_id(f"learner {n}") for n in range(number + 1))
    columns = ("learner_id", "topic_id", "attempts", "correct", "first_attempts", "first_correct", "interactions")
    async with database.write() as writing:
        await writing.insert(topic_mastery, columns, [(id_, an_id("topic"), 1, 0, 0, 0, 0) for id_ in ids])
    keys = {
        "learner_id": np.frombuffer(b"".join(map(packed, ids[1:])), "V16"),
        "score": np.where(np.arange(number) % 2, 0.0, np.nan),
        "correct": np.arange(number),
    }
    for below, changed in ((2, number), (1, 0)):  # twice: what the first call left must not be found by the second
        async with database.write() as writing:
            assert await writing.run_by_columns(_RESCORE, keys, below=below, nan=np.nan) == changed
    async with database.read() as reading:
        rows = await reading.rows(select(*(topic_mastery.c[name] for name in ("learner_id", "score", "correct"))))
    expected = [(ids[0], None, 0), *((id_, 0.0 if n % 2 else None, n) for n, id_ in enumerate(ids[1:]))]
    assert sorted(rows, key=lambda row: row[0]) == expected


async def test_a_change_says_how_many_rows_it_touched(database: Database) -> None:
    async with database.write() as writing:
        await writing.insert(cohorts, ("id", "name"), [cohort("a"), cohort("b")])
        assert await writing.run(delete(cohorts)) == 2
        assert await writing.run(delete(cohorts)) == 0


async def held(database: Database, *, first: bool, then: bool) -> bool:
    """Whether a transaction that asks for a lock waits for another that holds it; each shared or not."""
    holding, granted = asyncio.Event(), asyncio.Event()
    order: list[str] = []

    async def hold() -> None:
        async with database.write() as writing:
            await writing.lock("lock", shared=first)
            holding.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(10 if first and then else 0.15):
                    await granted.wait()
            order.append("released")

    async def ask(writing: Writing) -> None:
        await writing.lock("lock", shared=then)
        order.append("granted")
        granted.set()

    async def follow() -> None:
        await holding.wait()
        async with database.write() as writing:
            await ask(writing)

    await asyncio.gather(hold(), follow())
    return order == ["released", "granted"]


@pytest.mark.parametrize(("first", "then"), [(False, False), (True, False), (False, True)])
async def test_an_exclusive_lock_is_held_alone_until_its_transaction_ends(
    database: Database, first: bool, then: bool
) -> None:
    assert await held(database, first=first, then=then)


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_shared_locks_are_held_together(database: Database) -> None:
    assert not await held(database, first=True, then=True)


async def test_a_watermark_written_in_a_transaction_falls_with_it(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as writing:
            await writing.upsert(job_watermarks, ("job", "reached_at"), [("job", NOW)])
            raise Mishap

    with pytest.raises(Mishap):
        await fail()
    async with database.read() as reading:
        assert await reading.rows(select(job_watermarks.c.job)) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_scrubbed_sqlite_files_hold_nothing_of_what_was_deleted(database: Database, database_url: str) -> None:
    secret = "a-name-that-nothing-else-contains"
    path = Path(database_url.removeprefix("sqlite+aiosqlite:///"))

    def traces() -> list[str]:
        return [file.name for file in path.parent.glob(f"{path.name}*") if secret.encode() in file.read_bytes()]

    async with database.write() as writing:
        await writing.insert(cohorts, ("id", "name"), [(an_id("x"), secret)])
    assert traces()
    async with database.write() as writing:
        await writing.run(delete(cohorts))
    await database.scrub()
    assert traces() == []


async def test_scrubbing_an_idle_database_does_no_harm(database: Database) -> None:
    await database.scrub()
    async with database.read() as reading:
        assert await reading.rows(text("SELECT 1")) == [(1,)]


async def test_a_closed_database_opens_again_when_it_is_used(database: Database) -> None:
    async with database.write() as writing:
        await writing.insert(cohorts, ("id", "name"), [cohort("a")])
    await database.close()
    assert await names(database) == ["a"]
