"""Points out of what sources say: one series, the ratio of sums, percentiles."""

from collections.abc import Mapping
from datetime import date

import pytest

from domain.series.observation import Observation
from domain.series.recipe import Recipe, points_of
from domain.series.series import BenchmarkPoint

Y2023, Y2024 = date(2023, 1, 1), date(2024, 1, 1)


def said(
    of: Mapping[str, Mapping[date, float | None]], notes: Mapping[str, str] | None = None
) -> dict[str, list[Observation]]:
    notes = notes or {}
    return {
        series_id: [
            Observation(
                series_id=series_id,
                period=period,
                value=value,
                footnotes=(notes[series_id],) if series_id in notes else (),
            )
            for period, value in values.items()
        ]
        for series_id, values in of.items()
    }


def test_a_plain_series_is_brought_to_the_metrics_unit() -> None:
    [point] = points_of(Recipe(value=("rate",), divided_by=100), said({"rate": {Y2024: 4.5}}))
    assert point == BenchmarkPoint(period=Y2024, value=0.045)


def test_points_rise_by_period_whatever_the_order() -> None:
    points = points_of(Recipe(value=("a",)), said({"a": {Y2024: 2.0, Y2023: 1.0}}))
    assert [(point.period, point.value) for point in points] == [(Y2023, 1.0), (Y2024, 2.0)]


def test_a_withheld_value_is_no_point() -> None:
    assert points_of(Recipe(value=("a",)), said({"a": {Y2023: None, Y2024: 1.0}})) == (
        BenchmarkPoint(period=Y2024, value=1.0),
    )


def test_nothing_said_is_no_points() -> None:
    assert points_of(Recipe(value=("a",)), {}) == ()


RATIO = Recipe(value=("wages a", "wages b"), over=("jobs a", "jobs b"), times=1000)


def test_a_ratio_is_one_of_sums_and_not_the_mean_of_ratios() -> None:
    """1000 * (30 + 300) / (1 + 5) = 55,000; the mean of 30,000 and 60,000 is 45,000."""
    known = {"wages a": {Y2024: 30.0}, "wages b": {Y2024: 300.0}, "jobs a": {Y2024: 1.0}, "jobs b": {Y2024: 5.0}}
    [point] = points_of(RATIO, said(known))
    assert point.value == 55_000


@pytest.mark.parametrize("absent", ["wages b", "jobs b"])
@pytest.mark.parametrize("how", ["withheld", "unknown"])
def test_the_sum_of_some_is_not_that_of_all(absent: str, how: str) -> None:
    known: dict[str, dict[date, float | None]] = {
        "wages a": {Y2024: 30.0},
        "wages b": {Y2024: 300.0},
        "jobs a": {Y2024: 1.0},
        "jobs b": {Y2024: 5.0},
    }
    known[absent] = {Y2024: None} if how == "withheld" else {}
    assert points_of(RATIO, said(known)) == ()


def test_nothing_is_divided_by_nobody() -> None:
    known = {"wages a": {Y2024: 30.0}, "wages b": {Y2024: 0.0}, "jobs a": {Y2024: 0.0}, "jobs b": {Y2024: 0.0}}
    assert points_of(RATIO, said(known)) == ()


WAGE = Recipe(value=("p50",), percentiles=("p10", "p25", "p50", "p75", "p90"), sample=("jobs",))


def test_the_value_of_a_point_with_percentiles_is_its_median() -> None:
    known = {name: {Y2024: float(value)} for name, value in zip(WAGE.series_ids, [3, 1, 2, 4, 5, 90], strict=True)}
    [point] = points_of(WAGE, said(known))
    assert point == BenchmarkPoint(period=Y2024, value=3.0, p10=1.0, p25=2.0, p50=3.0, p75=4.0, p90=5.0, sample_size=90)


def test_a_percentile_that_is_not_published_is_missing_alone_and_its_footnote_says_why() -> None:
    known: dict[str, dict[date, float | None]] = {
        **{name: {Y2024: 1.0} for name in ("p10", "p25", "p50", "p75")},
        "p90": {Y2024: None},
        "jobs": {Y2024: None},
    }
    [point] = points_of(WAGE, said(known, {"p90": "This wage is equal to or greater than $115.00 per hour."}))
    assert (point.p75, point.p90, point.sample_size) == (1.0, None, None)
    assert point.footnotes == ("This wage is equal to or greater than $115.00 per hour.",)


def test_a_remark_on_several_parts_stands_once() -> None:
    known = {name: {Y2024: 1.0} for name in WAGE.series_ids}
    [point] = points_of(WAGE, said(known, {"p10": "Note.", "p25": "Note.", "jobs": "Another."}))
    assert point.footnotes == ("Note.", "Another.")


def test_each_series_is_named_once() -> None:
    assert WAGE.series_ids == ("p50", "p10", "p25", "p75", "p90", "jobs")
