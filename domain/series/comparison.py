"""One's own figure against a benchmark: where it stands between the percentiles, and whether that is good."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import isfinite

from domain.errors import BenchmarkUnavailable, InvalidInput
from domain.series.industry import IndustryMetric
from domain.series.series import BenchmarkPoint, BenchmarkSeries
from domain.series.wording import Finding, told
from domain.unavailable import Reason

RANKS = (10.0, 25.0, 50.0, 75.0, 90.0)
QUARTILES = RANKS[1:4]
LARGEST_VALUE = 1e15  # beyond it a float no longer tells one from the next; no company has such a figure


class BenchmarkInterpretation(StrEnum):
    """A rank in words: above is better than others, also where a lower value is the better one."""

    SIGNIFICANTLY_ABOVE = "SIGNIFICANTLY_ABOVE"
    ABOVE_AVERAGE = "ABOVE_AVERAGE"
    AVERAGE = "AVERAGE"
    BELOW_AVERAGE = "BELOW_AVERAGE"
    SIGNIFICANTLY_BELOW = "SIGNIFICANTLY_BELOW"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricValue:
    """One's own figure. metric: its name."""

    metric: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkComparison:
    """One's own figure beside a benchmark.

    difference: own minus benchmark. percentage_difference: the same in percent of the benchmark's size, so that more
    is positive for negative benchmarks too; None where the benchmark is 0.
    percentile_rank: 0-100, the share that is at or below. censored: whether it stands for all ranks beyond the
    outermost percentile.
    out_of_range: whether the own figure is one that the metric cannot have.
    """

    metric: IndustryMetric
    period: date
    user_value: float
    benchmark_value: float
    difference: float
    percentage_difference: float | None
    percentile_rank: float
    censored: bool
    interpretation: BenchmarkInterpretation
    out_of_range: bool
    text: str
    point: BenchmarkPoint


def comparison(own: MetricValue, series: BenchmarkSeries, period: date | None) -> BenchmarkComparison:
    """*own* against the point of *series* that begins on *period*; against its last one for None.

    Raises InvalidInput for a figure that is no number or too large to be one, a period that the series has no point
    for, and a point without quartiles; BenchmarkUnavailable where the whole series is.
    """
    require_comparable(own)
    metric, point = series.metric, _point(series, period)
    rank, censored = percentile_rank(own.value, *_percentiles(metric, point))
    better_than = rank if metric.higher_is_better else 100 - rank
    interpretation = interpreted(better_than)
    difference = own.value - point.value
    percentage = None if point.value == 0 else 100 * difference / abs(point.value)
    in_range = metric.in_range(own.value)
    return BenchmarkComparison(
        metric=metric,
        period=point.period,
        user_value=own.value,
        benchmark_value=point.value,
        difference=difference,
        percentage_difference=percentage,
        percentile_rank=rank,
        censored=censored,
        interpretation=interpretation,
        out_of_range=not in_range,
        text=told(
            Finding(
                metric=metric,
                verdict=_VERDICTS[interpretation],
                yours=own.value,
                theirs=point.value,
                percentage=percentage,
                better_than=better_than,
                censored=censored,
                in_range=in_range,
            )
        ),
        point=point,
    )


def require_comparable(own: MetricValue) -> None:
    """Raises InvalidInput for a figure that is no number, or too large to be one."""
    if not isfinite(own.value) or abs(own.value) > LARGEST_VALUE:
        raise InvalidInput(
            "values", f"that of {own.metric} is {own.value}", f"send a finite number up to {LARGEST_VALUE:.0e}"
        )


def percentile_rank(
    value: float, percentiles: tuple[float, ...], ranks: tuple[float, ...] = RANKS
) -> tuple[float, bool]:
    """The share at or below *value*, 0-100, and whether it is censored.

    percentiles: the 10th, 25th, 50th, 75th and 90th, or those of other *ranks*; rising or equal.
    Linear between them. Beyond the outermost ones nothing is known: the middle of the ranks that may be stands for all
    of them, 5 or 95, censored. On a stretch of equal percentiles the rank is the middle of the stretch's ends.
    """
    if value < percentiles[0]:
        return ranks[0] / 2, True
    if value > percentiles[-1]:
        return (ranks[-1] + 100) / 2, True
    first, after = bisect_left(percentiles, value), bisect_right(percentiles, value)
    if first < after:
        return (ranks[first] + ranks[after - 1]) / 2, False
    low, high = percentiles[first - 1], percentiles[first]
    return ranks[first - 1] + (value - low) / (high - low) * (ranks[first] - ranks[first - 1]), False


def interpreted(oriented_rank: float) -> BenchmarkInterpretation:
    """A rank in words. oriented_rank: the share that is no better, 0-100."""
    for least, interpretation in _LEAST:
        if oriented_rank >= least:
            return interpretation
    return BenchmarkInterpretation.SIGNIFICANTLY_BELOW


_LEAST = (
    (90, BenchmarkInterpretation.SIGNIFICANTLY_ABOVE),
    (75, BenchmarkInterpretation.ABOVE_AVERAGE),
    (25, BenchmarkInterpretation.AVERAGE),
    (10, BenchmarkInterpretation.BELOW_AVERAGE),
)
_VERDICTS = {
    BenchmarkInterpretation.SIGNIFICANTLY_ABOVE: "Far better than average",
    BenchmarkInterpretation.ABOVE_AVERAGE: "Better than average",
    BenchmarkInterpretation.AVERAGE: "About average",
    BenchmarkInterpretation.BELOW_AVERAGE: "Worse than average",
    BenchmarkInterpretation.SIGNIFICANTLY_BELOW: "Far worse than average",
}
# Why there is nothing to compare with, and what may help; no reason beside these is given for a series.
_NOTHING = {
    None: ("has no figures of the last twelve months", "name a period that it has"),
    Reason.NOT_COMPUTED: ("has no benchmark yet", "come back when its figures have been fetched or released"),
    Reason.NO_DATA: ("has no figures for this choice", "ask for another region or source"),
    Reason.TOO_FEW_PEERS: ("has too few contributors for this choice", "ask for another size, region or source"),
}


def _percentiles(metric: IndustryMetric, point: BenchmarkPoint) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The percentiles that the point has, and their ranks: the quartiles, and the outer ones where they are published.

    Small releases lack both of those, and wages that are very high their 90th.
    """
    p10, p25, p50, p75, p90 = point.p10, point.p25, point.p50, point.p75, point.p90
    if p25 is None or p50 is None or p75 is None:
        raise InvalidInput(
            "values",
            f"the source of {metric.name} gives no percentiles for {point.period}",
            "compare a metric that has them",
        )
    if p10 is not None and p90 is not None:
        return (p10, p25, p50, p75, p90), RANKS
    if p10 is not None:
        return (p10, p25, p50, p75), RANKS[:4]
    if p90 is not None:
        return (p25, p50, p75, p90), RANKS[1:]
    return (p25, p50, p75), QUARTILES


def _point(series: BenchmarkSeries, period: date | None) -> BenchmarkPoint:
    name = series.metric.name
    point = series.latest if period is None else series.at(period)
    if point is not None:
        return point
    reason = None if series.unavailable is None else series.unavailable.reason
    if period is not None and reason in (None, Reason.NO_DATA):
        raise InvalidInput(
            "period",
            f"{name} has no point for {period}",
            "name the first day of a period that its series has, or another region or source",
        )
    fault, remedy = _NOTHING[reason]
    raise BenchmarkUnavailable("values", f"{name} {fault}", remedy)
