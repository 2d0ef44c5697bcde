"""Which series of BLS and the Census Bureau stand for which metric of which industry: read from sources.toml, once."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import assert_never

import msgspec

from domain.series.choice import CompanySize, DataSource, Region
from domain.series.industry import IndustryMetric
from domain.series.recipe import Recipe

SOURCE = files("domain.series") / "sources.toml"

# The data types of OEWS that make up a point: percentiles of annual wages, and how many are employed.
WAGE_PERCENTILES = ("11", "12", "13", "14", "15")
EMPLOYMENT = "01"
COUNTY_PERCENTILES = ("p10", "p25", "p50", "p75", "p90")
COUNTIES = "counties"
FIRMS = "FIRMPDEMP"
PRIVATE_OWNERSHIP = "5"
NATION = "US000"


class Kind(StrEnum):
    """How points are made: of one series, or of several (sources.toml)."""

    PLAIN = "plain"
    WAGE = "wage"
    AREA = "area"
    FIRM = "firm"
    COUNTY = "county"


def oews_series(prefix: str, datatype: str) -> str:
    """The id of a series of wages: *prefix* names area, industry and occupation."""
    return f"{prefix}{datatype}"


def wages(prefix: str) -> Recipe:
    """The points of the annual wages that *prefix* names."""
    p10, p25, p50, p75, p90 = (oews_series(prefix, datatype) for datatype in WAGE_PERCENTILES)
    return Recipe(value=(p50,), percentiles=(p10, p25, p50, p75, p90), sample=(oews_series(prefix, EMPLOYMENT),))


def qcew_series(area: str, ownership: str, industry: str, measure: str) -> str:
    """Our id of a yearly figure in a file of QCEW. No id of BLS's API has a slash."""
    return f"QCEW/{area}/{ownership}/{industry}/{measure}"


def abs_series(industry: str, firm_size: str, measure: str) -> str:
    """Our id of a national figure of the Annual Business Survey."""
    return f"ABS/US/{industry}/{firm_size}/{measure}"


def abs_counties_series(region: Region, industry: str, figure: str) -> str:
    """Our id of a percentile (p10 ...) of revenue per employee over the counties of *region*, or of their number."""
    return f"ABS/COUNTIES/{region}/{industry}/{figure}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedMetric:
    """A metric of one industry, and where its figures come from.

    code: the survey's for the industry. series: the id of a plain metric, the prefix of a wage's.
    value, over: the survey's measures of which other kinds are the ratio.
    by_month: whether there is a figure a month; of quarters and years otherwise.
    coverage: whom the figures are about.
    """

    metric: IndustryMetric
    source: DataSource
    kind: Kind
    code: str
    series: str
    value: str
    over: str
    times: float
    divided_by: float
    by_month: bool
    coverage: str

    @property
    def asked_for(self) -> tuple[str, ...]:
        """The series that BLS's API is asked for; none where figures come from files alone."""
        recipe = self.recipe(CompanySize.MEDIUM, Region.NATIONAL) if self.kind in (Kind.PLAIN, Kind.WAGE) else None
        return () if recipe is None else recipe.series_ids

    def recipe(self, company_size: CompanySize, region: Region) -> Recipe | None:
        """What its points are made of; None where the source has nothing for the region."""
        if region is not Region.NATIONAL and self.kind not in (Kind.AREA, Kind.COUNTY):
            return None
        match self.kind:
            case Kind.PLAIN:
                return Recipe(value=(self.series,), divided_by=self.divided_by)
            case Kind.WAGE:
                return wages(self.series)
            case Kind.AREA:
                return Recipe(value=self._areas(region, self.value), over=self._areas(region, self.over))
            case Kind.FIRM:
                return Recipe(
                    value=self._firms(company_size, self.value),
                    over=self._firms(company_size, self.over),
                    times=self.times,
                    sample=self._firms(company_size, FIRMS),
                )
            case Kind.COUNTY:
                p10, p25, p50, p75, p90 = (abs_counties_series(region, self.code, name) for name in COUNTY_PERCENTILES)
                sample = (abs_counties_series(region, self.code, COUNTIES),)
                return Recipe(value=(p50,), percentiles=(p10, p25, p50, p75, p90), sample=sample)
            case _:
                assert_never(self.kind)

    def _areas(self, region: Region, measure: str) -> tuple[str, ...]:
        areas = (NATION,) if region is Region.NATIONAL else tuple(f"{state}000" for state in states_of(region))
        return tuple(qcew_series(area, PRIVATE_OWNERSHIP, self.code, measure) for area in areas)

    def _firms(self, company_size: CompanySize, measure: str) -> tuple[str, ...]:
        return tuple(abs_series(self.code, size, measure) for size in _file().company_sizes[company_size])


def metrics_of(industry: str, source: DataSource) -> tuple[IndustryMetric, ...]:
    """What *source*, BLS or CENSUS, measures of *industry*; nothing of an industry that there is not."""
    return tuple(one.metric for one in registry().get(industry, {}).values() if one.source is source)


def sourced_metric(industry: str, source: DataSource, name: str) -> SourcedMetric | None:
    """The metric of this name, if *source* has it for *industry*."""
    found = registry().get(industry, {}).get(name)
    return found if found is not None and found.source is source else None


def states_of(region: Region) -> tuple[str, ...]:
    """The FIPS codes of the states of *region*; of all of them for NATIONAL."""
    if region is Region.NATIONAL:
        return tuple(state for states in _file().regions.values() for state in states)
    return _file().regions[region]


@cache
def asked_together() -> Mapping[str, tuple[str, ...]]:
    """Every series that BLS is asked for, with all those of its industry: one request serves them all.

    A series that several industries share is asked for with the first of them.
    """
    together: dict[str, tuple[str, ...]] = {}
    for metrics in registry().values():
        series_ids = tuple(dict.fromkeys(series_id for one in metrics.values() for series_id in one.asked_for))
        for series_id in series_ids:
            together.setdefault(series_id, series_ids)
    return together


@cache
def registry() -> Mapping[str, Mapping[str, SourcedMetric]]:
    """The metrics of each industry by their names, in the order in which they are shown; the first call reads the file.

    Raises ValueError for a file that is not as its head describes.
    """
    return read(_file())


# ---- the file, as it is written


class _Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    scope: str


class _Industry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    ces: _Code | None = None
    jolts: _Code | None = None
    cps: _Code | None = None
    ulc: _Code | None = None
    oews: _Code | None = None
    qcew: _Code | None = None
    abs: _Code | None = None
    occupations: tuple[tuple[str, str, str], ...] = ()


class _Metric(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    name: str
    label: str
    unit: str
    higher_is_better: bool
    lowest: float | None = None
    highest: float | None = None
    step: float
    source: DataSource
    survey: str
    about: str
    kind: Kind = Kind.PLAIN
    series: str = ""
    occupation: str = ""
    value: str = ""
    over: str = ""
    times: float = 1
    divided_by: float = 1
    by_month: bool = True


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """sources.toml."""

    industries: dict[str, _Industry]
    surveys: dict[str, str]
    metrics: tuple[_Metric, ...]
    regions: dict[Region, tuple[str, ...]]
    company_sizes: dict[CompanySize, tuple[str, ...]]


@cache
def _file() -> File:
    return msgspec.convert(tomllib.loads(SOURCE.read_text("utf-8")), File)


def read(file: File) -> Mapping[str, Mapping[str, SourcedMetric]]:
    """The metrics that a file describes, by industry and name; raises ValueError where two have the same name."""
    found: dict[str, dict[str, SourcedMetric]] = {}
    for name, industry in file.industries.items():
        metrics = [one for written in file.metrics for one in _of_industry(file, industry, written)]
        found[name] = {one.metric.name: one for one in metrics}
        if len(found[name]) != len(metrics):
            raise ValueError(f"two metrics of {name} have the same name")
    return found


def _of_industry(file: File, industry: _Industry, written: _Metric) -> Iterator[SourcedMetric]:
    """What *written* is for *industry*: nothing without the survey's code, one for each occupation where it says so."""
    known: _Code | None = getattr(industry, written.survey)
    if known is None:
        return
    coverage = f"{file.surveys[written.survey]}: {known.scope}; {written.about}."
    if "{occupation}" not in written.name:
        yield _metric(written, known, coverage, written.name, written.label, written.occupation)
        return
    for name, occupation, label in industry.occupations:
        metric_name, metric_label = written.name.format(occupation=name), written.label.format(label=label)
        yield _metric(written, known, coverage, metric_name, metric_label, occupation)


def _metric(written: _Metric, known: _Code, coverage: str, name: str, label: str, occupation: str) -> SourcedMetric:
    # OEU, a national estimate, no area: the rest of the prefix is the industry and the occupation.
    wages = f"OEUN0000000{known.code}{occupation}"
    return SourcedMetric(
        metric=IndustryMetric(
            name=name,
            label=label,
            unit=written.unit,
            higher_is_better=written.higher_is_better,
            lowest=written.lowest,
            highest=written.highest,
            step=written.step,
        ),
        source=written.source,
        kind=written.kind,
        code=known.code,
        series=wages if written.kind is Kind.WAGE else written.series.format(code=known.code),
        value=written.value,
        over=written.over,
        times=written.times,
        divided_by=written.divided_by,
        by_month=written.by_month,
        coverage=coverage,
    )
