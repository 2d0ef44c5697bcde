"""A learner among its cohort, by releases whose figures are worked out by hand."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pytest

from domain.distribution import Floats
from domain.ghost.comparison import CohortComparison, TopShare, compare
from domain.ghost.metric import ActivityMetric
from domain.ghost.snapshot import Candidate, cell_of
from domain.privacy.cell import Cell
from domain.privacy.policy import ReleasePolicy
from domain.privacy.population import Population
from domain.privacy.release import Release
from domain.unavailable import Reason, Unavailable

NOW = datetime(2026, 11, 18, 13, 0, tzinfo=UTC)
TASKS, DAYS = ActivityMetric.TASKS_COMPLETED, ActivityMetric.DAYS_PRACTICED_PER_WEEK
NONE: Mapping[ActivityMetric, Floats] = {}


def candidate(population: Population, size: int, other: Mapping[ActivityMetric, Floats] = NONE) -> Candidate:
    """Exact releases of ten metrics, each with the values 0 to size - 1 where no *other* ones are given."""
    releases: dict[Cell, Release] = {}
    for metric in ActivityMetric:
        cell = cell_of(population.lower(), metric)
        values = other.get(metric, np.arange(size, dtype=np.float64))
        releases[cell] = Release(
            cell=cell,
            policy=ReleasePolicy.EXACT,
            released_at=NOW,
            size=values.size,
            edges=(),
            cumulative=(),
            means=values,
        )
    return population, releases


def compared(candidates: list[Candidate], **own: float) -> CohortComparison:
    found = compare(candidates, {metric: own.get(metric.lower(), 0.0) for metric in ActivityMetric})
    assert isinstance(found, CohortComparison)
    return found


def test_ranks_are_shares_strictly_below_in_whole_percent() -> None:
    found = compared([candidate(Population.COHORT, 100)], tasks_completed=29, mock_tests=5, current_streak=0)
    # 0 to 28 are below 29: 29 of 100, which floats once made 28.
    assert found.ranks[TASKS] == 29
    assert found.ranks[ActivityMetric.MOCK_TESTS] == 5
    assert found.ranks[ActivityMetric.CURRENT_STREAK] == 0
    assert found.snapshot.population is Population.COHORT
    assert found.snapshot.active_members == 100


def test_ranks_are_rounded_down() -> None:
    # 59 of 60 are below: 98.3 %.
    assert compared([candidate(Population.COHORT, 60)], tasks_completed=59).ranks[TASKS] == 98


@pytest.mark.parametrize(
    ("size", "top"),
    # Linear between values: 0.9 x 100 of 0 to 100, and 0.75 x 60 of 0 to 60.
    [(101, TopShare(percent=10, value=90)), (61, TopShare(percent=25, value=45))],
    ids=["a tenth of 101", "a quarter of 61"],
)
def test_the_most_active_tenth_is_told_from_100_people_on_else_a_quarter(size: int, top: TopShare) -> None:
    found = compared([candidate(Population.COHORT, size)])
    assert found.top == {DAYS: top, TASKS: top}


def test_the_first_population_that_is_released_answers() -> None:
    incomplete = candidate(Population.COHORT, 60)
    population, releases = incomplete
    missing = {cell: release for cell, release in releases.items() if cell.metric != DAYS}
    days = {DAYS: np.full(100, 6.0)}
    found = compared([(population, missing), candidate(Population.SAME_TARGET, 100, days)], days_practiced_per_week=6)
    assert found.snapshot.population is Population.SAME_TARGET
    assert found.ranks[DAYS] == 0
    assert found.top[DAYS] == TopShare(percent=10, value=6)


def test_without_any_release_there_is_no_comparison() -> None:
    nobody: list[Candidate] = [(Population.COHORT, {}), (Population.ALL_LEARNERS, {})]
    own = dict.fromkeys(ActivityMetric, 0.0)
    assert compare(nobody, own) == compare([], own) == Unavailable.because(Reason.TOO_FEW_PEERS)
