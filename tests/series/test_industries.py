"""The ten industries, as their file describes them."""

import re

import pytest

from domain.series.choice import CompanySize, Region
from domain.series.industries import SOURCE, industries, industry_named, models, read
from domain.series.industry import Industry, IndustryMetric
from tests.series.benchmarks import a_metric

TEN = (
    *("retail", "restaurant", "professional_services", "manufacturing", "healthcare"),
    *("technology", "hospitality", "construction", "education", "real_estate"),
)
SPECIFIC = {
    "retail": "sales_per_square_foot",
    "restaurant": "table_turnover",
    "professional_services": "utilization_rate",
    "manufacturing": "defect_rate",
    "healthcare": "no_show_rate",
    "technology": "monthly_churn_rate",
    "hospitality": "occupancy_rate",
    "construction": "bid_win_rate",
    "education": "course_completion_rate",
    "real_estate": "vacancy_rate",
}
LOWER_IS_BETTER = {
    *("customer_acquisition_cost", "food_cost_share", "defect_rate", "no_show_rate", "patient_wait_time"),
    *("monthly_churn_rate", "rework_cost_share", "incident_rate", "students_per_teacher", "vacancy_rate"),
    "days_on_market",
}
EVERY_METRIC = [
    pytest.param(industry, metric, id=f"{industry.name}-{metric.name}")
    for industry in industries()
    for metric in industry.metrics
]
TEXT = SOURCE.read_text("utf-8")


def changed(pattern: str, replacement: str) -> str:
    """The file with the first match of *pattern* replaced."""
    text, times = re.subn(pattern, replacement, TEXT, count=1)
    assert times == 1
    return text


def test_there_are_the_ten_industries() -> None:
    assert tuple(industry.name for industry in industries()) == TEN


@pytest.mark.parametrize("name", TEN)
def test_an_industry_has_five_or_six_metrics_and_one_of_its_own(name: str) -> None:
    industry = industry_named(name)
    assert industry is not None
    names = [metric.name for metric in industry.metrics]
    assert 5 <= len(names) <= 6
    assert {"revenue_per_employee", "profit_margin", SPECIFIC[name]} <= set(names)
    others = {metric.name for one in industries() if one.name != name for metric in one.metrics}
    assert SPECIFIC[name] not in others


@pytest.mark.parametrize("name", ["inventory_turnover", "customer_acquisition_cost", "customer_retention_rate"])
def test_several_industries_share_the_common_metrics(name: str) -> None:
    assert sum(name in {metric.name for metric in industry.metrics} for industry in industries()) >= 3


def test_an_unknown_industry_is_none() -> None:
    assert industry_named("astrology") is None


@pytest.mark.parametrize(("industry", "metric"), EVERY_METRIC)
def test_a_metric_knows_which_way_is_better(industry: Industry, metric: IndustryMetric) -> None:
    assert metric.higher_is_better is not (metric.name in LOWER_IS_BETTER)


@pytest.mark.parametrize(("industry", "metric"), EVERY_METRIC)
def test_a_metric_has_words_and_a_range_that_fits_its_unit(industry: Industry, metric: IndustryMetric) -> None:
    assert metric.label
    assert metric.label[0].isupper()
    margin = metric.name in ("profit_margin", "gross_margin")
    assert metric.lowest == (-1 if margin else 0)
    assert metric.highest == (1 if metric.unit == "share, 0-1" else None)


def test_industries_grow_by_two_to_ten_percent_a_year() -> None:
    growths = [float(found) for found in re.findall(r"^label = .*\ngrowth = (.*)$", TEXT, re.MULTILINE)]
    assert len(growths) == 10
    assert (min(growths), max(growths)) == (0.02, 0.1)


def test_sizes_and_regions_differ_as_the_design_says() -> None:
    file = models().industries["retail"].metrics["revenue_per_employee"]
    assert [round(2.718281828**one, 2) for one in file.sizes.values()] == [0.85, 1.0, 1.15]
    assert round(2.718281828 ** file.regions[Region.NORTHEAST], 2) == 1.12
    assert round(2.718281828 ** file.regions[Region.MIDWEST], 2) == 0.95


def test_every_industry_has_all_sizes_and_regions() -> None:
    assert {(industry.company_sizes, industry.regions) for industry in industries()} == {
        (tuple(CompanySize), tuple(Region))
    }


@pytest.mark.parametrize(
    ("step", "value", "steps", "shown"),
    [
        pytest.param(100.0, 149_960.0, 1500, 150_000.0, id="hundreds"),
        pytest.param(1.0, 2.4, 2, 2.0, id="ones"),
        pytest.param(0.5, 28.3, 57, 28.5, id="halves"),
        pytest.param(0.1, 0.31, 3, 0.3, id="tenths"),
        pytest.param(0.001, 0.1234, 123, 0.123, id="thousandths"),
        pytest.param(0.001, -0.0296, -30, -0.03, id="below 0"),
    ],
)
def test_a_value_of_whole_steps_is_the_decimal_that_people_write(
    step: float, value: float, steps: int, shown: float
) -> None:
    metric = a_metric(lowest=None, step=step)
    assert metric.in_steps(value) == steps
    assert metric.of_steps(steps) == shown


@pytest.mark.parametrize("step", [0.0, -1.0, 0.3, 0.7, 2.5])
def test_a_step_that_decimals_cannot_be_counted_in_is_refused(step: float) -> None:
    with pytest.raises(ValueError, match="a step is a whole number"):
        a_metric(step=step)


@pytest.mark.parametrize(
    ("lowest", "highest", "inside", "outside"),
    [
        pytest.param(0.0, 1.0, [0.0, 0.5, 1.0], [-0.001, 1.001], id="share"),
        pytest.param(0.0, None, [0.0, 1e9], [-1.0], id="amount"),
        pytest.param(None, 1.0, [-1e9, 1.0], [2.0], id="no lower end"),
    ],
)
def test_the_legal_range_includes_its_ends(
    lowest: float | None, highest: float | None, inside: list[float], outside: list[float]
) -> None:
    metric = a_metric(lowest=lowest, highest=highest)
    assert [metric.in_range(value) for value in inside] == [True] * len(inside)
    assert [metric.in_range(value) for value in outside] == [False] * len(outside)


@pytest.mark.parametrize(
    ("pattern", "replacement", "fault"),
    [
        pytest.param("typical = 0.045", "typical = 1.5", "retail.profit_margin: a share lies below 1", id="share"),
        pytest.param("typical = 150_000", "typical = 0", "typical", id="not above 0"),
        pytest.param('seasons = "travel"', 'seasons = "tides"', "no profile named tides", id="unknown season"),
        pytest.param(r"SMALL = 1\.15, ", "", "lacks SMALL", id="size missing"),
        pytest.param(r", WEST = 1\.0, ", ", ", "lacks WEST", id="region missing"),
        pytest.param(r"0\.92, 0\.90, ", "", "seasons", id="ten months"),
        pytest.param('name = "restaurant"', 'name = "retail"', "same name", id="industry twice"),
        pytest.param("spread = 0.22", "spraed = 0.22", "spraed", id="misspelt"),
        pytest.param('kind = "amount"', 'kind = "number"', "number", id="unknown kind"),
        pytest.param('name = "retail"', 'name = "Retail trade"', "pattern|regex", id="no name for queries"),
    ],
)
def test_a_file_with_a_mistake_is_refused_by_its_place(pattern: str, replacement: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        read(changed(pattern, replacement))
