"""Metrics, points and series for tests of what is made of them."""

from datetime import date

from domain.series.choice import CompanySize, DataSource, Region
from domain.series.industry import IndustryMetric
from domain.series.series import BenchmarkPoint, BenchmarkSeries
from domain.unavailable import Reason, Unavailable

MAY = date(2026, 5, 1)


def a_metric(
    unit: str = "USD a year",
    *,
    higher_is_better: bool = True,
    lowest: float | None = 0.0,
    highest: float | None = None,
    step: float = 1.0,
) -> IndustryMetric:
    """A metric named `figure`, "The figure"."""
    return IndustryMetric(
        name="figure",
        label="The figure",
        unit=unit,
        higher_is_better=higher_is_better,
        lowest=lowest,
        highest=highest,
        step=step,
    )


def a_point(percentiles: tuple[float | None, ...], period: date = MAY, value: float | None = None) -> BenchmarkPoint:
    """A point with these five percentiles. value: the median unless it is given."""
    p10, p25, p50, p75, p90 = percentiles
    shown = p50 if value is None else value
    assert shown is not None
    return BenchmarkPoint(period=period, value=shown, p10=p10, p25=p25, p50=p50, p75=p75, p90=p90)


def a_series(
    *points: BenchmarkPoint, metric: IndustryMetric | None = None, withheld: Reason | None = None
) -> BenchmarkSeries:
    """A series of these points, or one that is withheld."""
    return BenchmarkSeries(
        metric=metric or a_metric(),
        industry="retail",
        company_size=CompanySize.MEDIUM,
        region=Region.NATIONAL,
        source=DataSource.BLS,
        points=points,
        unavailable=None if withheld is None else Unavailable.because(withheld),
    )
