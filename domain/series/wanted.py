"""One series that a query asks for: everything that its figures depend on."""

from dataclasses import dataclass
from datetime import date

from domain.series.choice import CompanySize, DataSource, Region
from domain.series.industry import IndustryMetric


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesQuery:
    """One metric of one industry, from one source, over some months.

    metric: one that the source has for the industry.
    first, last: the first days of months, both included: the periods that begin on one of them or between.
    as_of: the series as it was known at the end of this day, in UTC; None for what is known now.
    default_range: whether the caller named no range. A series of quarters or years may then have no period in
    these months, and shows its newest one instead.

    Equal queries have equal answers: a cache may use one as its key.
    """

    industry: str
    company_size: CompanySize
    region: Region
    metric: IndustryMetric
    source: DataSource
    first: date
    last: date
    as_of: date | None = None
    default_range: bool = False

    def __post_init__(self) -> None:
        if self.first.day != 1 or self.last.day != 1:
            raise ValueError("first and last must be the first days of months")
        if self.first > self.last:
            raise ValueError("first must not be after last")

    def covers(self, period: date) -> bool:
        """Whether the period that begins on *period* is asked for."""
        return self.first <= period <= self.last
