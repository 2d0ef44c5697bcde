"""Benchmark series: figures of industries over time, and the caller's own beside them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

import strawberry

from domain.series import choice, comparison, industry, series
from resolvers import series as resolve
from schema.context import Info, as_coerced
from schema.enums import register
from schema.paging import UNSET, given
from schema.unavailable import Unavailable

register(
    choice.CompanySize,
    "CompanySize",
    "How large the companies are.",
    {
        "SMALL": "Fewer than 50 employees.",
        "MEDIUM": "50 to 499 employees.",
        "LARGE": "500 employees or more.",
    },
)
register(
    choice.Region,
    "Region",
    "The United States, or a part of them.",
    {
        "NATIONAL": "All of them.",
        "NORTHEAST": "New England, New York, New Jersey and Pennsylvania.",
        "SOUTHEAST": "From Delaware and West Virginia to Florida, Louisiana and Arkansas.",
        "MIDWEST": "From Ohio to Kansas and the Dakotas.",
        "WEST": "The Pacific states and the Rocky Mountains, Alaska and Hawaii.",
        "SOUTHWEST": "Arizona, New Mexico, Oklahoma and Texas.",
    },
)
register(
    choice.DataSource,
    "DataSource",
    "Whose figures a series shows; those of two sources never stand in one series.",
    {
        "BLS": "The US Bureau of Labor Statistics: wages, employment, openings; of establishments of all sizes.",
        "CENSUS": "The US Census Bureau.",
        "SYNTHETIC": "Invented companies, computed: the same figures for everybody, for trying out and for teaching.",
        "USER_CONTRIBUTED": "Figures that people contributed, released in crowds of fifty or more.",
    },
)
register(
    comparison.BenchmarkInterpretation,
    "BenchmarkInterpretation",
    "A rank in words: above is better than others, also where a lower value is the better one.",
    {
        "SIGNIFICANTLY_ABOVE": "As good as the best 10 %, or better.",
        "ABOVE_AVERAGE": "Among the better quarter.",
        "AVERAGE": "Among the middle half.",
        "BELOW_AVERAGE": "Among the worse quarter.",
        "SIGNIFICANTLY_BELOW": "Among the last 10 %.",
    },
)

MEDIUM = choice.CompanySize.MEDIUM
NATIONAL = choice.Region.NATIONAL
SYNTHETIC = choice.DataSource.SYNTHETIC


@strawberry.type(description="What a series is of.")
class IndustryMetric:
    name: str = strawberry.field(description="As in queries.")
    label: str = strawberry.field(description="For people, in English.")
    unit: str = strawberry.field(description='Of every value, for people: "USD a year", "share, 0-1".')
    higher_is_better: bool = strawberry.field(description="False where a lower value is the better one.")


@strawberry.type(description="A line of business.")
class Industry:
    name: str = strawberry.field(description="As in queries.")
    label: str = strawberry.field(description="For people, in English.")
    company_sizes: list[choice.CompanySize] = strawberry.field(description="Those that there are series of.")
    regions: list[choice.Region] = strawberry.field(description="Those that there are series of.")

    @strawberry.field(
        graphql_type=list[IndustryMetric], description="What is measured of it; each source has metrics of its own."
    )
    def metrics(self, source: choice.DataSource = SYNTHETIC) -> Sequence[industry.IndustryMetric]:
        return resolve.industry_metrics(self.name, source)


@strawberry.type(description="One month, quarter or year of a series.")
class BenchmarkPoint:
    period: date = strawberry.field(description="First day of the month, quarter or year.")
    value: float = strawberry.field(description="In the metric's unit; the median wherever there are percentiles.")
    p10: float | None = strawberry.field(
        description="What 10 % of the companies, or employees, are at or below. Percentiles are null where the source "
        "has none."
    )
    p25: float | None = strawberry.field(description="What a quarter are at or below.")
    p50: float | None = strawberry.field(description="The median.")
    p75: float | None = strawberry.field(description="What three quarters are at or below.")
    p90: float | None = strawberry.field(description="What 90 % are at or below.")
    sample_size: int | None = strawberry.field(description="How many stand behind it; null where the source is silent.")
    footnotes: list[str] = strawberry.field(description="The source's own remarks, in its words.")


@strawberry.type(description="One metric of one industry over time, from one source.")
class BenchmarkSeries:
    metric: IndustryMetric
    industry: str = strawberry.field(description="Its name.")
    company_size: choice.CompanySize = strawberry.field(
        description="As asked for; `coverage` says where it does not matter."
    )
    region: choice.Region = strawberry.field(description="As asked for.")
    source: choice.DataSource = strawberry.field(description="Whose figures these are.")
    stale: bool = strawberry.field(
        description="True when the source could not be reached and an older answer is served."
    )
    coverage: str | None = strawberry.field(
        description="What the figures are about, where that differs from what was asked for: a source may not tell "
        "companies apart by size. Null where it does not."
    )
    retrieved_at: datetime | None = strawberry.field(
        description="When the newest of its figures was retrieved from the bureau, which asks to be cited with that. "
        "Null of synthetic and of contributed series, and without points."
    )
    unavailable: Unavailable | None = strawberry.field(
        description="Why there are no points: nobody has fetched or released any yet (NOT_COMPUTED), the source has "
        "none for this choice (NO_DATA), or too few contributed (TOO_FEW_PEERS). Null where there are points, or "
        "where a synthetic series ends before the range or begins after it."
    )
    points: list[BenchmarkPoint] = strawberry.field(description="By period, the earliest first.")
    latest: BenchmarkPoint | None = strawberry.field(description="The last point; null of a series without any.")

    @strawberry.field(
        graphql_type=BenchmarkPoint | None,
        description="The point of the period that begins on this day; null where the series has none.",
    )
    def at(self, shown: strawberry.Parent[series.BenchmarkSeries], period: date) -> series.BenchmarkPoint | None:
        return shown.at(period)


@strawberry.input(description="One of the caller's own figures.")
class MetricValueInput:
    metric: str = strawberry.field(description="A metric's name.")
    value: float = strawberry.field(description="In the metric's unit.")


MetricValueInput.__strawberry_definition__.from_input = as_coerced  # type: ignore[attr-defined]  # put there by the decorator


@strawberry.type(description="One of the caller's own figures beside a benchmark.")
class BenchmarkComparison:
    metric: IndustryMetric
    period: date = strawberry.field(description="First day of the period that the benchmark is of.")
    user_value: float = strawberry.field(description="The caller's own.")
    benchmark_value: float = strawberry.field(description="The point's value: its median.")
    difference: float = strawberry.field(description="Own minus benchmark.")
    percentage_difference: float | None = strawberry.field(
        description="The difference in percent of the benchmark's size: above 0 where the own figure is the higher "
        "one. Null where the benchmark is zero."
    )
    percentile_rank: float = strawberry.field(
        description="Interpolated between the benchmark's percentiles; 5 or 95 beyond the outer ones, 12.5 or 87.5 "
        "where only quartiles are published. The higher the figure the higher the rank, whichever is better."
    )
    censored: bool = strawberry.field(
        description="True beyond the 10th or 90th percentile, or the outermost that is published: the rank then stands "
        "for all that lie there."
    )
    interpretation: comparison.BenchmarkInterpretation = strawberry.field(
        description="How good that is; the direction of the metric is taken into account."
    )
    out_of_range: bool = strawberry.field(
        description="True where the metric cannot have such a value; it is answered all the same."
    )
    text: str = strawberry.field(description="All of this in English, for people.")
    point: BenchmarkPoint = strawberry.field(description="The one that is compared with.")


@strawberry.type
class SeriesQuery:
    @strawberry.field(graphql_type=list[Industry], description="The industries that there are series of.")
    def industries(self) -> Sequence[industry.Industry]:
        return resolve.all_industries()

    @strawberry.field(graphql_type=Industry | None, description="The industry of this name; null where there is none.")
    def industry(self, name: str) -> industry.Industry | None:
        return resolve.industry(name)

    @strawberry.field(
        graphql_type=list[BenchmarkSeries],
        description="Series, one for each metric; all that the source has of the industry when none is named. "
        "`start` and `end` are any days: of the periods that begin from the month of `start` on and by `end`, twenty "
        "years at most. Without `end` up to the last month that is over, without `start` twelve months. Default range: "
        "the last 12 months that are over; a series of quarters or years without a period there shows its newest "
        "one. `asOf`: the series as it was known at the end of this day, in UTC.",
    )
    async def benchmark_series(
        self,
        info: Info,
        industry: str,
        company_size: choice.CompanySize = MEDIUM,
        region: choice.Region = NATIONAL,
        metrics: list[str] | None = UNSET,
        start: date | None = UNSET,
        end: date | None = UNSET,
        source: choice.DataSource = SYNTHETIC,
        as_of: date | None = UNSET,
    ) -> list[series.BenchmarkSeries]:
        return await resolve.benchmark_series(
            info.context, industry, company_size, region, given(metrics), given(start), given(end), source, given(as_of)
        )

    @strawberry.field(
        graphql_type=list[BenchmarkComparison],
        description="The caller's own figures against an industry's, in their order, one for each metric and a hundred "
        "at most; `period` defaults to the latest that there is. They are neither stored nor logged.",
    )
    async def benchmark_comparisons(
        self,
        info: Info,
        industry: str,
        values: list[MetricValueInput],
        company_size: choice.CompanySize = MEDIUM,
        region: choice.Region = NATIONAL,
        period: date | None = UNSET,
        source: choice.DataSource = SYNTHETIC,
    ) -> list[comparison.BenchmarkComparison]:
        sent = cast("list[Mapping[str, Any]]", values)  # as they were coerced
        own = [comparison.MetricValue(metric=one["metric"], value=one["value"]) for one in sent]
        return await resolve.benchmark_comparisons(
            info.context, industry, company_size, region, own, given(period), source
        )
