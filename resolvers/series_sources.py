"""Series of BLS and the Census Bureau: out of the store, after it was renewed where that was due."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from domain.errors import SourceUnavailable
from domain.series.freshness import Need, Renewed
from domain.series.observation import Observation
from domain.series.queries import FOR_EVER, Observed, fetches_by_series, observations_by_series
from domain.series.quota import Hindrance, Later
from domain.series.recipe import Recipe, points_of
from domain.series.series import BenchmarkPoint, BenchmarkSeries
from domain.series.sources import SourcedMetric, sourced_metric
from domain.series.wanted import SeriesQuery
from domain.unavailable import Reason, Unavailable
from resolvers.context import Context

BLS = "The Bureau of Labor Statistics"
# Years and quarters come late: where the newest one is wanted, it is looked for so far back at the source.
LOOKED_BACK_YEARS = 3


async def sourced_series(context: Context, wanted: Sequence[SeriesQuery]) -> list[BenchmarkSeries]:
    """One series for each query, in their order. Each metric has to be one that the source has for the industry.

    Where BLS cannot be asked, what is stored is answered as stale. Raises SourceUnavailable where nothing is stored of
    anything that was wanted.
    """
    known = [_known(query) for query in wanted]
    needs = {
        need for query, metric in zip(wanted, known, strict=True) for need in _needs(context.now.date(), query, metric)
    }
    renewed = Renewed()
    if needs:
        renewed = await context.deployment.renew_series(needs)
        context.batch.leave_replica()  # which need not show yet what was fetched a moment ago
    answered = await gather(
        *(_series(context, query, metric, renewed) for query, metric in zip(wanted, known, strict=True))
    )
    if renewed.outage is not None and not any(series.points for series in answered):
        raise _outage(renewed.outage.again)
    return answered


def _known(query: SeriesQuery) -> SourcedMetric:
    found = sourced_metric(query.industry, query.source, query.metric.name)
    if found is None:
        raise LookupError(f"{query.source} has no {query.metric.name} of {query.industry}")
    return found


def _needs(today: date, query: SeriesQuery, metric: SourcedMetric) -> list[Need]:
    """What has to be known at the source. Nothing for a day that is over: what was known then stays what it was."""
    recipe = metric.recipe(query.company_size, query.region)
    if recipe is None or not metric.asked_for or (query.as_of is not None and query.as_of < today):
        return []
    back = LOOKED_BACK_YEARS if _newest_alone(query, metric) else 0
    return [
        Need(series_id=series_id, first_year=query.first.year - back, last_year=query.last.year)
        for series_id in recipe.series_ids
    ]


async def _series(context: Context, query: SeriesQuery, metric: SourcedMetric, renewed: Renewed) -> BenchmarkSeries:
    recipe = metric.recipe(query.company_size, query.region)
    points: tuple[BenchmarkPoint, ...] = ()
    retrieved_at: datetime | None = None
    reason = Reason.NO_DATA
    if recipe is not None:
        said = await _said(context, query, metric, recipe)
        points = _shown(query, metric, points_of(recipe, said))
        retrieved_at = _retrieved_at(points, said)
        if not said and not await _answered(context, query, recipe):
            reason = Reason.NOT_COMPUTED
    return BenchmarkSeries(
        metric=query.metric,
        industry=query.industry,
        company_size=query.company_size,
        region=query.region,
        source=query.source,
        points=points,
        stale=recipe is not None and not renewed.stale.isdisjoint(recipe.series_ids),
        coverage=metric.coverage,
        retrieved_at=retrieved_at,
        unavailable=None if points else Unavailable.because(reason),
    )


async def _said(
    context: Context, query: SeriesQuery, metric: SourcedMetric, recipe: Recipe
) -> Mapping[str, Sequence[Observation]]:
    """What was known of the recipe's series; those of which nothing was are left out."""
    first = date.min if _newest_alone(query, metric) else query.first
    before = _known_before(query)
    found = await gather(
        *(
            context.batch.load(observations_by_series, Observed(series_id, first, query.last, before))
            for series_id in recipe.series_ids
        )
    )
    return {series_id: said for series_id, said in zip(recipe.series_ids, found, strict=True) if said is not None}


async def _answered(context: Context, query: SeriesQuery, recipe: Recipe) -> bool:
    """Whether the source had been asked, and had nothing to say."""
    found = await gather(*(context.batch.load(fetches_by_series, series_id) for series_id in recipe.series_ids))
    before = _known_before(query)
    return any(fetched is not None and fetched.fetched_at < before for fetched in found)


def _known_before(query: SeriesQuery) -> datetime:
    """The end of the day as of which the series is wanted."""
    if query.as_of is None or query.as_of == date.max:
        return FOR_EVER
    return datetime.combine(query.as_of + timedelta(days=1), time.min, UTC)


def _newest_alone(query: SeriesQuery, metric: SourcedMetric) -> bool:
    """Whether the newest point is shown where the range has none: nobody chose it, and points are rarer than months."""
    return query.default_range and not metric.by_month


def _shown(query: SeriesQuery, metric: SourcedMetric, points: Sequence[BenchmarkPoint]) -> tuple[BenchmarkPoint, ...]:
    within = tuple(point for point in points if query.covers(point.period))
    return within if within or not _newest_alone(query, metric) else tuple(points[-1:])


def _retrieved_at(points: Sequence[BenchmarkPoint], said: Mapping[str, Sequence[Observation]]) -> datetime | None:
    """When the newest figure in any of *points* came to be known."""
    shown = {point.period for point in points}
    known = (one.known_at for observations in said.values() for one in observations if one.period in shown)
    return max((at for at in known if at is not None), default=None)


def _outage(again: Later | None) -> SourceUnavailable:
    if again is None or again.why is Hindrance.BUSY or again.why is Hindrance.BURST:
        return SourceUnavailable(BLS, "it has not answered yet", "ask again in a moment")
    return SourceUnavailable(BLS, str(again.why), f"ask again after {again.at:%Y-%m-%d %H:%M} UTC")
