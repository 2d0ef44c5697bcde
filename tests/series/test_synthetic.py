"""Synthetic series: what they are like, and that the same question always has the same answer."""

import json
import subprocess
import sys
import tracemalloc
from datetime import date
from itertools import pairwise
from statistics import geometric_mean, median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kurtosis, norm

from domain.series.choice import CompanySize, DataSource, Region
from domain.series.industries import industries, models
from domain.series.range import month_of
from domain.series.series import BenchmarkPoint
from domain.series.synthetic import (
    EARLIEST,
    KEPT_SERIES,
    LONGEST_KEPT,
    QUANTILES,
    computed_points,
    kept_series,
    monthly_noise,
    synthetic_points,
    synthetic_series,
)
from domain.series.wanted import SeriesQuery
from tests.processes import inherited
from tests.series import reference

MEDIUM, NATIONAL = CompanySize.MEDIUM, Region.NATIONAL
NEWEST = date(2026, 10, 1)
EVERY_SERIES = [
    (industry.name, metric.name, size, region)
    for industry in industries()
    for metric in industry.metrics
    for size in CompanySize
    for region in Region
]
EVERY_METRIC = sorted({one[:2] for one in EVERY_SERIES})
MONTHS_OF_20_YEARS = [month_of(NEWEST, back=back) for back in reversed(range(240))]


def points(
    industry: str = "retail",
    metric: str = "revenue_per_employee",
    size: CompanySize = MEDIUM,
    region: Region = NATIONAL,
    first: date = MONTHS_OF_20_YEARS[0],
    last: date = NEWEST,
) -> tuple[BenchmarkPoint, ...]:
    return synthetic_points(industry, metric, size, region, first, last)


def percentiles(point: BenchmarkPoint) -> list[float]:
    found = [point.p10, point.p25, point.p50, point.p75, point.p90]
    return [value for value in found if value is not None]


def values(*args: object, **kwargs: object) -> list[float]:
    return [point.value for point in points(*args, **kwargs)]  # type: ignore[arg-type]


# ---- the model


@pytest.mark.parametrize(("industry", "metric"), EVERY_METRIC)
def test_a_series_is_what_the_formula_gives_in_plain_arithmetic(industry: str, metric: str) -> None:
    step = models().industries[industry].metrics[metric].metric.step
    for size, region, month in [
        (CompanySize.SMALL, Region.WEST, date(2000, 1, 1)),
        (CompanySize.MEDIUM, Region.NATIONAL, date(2019, 12, 1)),
        (CompanySize.LARGE, Region.SOUTHWEST, date(2026, 10, 1)),
    ]:
        [point] = points(industry, metric, size, region, month, month)
        expected, companies = reference.point(industry, metric, size, region, month)
        assert percentiles(point) == pytest.approx(expected, abs=step / 2 * (1 + 1e-9))
        assert point.sample_size == companies


def test_the_quantiles_are_those_of_a_normal_distribution() -> None:
    assert pytest.approx(norm.ppf([0.1, 0.25, 0.5, 0.75, 0.9]), abs=1e-12) == QUANTILES.tolist()


def test_noise_is_normal_enough() -> None:
    noise = monthly_noise(bytes(range(16)), 0, 20_000).ravel()
    assert abs(noise.mean()) < 0.02
    assert abs(noise.std() - 1) < 0.02
    assert kurtosis(noise) == pytest.approx(-0.15, abs=0.1)  # -1.2 / 8, as of a sum of eight uniform numbers
    assert np.abs(noise).max() < 4.9


def test_a_point_has_percentiles_and_its_value_is_the_median() -> None:
    [point] = points(first=NEWEST)
    assert point.value == point.p50
    assert point.footnotes == ()


@pytest.mark.parametrize("industry", sorted(models().industries))
def test_all_series_are_legal_wherever_and_whenever(industry: str) -> None:
    """Rising percentiles in whole steps, shares within 0-1, 20 to 500 companies: each month of twenty years."""
    for name, metric, size, region in EVERY_SERIES:
        if name != industry:
            continue
        model = models().industries[industry]
        about = model.metrics[metric].metric
        made = computed_points(model, model.metrics[metric], size, region, MONTHS_OF_20_YEARS[0], NEWEST, 1)
        assert [point.period for point in made] == MONTHS_OF_20_YEARS
        for point in made:
            found = percentiles(point)
            assert all(low < high for low, high in pairwise(found)), (metric, size, region, point)
            assert found == [about.of_steps(about.in_steps(value)) for value in found]
            assert found[0] > 0
            assert about.unit != "share, 0-1" or found[-1] < 1
            assert point.sample_size is not None
            assert 20 <= point.sample_size <= 500


# ---- trend, seasons, sizes, regions


@pytest.mark.parametrize(
    ("industry", "yearly"), [("retail", 1.03), ("technology", 1.10), ("education", 1.02)], ids=lambda value: str(value)
)
def test_revenue_grows_as_its_industry_does(industry: str, yearly: float) -> None:
    """The same month ten years later, which the season leaves alone."""
    shown = values(industry)
    ratios = [later / earlier for earlier, later in zip(shown[:120], shown[120:], strict=True)]
    assert median(ratios) ** 0.1 == pytest.approx(yearly, abs=0.001)


@pytest.mark.parametrize(
    ("industry", "metric", "high", "low"),
    [
        pytest.param("retail", "revenue_per_employee", (11, 12), (1, 2), id="shops before Christmas"),
        pytest.param("construction", "revenue_per_employee", (6, 7, 8), (1, 2, 12), id="no building in winter"),
        pytest.param("hospitality", "occupancy_rate", (6, 7, 8), (1, 2), id="summer guests"),
        pytest.param("real_estate", "days_on_market", (1, 2), (5, 6), id="slow sales in winter"),
        pytest.param("education", "revenue_per_employee", (9,), (6, 7), id="summer holidays"),
    ],
)
def test_a_year_has_its_seasons(industry: str, metric: str, high: tuple[int, ...], low: tuple[int, ...]) -> None:
    shown = points(industry, metric)
    by_month = {
        month: geometric_mean(point.value for point in shown if point.period.month == month) for month in range(1, 13)
    }
    assert min(by_month[month] for month in high) > 1.1 * max(by_month[month] for month in low)


@pytest.mark.parametrize(
    ("size", "factor"), [(CompanySize.SMALL, 0.85), (CompanySize.LARGE, 1.15)], ids=["small", "large"]
)
def test_a_size_has_its_factor(size: CompanySize, factor: float) -> None:
    ratios = [own / medium for own, medium in zip(values(size=size), values(), strict=True)]
    assert geometric_mean(ratios) == pytest.approx(factor, abs=0.005)


@pytest.mark.parametrize(
    ("region", "factor"), [(Region.NORTHEAST, 1.12), (Region.MIDWEST, 0.95)], ids=["northeast", "midwest"]
)
def test_a_region_has_its_factor(region: Region, factor: float) -> None:
    ratios = [own / nation for own, nation in zip(values(region=region), values(), strict=True)]
    assert geometric_mean(ratios) == pytest.approx(factor, abs=0.005)


def test_factors_move_the_odds_of_a_share_and_not_the_share() -> None:
    small, medium = values("hospitality", "occupancy_rate", CompanySize.SMALL), values("hospitality", "occupancy_rate")
    odds = [own / (1 - own) / (other / (1 - other)) for own, other in zip(small, medium, strict=True)]
    assert geometric_mean(odds) == pytest.approx(0.85, abs=0.005)


def test_months_differ_by_more_than_trend_and_season() -> None:
    """A year ago the season was the same; what is left beside growth is noise, of a hundredth."""
    shown = values()
    left = [later / earlier / 1.03 for earlier, later in zip(shown, shown[12:], strict=False)]
    assert np.std(np.log(left)) == pytest.approx(0.01 * np.sqrt(2), abs=0.004)


def test_the_number_of_companies_moves_slowly() -> None:
    sizes = [point.sample_size or 0 for point in points()]
    assert len(set(sizes)) > 20
    assert max(abs(later - earlier) for earlier, later in pairwise(sizes)) <= 0.02 * 400


# ---- the same question has the same answer


@given(
    st.sampled_from(EVERY_SERIES),
    st.integers(0, 239),
    st.integers(0, 239),
)
def test_a_month_does_not_depend_on_what_else_is_asked(
    series: tuple[str, str, CompanySize, Region], one: int, other: int
) -> None:
    first, last = sorted((one, other))
    whole = points(*series)
    assert points(*series, MONTHS_OF_20_YEARS[first], MONTHS_OF_20_YEARS[last]) == whole[first : last + 1]


@pytest.mark.parametrize(
    ("size", "region"),
    [(size, region) for size in CompanySize for region in Region if (size, region) != (MEDIUM, NATIONAL)],
)
def test_every_size_and_region_has_noise_of_its_own(size: CompanySize, region: Region) -> None:
    """Else one would be a multiple of the other, and know nothing of its own."""
    ratios = [own / other for own, other in zip(values(size=size, region=region), values(), strict=True)]
    assert np.std(np.log(ratios)) == pytest.approx(0.01 * np.sqrt(2), abs=0.002)


def test_another_version_of_the_numbers_has_other_noise() -> None:
    model = models().industries["retail"]
    one, two = (
        computed_points(model, model.metrics["profit_margin"], MEDIUM, NATIONAL, MONTHS_OF_20_YEARS[0], NEWEST, version)
        for version in (1, 2)
    )
    assert one != two


PROGRAM = """
import json, sys
from datetime import date
from domain.series.choice import CompanySize, Region
from domain.series.industries import industries
from domain.series.synthetic import synthetic_points
asked = [(i.name, m.name, s, r) for i in industries() for m in i.metrics for s in CompanySize for r in Region][::7]
asked = asked[::-1] if sys.argv[1] == "backwards" else asked
shown = {
    "/".join(map(str, one)): [[str(p.period), p.value, p.p10, p.p25, p.p75, p.p90, p.sample_size]
        for p in synthetic_points(*one, date(2025, 11, 1), date(2026, 10, 1))]
    for one in asked
}
print(json.dumps(shown, sort_keys=True))
"""


def run_elsewhere(order: str, seed: str) -> str:
    environment = {**inherited(), "PYTHONHASHSEED": seed, "PYTHONPATH": str(reference.ROOT)}
    command = [sys.executable, "-c", PROGRAM, order]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def test_another_process_that_asks_in_another_order_gets_the_same() -> None:
    forwards = run_elsewhere("forwards", "1")
    assert forwards == run_elsewhere("backwards", "2")
    here = points("retail", "revenue_per_employee", CompanySize.SMALL, NATIONAL, date(2025, 11, 1))
    there = json.loads(forwards)["retail/revenue_per_employee/SMALL/NATIONAL"]
    assert [row[1] for row in there] == [point.value for point in here]


def test_known_answers_stay_as_they_are() -> None:
    """Whoever changes these changes what was published: that takes a new version in the file."""
    [retail] = points("retail", "revenue_per_employee", MEDIUM, NATIONAL, date(2025, 12, 1), date(2025, 12, 1))
    assert (percentiles(retail), retail.sample_size) == ([165_600.0, 189_900.0, 221_100.0, 257_500.0, 295_400.0], 375)
    [margin] = points("retail", "profit_margin", MEDIUM, NATIONAL, date(2026, 1, 1), date(2026, 1, 1))
    assert (percentiles(margin), margin.sample_size) == ([0.022, 0.03, 0.043, 0.061, 0.083], 381)


# ---- what is kept


def test_series_that_differ_in_one_thing_only_are_kept_apart() -> None:
    """A cache that forgets a part of the question would answer with another one's months, size or region."""
    base = ("retail", "profit_margin", MEDIUM, NATIONAL, date(2025, 1, 1), date(2025, 6, 1))
    others = [
        ("restaurant", *base[1:]),
        (base[0], "customer_retention_rate", *base[2:]),
        (*base[:2], CompanySize.SMALL, *base[3:]),
        (*base[:3], Region.WEST, *base[4:]),
        (*base[:4], date(2025, 2, 1), base[5]),
        (*base[:5], date(2025, 5, 1)),
    ]
    shown = [kept_series(*one) for one in [base, *others]]
    assert len({one.points for one in shown}) == len(shown)
    kept_series.cache_clear()
    assert [kept_series(*one) for one in reversed([base, *others])] == shown[::-1]


def taken_by_all(months: int) -> int:
    """The bytes that all series of so many months take."""
    kept_series.cache_clear()
    models()
    tracemalloc.start()
    try:
        for one in EVERY_SERIES:
            kept_series(*one, month_of(NEWEST, back=months - 1), NEWEST)
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_everything_of_twelve_months_is_kept_in_less_than_eight_megabytes() -> None:
    assert taken_by_all(12) < 8_000_000
    assert kept_series.cache_info().currsize == len(EVERY_SERIES) <= KEPT_SERIES


def test_so_are_the_longest_series_that_are_kept() -> None:
    assert taken_by_all(LONGEST_KEPT) < 8_000_000


@pytest.mark.parametrize(("months", "kept"), [(LONGEST_KEPT, 1), (LONGEST_KEPT + 1, 0)], ids=["two years", "longer"])
def test_long_series_are_computed_anew(months: int, kept: int) -> None:
    kept_series.cache_clear()
    first = month_of(NEWEST, back=months - 1)
    one, other = (synthetic_series(a_query(first, NEWEST), NEWEST) for _ in range(2))
    assert one == other
    assert len(one.points) == months
    assert kept_series.cache_info().currsize == kept


# ---- the range


def a_query(first: date, last: date) -> SeriesQuery:
    return SeriesQuery(
        industry="retail",
        company_size=MEDIUM,
        region=NATIONAL,
        metric=industries()[0].metrics[0],
        source=DataSource.SYNTHETIC,
        first=first,
        last=last,
    )


def a_series(first: date, last: date, newest: date = NEWEST) -> list[date]:
    query = a_query(first, last)
    series = synthetic_series(query, newest)
    assert series.unavailable is None
    assert (series.metric, series.industry, series.company_size, series.region) == (
        *(query.metric, query.industry, query.company_size, query.region),
    )
    assert (series.source, series.stale, series.coverage) == (DataSource.SYNTHETIC, False, None)
    assert series.latest == (series.points[-1] if series.points else None)
    return [point.period for point in series.points]


def test_a_series_ends_with_the_newest_month_that_is_over() -> None:
    assert a_series(date(2026, 9, 1), date(2027, 3, 1)) == [date(2026, 9, 1), date(2026, 10, 1)]
    assert a_series(date(2026, 9, 1), date(2027, 3, 1), newest=date(2026, 9, 1)) == [date(2026, 9, 1)]


def test_a_series_begins_with_the_year_2000() -> None:
    assert a_series(date(1999, 11, 1), date(2000, 2, 1)) == [EARLIEST, date(2000, 2, 1)]


@pytest.mark.parametrize(
    ("first", "last"),
    [(date(1, 1, 1), date(1, 12, 1)), (date(1990, 1, 1), date(1999, 12, 1)), (date(2026, 11, 1), date(2036, 1, 1))],
    ids=["antiquity", "before 2000", "the future"],
)
def test_months_without_figures_have_no_points(first: date, last: date) -> None:
    assert a_series(first, last) == []


def test_a_point_is_found_by_its_period() -> None:
    series = synthetic_series(a_query(date(2026, 1, 1), NEWEST), NEWEST)
    assert series.at(date(2026, 3, 1)) == series.points[2]
    assert series.at(date(2026, 3, 2)) is None
