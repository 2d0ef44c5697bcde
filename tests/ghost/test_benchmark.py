"""Success benchmarks from releases: which are read, what they say between two days, and of how many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ghost.benchmark import (
    ANCHOR_DAYS,
    SuccessBenchmark,
    cell_of,
    cells_for,
    group_cells,
    share_keeping,
    streak_cell,
    success_benchmark,
)
from domain.ghost.metric import ActivityMetric
from domain.ghost.scales import SCALES
from domain.privacy.cell import Cell
from domain.privacy.release import Release
from domain.unavailable import Reason, Unavailable
from tests.ghost.releases import all_alike, released
from tests.privacy.crowds import drawn, private_rules

TARGET, START = 7.5, 6.0
TASKS = ActivityMetric.TASKS_COMPLETED


def of_day(releases: dict[Cell, Release], day_number: int, percent: int = 25) -> SuccessBenchmark:
    found = success_benchmark(releases, target=TARGET, start=START, day_number=day_number, percent=percent)
    assert isinstance(found, SuccessBenchmark)
    return found


def courses(*, size: int = 60, tasks_a_day: int = 2) -> dict[Cell, Release]:
    """Everybody does so many tasks a day and one mock test a week."""
    found: dict[Cell, Release] = {}
    for day in ANCHOR_DAYS:
        done = {"TASKS_COMPLETED": tasks_a_day * day, "MOCK_TESTS": day // 7}
        found |= all_alike([cell_of(TARGET, START, day, metric) for metric in ActivityMetric], done, size)
    return found


@pytest.mark.parametrize(
    ("day_number", "anchors"),
    [
        (1, {7}),
        (6, {7}),
        (7, {7}),
        (8, {7, 14}),
        (29, {28, 42}),
        (70, {70}),
        (71, {70, 90}),
        (90, {90}),
        (91, {90}),
        (500, {90}),
    ],
)
def test_a_day_is_read_from_the_anchor_days_around_it(day_number: int, anchors: set[int]) -> None:
    cells = cells_for(TARGET, START, day_number)
    assert {cell.subject for cell in cells} == {f"day-{day}" for day in anchors}
    assert len(cells) == len(set(cells)) == 10 * len(anchors)
    assert {cell.population for cell in cells} == {"achievers:7.5:6.0"}


def test_a_group_has_ten_metrics_on_eight_days_and_the_longest_streak() -> None:
    cells = group_cells(TARGET, START)
    assert len(set(cells)) == 81
    assert [cell for cell in cells if cell.metric == "SUCCESS_LONGEST_STREAK"] == [streak_cell(TARGET, START)]
    assert all(set(cells_for(TARGET, START, day)) < set(cells) for day in range(1, 100))
    # As wide as the columns of the table that they are stored in.
    for name, width in (("population", 80), ("subject", 40), ("metric", 40)):
        assert max(len(getattr(cell, name)) for cell in cells) <= width


@pytest.mark.parametrize(
    ("day_number", "tasks", "mock_tests"),
    [(1, 2, 1 / 7), (5, 10, 5 / 7), (7, 14, 1), (10, 20, 1 + 3 / 7), (33, 66, 4 + 2 * 5 / 14), (90, 180, 12)],
)
def test_between_anchor_days_a_benchmark_is_linear_from_nothing_on(
    day_number: int, tasks: float, mock_tests: float
) -> None:
    found = of_day(courses(), day_number)
    assert [value.metric for value in found.values] == list(ActivityMetric)
    assert found.value_of(TASKS) == pytest.approx(tasks)
    assert found.value_of(ActivityMetric.MOCK_TESTS) == pytest.approx(mock_tests)
    assert found.value_of(ActivityMetric.CURRENT_STREAK) == 0
    assert (found.target_band, found.starting_skill, found.day_number) == (TARGET, START, day_number)
    assert (found.success_percentile, found.sample_size) == (25, 60)


def test_later_days_are_compared_with_day_90() -> None:
    assert of_day(courses(), 365) == of_day(courses(), 90)
    assert of_day(courses(), 365).day_number == 90


def test_a_benchmark_is_the_mean_of_those_with_the_most() -> None:
    releases = courses()
    cell = cell_of(TARGET, START, 7, TASKS)
    releases[cell] = released(cell, range(60))
    # 15 people: 45 to 59; 30: 30 to 59.
    assert of_day(releases, 7).value_of(TASKS) == 52
    assert of_day(releases, 7, 50).value_of(TASKS) == 44.5


@pytest.mark.parametrize(("size", "said"), [(99, 25), (100, 10)])
def test_a_tenth_is_shown_from_a_hundred_on(size: int, said: int) -> None:
    assert of_day(courses(size=size), 30, 10).success_percentile == said


def test_private_values_are_whole_numbers_also_between_days() -> None:
    """On day 7 everybody has 3 or 4 mock tests, on day 14 all from 6 to 8: by whole numbers 3.5 and 7."""
    releases = {}
    for day, bar in ((7, (3, 5)), (14, (6, 9))):
        for metric in ActivityMetric:
            edges = (0.0, float(bar[0]), float(bar[1]), 60.0)
            cell = cell_of(TARGET, START, day, metric)
            releases[cell] = drawn(edges, (0.0, 0.0, 1.0, 1.0), size=100, cell=cell)
    # Of the upper half 4 on day 7, and two thirds 8 and one third 7 on day 14.
    expected = {7: 4, 10: round(4 + 3 / 7 * (8 - 1 / 3 - 4)), 14: round(8 - 1 / 3), 2: round(4 * 2 / 7)}
    for day_number, value in expected.items():
        assert of_day(releases, day_number, 50).value_of(TASKS) == value


@given(st.integers(0, 2**32), st.sampled_from([7, 20, 90]))
def test_fewer_achievers_at_the_top_never_have_less(seed: int, day_number: int) -> None:
    rng = np.random.default_rng(seed)
    cells = cells_for(TARGET, START, day_number)
    tasks = {cell: released(cell, rng.poisson(day_number, 120).astype(float), private_rules()) for cell in cells[::10]}
    releases = {cell: tasks[cells[place // 10 * 10]] for place, cell in enumerate(cells)}
    values = [of_day(releases, day_number, percent).value_of(TASKS) for percent in (10, 25, 50)]
    assert values == sorted(values, reverse=True)
    assert all(value == int(value) for value in values)


@pytest.mark.parametrize("missing", [cell_of(TARGET, START, day, TASKS) for day in (7, 14)], ids=["day 7", "day 14"])
def test_a_benchmark_is_withheld_where_a_release_is_missing(missing: Cell) -> None:
    releases = courses()
    del releases[missing]
    found = success_benchmark(releases, target=TARGET, start=START, day_number=10)
    assert found == Unavailable.because(Reason.TOO_FEW_PEERS)
    assert success_benchmark({}, target=TARGET, start=START, day_number=10) == found


def test_a_share_of_achievers_that_is_not_offered_is_refused() -> None:
    with pytest.raises(ValueError, match="one of"):
        success_benchmark(courses(), target=TARGET, start=START, day_number=10, percent=20)


def test_the_share_that_kept_a_streak_by_hand() -> None:
    cell = streak_cell(TARGET, START)
    exact = {cell: released(cell, [2] * 15 + [7] * 35 + [20] * 10)}
    assert [share_keeping(exact, TARGET, START, days) for days in (1, 3, 7, 8, 21)] == [1, 0.75, 0.75, 10 / 60, 0]
    edges = SCALES["LONGEST_STREAK"].few
    shares = (0.0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0, 1.0, 1.0)
    private = {cell: drawn(edges, shares, cell=cell)}
    # At the edges of bars; 6 is one day into the two from 5 to 7, in which 20 percent are.
    assert [share_keeping(private, TARGET, START, days) for days in (3, 5, 6, 7, 30)] == [0.9, 0.7, 0.6, 0.5, 0.05]
    assert share_keeping({}, TARGET, START, 5) is None
