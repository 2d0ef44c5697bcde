"""The bars of contributed figures: public, whole steps, around what the model expects."""

from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from domain.privacy.scale import FEW_BARS, MANY_BARS
from domain.series.choice import CompanySize, Region
from domain.series.industries import Kind, models
from domain.series.industry import in_steps, of_steps
from domain.series.scales import on_scale, scale_of
from domain.series.synthetic import synthetic_points

METRICS = [(industry, metric) for industry, model in models().industries.items() for metric in model.metrics]
MONTHS = (date(2000, 1, 1), date(2026, 10, 1), date(2036, 7, 1))
ANY = (CompanySize.SMALL, Region.WEST)


@pytest.mark.parametrize(("industry", "metric"), METRICS)
def test_every_metric_has_all_its_bars_in_whole_steps_over_its_legal_range(industry: str, metric: str) -> None:
    model = models().industries[industry].metrics[metric]
    for month in MONTHS:
        scale = scale_of(industry, metric, *ANY, month)
        assert (len(scale.few), len(scale.many)) == (FEW_BARS + 1, MANY_BARS + 1)
        assert all(edge == int(edge) for edge in (*scale.few, *scale.many))
        assert of_steps(scale.lowest, model.metric.step) == model.metric.lowest
        if model.metric.highest is not None:
            assert of_steps(scale.highest, model.metric.step) == model.metric.highest


@pytest.mark.parametrize(("industry", "metric"), METRICS)
def test_the_middle_edge_is_the_median_that_the_synthetic_series_has_but_for_its_noise(
    industry: str, metric: str
) -> None:
    model = models().industries[industry].metrics[metric]
    for month in MONTHS:
        [point] = synthetic_points(industry, metric, *ANY, month, month)
        middle = of_steps(scale_of(industry, metric, *ANY, month).few[FEW_BARS // 2], model.metric.step)
        scaled = np.log([middle, point.value])
        if model.kind is Kind.SHARE:
            scaled -= np.log1p([-middle, -point.value])
        rounding = model.metric.step / (point.value * (1 - point.value) if model.kind is Kind.SHARE else point.value)
        assert abs(scaled[0] - scaled[1]) <= 4 * model.noise + rounding


def test_edges_near_the_median_are_six_tenths_of_a_spread_apart_and_three_where_there_are_many() -> None:
    """Revenue per employee in retail, October 2026: the median is 150,000 with 6 years and 9 months of 3 % a year and
    the season of October; the spread is 0.22.
    """
    scale = scale_of("retail", "revenue_per_employee", CompanySize.MEDIUM, Region.NATIONAL, date(2026, 10, 1))
    ratios = np.log([after / before for before, after in pairwise(scale.few[2:-2])])
    assert ratios == pytest.approx([0.6 * 0.22] * 6, abs=0.001)
    ratios = np.log([after / before for before, after in pairwise(scale.many[2:-2])])
    assert ratios == pytest.approx([0.3 * 0.22] * 16, abs=0.001)
    season = 1.02 / (0.92 * 0.90 * 0.95 * 0.96 * 0.99 * 0.98 * 0.98 * 1.00 * 0.97 * 1.02 * 1.14 * 1.24) ** (1 / 12)
    assert 100 * scale.few[5] == pytest.approx(150_000 * 1.03**6.75 * season, abs=50)
    assert scale.highest == pytest.approx(20 * scale.few[5], abs=10)


def test_losses_have_bars_where_a_metric_knows_them() -> None:
    scale = scale_of("retail", "profit_margin", CompanySize.MEDIUM, Region.NATIONAL, date(2026, 10, 1))
    assert scale.few[0] == -1000
    assert scale.few[1] == -scale.few[-3]
    assert sum(edge < 0 for edge in scale.few) == 2


def test_another_month_size_or_region_has_bars_of_its_own() -> None:
    scales = {
        scale_of("retail", "revenue_per_employee", size, region, month)
        for size in CompanySize
        for region in (Region.NATIONAL, Region.WEST)
        for month in MONTHS
    }
    assert len(scales) == 3 * 2 * 3


@pytest.mark.parametrize("step", [0.0001, 0.001, 0.05, 0.1, 0.5, 1.0, 5.0, 100.0])
def test_whole_steps_are_the_decimal_numbers_that_people_write(step: float) -> None:
    for number in (1, 3, 7, 23, 123, 98_765):
        written = float(f"{number * step:.4f}")
        assert of_steps(number, step) == written
        assert in_steps(np.array([written]), step).tolist() == pytest.approx([number], rel=1e-12)


def test_values_outside_are_set_to_the_ends_and_others_are_left_between_steps() -> None:
    scale = scale_of("retail", "profit_margin", CompanySize.MEDIUM, Region.NATIONAL, date(2026, 10, 1))
    found = on_scale(np.array([-7.0, 0.04321, 7.0]), scale, 0.001)
    assert found.tolist() == pytest.approx([-1000, 43.21, 1000])
