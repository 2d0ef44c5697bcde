"""Benchmark series and comparisons over HTTP, on both engines."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.series.choice import CompanySize, DataSource, Region
from domain.series.industries import industries
from domain.series.observation import Observation
from domain.series.sources import sourced_metric
from domain.series.synthetic import synthetic_points
from domain.series.writes import store_observations
from resolvers.series import industry_metrics
from server.app import ASSUMED_INDUSTRIES, ASSUMED_METRICS
from tests.builders import NOW, an_id
from tests.client import Client, Served, serving
from tests.series.reference import ROOT

pytestmark = pytest.mark.anyio

# What is computed, or refused before anything is read, has nothing to do with the engine.
ANY_ENGINE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

SERIES = """
query ($industry: String! = "retail", $size: CompanySize! = MEDIUM, $region: Region! = NATIONAL, $metrics: [String!],
    $start: Date, $end: Date, $source: DataSource! = SYNTHETIC, $asOf: Date) {
  benchmarkSeries(industry: $industry, companySize: $size, region: $region, metrics: $metrics, start: $start, end: $end,
      source: $source, asOf: $asOf) {
    metric { name label unit higherIsBetter } industry companySize region source stale coverage
    unavailable { reason message }
    points { period value p10 p25 p50 p75 p90 sampleSize footnotes }
    latest { period }
  }
}
"""
COMPARISONS = """
query ($industry: String! = "retail", $size: CompanySize! = MEDIUM, $region: Region! = NATIONAL,
    $values: [MetricValueInput!]!, $period: Date, $source: DataSource! = SYNTHETIC) {
  benchmarkComparisons(industry: $industry, companySize: $size, region: $region, values: $values, period: $period,
      source: $source) {
    metric { name } period userValue benchmarkValue difference percentageDifference percentileRank censored
    interpretation outOfRange text point { period p50 }
  }
}
"""
RETAIL = [
    *("revenue_per_employee", "profit_margin", "inventory_turnover", "customer_acquisition_cost"),
    *("customer_retention_rate", "sales_per_square_foot"),
]
LAST_TWELVE = [f"2025-{month}-01" for month in (11, 12)] + [f"2026-{month:02}-01" for month in range(1, 11)]


@pytest.fixture
async def served(database_url: str) -> AsyncIterator[Served]:
    async with serving(database_url, bls_fetch="off") as one:
        yield one


@pytest.fixture
def client(served: Served) -> Client:
    return served.learner(an_id("Ada"))


async def series(client: Client, **variables: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.data(SERIES, variables))["benchmarkSeries"]
    return found


async def compared(client: Client, values: dict[str, float], **variables: Any) -> list[dict[str, Any]]:
    asked = {"values": own(values), **variables}
    found: list[dict[str, Any]] = (await client.data(COMPARISONS, asked))["benchmarkComparisons"]
    return found


def own(values: dict[str, float]) -> list[dict[str, object]]:
    return [{"metric": metric, "value": value} for metric, value in values.items()]


def periods(one: dict[str, Any]) -> list[str]:
    return [point["period"] for point in one["points"]]


def refused(error: dict[str, Any]) -> tuple[str, str]:
    return error["extensions"]["code"], error["extensions"]["field"]


# ---- industries


async def test_industries_say_what_there_is_to_ask_for(client: Client) -> None:
    asked = "{ industries { name label companySizes regions metrics { name label unit higherIsBetter } } }"
    found = (await client.data(asked))["industries"]
    assert len(found) == 10
    assert (found[0]["name"], found[0]["label"]) == ("retail", "Retail")
    assert found[0]["companySizes"] == ["SMALL", "MEDIUM", "LARGE"]
    assert found[0]["regions"] == ["NATIONAL", "NORTHEAST", "SOUTHEAST", "MIDWEST", "WEST", "SOUTHWEST"]
    assert [metric["name"] for metric in found[0]["metrics"]] == RETAIL
    assert found[0]["metrics"][3] == {
        "name": "customer_acquisition_cost",
        "label": "Customer acquisition cost",
        "unit": "USD",
        "higherIsBetter": False,
    }


async def test_an_industry_is_found_by_its_name(client: Client) -> None:
    found = await client.data('{ industry(name: "real_estate") { label } unknown: industry(name: "x") { label } }')
    assert found == {"industry": {"label": "Real estate"}, "unknown": None}


async def test_each_source_has_metrics_of_its_own(client: Client) -> None:
    fields = " ".join(f"{source}: metrics(source: {source}) {{ name }}" for source in DataSource)
    found = (await client.data(f'{{ industry(name: "retail") {{ {fields} }} }}'))["industry"]
    names = {source: [metric["name"] for metric in metrics] for source, metrics in found.items()}
    assert names["SYNTHETIC"] == names["USER_CONTRIBUTED"] == RETAIL
    assert "employment" in names["BLS"]
    assert set(names["BLS"]).isdisjoint(RETAIL)
    assert names["CENSUS"]


async def test_no_one_asks_without_a_token(served: Served) -> None:
    assert (await served.client(None).post(SERIES)).status_code == 401


# ---- series


async def test_by_default_all_metrics_of_the_last_twelve_months_that_are_over(client: Client) -> None:
    found = await series(client)
    assert [one["metric"]["name"] for one in found] == RETAIL
    assert all(periods(one) == LAST_TWELVE for one in found)
    assert all(one["latest"] == {"period": "2026-10-01"} for one in found)
    assert {(one["industry"], one["companySize"], one["region"], one["source"], one["stale"]) for one in found} == {
        ("retail", "MEDIUM", "NATIONAL", "SYNTHETIC", False)
    }
    assert {(one["coverage"], one["unavailable"]) for one in found} == {(None, None)}


async def test_an_empty_list_of_metrics_is_as_good_as_none(client: Client) -> None:
    assert await series(client, metrics=[]) == await series(client)


async def test_series_come_in_the_order_of_the_metrics(client: Client) -> None:
    found = await series(client, metrics=["profit_margin", "revenue_per_employee"])
    assert [one["metric"]["name"] for one in found] == ["profit_margin", "revenue_per_employee"]


async def test_a_point_is_what_the_model_computes(client: Client) -> None:
    [found] = await series(
        client,
        metrics=["profit_margin"],
        size="SMALL",
        region="WEST",
        start="2024-03-01",
        end="2024-03-01",
    )
    month = date(2024, 3, 1)
    [point] = synthetic_points("retail", "profit_margin", CompanySize.SMALL, Region.WEST, month, month)
    assert found["points"] == [
        {
            "period": "2024-03-01",
            "value": point.value,
            "p10": point.p10,
            "p25": point.p25,
            "p50": point.value,
            "p75": point.p75,
            "p90": point.p90,
            "sampleSize": point.sample_size,
            "footnotes": [],
        }
    ]


@ANY_ENGINE
@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param("2024-01-15", "2024-03-02", ["2024-01-01", "2024-02-01", "2024-03-01"], id="any days"),
        pytest.param("2026-09-30", None, ["2026-09-01", "2026-10-01"], id="only a start"),
        pytest.param("2026-10-01", "2036-10-01", ["2026-10-01"], id="into the future"),
        pytest.param("1999-01-01", "2000-02-01", ["2000-01-01", "2000-02-01"], id="from before 2000"),
        pytest.param("1990-01-01", "1990-12-31", [], id="before 2000"),
        pytest.param("2026-11-01", None, [], id="the month that is not over"),
    ],
)
async def test_a_range_of_days_is_one_of_months(
    client: Client, start: str | None, end: str | None, expected: list[str]
) -> None:
    [found] = await series(client, metrics=["profit_margin"], start=start, end=end)
    assert periods(found) == expected
    assert found["latest"] == ({"period": expected[-1]} if expected else None)
    assert found["unavailable"] is None


async def test_only_an_end_means_twelve_months_up_to_it(client: Client) -> None:
    [found] = await series(client, metrics=["profit_margin"], end="2020-06-30")
    assert (len(periods(found)), periods(found)[0], periods(found)[-1]) == (12, "2019-07-01", "2020-06-01")


async def test_as_of_a_day_later_months_are_not_known(client: Client) -> None:
    now = await series(client, metrics=["profit_margin"], start="2026-01-01")
    then = await series(client, metrics=["profit_margin"], start="2026-01-01", asOf="2026-04-15")
    assert then[0]["points"] == now[0]["points"][:3]


async def test_as_of_a_day_the_default_range_ends_there(client: Client) -> None:
    [found] = await series(client, metrics=["profit_margin"], asOf="2020-01-31")
    assert (len(periods(found)), periods(found)[-1]) == (12, "2020-01-01")
    assert await series(client, asOf="2026-11-18") == await series(client)


async def test_a_point_is_found_by_its_period(client: Client) -> None:
    asked = """{ benchmarkSeries(industry: "retail", metrics: ["profit_margin"]) {
        points { period value } at(period: "2026-02-01") { value } between: at(period: "2026-02-02") { value }
    } }"""
    [found] = (await client.data(asked))["benchmarkSeries"]
    assert found["at"] == {"value": found["points"][3]["value"]}
    assert found["between"] is None


async def test_synthetic_series_read_no_database(served: Served, client: Client) -> None:
    await series(client)
    served.statements.clear()
    await series(client, start="2010-01-01")
    await compared(client, {"profit_margin": 0.1})
    assert served.statements == []


@ANY_ENGINE
@pytest.mark.parametrize(
    ("variables", "field", "fault"),
    [
        ({"industry": "astrology"}, "industry", "none named 'astrology'; choose from retail, restaurant"),
        ({"industry": "x" * 5000}, "industry", f"none named '{'x' * 60}…'"),
        ({"metrics": ["employment"]}, "metrics", "SYNTHETIC has no metric 'employment' of retail; choose from revenue"),
        ({"metrics": ["employment"], "source": "CENSUS"}, "metrics", "CENSUS has no metric 'employment'"),
        ({"metrics": ["profit_margin"], "source": "BLS"}, "metrics", "BLS has no metric 'profit_margin'"),
        ({"metrics": ["profit_margin", "profit_margin"]}, "metrics", "profit_margin is named twice"),
        ({"start": "2025-02-02", "end": "2025-02-01"}, "start", "2025-02-02, after the end 2025-02-01"),
        ({"start": "1926-11-18", "end": "2026-11-18"}, "start", "1,201 months; ask for 20 years"),
        ({"start": "1926-11-18", "source": "BLS"}, "start", "1,200 months; ask for 20 years"),
    ],
    ids=["industry", "long", "metric", "census", "bls", "twice", "backwards", "century", "bls century"],
)
async def test_a_bad_question_is_refused_by_name(
    client: Client, variables: dict[str, Any], field: str, fault: str
) -> None:
    error = await client.error(SERIES, variables)
    assert refused(error) == ("BAD_USER_INPUT", field)
    assert fault in error["message"]


@ANY_ENGINE
@pytest.mark.parametrize("variables", [{"size": "HUGE"}, {"region": "MARS"}, {"source": "RUMOUR"}], ids=str)
async def test_an_unknown_size_region_or_source_is_refused(client: Client, variables: dict[str, Any]) -> None:
    assert (await client.error(SERIES, variables))["extensions"]["code"] == "BAD_USER_INPUT"


# ---- comparisons


async def test_a_figure_is_compared_with_the_latest_month(client: Client) -> None:
    [latest] = await series(client, metrics=["revenue_per_employee"], start="2026-10-01")
    [point] = latest["points"]
    value = round((point["p75"] + point["p90"]) / 2, 6)
    [found] = await compared(client, {"revenue_per_employee": value})
    assert found.pop("text").startswith("Better than average. Revenue per employee: yours, $")
    assert found == {
        "metric": {"name": "revenue_per_employee"},
        "period": "2026-10-01",
        "userValue": value,
        "benchmarkValue": point["value"],
        "difference": value - point["value"],
        "percentageDifference": 100 * (value - point["value"]) / point["value"],
        "percentileRank": 82.5,
        "censored": False,
        "interpretation": "ABOVE_AVERAGE",
        "outOfRange": False,
        "point": {"period": "2026-10-01", "p50": point["value"]},
    }


async def test_several_figures_come_back_in_their_order(client: Client) -> None:
    found = await compared(client, {"profit_margin": 0.9, "customer_acquisition_cost": 900, "inventory_turnover": 0})
    assert [one["metric"]["name"] for one in found] == [
        *("profit_margin", "customer_acquisition_cost", "inventory_turnover")
    ]
    assert [(one["percentileRank"], one["censored"]) for one in found] == [(95, True), (95, True), (5, True)]
    assert [one["interpretation"] for one in found] == [
        *("SIGNIFICANTLY_ABOVE", "SIGNIFICANTLY_BELOW", "SIGNIFICANTLY_BELOW")
    ]


async def test_a_period_is_compared_with_its_own_month(client: Client) -> None:
    [series_then] = await series(client, metrics=["profit_margin"], start="2019-12-01", end="2019-12-01")
    [found] = await compared(client, {"profit_margin": 0.05}, period="2019-12-01")
    assert (found["period"], found["benchmarkValue"]) == ("2019-12-01", series_then["points"][0]["value"])


async def test_a_figure_that_cannot_be_is_answered_and_flagged(client: Client) -> None:
    found = await compared(client, {"profit_margin": 1.5, "customer_retention_rate": 1.0})
    assert [one["outOfRange"] for one in found] == [True, False]
    assert found[0]["percentileRank"] == 95


async def test_no_figures_have_no_comparisons(client: Client) -> None:
    assert await compared(client, {}) == []


@ANY_ENGINE
@pytest.mark.parametrize(
    ("values", "variables", "field", "fault"),
    [
        ([("profit_margin", 1), ("profit_margin", 2)], {}, "values", "profit_margin is named twice"),
        ([("luck", 1)], {}, "values", "SYNTHETIC has no metric 'luck' of retail"),
        ([("profit_margin", 1e300)], {}, "values", "send a finite number"),
        ([("luck", 1)] * 101, {}, "values", "there are 101; send 100 at most"),
        ([("profit_margin", 1)], {"period": "2026-10-15"}, "period", "profit_margin has no point for 2026-10-15"),
        ([("profit_margin", 1)], {"period": "2026-11-01"}, "period", "no point for 2026-11-01"),
        ([("profit_margin", 1)], {"period": "0001-01-01"}, "period", "no point for 0001-01-01"),
        ([("profit_margin", 1)], {"industry": "x"}, "industry", "none named 'x'"),
    ],
    ids=["twice", "unknown", "too large", "too many", "mid-month", "not over", "antiquity", "industry"],
)
async def test_a_bad_comparison_is_refused_by_name(
    client: Client, values: list[tuple[str, float]], variables: dict[str, Any], field: str, fault: str
) -> None:
    asked = [{"metric": metric, "value": value} for metric, value in values]
    error = await client.error(COMPARISONS, {"values": asked, **variables})
    assert refused(error) == ("BAD_USER_INPUT", field)
    assert fault in error["message"]


@ANY_ENGINE
@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
async def test_what_is_no_number_in_json_is_no_request(client: Client, number: str) -> None:
    """JSON has no such numbers, but some writers write them."""
    body = f'{{"query": "query ($v: Float!) {{ __typename }}", "variables": {{"v": {number}}}}}'
    headers = {**client.headers, "content-type": "application/json"}
    answered = await client.http.post("/graphql", content=body, headers=headers)
    assert answered.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


@ANY_ENGINE
async def test_a_literal_beyond_all_numbers_is_refused(client: Client) -> None:
    asked = '{ benchmarkComparisons(industry: "retail", values: [{metric: "profit_margin", value: 1e999}]) { text } }'
    error = await client.error(asked)
    assert refused(error) == ("BAD_USER_INPUT", "values")
    assert "that of profit_margin is inf" in error["message"]


# ---- other sources


async def wages(served: Served, percentiles: list[float]) -> None:
    """The yearly wages of retail, as BLS would have told them last May."""
    metric = sourced_metric("retail", DataSource.BLS, "annual_wage")
    assert metric is not None
    recipe = metric.recipe(CompanySize.MEDIUM, Region.NATIONAL)
    assert recipe is not None
    assert recipe.percentiles is not None
    said = [
        Observation(series_id=series_id, period=date(2025, 1, 1), value=value, footnotes=())
        for series_id, value in zip(recipe.percentiles, percentiles, strict=True)
    ]
    async with served.database.write() as writing:
        await store_observations(writing, said, datetime(2026, 5, 15, 14, tzinfo=UTC))


async def test_series_of_a_bureau_come_from_what_is_stored(served: Served, client: Client) -> None:
    await wages(served, [28_160.0, 31_710.0, 36_880.0, 46_700.0, 65_290.0])
    [found] = await series(client, metrics=["annual_wage"], source="BLS")
    [point] = found["points"]
    assert (point["period"], point["value"], point["p90"]) == ("2025-01-01", 36_880, 65_290)
    assert found["coverage"]
    [compared_with] = await compared(client, {"annual_wage": 41_790}, source="BLS")
    assert (compared_with["period"], compared_with["percentileRank"]) == ("2025-01-01", 62.5)
    [then] = await compared(client, {"annual_wage": 41_790}, source="BLS", period="2025-01-01")
    assert then == compared_with


async def test_before_anything_was_fetched_a_series_says_so(client: Client) -> None:
    """Nobody may fetch here, so that this is no outage."""
    [found] = await series(client, metrics=["revenue_per_employee"], source="CENSUS")
    assert (found["points"], found["latest"], found["unavailable"]["reason"]) == ([], None, "NOT_COMPUTED")
    error = await client.error(COMPARISONS, {"values": own({"revenue_per_employee": 1}), "source": "CENSUS"})
    assert refused(error) == ("BENCHMARK_UNAVAILABLE", "values")


async def test_contributed_figures_are_withheld_until_enough_have_some(client: Client) -> None:
    found = await series(client, source="USER_CONTRIBUTED")
    assert [one["metric"]["name"] for one in found] == RETAIL
    assert {(len(one["points"]), one["unavailable"]["reason"]) for one in found} == {(0, "TOO_FEW_PEERS")}
    error = await client.error(COMPARISONS, {"values": own({"profit_margin": 0.1}), "source": "USER_CONTRIBUTED"})
    assert refused(error) == ("BENCHMARK_UNAVAILABLE", "values")
    assert "too few contributors" in error["message"]


# ---- what a query may cost


def test_no_industry_has_more_metrics_than_the_cost_model_takes_it_to_have() -> None:
    assert len(industries()) == ASSUMED_INDUSTRIES
    assert (
        max(len(industry_metrics(one.name, source)) for one in industries() for source in DataSource) == ASSUMED_METRICS
    )


async def test_a_whole_dashboard_is_within_the_limit(client: Client) -> None:
    """All metrics of all industries, in one query."""
    names = (await client.data("{ industries { name } }"))["industries"]
    fields = " ".join(
        f'{one["name"]}: benchmarkSeries(industry: "{one["name"]}") {{ metric {{ name }} points {{ period value }} }}'
        for one in names
    )
    found = await client.data(f"{{ {fields} }}")
    assert sum(len(one["points"]) for some in found.values() for one in some) == 12 * 59


async def test_twenty_years_of_everything_for_all_regions_and_sizes_are_too_much(client: Client) -> None:
    fields = " ".join(
        f'{size}_{region}: benchmarkSeries(industry: "retail", companySize: {size}, region: {region}, metrics: [], '
        'start: "2007-01-01") { points { value } }'
        for size in CompanySize
        for region in Region
    )
    error = await client.error(f"{{ {fields} }}")
    assert error["extensions"] == {"code": "QUERY_TOO_COSTLY", "cost": 18 * 12 * 241, "maximum": 20_000}


# ---- the documents


async def test_the_queries_of_the_page_answer_as_it_says(client: Client) -> None:
    page = (ROOT / "docs/series.md").read_text("utf-8")
    shown = [await client.data(query) for query in re.findall(r"```graphql\n(.*?)```", page, re.DOTALL)]
    texts = [one["text"] for answer in shown for one in answer.get("benchmarkComparisons", ())]
    assert texts == [text.replace("\n> ", " ") for text in re.findall(r"^> (.*(?:\n> .*)*)", page, re.MULTILINE)]


async def test_the_page_names_every_metric_of_every_industry() -> None:
    page = (ROOT / "docs/series.md").read_text("utf-8")
    for industry in industries():
        [row] = re.findall(rf"^\| `{industry.name}` \| (.*) \|$", page, re.MULTILINE)
        named = [f"`{metric.name}`" if metric.higher_is_better else f"*`{metric.name}`*" for metric in industry.metrics]
        assert row == ", ".join(named)


async def test_now_moves_the_default_range(served: Served) -> None:
    served.now = NOW.replace(month=12)
    [found] = await series(served.learner(an_id("Ada")), metrics=["profit_margin"])
    assert periods(found)[-1] == "2026-11-01"
