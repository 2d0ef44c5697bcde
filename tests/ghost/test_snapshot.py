"""Cohort snapshots from releases: whose they are, what they say, and where somebody stands in them."""

from datetime import timedelta

import pytest

from domain.ghost.metric import ActivityMetric
from domain.ghost.scales import SCALES
from domain.ghost.snapshot import Candidate, CohortSnapshot, answering, cell_of, cells_of, rank_below, snapshot
from domain.privacy.cell import ALL, Cell
from domain.privacy.population import Population, of_cohort, of_start
from domain.privacy.release import Release
from domain.unavailable import Reason, Unavailable
from tests.ghost.releases import all_alike, released
from tests.privacy.crowds import MONDAY, drawn

COHORT, START = of_cohort("c"), of_start(7.0, 5.5)
TASKS, STREAK = ActivityMetric.TASKS_COMPLETED, ActivityMetric.CURRENT_STREAK


def shown(*candidates: tuple[Population, dict[Cell, Release]]) -> CohortSnapshot:
    found = snapshot(candidates)
    assert isinstance(found, CohortSnapshot)
    return found


def test_a_population_has_a_cell_of_each_metric() -> None:
    assert cells_of(ALL) == [Cell("all", "all", metric) for metric in ActivityMetric]
    assert {cell.population for cell in cells_of(START)} == {"start:7.0:5.5"}


def test_the_narrowest_population_with_all_releases_answers() -> None:
    wide = (Population.ALL_LEARNERS, all_alike(cells_of(ALL), {TASKS: 30}, 200))
    middle = (Population.SAME_TARGET, all_alike(cells_of(START), {TASKS: 20}, 100))
    narrow = all_alike(cells_of(COHORT), {TASKS: 10}, 60)
    assert shown((Population.COHORT, narrow), middle, wide).population is Population.COHORT
    del narrow[cell_of(COHORT, STREAK)]
    found = shown((Population.COHORT, narrow), middle, wide)
    assert (found.population, found.active_members, found.average_of(TASKS)) == (Population.SAME_TARGET, 100, 20)
    assert shown((Population.COHORT, {}), (Population.SAME_TARGET, {}), wide).average_of(TASKS) == 30


def test_nothing_released_is_nothing_shown() -> None:
    empty: list[Candidate] = [(Population.COHORT, {}), (Population.ALL_LEARNERS, {})]
    for candidates in ([], empty):
        assert answering(candidates) is None
        assert snapshot(candidates) == Unavailable.because(Reason.TOO_FEW_PEERS)


def test_exact_figures_by_hand() -> None:
    releases = all_alike(cells_of(COHORT), {"PRACTICE_MINUTES": 90}, 100)
    releases[cell_of(COHORT, TASKS)] = released(cell_of(COHORT, TASKS), range(100))
    releases[cell_of(COHORT, STREAK)] = released(cell_of(COHORT, STREAK), [0] * 40 + [4] * 60)
    found = shown((Population.COHORT, releases))
    assert [value.metric for value in found.averages] == list(ActivityMetric)
    assert found.average_of(TASKS) == 49.5
    assert found.average_of(ActivityMetric.PRACTICE_MINUTES) == 90
    assert (found.average_of(STREAK), found.median_streak) == (2.4, 4)
    assert found.top_10_percent_tasks == pytest.approx(89.1)
    assert found.top_25_percent_tasks == 74.25
    assert found.calculated_at == MONDAY


@pytest.mark.parametrize(("size", "top"), [(90, None), (100, 23)])
def test_private_figures_by_hand(size: int, top: float | None) -> None:
    """Half of the people have 6 to 12 tasks, 40 percent 13 to 23 and the others 24 to 39."""
    edges = SCALES[TASKS].few
    shares = (0.0, 0.0, 0.0, 0.5, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    releases = {cell: drawn(edges, shares, size=size, cell=cell) for cell in cells_of(COHORT)}
    found = shown((Population.COHORT, releases))
    # 0.5 * 9 + 0.4 * 18 + 0.1 * 31.5 = 14.85
    assert found.average_of(TASKS) == 15
    assert (found.median_streak, found.top_10_percent_tasks) == (12, top)
    # 13 + 11 * 0.25 / 0.4 = 19.9
    assert found.top_25_percent_tasks == 19
    assert found.active_members == size


def test_a_snapshot_is_as_old_as_its_oldest_figure() -> None:
    releases = all_alike(cells_of(COHORT), {})
    cell = cell_of(COHORT, ActivityMetric.MOCK_TESTS)
    older = releases[cell]
    releases[cell] = Release(
        cell=cell,
        policy=older.policy,
        released_at=MONDAY - timedelta(hours=2),
        size=older.size,
        edges=(),
        cumulative=(),
        means=older.means,
    )
    assert shown((Population.COHORT, releases)).calculated_at == MONDAY - timedelta(hours=2)


@pytest.mark.parametrize(("value", "percent"), [(0, 0), (28, 28), (29, 29), (29.5, 30), (99, 99), (100, 100)])
def test_a_rank_is_the_share_strictly_below_in_whole_percent(value: float, percent: int) -> None:
    assert rank_below(released(cell_of(COHORT, TASKS), range(100)), value) == percent


def test_a_rank_among_three_is_rounded_down() -> None:
    assert rank_below(released(cell_of(COHORT, TASKS), [1, 2, 3] * 20), 3) == 66


def test_who_is_above_the_scale_is_not_above_others_who_are() -> None:
    highest = SCALES[TASKS].highest
    release = released(cell_of(COHORT, TASKS), [10] * 45 + [highest] * 15)
    assert rank_below(release, 10 * highest) == 75
    edges = SCALES[TASKS].few
    private = drawn(edges, (*[0.0] * 10, 1.0), cell=cell_of(COHORT, TASKS))
    # 649 of the 650 whole numbers of the last bar are below its highest.
    assert rank_below(private, 10 * highest) == 99


def test_a_private_rank_by_hand() -> None:
    edges = SCALES[TASKS].few
    release = drawn(edges, (0.0, 0.29, 0.5, 0.9, *[1.0] * 7), cell=cell_of(COHORT, TASKS))
    # Of the five whole numbers 1 to 5, which 21 percent have, two are below 3.
    assert [rank_below(release, tasks) for tasks in (0, 1, 3, 6, 13)] == [0, 29, 37, 50, 90]
