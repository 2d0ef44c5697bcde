"""What is kept of reads, and when it no longer is."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from domain.database import Reading
from resolvers.batching import MISSING
from resolvers.keeping import EVERYBODY, KEPT_SECONDS, MOST_OF_LEARNER, KeptByLearner

pytestmark = pytest.mark.anyio


async def score_of(reading: Reading, keys: Sequence[str]) -> Mapping[str, int]:
    raise NotImplementedError("only its name is used here")


async def title_of(reading: Reading, keys: Sequence[str]) -> Mapping[str, int]:
    raise NotImplementedError("only its name is used here")


async def unknown(reading: Reading, keys: Sequence[str]) -> Mapping[str, int]:
    raise NotImplementedError("only its name is used here")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Rows:
    """A table that can be changed while it is read."""

    def __init__(self, **values: int) -> None:
        self.values = values
        self.reads: list[list[str]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def read(self, keys: Sequence[str]) -> Mapping[str, int]:
        self.reads.append(list(keys))
        found = {key: self.values[key] for key in keys if key in self.values}
        await self.open.wait()
        return found


class Desk:
    """A Kept of scores, by `LEARNER:WHAT`, and of titles, which are about nobody."""

    def __init__(self, rows: Rows, most_learners: int = 100) -> None:
        self.clock = Clock()
        self.hearing = True
        self.kept = KeptByLearner(
            {score_of: lambda key: key.partition(":")[0], title_of: lambda key: EVERYBODY},
            most_learners=most_learners,
            hears=lambda: self.hearing,
            clock=self.clock,
        )
        self.read = self.kept.reading(score_of, rows.read)
        self.read_title = self.kept.reading(title_of, rows.read)

    def score(self, key: str) -> object:
        return self.kept.found(score_of, key)


async def test_what_was_read_is_there_until_somebody_announces_a_change() -> None:
    desk = Desk(Rows(**{"ada:a": 1, "ada:b": 2, "bea:a": 3}))
    assert desk.score("ada:a") is MISSING
    await desk.read(["ada:a", "ada:b", "bea:a", "nobody:a"])
    assert [desk.score(key) for key in ("ada:a", "ada:b", "bea:a")] == [1, 2, 3]
    assert desk.score("nobody:a") is MISSING
    desk.kept.told(["ada", "cleo"])
    assert [desk.score(key) for key in ("ada:a", "ada:b", "bea:a")] == [MISSING, MISSING, 3]


async def test_what_is_about_nobody_is_dropped_with_everybody() -> None:
    desk = Desk(Rows(**{"ada:a": 1, "title": 9}))
    await desk.read(["ada:a"])
    await desk.read_title(["title"])
    desk.kept.told(["ada"])
    assert desk.kept.found(title_of, "title") == 9
    desk.kept.told(None)
    assert desk.kept.found(title_of, "title") is MISSING


@pytest.mark.parametrize("told", [["ada"], None], ids=["the learner", "everybody"])
async def test_what_was_read_before_a_change_that_is_announced_meanwhile_is_not_kept(told: list[str] | None) -> None:
    rows = Rows(**{"ada:a": 1, "bea:a": 2})
    desk = Desk(rows)
    rows.open.clear()
    reading = asyncio.ensure_future(desk.read(["ada:a", "bea:a"]))
    await asyncio.sleep(0)
    rows.values["ada:a"] = 5
    desk.kept.told(told)
    rows.open.set()
    assert await reading == {"ada:a": 1, "bea:a": 2}  # who asked before is answered as of then
    assert desk.score("ada:a") is MISSING
    assert desk.score("bea:a") == (2 if told else MISSING)
    await desk.read(["ada:a"])
    assert desk.score("ada:a") == 5


async def test_nothing_is_kept_or_found_while_announcements_cannot_be_heard() -> None:
    desk = Desk(Rows(**{"ada:a": 1}))
    await desk.read(["ada:a"])
    desk.hearing = False
    assert desk.score("ada:a") is MISSING
    desk.kept.told(None)  # as announcers do when they hear again
    await desk.read(["ada:a"])
    desk.hearing = True
    assert desk.score("ada:a") is MISSING


async def test_what_is_kept_grows_no_older_than_half_a_minute() -> None:
    desk = Desk(Rows(**{"ada:a": 1, "ada:b": 2}))
    await desk.read(["ada:a"])
    desk.clock.now += KEPT_SECONDS - 1
    await desk.read(["ada:b"])
    assert desk.score("ada:a") == 1
    desk.clock.now += 1
    assert [desk.score("ada:a"), desk.score("ada:b")] == [MISSING, MISSING]
    await desk.read(["ada:a"])
    assert desk.score("ada:a") == 1


async def test_only_so_many_learners_are_kept_and_only_so_much_of_each() -> None:
    rows = Rows(**{f"{name}:{number}": number for name in "abc" for number in range(MOST_OF_LEARNER + 5)})
    desk = Desk(rows, most_learners=2)
    await desk.read([f"a:{number}" for number in range(MOST_OF_LEARNER + 5)])
    assert desk.score(f"a:{MOST_OF_LEARNER - 1}") == MOST_OF_LEARNER - 1
    assert desk.score(f"a:{MOST_OF_LEARNER}") is MISSING
    await desk.read(["b:1"])
    await desk.read(["c:1"])
    assert [desk.score("a:1"), desk.score("b:1"), desk.score("c:1")] == [MISSING, 1, 1]


async def test_a_query_that_nobody_named_is_read_each_time() -> None:
    rows = Rows(**{"ada:a": 1})
    desk = Desk(rows)
    read = desk.kept.reading(unknown, rows.read)
    assert await read(["ada:a"]) == await read(["ada:a"]) == {"ada:a": 1}
    assert rows.reads == [["ada:a"], ["ada:a"]]
    assert desk.kept.found(unknown, "ada:a") is MISSING


async def test_what_follows_from_an_answer_is_kept_as_long_as_that() -> None:
    desk = Desk(Rows(**{"ada:a": 1}))
    desk.kept.derive(score_of, "ada:b", 7)
    assert desk.score("ada:b") is MISSING
    await desk.read(["ada:a"])
    desk.kept.derive(score_of, "ada:b", 7)
    desk.kept.derive(score_of, "ada:c", None)
    assert [desk.score("ada:b"), desk.score("ada:c")] == [7, MISSING]
    desk.kept.told(["ada"])
    assert desk.score("ada:b") is MISSING
