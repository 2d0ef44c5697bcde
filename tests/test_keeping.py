"""What is kept of reads, and when it no longer is."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from domain.database import Database, Reading
from resolvers.batching import MISSING, Batcher
from resolvers.keeping import EVERYBODY, KEPT_SECONDS, MANY, MOST_OF_LEARNER, MOST_OF_MANY, KeptByLearner

pytestmark = pytest.mark.anyio


async def score_of(reading: Reading, keys: Sequence[str]) -> Mapping[str, int]:
    raise NotImplementedError("only its name is used here")


async def title_of(reading: Reading, keys: Sequence[str]) -> Mapping[str, int]:
    raise NotImplementedError("only its name is used here")


async def size_of(reading: Reading, keys: Sequence[str]) -> Mapping[str, int]:
    raise NotImplementedError("only its name is used here")


async def unknown(reading: Reading, keys: Sequence[str]) -> Mapping[str, int]:
    raise NotImplementedError("only its name is used here")


def tenfold(key: str, found: int, unit: str) -> tuple[str, int, str]:
    return key, 10 * found, unit


def halved(key: str, found: int) -> float:
    return found / 2


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
    """A Kept of scores, by `LEARNER:WHAT`, of titles, which are about nobody, and of sizes, which are about many."""

    def __init__(self, rows: Rows, most_learners: int = 100) -> None:
        self.clock = Clock()
        self.hearing = True
        self.kept = KeptByLearner(
            {score_of: lambda key: key.partition(":")[0], title_of: lambda key: EVERYBODY, size_of: lambda key: MANY},
            most_learners=most_learners,
            hears=lambda: self.hearing,
            clock=self.clock,
        )
        self.read = self.kept.reading(score_of, rows.read)
        self.read_title = self.kept.reading(title_of, rows.read)
        self.read_size = self.kept.reading(size_of, rows.read)

    def score(self, key: str) -> object:
        return self.kept.found(score_of, key, [])

    def size(self, key: str) -> object:
        return self.kept.found(size_of, key, [])

    def tenfold(self, key: str) -> object:
        return self.kept.made(score_of, key, [], tenfold, "points")


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
    assert desk.kept.found(title_of, "title", []) == 9
    desk.kept.told(None)
    assert desk.kept.found(title_of, "title", []) is MISSING


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
    assert desk.kept.found(unknown, "ada:a", []) is MISSING


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


async def test_what_is_made_of_an_answer_is_made_once_and_is_of_that_answer() -> None:
    desk = Desk(Rows(**{"ada:a": 1, "ada:b": 2, "bea:a": 3}))
    assert desk.tenfold("ada:a") is MISSING
    await desk.read(["ada:a", "ada:b", "bea:a"])
    made = desk.tenfold("ada:a")
    assert made == ("ada:a", 10, "points")
    assert desk.tenfold("ada:a") is made
    assert desk.tenfold("ada:b") == ("ada:b", 20, "points")
    assert desk.kept.made(score_of, "ada:a", [], halved) == 0.5
    assert desk.kept.made(unknown, "ada:a", [], halved) is MISSING
    assert desk.score("ada:a") == 1


@pytest.mark.parametrize("told", [["ada"], None], ids=["the learner", "everybody"])
async def test_what_was_made_of_an_answer_goes_with_it(told: list[str] | None) -> None:
    rows = Rows(**{"ada:a": 1, "bea:a": 2})
    desk = Desk(rows)
    await desk.read(["ada:a", "bea:a"])
    of_bea = (desk.tenfold("ada:a"), desk.tenfold("bea:a"))[1]
    rows.values["ada:a"] = 5
    desk.kept.told(told)
    assert desk.tenfold("ada:a") is MISSING
    assert desk.tenfold("bea:a") is (of_bea if told else MISSING)
    await desk.read(["ada:a"])
    assert desk.tenfold("ada:a") == ("ada:a", 50, "points")


async def test_what_was_made_grows_no_older_than_what_it_was_made_of() -> None:
    desk = Desk(Rows(**{"ada:a": 1}))
    await desk.read(["ada:a"])
    desk.clock.now += KEPT_SECONDS - 1
    assert desk.tenfold("ada:a") == ("ada:a", 10, "points")
    desk.clock.now += 1
    assert desk.tenfold("ada:a") is MISSING


async def test_nothing_is_made_while_announcements_cannot_be_heard() -> None:
    desk = Desk(Rows(**{"ada:a": 1}))
    await desk.read(["ada:a"])
    assert desk.tenfold("ada:a") is not MISSING
    desk.hearing = False
    assert desk.tenfold("ada:a") is MISSING


async def test_nothing_is_made_of_what_was_read_while_the_learner_was_announced() -> None:
    rows = Rows(**{"ada:a": 1})
    desk = Desk(rows)
    rows.open.clear()
    reading = asyncio.ensure_future(desk.read(["ada:a"]))
    await asyncio.sleep(0)
    desk.kept.told(["ada"])
    rows.open.set()
    await reading
    assert desk.tenfold("ada:a") is MISSING


async def test_what_is_found_and_what_was_made_of_it_agree_whoever_else_read_the_same() -> None:
    rows = Rows(**{"ada:a": 1})
    desk = Desk(rows)
    slow = Rows(**{"ada:a": 2})
    slow.open.clear()
    late = asyncio.ensure_future(desk.kept.reading(score_of, slow.read)(["ada:a"]))
    await asyncio.sleep(0)
    await desk.read(["ada:a"])
    assert desk.tenfold("ada:a") == ("ada:a", 10, "points")
    slow.open.set()
    assert await late == {"ada:a": 2}
    assert desk.tenfold("ada:a") == ("ada:a", 10, "points")
    assert desk.score("ada:a") == 1


async def test_what_is_made_counts_as_an_answer_that_was_there() -> None:
    desk = Desk(Rows(**{"ada:a": 1}))
    desk.tenfold("ada:a")
    assert (desk.kept.hits, desk.kept.misses) == (0, 0)
    await desk.read(["ada:a"])
    desk.tenfold("ada:a")
    desk.tenfold("ada:a")
    assert (desk.kept.hits, desk.kept.misses) == (2, 1)


async def test_a_request_that_changed_something_makes_nothing_of_what_is_kept(database: Database) -> None:
    desk = Desk(Rows(**{"ada:a": 1}))
    await desk.read(["ada:a"])
    batch = Batcher(database, kept=desk.kept)
    assert batch.made(score_of, "ada:a", tenfold, "points") == ("ada:a", 10, "points")
    assert batch.made(score_of, "ada:b", tenfold, "points") is None
    batch.forget()
    assert batch.made(score_of, "ada:a", tenfold, "points") is None
    assert Batcher(database).made(score_of, "ada:a", tenfold, "points") is None


@pytest.mark.parametrize("told", [["ada"], ["somebody else", "cleo"], None], ids=["a learner", "others", "everybody"])
async def test_what_is_about_many_is_dropped_with_a_change_of_any(told: list[str] | None) -> None:
    rows = Rows(**{"class": 30, "school": 300, "ada:a": 1, "title": 9})
    desk = Desk(rows)
    await desk.read_size(["class", "school"])
    await desk.read_title(["title"])
    assert [desk.size("class"), desk.size("school")] == [30, 300]
    rows.values["class"] = 29
    desk.kept.told(told)
    assert [desk.size("class"), desk.size("school")] == [MISSING, MISSING]
    assert desk.kept.found(title_of, "title", []) == (9 if told else MISSING)
    await desk.read_size(["class"])
    assert desk.size("class") == 29


@pytest.mark.parametrize("told", [["ada"], ["somebody else"], None], ids=["a learner", "another", "everybody"])
async def test_nothing_about_many_is_kept_of_a_read_during_which_anybody_was_announced(told: list[str] | None) -> None:
    rows = Rows(**{"class": 30})
    desk = Desk(rows)
    rows.open.clear()
    reading = asyncio.ensure_future(desk.read_size(["class"]))
    await asyncio.sleep(0)
    rows.values["class"] = 29
    desk.kept.told(told)
    rows.open.set()
    assert await reading == {"class": 30}  # who asked before is answered as of then
    assert desk.size("class") is MISSING
    await desk.read_size(["class"])
    assert desk.size("class") == 29


async def test_a_read_that_began_after_an_announcement_is_kept_though_an_older_one_is_still_under_way() -> None:
    slow, quick = Rows(**{"class": 30}), Rows(**{"class": 29})
    desk = Desk(slow)
    slow.open.clear()
    older = asyncio.ensure_future(desk.read_size(["class"]))
    await asyncio.sleep(0)
    desk.kept.told(["ada"])
    await desk.kept.reading(size_of, quick.read)(["class"])
    assert desk.size("class") == 29
    slow.open.set()
    assert await older == {"class": 30}
    assert desk.size("class") == 29


async def test_a_learner_who_is_announced_leaves_what_is_kept_of_others() -> None:
    desk = Desk(Rows(**{"class": 30, "bea:a": 3}))
    await desk.read(["bea:a"])
    await desk.read_size(["class"])
    desk.kept.told(["ada"])
    assert [desk.size("class"), desk.score("bea:a")] == [MISSING, 3]


async def test_only_so_much_is_kept_about_many() -> None:
    names = [f"class {number}" for number in range(MOST_OF_MANY + 5)]
    desk = Desk(Rows(**{name: number for number, name in enumerate(names)}))
    await desk.read_size(names)
    assert [desk.size(name) for name in names[-6:]] == [MOST_OF_MANY - 1] + [MISSING] * 5


async def test_what_is_about_many_grows_no_older_than_half_a_minute() -> None:
    desk = Desk(Rows(**{"class": 30, "school": 300}))
    await desk.read_size(["class"])
    desk.clock.now += KEPT_SECONDS - 1
    await desk.read_size(["school"])
    assert [desk.size("class"), desk.size("school")] == [30, 300]
    desk.clock.now += 1
    assert [desk.size("class"), desk.size("school")] == [MISSING, MISSING]
