"""Merging: requests that ask while a statement is under way share the next one, and nothing else."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from domain.database import Database, Reading
from resolvers.batching import Batcher, Read
from resolvers.merging import MOST_REQUESTS, merged

pytestmark = pytest.mark.anyio


class Lengths:
    """A query that tells how long words are, once it may; remembers which words it was asked for together."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.may_answer = asyncio.Event()

    async def by_word(self, reading: Reading, words: Sequence[str]) -> Mapping[str, int]:
        self.asked.append(list(words))
        await self.may_answer.wait()
        if "?" in words:
            raise ValueError("no word")
        return {word: len(word) for word in words if word != "absent"}


async def begun(source: Lengths, statements: int) -> None:
    """Waits until so many statements have begun."""
    while len(source.asked) < statements:  # noqa: ASYNC110 each turn of the loop brings them nearer
        await asyncio.sleep(0)


@pytest.fixture
def source() -> Lengths:
    return Lengths()


class Requests:
    """Requests of one process, each with a batch of its own."""

    def __init__(self, database: Database, source: Lengths) -> None:
        self._database = database
        self._query = source.by_word
        self._merged = merged(database, [self._query])

    def ask(self, *words: str) -> "asyncio.Task[list[int | None]]":
        batch = Batcher(self._database, merged=self._merged)

        async def answer() -> list[int | None]:
            return list(await asyncio.gather(*(batch.load(self._query, word) for word in words)))

        return asyncio.create_task(answer())


async def test_requests_that_come_while_a_statement_is_under_way_share_the_next(
    database: Database, source: Lengths
) -> None:
    requests = Requests(database, source)
    first = requests.ask("a")
    await begun(source, 1)
    others = [requests.ask("bb", "absent"), requests.ask("bb", "ccc")]
    await asyncio.sleep(0.01)
    assert source.asked == [["a"]]
    source.may_answer.set()
    assert await first == [1]
    assert await asyncio.gather(*others) == [[2, None], [2, 3]]
    assert source.asked == [["a"], ["bb", "absent", "ccc"]]
    assert await requests.ask("bb") == [2]
    assert source.asked[2:] == [["bb"]]


async def test_a_statement_is_shared_by_a_bounded_number_of_requests(database: Database, source: Lengths) -> None:
    requests = Requests(database, source)
    asked = [requests.ask("first")]
    await begun(source, 1)
    asked += [requests.ask(str(number)) for number in range(MOST_REQUESTS + 1)]
    await asyncio.sleep(0.01)
    source.may_answer.set()
    await asyncio.gather(*asked)
    assert [len(words) for words in source.asked] == [1, MOST_REQUESTS, 1]


async def test_a_fault_reaches_those_who_shared_the_statement_and_nobody_else(
    database: Database, source: Lengths
) -> None:
    requests = Requests(database, source)
    first = requests.ask("a")
    await begun(source, 1)
    shared = [requests.ask("?"), requests.ask("bb")]
    await asyncio.sleep(0.01)
    source.may_answer.set()
    assert await first == [1]
    found = await asyncio.gather(*shared, return_exceptions=True)
    assert [str(fault) for fault in found] == ["no word", "no word"]
    assert await requests.ask("bb") == [2]


async def test_who_gives_up_waiting_takes_nothing_from_the_others(database: Database, source: Lengths) -> None:
    requests = Requests(database, source)
    first = requests.ask("a")
    await begun(source, 1)
    impatient, patient = requests.ask("bb"), requests.ask("ccc")
    await asyncio.sleep(0.01)
    impatient.cancel()
    await asyncio.sleep(0)
    source.may_answer.set()
    assert await first == [1]
    assert await patient == [3]


async def test_who_gives_up_during_its_own_statement_lets_the_next_go_on(database: Database, source: Lengths) -> None:
    read: Read[str, int] = merged(database, [source.by_word])[source.by_word]
    impatient = asyncio.ensure_future(read(["a"]))
    await begun(source, 1)
    patient = asyncio.ensure_future(read(["bb"]))
    await asyncio.sleep(0.01)
    impatient.cancel()
    source.may_answer.set()
    assert await patient == {"bb": 2}
    assert await read(["a"]) == {"a": 1}
