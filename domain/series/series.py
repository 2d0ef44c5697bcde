"""A benchmark series: one metric of one industry over time."""

from dataclasses import dataclass
from datetime import date, datetime

from domain.series.choice import CompanySize, DataSource, Region
from domain.series.industry import IndustryMetric
from domain.unavailable import Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkPoint:
    """One month, quarter or year of a series.

    period: its first day. value: in the metric's unit; the median where there are percentiles.
    p10 ... p90: what so many percent of the companies (or employees) are at or below; None where the source has none.
    sample_size: how many there are behind it; None where the source does not say.
    footnotes: the source's own remarks, in its words.
    """

    period: date
    value: float
    p10: float | None = None
    p25: float | None = None
    p50: float | None = None
    p75: float | None = None
    p90: float | None = None
    sample_size: int | None = None
    footnotes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkSeries:
    """One metric of one industry over time, from one source.

    points: by period, rising; none where *unavailable* says why.
    stale: whether the source could not be reached and an older answer is served.
    coverage: what the figures are about, where that is not what was asked for: a source may not know company sizes.
    retrieved_at: when the newest of its figures was retrieved from the source; None of figures that are our own.
    """

    metric: IndustryMetric
    industry: str
    company_size: CompanySize
    region: Region
    source: DataSource
    points: tuple[BenchmarkPoint, ...]
    stale: bool = False
    coverage: str | None = None
    retrieved_at: datetime | None = None
    unavailable: Unavailable | None = None

    @property
    def latest(self) -> BenchmarkPoint | None:
        """The last point; None of a series without any."""
        return self.points[-1] if self.points else None

    def at(self, period: date) -> BenchmarkPoint | None:
        """The point of the period that begins on *period*; None where the series has none."""
        return next((point for point in self.points if point.period == period), None)
