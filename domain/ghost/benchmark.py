"""The success benchmark: what those who reached a band from the same start had done by the same day."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.ghost.metric import LONGEST_STREAK, ActivityMetric
from domain.ghost.scales import SCALES
from domain.privacy.cell import Cell
from domain.privacy.figures import PEOPLE_BEYOND_QUANTILE, share_from, top_mean
from domain.privacy.policy import ReleasePolicy
from domain.privacy.release import Release
from domain.unavailable import Reason, Unavailable

# The days of a journey that benchmarks are released for; those between are interpolated. Every day with a release
# of its own would say more about each achiever (docs/privacy.md).
ANCHOR_DAYS = (7, 14, 21, 28, 42, 56, 70, 90)
LAST_DAY = 90  # later days are compared with this one

SHARES = (10, 25, 50)  # percent of the achievers, those with the most of a metric
DEFAULT_SHARE = 25

_PREFIX = "SUCCESS_"


def population_of(target: float, start: float) -> str:
    """The population of the cells about those who reached *target* from *start*."""
    return f"achievers:{target:.1f}:{start:.1f}"


def metric_of(name: str) -> str:
    """The metric of a success cell: an ActivityMetric's or LONGEST_STREAK's name, which cohorts' cells have too."""
    return _PREFIX + name


def cell_of(target: float, start: float, day: int, metric: str) -> Cell:
    """The cell of what achievers had done of *metric* by the anchor day *day*."""
    return Cell(population_of(target, start), f"day-{day}", metric_of(metric))


def streak_cell(target: float, start: float) -> Cell:
    """The cell of the achievers' longest streaks within their first 90 days."""
    return cell_of(target, start, LAST_DAY, LONGEST_STREAK)


def group_cells(target: float, start: float) -> list[Cell]:
    """Every cell of one group of achievers: ten metrics on each anchor day, and the longest streak."""
    cells = [cell_of(target, start, day, metric) for day in ANCHOR_DAYS for metric in ActivityMetric]
    return [*cells, streak_cell(target, start)]


def cells_for(target: float, start: float, day_number: int) -> list[Cell]:
    """The cells that a benchmark for that day of a journey is read from: of the one or two anchor days around it."""
    days = dict.fromkeys(day for day in _anchors(day_number) if day > 0)
    return [cell_of(target, start, day, metric) for day in days for metric in ActivityMetric]


@dataclass(frozen=True, slots=True)
class ActivityValue:
    """What somebody, or people on average, had done of one metric."""

    metric: ActivityMetric
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessBenchmark:
    """Means of the achievers with the most of each metric by one day; under `private` whole numbers.

    day_number: 1-90. success_percentile: how many of the achievers, in percent: of SHARES.
    values: all ten metrics, in their order. sample_size: achievers, as published.
    """

    target_band: float
    starting_skill: float
    day_number: int
    success_percentile: int
    values: tuple[ActivityValue, ...]
    sample_size: int

    def value_of(self, metric: ActivityMetric) -> float:
        """The benchmark of one metric."""
        return next(one.value for one in self.values if one.metric is metric)


def success_benchmark(
    releases: Mapping[Cell, Release],
    *,
    target: float,
    start: float,
    day_number: int,
    percent: int = DEFAULT_SHARE,
) -> SuccessBenchmark | Unavailable:
    """The benchmark for *day_number* (from 1; beyond 90 that of day 90), linear between anchor days and 0 on day 0.

    releases: of `cells_for`; where one is missing the benchmark is withheld. percent: of SHARES; 10 is answered by 25,
    and the answer says so, where a tenth of the achievers are fewer than 10.
    """
    if percent not in SHARES:
        raise ValueError(f"percent is {percent}; give one of {SHARES}")
    needed = cells_for(target, start, day_number)
    if any(cell not in releases for cell in needed):
        return Unavailable.because(Reason.TOO_FEW_PEERS)
    latest = releases[needed[-1]]
    if latest.size * percent < 100 * PEOPLE_BEYOND_QUANTILE:
        percent = DEFAULT_SHARE
    day = min(day_number, LAST_DAY)
    values = []
    for metric in ActivityMetric:
        value = _interpolated(releases, target, start, day, metric, percent)
        if latest.policy is ReleasePolicy.PRIVATE:
            value = float(round(value))
        values.append(ActivityValue(metric, value))
    return SuccessBenchmark(
        target_band=target,
        starting_skill=start,
        day_number=day,
        success_percentile=percent,
        values=tuple(values),
        sample_size=latest.size,
    )


def share_keeping(releases: Mapping[Cell, Release], target: float, start: float, at_least: int) -> float | None:
    """Share (0-1) of the achievers whose longest streak in their first 90 days was at least so many days.

    None where it is not released. Under `private` best at the streaks of MILESTONES.
    """
    release = releases.get(streak_cell(target, start))
    return None if release is None else share_from(release, at_least, SCALES[LONGEST_STREAK])


def _anchors(day_number: int) -> tuple[int, int]:
    """The anchor days around a day, the same one twice for itself; day 0 stands before the first."""
    day = min(day_number, LAST_DAY)
    return max(anchor for anchor in (0, *ANCHOR_DAYS) if anchor <= day), min(a for a in ANCHOR_DAYS if a >= day)


def _interpolated(
    releases: Mapping[Cell, Release], target: float, start: float, day: int, metric: ActivityMetric, percent: int
) -> float:
    before, after = _anchors(day)
    lower, upper = (_at(releases, target, start, anchor, metric, percent) for anchor in (before, after))
    return upper if before == after else lower + (upper - lower) * (day - before) / (after - before)


def _at(
    releases: Mapping[Cell, Release], target: float, start: float, anchor: int, metric: ActivityMetric, percent: int
) -> float:
    if anchor == 0:
        return 0.0
    return top_mean(releases[cell_of(target, start, anchor, metric)], percent, SCALES[metric])
