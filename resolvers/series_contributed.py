"""Series of contributed figures, for those who ask: read from releases alone."""

from collections.abc import Sequence

from domain.privacy.queries import Group, releases_by_group
from domain.series.contributed import contributed, population_of
from domain.series.series import BenchmarkSeries
from domain.series.wanted import SeriesQuery
from resolvers.context import Context


async def contributed_series(context: Context, wanted: Sequence[SeriesQuery]) -> list[BenchmarkSeries]:
    """What was published of the figures that users contributed, in the order of *wanted*; one statement for all."""
    pending = [context.batch.load(releases_by_group, _group(context, one)) for one in wanted]
    return [contributed(one, await releases or ()) for one, releases in zip(wanted, pending, strict=True)]


def _group(context: Context, wanted: SeriesQuery) -> Group:
    population = population_of(wanted.industry, wanted.company_size, wanted.region)
    return Group(population, wanted.metric.name, context.deployment.policy)
