"""One's own figure against a benchmark."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BenchmarkUnavailable, InvalidInput
from domain.series.comparison import (
    LARGEST_VALUE,
    BenchmarkComparison,
    BenchmarkInterpretation,
    MetricValue,
    comparison,
    interpreted,
    percentile_rank,
)
from domain.unavailable import Reason
from tests.real import NEEDS_DATA, expected
from tests.series.benchmarks import MAY, a_metric, a_point, a_series

FIVE = (100_000.0, 130_000.0, 150_000.0, 170_000.0, 220_000.0)
INTERPRETATIONS = list(BenchmarkInterpretation)
figures = st.floats(-1e6, 1e6, allow_nan=False)


def compared(value: float, percentiles: tuple[float | None, ...] = FIVE, **metric: Any) -> BenchmarkComparison:
    about = a_metric(**metric)
    return comparison(MetricValue(metric="figure", value=value), a_series(a_point(percentiles), metric=about), None)


# ---- ranks


@pytest.mark.parametrize(
    ("value", "rank", "censored"),
    [
        pytest.param(100_000, 10, False, id="at p10"),
        pytest.param(115_000, 17.5, False, id="half way to p25"),
        pytest.param(150_000, 50, False, id="at the median"),
        pytest.param(180_000, 78, False, id="a fifth of the way from p75 to p90"),
        pytest.param(220_000, 90, False, id="at p90"),
        pytest.param(99_999, 5, True, id="below p10"),
        pytest.param(-1e9, 5, True, id="far below"),
        pytest.param(220_001, 95, True, id="above p90"),
    ],
)
def test_a_rank_is_read_between_the_percentiles(value: float, rank: float, censored: bool) -> None:
    found, beyond = percentile_rank(value, FIVE)
    assert found == pytest.approx(rank, abs=1e-12)
    assert beyond is censored


@pytest.mark.parametrize(
    ("percentiles", "value", "rank"),
    [
        pytest.param((1.0, 2.0, 2.0, 3.0, 4.0), 2.0, 37.5, id="p25 and p50"),
        pytest.param((2.0, 2.0, 2.0, 3.0, 4.0), 2.0, 30.0, id="p10 to p50"),
        pytest.param((1.0, 2.0, 3.0, 4.0, 4.0), 4.0, 82.5, id="p75 and p90"),
        pytest.param((2.0, 2.0, 2.0, 2.0, 2.0), 2.0, 50.0, id="all"),
        pytest.param((1.0, 2.0, 2.0, 3.0, 4.0), 2.5, 62.5, id="beyond a stretch"),
    ],
)
def test_on_equal_percentiles_the_rank_is_the_middle_of_their_ranks(
    percentiles: tuple[float, ...], value: float, rank: float
) -> None:
    assert percentile_rank(value, percentiles) == (rank, False)


@given(st.lists(figures, min_size=5, max_size=5, unique=True), figures)
def test_ranks_are_numpys_interpolation(percentiles: list[float], value: float) -> None:
    five = tuple(sorted(percentiles))
    rank, censored = percentile_rank(value, five)
    assert censored is not (five[0] <= value <= five[-1])
    if not censored:
        assert rank == pytest.approx(np.interp(value, five, [10, 25, 50, 75, 90]), abs=1e-9)


@given(st.lists(st.integers(0, 6), min_size=5, max_size=5), st.floats(-1, 7), st.floats(-1, 7))
def test_a_higher_figure_never_has_a_lower_rank(percentiles: list[int], one: float, other: float) -> None:
    five = tuple(sorted(map(float, percentiles)))
    low, high = sorted((one, other))
    assert percentile_rank(low, five)[0] <= percentile_rank(high, five)[0]


@pytest.mark.parametrize(
    ("rank", "interpretation"),
    [
        (100, "SIGNIFICANTLY_ABOVE"),
        (90, "SIGNIFICANTLY_ABOVE"),
        (89.9, "ABOVE_AVERAGE"),
        (75, "ABOVE_AVERAGE"),
        (74.9, "AVERAGE"),
        (50, "AVERAGE"),
        (25, "AVERAGE"),
        (24.9, "BELOW_AVERAGE"),
        (10, "BELOW_AVERAGE"),
        (9.9, "SIGNIFICANTLY_BELOW"),
        (0, "SIGNIFICANTLY_BELOW"),
    ],
    ids=str,
)
def test_a_rank_in_words(rank: float, interpretation: str) -> None:
    assert interpreted(rank) == interpretation


# ---- what a comparison says


def test_a_comparison_has_both_figures_and_their_difference() -> None:
    found = compared(180_000)
    assert (found.user_value, found.benchmark_value) == (180_000, 150_000)
    assert (found.difference, found.percentage_difference) == (30_000, 20)
    assert (found.percentile_rank, found.censored) == (78, False)
    assert found.interpretation is BenchmarkInterpretation.ABOVE_AVERAGE
    assert (found.period, found.point, found.metric) == (MAY, a_point(FIVE), a_metric())
    assert not found.out_of_range


@pytest.mark.parametrize("value", [90_000, 115_000, 150_000, 180_000, 250_000])
def test_where_lower_is_better_the_same_rank_means_the_opposite(value: float) -> None:
    """The rank itself is left as it is."""
    higher, lower = compared(value), compared(value, higher_is_better=False)
    assert lower.percentile_rank == higher.percentile_rank
    opposite = INTERPRETATIONS[::-1][INTERPRETATIONS.index(higher.interpretation)]
    assert lower.interpretation is opposite


@pytest.mark.parametrize(
    ("value", "benchmark", "percentage"),
    [
        pytest.param(5, 0.0, None, id="a benchmark of 0"),
        pytest.param(-5, -10.0, 50, id="a smaller loss is more"),
        pytest.param(-15, -10.0, -50, id="a larger loss is less"),
        pytest.param(-5, 10.0, -150, id="a loss against a gain"),
        pytest.param(10, 10.0, 0, id="level"),
    ],
)
def test_the_difference_in_percent_has_the_sign_of_the_difference(
    value: float, benchmark: float, percentage: float | None
) -> None:
    five = tuple(benchmark + step for step in (-8.0, -4.0, 0.0, 4.0, 8.0))
    assert compared(value, five, lowest=None).percentage_difference == percentage


def test_the_benchmark_is_the_value_of_the_point() -> None:
    """Where a source has percentiles and a value of its own, the value is what it publishes."""
    series = a_series(a_point(FIVE, value=160_000))
    found = comparison(MetricValue(metric="figure", value=180_000), series, None)
    assert (found.benchmark_value, found.difference) == (160_000, 20_000)


@pytest.mark.parametrize(
    ("value", "outside"),
    [(-0.01, True), (0, False), (0.4, False), (1, False), (1.01, True)],
    ids=str,
)
def test_a_figure_that_cannot_be_is_answered_and_flagged(value: float, outside: bool) -> None:
    found = compared(value, (0.1, 0.2, 0.3, 0.4, 0.5), unit="share, 0-1", highest=1.0, step=0.01)
    assert found.out_of_range is outside
    assert ("Check your figure" in found.text) is outside


# ---- which point


def test_the_latest_point_is_compared_with_unless_a_period_is_named() -> None:
    april = a_point((1, 2, 3, 4, 5), date(2026, 4, 1))
    series = a_series(april, a_point(FIVE))
    own = MetricValue(metric="figure", value=3)
    assert comparison(own, series, None).period == MAY
    assert comparison(own, series, date(2026, 4, 1)).percentile_rank == 50


@pytest.mark.parametrize("period", [date(2026, 3, 1), date(2026, 5, 2)], ids=["no such month", "not a first day"])
@pytest.mark.parametrize("withheld", [None, Reason.NO_DATA], ids=str)
def test_a_period_without_a_point_is_refused(period: date, withheld: Reason | None) -> None:
    series = a_series(withheld=withheld) if withheld else a_series(a_point(FIVE))
    with pytest.raises(InvalidInput, match=f"no point for {period}") as refused:
        comparison(MetricValue(metric="figure", value=1), series, period)
    assert refused.value.field == "period"


@pytest.mark.parametrize("missing", [1, 2, 3], ids=["p25", "p50", "p75"])
def test_a_point_without_its_quartiles_cannot_be_compared_with(missing: int) -> None:
    percentiles = tuple(None if place == missing else float(place) for place in range(5))
    with pytest.raises(InvalidInput, match="no percentiles for 2026-05-01") as refused:
        comparison(MetricValue(metric="figure", value=1), a_series(a_point(percentiles, value=2)), None)
    assert refused.value.field == "values"


@pytest.mark.parametrize(
    ("percentiles", "ranks"),
    [
        pytest.param(
            (None, 2.0, 3.0, 4.0, None), [(12.5, True), (25, False), (62.5, False), (87.5, True)], id="quartiles"
        ),
        pytest.param(
            (1.0, 2.0, 3.0, 4.0, None), [(17.5, False), (25, False), (62.5, False), (87.5, True)], id="no p90"
        ),
        pytest.param(
            (None, 2.0, 3.0, 4.0, 6.0), [(12.5, True), (25, False), (62.5, False), (82.5, False)], id="no p10"
        ),
    ],
)
def test_beyond_the_outermost_percentile_that_is_published_a_rank_is_censored(
    percentiles: tuple[float | None, ...], ranks: list[tuple[float, bool]]
) -> None:
    found = [compared(value, percentiles) for value in (1.5, 2, 3.5, 5)]
    assert [(one.percentile_rank, one.censored) for one in found] == ranks


@pytest.mark.parametrize(
    ("withheld", "said"),
    [
        (Reason.NOT_COMPUTED, "no benchmark yet"),
        (Reason.NO_DATA, "no figures for this choice"),
        (Reason.TOO_FEW_PEERS, "too few contributors"),
        (None, "no figures of the last twelve months"),
    ],
    ids=str,
)
def test_a_benchmark_that_is_not_there_is_no_fault_of_the_figure(withheld: Reason | None, said: str) -> None:
    with pytest.raises(BenchmarkUnavailable, match=f"values: figure has .*{said.removeprefix('no ')}"):
        comparison(MetricValue(metric="figure", value=1), a_series(withheld=withheld), None)


@pytest.mark.parametrize("withheld", [Reason.NOT_COMPUTED, Reason.TOO_FEW_PEERS], ids=str)
def test_a_withheld_benchmark_is_withheld_for_every_period(withheld: Reason) -> None:
    with pytest.raises(BenchmarkUnavailable):
        comparison(MetricValue(metric="figure", value=1), a_series(withheld=withheld), MAY)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), float("-inf"), 2 * LARGEST_VALUE, -2 * LARGEST_VALUE], ids=str
)
def test_a_figure_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(InvalidInput, match="finite number up to") as refused:
        compared(value)
    assert refused.value.field == "values"


@pytest.mark.parametrize("value", [LARGEST_VALUE, -LARGEST_VALUE, 5e-324], ids=str)
def test_the_largest_and_the_smallest_figures_are_answered(value: float) -> None:
    assert np.isfinite(compared(value, (0.1, 0.2, 0.3, 0.4, 0.5)).percentage_difference or 0)


# ---- published figures


@NEEDS_DATA
def test_ranks_among_published_wages_are_those_worked_out_elsewhere() -> None:
    for case in expected("bls-oews", "ranks")["cases"]:
        found = compared(case["user_value"], tuple(case["percentiles"]))
        assert found.percentile_rank == pytest.approx(case["rank"], abs=1e-9)
        assert found.interpretation == case["interpretation"]
        assert found.difference == pytest.approx(case["difference"], abs=1e-9)
        assert found.percentage_difference == pytest.approx(case["percentage_difference"], abs=1e-9)
        assert not found.censored
