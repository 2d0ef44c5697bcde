"""Series of contributed figures: each point is read from one release, and from nothing else."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from domain.privacy.cell import Cell
from domain.privacy.figures import quantile
from domain.privacy.release import Release
from domain.privacy.scale import Scale
from domain.series.choice import CompanySize, DataSource, Region
from domain.series.industry import IndustryMetric, of_steps
from domain.series.scales import scale_of
from domain.series.series import BenchmarkPoint, BenchmarkSeries
from domain.series.wanted import SeriesQuery
from domain.unavailable import Reason, Unavailable

_INDUSTRY = "industry"  # what a population's name begins with

# The same for nobody at all and for one too few (docs/privacy.md). Contributors need not be learners.
_TOO_FEW = Unavailable(
    reason=Reason.TOO_FEW_PEERS, message="Not enough companies have contributed figures here for a benchmark yet."
)


class FigureCell(NamedTuple):
    """What contributed figures are about; the cell that they are released in says the same.

    period: the first day of a month.
    """

    industry: str
    company_size: CompanySize
    region: Region
    metric: str
    period: date

    @property
    def cell(self) -> Cell:
        """The cell of the release."""
        population = population_of(self.industry, self.company_size, self.region)
        return Cell(population, self.period.isoformat(), self.metric)

    @property
    def scale(self) -> Scale:
        """The bars that its figures are counted in, in steps of the metric."""
        return scale_of(self.industry, self.metric, self.company_size, self.region, self.period)

    @classmethod
    def of(cls, cell: Cell) -> "FigureCell":
        """What *cell* is about, which is one of ours."""
        _, industry, company_size, region = cell.population.split(":")
        return cls(industry, CompanySize(company_size), Region(region), cell.metric, date.fromisoformat(cell.subject))


def population_of(industry: str, company_size: CompanySize, region: Region) -> str:
    """The population of cells about companies of this size in this region."""
    return f"{_INDUSTRY}:{industry}:{company_size}:{region}"


def contributed(wanted: SeriesQuery, releases: Iterable[Release]) -> BenchmarkSeries:
    """The series that *wanted* asks for.

    releases: those of its metric and its population, of whatever months, in any order.

    An earlier release of a month is not kept. With `as_of` a month whose present one was made after that day is left
    out: what is shown was known then.
    """
    by_period = {date.fromisoformat(release.cell.subject): release for release in releases}
    found = [release for period, release in sorted(by_period.items()) if wanted.covers(period)]
    known = [release for release in found if wanted.as_of is None or release.released_at.date() <= wanted.as_of]
    unavailable = None
    if not known:
        unavailable = Unavailable.because(Reason.NOT_COMPUTED) if found else _TOO_FEW
    return BenchmarkSeries(
        metric=wanted.metric,
        industry=wanted.industry,
        company_size=wanted.company_size,
        region=wanted.region,
        source=DataSource.USER_CONTRIBUTED,
        points=tuple(point(release, wanted.metric) for release in known),
        unavailable=unavailable,
    )


def point(release: Release, metric: IndustryMetric) -> BenchmarkPoint:
    """One month: percentiles in whole steps of *metric* under policy `private`, as NumPy's under `exact`.

    The 10th and the 90th are None below 100 contributors: fewer than ten companies would lie beyond them.
    """

    def at(share: float) -> float | None:
        steps = quantile(release, share)
        return None if steps is None else of_steps(steps, metric.step)

    median = at(0.5)
    assert median is not None, "no release has so few contributors that its median is withheld"
    return BenchmarkPoint(
        period=date.fromisoformat(release.cell.subject),
        value=median,
        p10=at(0.1),
        p25=at(0.25),
        p50=median,
        p75=at(0.75),
        p90=at(0.9),
        sample_size=release.size,
    )
