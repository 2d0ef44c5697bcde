"""Benchmark series and comparisons with them, from whichever source was asked for."""

from collections.abc import Sequence
from datetime import date
from typing import assert_never

from domain.errors import InvalidInput
from domain.series.choice import CompanySize, DataSource, Region
from domain.series.comparison import BenchmarkComparison, MetricValue, comparison, require_comparable
from domain.series.industries import industries, industry_named
from domain.series.industry import Industry, IndustryMetric
from domain.series.range import Months, month_of, months, newest_month
from domain.series.series import BenchmarkSeries
from domain.series.sources import metrics_of
from domain.series.synthetic import synthetic_series
from domain.series.wanted import SeriesQuery
from resolvers.context import Context
from resolvers.series_contributed import contributed_series
from resolvers.series_sources import sourced_series

MOST_VALUES = 100
NAME_CHARACTERS = 60  # of a name that we do not know, as it is told back: it may be anything


def all_industries() -> Sequence[Industry]:
    """All industries, in the order in which they are shown."""
    return industries()


def industry(name: str) -> Industry | None:
    """The industry of this name; None where there is none."""
    return industry_named(name)


def industry_metrics(name: str, source: DataSource) -> Sequence[IndustryMetric]:
    """What *source* measures of the industry of this name."""
    match source:
        case DataSource.SYNTHETIC | DataSource.USER_CONTRIBUTED:
            return required_industry(name).metrics
        case DataSource.BLS | DataSource.CENSUS:
            return metrics_of(name, source)
        case _:
            assert_never(source)


async def benchmark_series(
    context: Context,
    industry_name: str,
    company_size: CompanySize,
    region: Region,
    metrics: Sequence[str] | None,
    start: date | None,
    end: date | None,
    source: DataSource,
    as_of: date | None,
) -> list[BenchmarkSeries]:
    """One series for each of *metrics*, in their order; of all that the source has where there are none.

    Raises InvalidInput for what is unknown or named twice, and for a range as `months` does.
    """
    newest = newest_month(context.now, as_of)
    asked = months(start, end, newest)
    chosen = _chosen(required_industry(industry_name), metrics or (), source, field="metrics")
    wanted = [
        _query(industry_name, company_size, region, metric, source, asked, as_of)
        for metric in chosen or industry_metrics(industry_name, source)
    ]
    return await _series(context, wanted, newest)


async def benchmark_comparisons(
    context: Context,
    industry_name: str,
    company_size: CompanySize,
    region: Region,
    values: Sequence[MetricValue],
    period: date | None,
    source: DataSource,
) -> list[BenchmarkComparison]:
    """Each of *values* against the benchmark of its metric, in their order.

    Raises InvalidInput for what is unknown, named twice or no number, for more than a hundred values and for a period
    that a series has no point for; BenchmarkUnavailable for a series without points.
    """
    if len(values) > MOST_VALUES:
        raise InvalidInput("values", f"there are {len(values)}", f"send {MOST_VALUES} at most at a time")
    chosen = _chosen(required_industry(industry_name), [own.metric for own in values], source, field="values")
    for own in values:
        require_comparable(own)
    newest = newest_month(context.now)
    asked = months(None, None, newest) if period is None else _month(period)
    wanted = [_query(industry_name, company_size, region, metric, source, asked, None) for metric in chosen]
    found = await _series(context, wanted, newest)
    return [comparison(own, series, period) for own, series in zip(values, found, strict=True)]


def required_industry(name: str) -> Industry:
    """The industry of this name; raises InvalidInput where there is none."""
    found = industry_named(name)
    if found is None:
        named = ", ".join(one.name for one in industries())
        raise InvalidInput("industry", f"there is none named {_told(name)}", f"choose from {named}")
    return found


def _chosen(industry: Industry, names: Sequence[str], source: DataSource, *, field: str) -> list[IndustryMetric]:
    """The metrics of these names; raises InvalidInput, about *field*, for one that is unknown or named twice."""
    known = {metric.name: metric for metric in industry_metrics(industry.name, source)}
    chosen: dict[str, IndustryMetric] = {}
    for name in names:
        if name not in known:
            fault = f"{source} has no metric {_told(name)} of {industry.name}"
            raise InvalidInput(field, fault, f"choose from {', '.join(known)}" if known else "choose another source")
        if name in chosen:
            raise InvalidInput(field, f"{name} is named twice", "name each metric once")
        chosen[name] = known[name]
    return list(chosen.values())


def _query(
    industry: str,
    company_size: CompanySize,
    region: Region,
    metric: IndustryMetric,
    source: DataSource,
    asked: Months,
    as_of: date | None,
) -> SeriesQuery:
    return SeriesQuery(
        industry=industry,
        company_size=company_size,
        region=region,
        metric=metric,
        source=source,
        first=asked.first,
        last=asked.last,
        as_of=as_of,
        default_range=asked.default,
    )


def _month(period: date) -> Months:
    """The one month in which *period* begins."""
    month = month_of(period)
    return Months(first=month, last=month, default=False)


async def _series(context: Context, wanted: Sequence[SeriesQuery], newest: date) -> list[BenchmarkSeries]:
    """The series that are wanted, all from one source, in their order. newest: the newest month that is over."""
    if not wanted:
        return []
    match wanted[0].source:
        case DataSource.SYNTHETIC:
            return [synthetic_series(query, newest) for query in wanted]
        case DataSource.BLS | DataSource.CENSUS:
            return await sourced_series(context, wanted)
        case DataSource.USER_CONTRIBUTED:
            return await contributed_series(context, wanted)
        case source:
            assert_never(source)


def _told(name: str) -> str:
    return repr(name if len(name) <= NAME_CHARACTERS else f"{name[:NAME_CHARACTERS]}…")
