"""What a comparison says to people."""

from typing import Any

import pytest

from domain.series.comparison import MetricValue, comparison
from domain.series.wording import shown
from tests.series.benchmarks import a_metric, a_point, a_series

MONEY = (100_000.0, 130_000.0, 150_000.0, 170_000.0, 220_000.0)
SHARES = (0.02, 0.04, 0.06, 0.08, 0.1)


def text(value: float, percentiles: tuple[float | None, ...], **metric: Any) -> str:
    series = a_series(a_point(percentiles), metric=a_metric(**metric))
    return comparison(MetricValue(metric="figure", value=value), series, None).text


def test_a_better_figure_is_told_so() -> None:
    assert text(180_000, MONEY) == (
        "Better than average. The figure: yours, $180,000 a year, is 20.0% higher than the benchmark of $150,000 a "
        "year. Higher is better here, so you do better than about 78% of those compared."
    )


def test_a_higher_figure_is_not_good_where_lower_is_better() -> None:
    assert text(0.09, SHARES, unit="share, 0-1", higher_is_better=False, highest=1.0, step=0.001) == (
        "Worse than average. The figure: yours, 9.0%, is 3.0 percentage points higher than the benchmark of 6.0%. "
        "Lower is better here, so you do better than about 18% of those compared."
    )


def test_the_best_are_told_that_more_is_not_known() -> None:
    assert text(300_000, MONEY) == (
        "Far better than average. The figure: yours, $300,000 a year, is 100.0% higher than the benchmark of $150,000 "
        "a year. Higher is better here, so you do better than 90% of those compared, or more."
    )


def test_so_are_the_last() -> None:
    assert text(300_000, MONEY, higher_is_better=False) == (
        "Far worse than average. The figure: yours, $300,000 a year, is 100.0% higher than the benchmark of $150,000 "
        "a year. Lower is better here, so 90% of those compared, or more, do better than you."
    )


def test_beyond_quartiles_no_more_is_said_than_they_tell() -> None:
    three = (None, 130_000.0, 150_000.0, 170_000.0, None)
    assert text(300_000, three).startswith("Better than average.")
    assert text(300_000, three).endswith("so you do better than 75% of those compared, or more.")
    assert text(100_000, three).startswith("Worse than average.")
    assert text(100_000, three).endswith("so 75% of those compared, or more, do better than you.")


def test_a_level_figure_is_called_level() -> None:
    assert text(6.5, (4.0, 5.0, 6.5, 8.0, 9.0), unit="times a year", step=0.1) == (
        "About average. The figure: yours, 6.5 times a year, is level with the benchmark of 6.5 times a year. "
        "Higher is better here, so you do better than about 50% of those compared."
    )


def test_a_smaller_loss_is_higher_and_better() -> None:
    five = (-300.0, -200.0, -100.0, 0.0, 100.0)
    assert text(-50, five, unit="USD", lowest=None) == (
        "About average. The figure: yours, -$50, is 50.0% higher than the benchmark of -$100. "
        "Higher is better here, so you do better than about 62% of those compared."
    )


def test_beside_a_benchmark_of_nothing_no_percentage_is_told() -> None:
    assert "yours, 3 days, is higher than the benchmark of 0 days." in text(
        3, (-2.0, -1.0, 0.0, 4.0, 6.0), unit="days", lowest=None
    )


def test_a_difference_too_small_to_be_told_is_still_one() -> None:
    assert "is less than 0.1% lower than the benchmark" in text(149_990, MONEY)


@pytest.mark.parametrize(
    ("value", "metric", "doubt"),
    [
        pytest.param(
            1.2,
            {"unit": "share, 0-1", "highest": 1.0, "step": 0.01},
            "Check your figure: this metric is at least 0% and at most 100%.",
            id="share",
        ),
        pytest.param(-1, {}, "Check your figure: this metric is at least $0 a year.", id="amount"),
    ],
)
def test_a_figure_that_cannot_be_is_doubted(value: float, metric: dict[str, Any], doubt: str) -> None:
    assert text(value, SHARES, **metric).endswith(doubt)


@pytest.mark.parametrize(
    ("value", "unit", "step", "said"),
    [
        pytest.param(180_000, "USD a year", 100, "$180,000 a year", id="whole dollars"),
        pytest.param(28.5, "USD an hour", 0.5, "$28.50 an hour", id="cents"),
        pytest.param(-3, "USD", 1, "-$3", id="debts"),
        pytest.param(0.1234, "share, 0-1", 0.001, "12.3%", id="share"),
        pytest.param(0.0213, "share of employment a month, 0-1", 0.0001, "2.13%", id="share in hundredths of percent"),
        pytest.param(2.35, "times a day", 0.05, "2.35 times a day", id="fractions"),
        pytest.param(15_432.4, "thousand jobs", 0.1, "15,432.4 thousand jobs", id="thousands"),
        pytest.param(112.345, "index, 2017 = 100", 0.001, "112.345 (index, 2017 = 100)", id="unit with a comma"),
    ],
)
def test_a_value_is_written_as_people_write_its_unit(value: float, unit: str, step: float, said: str) -> None:
    assert shown(value, a_metric(unit, step=step)) == said
