"""The cohort snapshot: what a learner's cohort has done, or a wider population where the cohort is too small."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.ghost.benchmark import ActivityValue
from domain.ghost.metric import ActivityMetric
from domain.ghost.scales import SCALES
from domain.privacy.cell import ALL, Cell
from domain.privacy.figures import mean, quantile, whole_rank_below
from domain.privacy.population import Population
from domain.privacy.release import Release
from domain.unavailable import Reason, Unavailable


def cells_of(population: str) -> list[Cell]:
    """The cells of a population ("all", of_cohort, of_start) that its snapshot is read from: the ten metrics'."""
    return [cell_of(population, metric) for metric in ActivityMetric]


def cell_of(population: str, metric: ActivityMetric) -> Cell:
    """The cell of what the members of a population have done of *metric*."""
    return Cell(population, ALL, metric)


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortSnapshot:
    """Figures about the active members of a population; under `private` whole numbers.

    active_members: as published. averages: all ten metrics, in their order.
    top_10_percent_tasks, top_25_percent_tasks: the tasks that so many percent of the members exceed at most; the first
    is None where a tenth of them are fewer than 10. calculated_at: the tick of its oldest figure.
    """

    population: Population
    active_members: int
    averages: tuple[ActivityValue, ...]
    median_streak: float
    top_10_percent_tasks: float | None
    top_25_percent_tasks: float
    calculated_at: datetime

    def average_of(self, metric: ActivityMetric) -> float:
        """The average of one metric."""
        return next(one.value for one in self.averages if one.metric is metric)


Candidate = tuple[Population, Mapping[Cell, Release]]


def answering(candidates: Sequence[Candidate]) -> tuple[Population, Mapping[ActivityMetric, Release]] | None:
    """The first of *candidates*, the narrowest population first, whose ten cells are all released, with its releases.

    The releases of a candidate: as many of its population's cells as are released, and nothing else.
    """
    for population, releases in candidates:
        found = {release.cell.metric: release for release in releases.values()}
        if all(metric in found for metric in ActivityMetric):
            return population, {metric: found[metric] for metric in ActivityMetric}
    return None


def snapshot(candidates: Sequence[Candidate]) -> CohortSnapshot | Unavailable:
    """The snapshot of the first of *candidates* that is released; withheld where none is."""
    found = answering(candidates)
    if found is None:
        return Unavailable.because(Reason.TOO_FEW_PEERS)
    population, releases = found
    tasks, streak = ActivityMetric.TASKS_COMPLETED, ActivityMetric.CURRENT_STREAK
    median_streak = quantile(releases[streak], 0.5, SCALES[streak])
    most_tasks = quantile(releases[tasks], 0.75, SCALES[tasks])
    assert median_streak is not None, "a release is of 50 at least"
    assert most_tasks is not None, "of 50 people 12 are beyond a quartile"
    return CohortSnapshot(
        population=population,
        active_members=releases[tasks].size,
        averages=tuple(ActivityValue(metric, mean(release, SCALES[metric])) for metric, release in releases.items()),
        median_streak=median_streak,
        top_10_percent_tasks=quantile(releases[tasks], 0.9, SCALES[tasks]),
        top_25_percent_tasks=most_tasks,
        calculated_at=min(release.released_at for release in releases.values()),
    )


def rank_below(release: Release, value: float) -> int:
    """Share of the members strictly below *value*, of the release's own metric, in whole percent, rounded down.

    A value above the metric's scale counts as the highest on it, as the members' do: nobody is said to be below
    somebody who may have done more.
    """
    scale = SCALES[release.cell.metric]
    return whole_rank_below(release, min(value, scale.highest), scale)
