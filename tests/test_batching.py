"""Batching: one fetch for all that is asked for in a turn, each key once, and answers that were expected beforehand."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from domain.database import Database, Reading, Writing, open_database
from domain.errors import DatabaseUnavailable
from domain.learners.learner import Learner
from domain.learners.queries import cohort_by_id, learner_by_id
from domain.learners.writes import put_cohorts
from migrations import run
from resolvers.batching import Batcher, Known, Loader
from resolvers.keeping import KeptByLearner
from resolvers.merging import merged
from tests.builders import add_learners, an_id

pytestmark = pytest.mark.anyio


class Lengths:
    """A source that tells how long words are, and remembers which it was asked for together."""

    def __init__(self) -> None:
        self.fetched: list[list[str]] = []

    async def fetch(self, words: Sequence[str]) -> list[int]:
        self.fetched.append(list(words))
        await asyncio.sleep(0)
        if "?" in words:
            raise ValueError("no word")
        return [len(word) for word in words]


async def test_what_is_asked_for_in_one_turn_is_fetched_together_and_each_key_once() -> None:
    source = Lengths()
    loader = Loader(source.fetch)
    assert await asyncio.gather(*(loader.load(word) for word in ("a", "bb", "a", "ccc"))) == [1, 2, 1, 3]
    assert await loader.load("bb") == 2
    assert await loader.load("dddd") == 4
    assert source.fetched == [["a", "bb", "ccc"], ["dddd"]]


async def test_a_fault_reaches_everybody_who_asked() -> None:
    loader = Loader(Lengths().fetch)
    both = await asyncio.gather(loader.load("?"), loader.load("a"), return_exceptions=True)
    assert [str(fault) for fault in both] == ["no word", "no word"]


async def test_who_no_longer_waits_is_passed_over_and_may_ask_again() -> None:
    source = Lengths()
    loader = Loader(source.fetch)
    given_up, kept = loader.load("a"), loader.load("bb")
    given_up.cancel()
    assert await kept == 2
    assert await loader.load("a") == 1


async def test_who_gives_up_while_a_fetch_fails_does_no_harm() -> None:
    loader = Loader(Lengths().fetch)
    given_up, kept = loader.load("a"), loader.load("?")
    given_up.cancel()
    with pytest.raises(ValueError, match="no word"):
        await kept


async def test_a_value_may_be_part_of_another_answer() -> None:
    source = Lengths()
    loader = Loader(source.fetch)
    whole: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
    loader.take("a", whole, lambda pair: pair[0])
    assert loader.asked("a") is not None
    assert loader.asked("bb") is None
    whole.set_result((7, "rest"))
    assert await loader.load("a") == 7
    assert source.fetched == []


async def test_a_value_that_is_being_fetched_is_not_taken_from_another_answer() -> None:
    source = Lengths()
    loader = Loader(source.fetch)
    asked = loader.load("a")
    await asyncio.sleep(0)
    whole: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    loader.take("a", whole, lambda number: number)
    whole.set_result(7)
    assert await asked == 1


async def test_a_value_that_was_only_asked_for_is_taken_from_another_answer_and_not_fetched() -> None:
    source = Lengths()
    loader = Loader(source.fetch)
    asked = loader.load("a")
    whole: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    loader.take("a", whole, lambda number: number)
    whole.set_result(7)
    assert await asked == 7
    assert source.fetched == []


async def test_a_fault_of_the_other_answer_is_a_fault_of_its_parts() -> None:
    loader = Loader(Lengths().fetch)
    whole: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    loader.take("a", whole, lambda number: number)
    whole.set_exception(ValueError("the whole is broken"))
    with pytest.raises(ValueError, match="the whole is broken"):
        await loader.load("a")


async def test_an_answer_that_is_given_up_gives_up_its_parts() -> None:
    loader = Loader(Lengths().fetch)
    whole: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    loader.take("a", whole, lambda number: number)
    taken = loader.load("a")
    whole.cancel()
    await asyncio.sleep(0)
    assert taken.cancelled()


async def test_a_part_that_nobody_waits_for_any_more_is_left_alone() -> None:
    loader = Loader(Lengths().fetch)
    whole: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    loader.take("a", whole, lambda number: number)
    loader.load("a").cancel()
    whole.set_result(7)
    await asyncio.sleep(0)
    assert await loader.load("a") == 1


@pytest.mark.parametrize("value", [7, None, ("a", "tuple")])
async def test_what_is_known_may_be_awaited_as_often_as_one_likes(value: object) -> None:
    known = Known(value)
    assert [await known, await known] == [value, value]
    assert list(await asyncio.gather(known, known)) == [value, value]
    assert await asyncio.wait_for(known, None) is value


async def test_who_awaits_what_is_known_waits_for_no_turn_of_the_loop() -> None:
    turns: list[str] = []
    asyncio.get_running_loop().call_soon(turns.append, "a turn")
    assert await Known(7) == 7
    assert turns == []


def test_what_is_known_needs_no_loop_that_runs() -> None:
    async def doubled(known: Known[int]) -> int:
        return 2 * await known

    with pytest.raises(StopIteration) as ended:
        doubled(Known(7)).send(None)
    assert ended.value.value == 14


async def named(reading: Reading, ids: Sequence[str]) -> Mapping[str, tuple[Learner, str]]:
    """Learners with a word about each."""
    return {id_: (learner, "a word") for id_, learner in (await learner_by_id(reading, ids)).items()}


def learner_of(pair: tuple[Learner, str] | None) -> Learner | None:
    return None if pair is None else pair[0]


async def test_what_is_expected_takes_no_statement_of_its_own(database: Database) -> None:
    [anna] = await add_learners(database, ["anna"])
    statements: list[Any] = []
    database.watch = statements.append
    batch = Batcher(database)
    for id_ in (anna, an_id("nobody")):
        batch.expect(learner_by_id, id_, named, id_, learner_of)
    assert batch.asked(learner_by_id, anna) is not None
    found = await batch.load(learner_by_id, anna)
    assert found is not None
    assert found.id == anna
    assert await batch.load(learner_by_id, an_id("nobody")) is None
    assert len(statements) == 1


async def test_what_follows_from_what_is_kept_takes_no_statement_even_if_it_was_asked_for_first(
    database: Database,
) -> None:
    [anna] = await add_learners(database, ["anna"])
    kept = KeptByLearner({named: str, learner_by_id: str}, most_learners=9, hears=lambda: True)
    assert await Batcher(database, kept=kept).load(named, anna) is not None
    statements: list[Any] = []
    database.watch = statements.append
    batch = Batcher(database, kept=kept)
    asked = batch.load(learner_by_id, anna)
    batch.expect(learner_by_id, anna, named, anna, learner_of)
    found = await asked
    assert found is not None
    assert found.id == anna
    assert statements == []


async def test_what_was_fetched_is_forgotten_after_a_change(database: Database) -> None:
    [anna] = await add_learners(database, ["anna"])
    statements: list[Any] = []
    database.watch = statements.append
    batch = Batcher(database)
    for _ in range(2):
        assert await batch.load(learner_by_id, anna) is not None
    assert len(statements) == 1
    batch.forget()
    assert await batch.load(learner_by_id, anna) is not None
    assert len(statements) == 2


async def found_cohorts(writing: Writing, names: Sequence[str]) -> Mapping[str, str]:
    """Makes cohorts of these names; returns the ids of all but Bo's."""
    await put_cohorts(writing, [(an_id(name), name) for name in names])
    if "?" in names:
        raise ValueError("no name")
    return {name: an_id(name) for name in names if name != "Bo"}


async def test_what_is_stored_in_one_turn_is_one_transaction(database: Database) -> None:
    batch = Batcher(database)
    made = await asyncio.gather(*(batch.store(found_cohorts, name) for name in ("Ada", "Bo", "Ada")))
    assert made == [an_id("Ada"), None, an_id("Ada")]
    lost = await asyncio.gather(*(batch.store(found_cohorts, name) for name in ("Cy", "?")), return_exceptions=True)
    assert [str(fault) for fault in lost] == ["no name", "no name"]
    async with database.read() as reading:
        found = await cohort_by_id(reading, [an_id(name) for name in ("Ada", "Bo", "Cy")])
    assert set(found) == {an_id("Ada"), an_id("Bo")}


async def test_what_a_replica_cannot_serve_is_read_from_the_database(database: Database, tmp_path: Path) -> None:
    [anna] = await add_learners(database, ["anna"])
    away = open_database(f"sqlite+aiosqlite:///{tmp_path}/missing/replica.db")
    alone, both = Batcher(away), Batcher(database, replica=away)
    with pytest.raises(DatabaseUnavailable):
        await alone.load(learner_by_id, anna)
    assert await both.load(learner_by_id, anna) is not None
    shared = merged(away, [learner_by_id], instead=database)
    assert await Batcher(database, replica=away, merged=shared).load(learner_by_id, anna) is not None


async def test_who_leaves_the_replica_reads_the_database_from_then_on(database: Database, tmp_path: Path) -> None:
    [anna] = await add_learners(database, ["anna"])
    url = f"sqlite+aiosqlite:///{tmp_path}/replica.db"
    await run.upgrade(url)
    replica = open_database(url)
    batch = Batcher(database, replica=replica, merged=merged(replica, [learner_by_id], instead=database))
    assert await batch.load(learner_by_id, anna) is None
    batch.leave_replica()
    assert await batch.load(learner_by_id, anna) is not None
    await replica.close()
