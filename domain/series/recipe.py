"""How the points of a series are made of what sources say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from domain.series.observation import Observation
from domain.series.series import BenchmarkPoint

ByPeriod = Mapping[date, Observation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The series that a point is made of, by their ids.

    value: what adds up to the value. over: what adds up to what it is divided by; nothing: it is not divided.
    times, divided_by: bring it to the metric's unit.
    percentiles: of p10, p25, p50, p75 and p90, where the source has them; the value is then the third.
    sample: what adds up to the size of the sample.
    """

    value: tuple[str, ...]
    over: tuple[str, ...] = ()
    times: float = 1
    divided_by: float = 1
    percentiles: tuple[str, str, str, str, str] | None = None
    sample: tuple[str, ...] = ()

    @property
    def series_ids(self) -> tuple[str, ...]:
        """All that it is made of, each once."""
        return tuple(dict.fromkeys((*self.value, *self.over, *(self.percentiles or ()), *self.sample)))


def points_of(recipe: Recipe, said: Mapping[str, Sequence[Observation]]) -> tuple[BenchmarkPoint, ...]:
    """The points that what was *said*, by series, gives; by period, rising.

    A period has a point where every part of its value is known: the sum of some states is not the region's. Percentiles
    and the size of the sample may be missing one by one.
    """
    by_series = {series_id: {one.period: one for one in said.get(series_id, ())} for series_id in recipe.series_ids}
    periods = sorted({period for series_id in recipe.value for period in by_series[series_id]})
    points = (_point(recipe, by_series, period) for period in periods)
    return tuple(point for point in points if point is not None)


def _point(recipe: Recipe, by_series: Mapping[str, ByPeriod], period: date) -> BenchmarkPoint | None:
    value = _sum(recipe.value, by_series, period)
    over = _sum(recipe.over, by_series, period) if recipe.over else 1.0
    if value is None or not over:
        return None
    sample = _sum(recipe.sample, by_series, period) if recipe.sample else None
    p10, p25, p50, p75, p90 = [
        None if (found := _value(by_series, series_id, period)) is None else recipe.times * found / recipe.divided_by
        for series_id in recipe.percentiles or ()
    ] or [None] * 5
    return BenchmarkPoint(
        period=period,
        value=recipe.times * value / over / recipe.divided_by,
        p10=p10,
        p25=p25,
        p50=p50,
        p75=p75,
        p90=p90,
        sample_size=None if sample is None else round(sample),
        footnotes=_footnotes(recipe, by_series, period),
    )


def _value(by_series: Mapping[str, ByPeriod], series_id: str, period: date) -> float | None:
    observation = by_series[series_id].get(period)
    return None if observation is None else observation.value


def _sum(series_ids: Sequence[str], by_series: Mapping[str, ByPeriod], period: date) -> float | None:
    """The sum of the series in a period; None where one of them is missing."""
    values = [_value(by_series, series_id, period) for series_id in series_ids]
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _footnotes(recipe: Recipe, by_series: Mapping[str, ByPeriod], period: date) -> tuple[str, ...]:
    """What the source remarks on any part of a point, each remark once."""
    parts = (by_series[series_id].get(period) for series_id in recipe.series_ids)
    return tuple(dict.fromkeys(note for part in parts if part is not None for note in part.footnotes))
