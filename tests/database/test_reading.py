"""Reads through the seam: the same rows on both engines, for any number of keys, in one statement."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import BigInteger, String, and_, bindparam, select

from domain.database import Database
from domain.database.columns import Id, microseconds
from domain.database.statement import keyed
from domain.database.windows import window_keys, windowed
from domain.learners.tables import cohorts, learners
from domain.paging import Window
from domain.peers.tables import objective_rollups
from domain.privacy.tables import releases
from domain.reviews.tables import review_states
from tests.builders import NOW, add_cohort, add_learners, an_id

pytestmark = pytest.mark.anyio

AWKWARD = 'Ångström\'s "100%" \\ _path_ 心臓 🫀\n'
COHORT_NAMES = keyed(
    lambda key: select(cohorts.c.id, cohorts.c.name).join_from(key, cohorts, cohorts.c.id == key.c.id), id=Id
)
MEMBERS = windowed(
    lambda key, after: select(learners.c.display_name).join_from(
        key, learners, and_(learners.c.cohort_id == key.c.cohort_id, after)
    ),
    order=(learners.c.display_name, learners.c.id),
    cohort_id=Id,
)

REVIEW_COLUMNS = ("reviewed_at", "stability", "interval_days", "repetitions")
REVIEWS = keyed(
    lambda key: select(*(review_states.c[name] for name in REVIEW_COLUMNS)).join_from(
        key, review_states, review_states.c.learner_id == key.c.learner_id
    ),
    learner_id=Id,
)


async def test_every_kind_of_value_comes_back_as_it_was_stored(database: Database) -> None:
    instant = datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)
    edges, means = [0.0, 0.1, 1 / 3], bytes(range(256))
    shares: list[float] = []
    columns = ("population", "subject", "metric", "policy", "size", "edges", "cumulative", "means", "released_at")
    row = ("all", an_id("x"), AWKWARD[:40], "exact", 2**31 - 1, edges, shares, means, instant)
    async with database.write() as writing:
        await writing.insert(releases, columns, [row, ("all", "all", "NONE", "exact", 0, edges, shares, None, instant)])
    async with database.read() as reading:
        found = await reading.rows(select(*(releases.c[name] for name in columns)).order_by(releases.c.subject.desc()))
    assert set(map(repr, found)) == {
        repr(row),
        repr((*row[:1], "all", "NONE", "exact", 0, edges, shares, None, instant)),
    }
    assert all(instant.tzinfo is UTC or instant.utcoffset() == timedelta(0) for *_, instant in found)


async def test_booleans_and_absent_values_are_what_they_are(database: Database) -> None:
    await add_learners(database, ["one"], shares=False)
    async with database.read() as reading:
        [row] = await reading.rows(
            select(learners.c.shares_data, learners.c.active, learners.c.cohort_id, learners.c.final_band)
        )
    assert (row[0] is False, row[1] is True, row[2:]) == (True, True, (None, None))


@pytest.mark.parametrize("wanted", [[], ["b"], ["c", "a", "nowhere", "c"]])
async def test_keys_are_answered_together_whatever_their_number(database: Database, wanted: list[str]) -> None:
    for name in "abc":
        await add_cohort(database, name)
    async with database.read() as reading:
        found = await reading.rows_by(COHORT_NAMES, [(an_id(name),) for name in wanted])
    assert sorted(found) == sorted((an_id(name), name) for name in wanted if name != "nowhere")


async def test_no_keys_cost_no_statement(database: Database) -> None:
    statements: list[str] = []
    database.watch = statements.append
    async with database.read() as reading:
        assert await reading.rows_by(COHORT_NAMES, []) == []
    assert statements == []


async def test_ten_thousand_keys_are_one_statement(database: Database) -> None:
    async with database.write() as writing:
        await writing.insert(cohorts, ("id", "name"), [(str(UUID(int=n)), str(n)) for n in range(10_000)])
    statements: list[str] = []
    database.watch = statements.append
    async with database.read() as reading:
        found = await reading.rows_by(COHORT_NAMES, [(str(UUID(int=n)),) for n in range(10_000)])
    assert len(found) == 10_000
    assert len(statements) == 1


async def test_keys_of_several_columns_stay_together(database: Database) -> None:
    first, second = await add_cohort(database, "first"), await add_cohort(database, "second")
    query = keyed(
        lambda key: select(cohorts.c.id, key.c.label).join_from(
            key, cohorts, (cohorts.c.id == key.c.id) & (cohorts.c.name == key.c.name)
        ),
        id=Id,
        name=String,
        label=String,
    )
    keys = [(first, "first", "hit"), (second, "first", "miss"), (second, "second", None)]
    async with database.read() as reading:
        assert set(await reading.rows_by(query, keys)) == {(first, "hit"), (second, None)}


async def test_a_text_of_any_characters_is_found_again(database: Database) -> None:
    await add_cohort(database, AWKWARD)
    query = keyed(lambda key: select(cohorts.c.id).join_from(key, cohorts, cohorts.c.name == key.c.name), name=String)
    async with database.read() as reading:
        assert await reading.rows_by(query, [(AWKWARD,)]) == [(an_id(AWKWARD),)]
        by_name = select(cohorts.c.id).where(cohorts.c.name == bindparam("wanted"))
        assert await reading.rows(by_name, wanted=AWKWARD) == [(an_id(AWKWARD),)]


async def test_each_list_has_a_window_of_its_own(database: Database) -> None:
    first, second = await add_cohort(database, "first"), await add_cohort(database, "second")
    await add_learners(database, ["a", "b", "c", "d"], cohort_id=first)
    await add_learners(database, ["e", "f"], cohort_id=second)
    windows = [
        (Window(2), first),
        (Window(1, "b", an_id("b")), first),
        (Window(5), second),
        (Window(0), second),
        (Window(3), an_id("nowhere")),
    ]
    statements: list[str] = []
    database.watch = statements.append
    async with database.read() as reading:
        rows = await reading.rows_by(MEMBERS, window_keys(windows))
    # One row more than asked for tells that there is a next page.
    assert rows == [(0, "a"), (0, "b"), (0, "c"), (1, "c"), (1, "d"), (2, "e"), (2, "f"), (3, "e")]
    assert len(statements) == 1


async def test_names_are_ordered_by_code_points_on_both_engines(database: Database) -> None:
    cohort = await add_cohort(database, "cohort")
    names = ["a", "B", "ä", "Z", "_", "z", "é", "10", "9", "", "Ⅷ"]
    await add_learners(database, names, cohort_id=cohort)
    async with database.read() as reading:
        rows = await reading.rows_by(MEMBERS, window_keys([(Window(50), cohort)]))
    assert [name for _, name in rows] == sorted(names)


async def test_equal_names_are_ordered_by_id_and_cut_by_it(database: Database) -> None:
    cohort = await add_cohort(database, "cohort")
    ids = sorted(an_id(f"twin {n}") for n in range(3))
    columns = ("id", "display_name", "joined_at", "shares_data", "active", "cohort_id", "cohort_excluded", "time_zone")
    async with database.write() as writing:
        await writing.insert(learners, columns, [(i, "Twin", NOW, True, True, cohort, False, "UTC") for i in ids])
    query = windowed(
        lambda key, after: select(learners.c.id).join_from(
            key, learners, and_(learners.c.cohort_id == key.c.cohort_id, after)
        ),
        order=(learners.c.display_name, learners.c.id),
        cohort_id=Id,
    )
    async with database.read() as reading:
        rows = await reading.rows_by(query, window_keys([(Window(5, "Twin", ids[0]), cohort)]))
    assert [id_ for _, id_ in rows] == ids[1:]


ROLLUPS = keyed(
    lambda key: select(
        key.c.place, objective_rollups.c.learner_id, objective_rollups.c.responses, objective_rollups.c.reasoning_sum
    ).join_from(key, objective_rollups, objective_rollups.c.objective_id == key.c.objective_id),
    place=BigInteger,
    objective_id=Id,
)
ROLLUP_COLUMNS = tuple(objective_rollups.columns.keys())


@pytest.mark.parametrize("number", [0, 1, 700])
async def test_arrays_hold_what_rows_hold(database: Database, number: int) -> None:
    big = 10**15  # more than 32 bits, and more than a float's integers
    records = [
        tuple(
            an_id(f"learner {n}")
            if name == "learner_id"
            else an_id(f"o {n % 2}")
            if name == "objective_id"
            else big + n
            for name in ROLLUP_COLUMNS
        )
        for n in range(number)
    ]
    async with database.write() as writing:
        await writing.insert(objective_rollups, ROLLUP_COLUMNS, records)
    keys = [(7, an_id("o 0")), (9, an_id("o 1")), (11, an_id("nobody's"))]
    async with database.read() as reading:
        rows = await reading.rows_by(ROLLUPS, keys)
        arrays = await reading.arrays(ROLLUPS, keys)
    assert list(arrays) == ["place", "learner_id", "responses", "reasoning_sum"]
    assert [array.dtype.str for array in arrays.values()] == ["<i8", "|V16", "<i8", "<i8"]
    ids = [str(UUID(bytes=value.tobytes())) for value in arrays["learner_id"]]
    found = zip(
        arrays["place"].tolist(), ids, arrays["responses"].tolist(), arrays["reasoning_sum"].tolist(), strict=True
    )
    assert sorted(found) == sorted(rows)
    assert len(rows) == number


@pytest.mark.parametrize("number", [1, 2])
async def test_arrays_hold_numbers_of_every_width_and_instants(database: Database, number: int) -> None:
    columns = ("learner_id", "topic_id", "question_id", *REVIEW_COLUMNS)
    values = (datetime(1969, 7, 20, 20, 17, 40, 1, tzinfo=UTC), 1 / 3, -(2**31), 2**31 - 1)
    record = (an_id("a"), an_id("t"), an_id("q"), *values, 5.0, 2.5, 0, 0)
    async with database.write() as writing:
        await writing.insert(review_states, (*columns, "difficulty", "easiness", "reviews", "lapses"), [record])
    async with database.read() as reading:
        arrays = await reading.arrays(REVIEWS, [(an_id("a"),), (an_id("nobody"),)][:number])
    assert {name: (array.dtype.str, array.tolist()) for name, array in arrays.items()} == {
        "reviewed_at": ("<i8", [microseconds(values[0])]),
        "stability": ("<f8", [1 / 3]),
        "interval_days": ("<i8", [-(2**31)]),
        "repetitions": ("<i8", [2**31 - 1]),
    }


async def test_arrays_can_be_written_to(database: Database) -> None:
    await add_cohort(database, "c")
    async with database.read() as reading:
        arrays = await reading.arrays(keyed(lambda key: select(key.c.place), place=BigInteger), [(1,), (2,)])
    arrays["place"] += 1
    assert np.array_equal(np.sort(arrays["place"]), [2, 3])


async def test_a_reader_sees_what_was_committed_before_each_statement(database: Database) -> None:
    async with database.read() as reading:
        assert await reading.rows(select(cohorts.c.name)) == []
        await add_cohort(database, "new")
        assert await reading.rows(select(cohorts.c.name)) == [("new",)]


async def test_a_snapshot_sees_one_moment(database: Database) -> None:
    await add_cohort(database, "old")
    async with database.snapshot() as reading:
        before = await reading.rows(select(cohorts.c.name))
        await add_cohort(database, "new")
        assert await reading.rows(select(cohorts.c.name)) == before == [("old",)]
    async with database.read() as reading:
        assert len(await reading.rows(select(cohorts.c.name))) == 2


async def test_readers_see_nothing_of_an_open_transaction(database: Database) -> None:
    async with database.write() as writing:
        await writing.insert(cohorts, ("id", "name"), [(an_id("pending"), "pending")])
        async with database.read() as reading:
            assert await reading.rows(select(cohorts.c.name)) == []
        assert await writing.rows(select(cohorts.c.name)) == [("pending",)]
