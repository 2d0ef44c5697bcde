"""Series of BLS and the Census Bureau over HTTP: fetched, stored, stale, unavailable, and as they were known."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from domain.database import Database
from domain.series.observation import Observation
from domain.series.sources import asked_together
from domain.series.tables import series_observations
from domain.series.writes import store_observations
from server.published.load import load_file
from tests.builders import NOW, an_id
from tests.client import Served, serving
from tests.logs import logged
from tests.real import DATA, NEEDS_DATA, expected
from tests.series.bls_server import Bls, bls_served, entry, months, nobody_there, recorded

pytestmark = pytest.mark.anyio

POINTS = """
query ($industry: String!, $size: CompanySize! = MEDIUM, $region: Region! = NATIONAL, $metrics: [String!],
       $start: Date, $end: Date, $source: DataSource! = BLS, $asOf: Date) {
  benchmarkSeries(industry: $industry, companySize: $size, region: $region, metrics: $metrics, start: $start, end: $end,
                  source: $source, asOf: $asOf) {
    metric { name unit higherIsBetter } source stale coverage unavailable { reason }
    points { period value p10 p25 p50 p75 p90 sampleSize footnotes }
  }
}
"""
SHORT = """
query ($metrics: [String!], $asOf: Date) {
  benchmarkSeries(industry: "retail", metrics: $metrics, source: BLS, asOf: $asOf) {
    stale unavailable { reason } points { period value footnotes }
  }
}
"""
COMPARISONS = """
query ($industry: String!, $values: [MetricValueInput!]!, $source: DataSource! = BLS) {
  benchmarkComparisons(industry: $industry, values: $values, source: $source) {
    period benchmarkValue difference percentageDifference percentileRank censored interpretation
  }
}
"""
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
CES = "CES4200000001"
WAGES = "OEUN000000044--46000000"


@pytest.fixture
async def bls() -> AsyncIterator[Bls]:
    async with bls_served() as served:
        served.series = {
            CES: [
                entry(2026, "M10", "15500.1", ("P", "preliminary")),
                *months(2026, {1: 15400.5, 9: 15490.0}),
                entry(2025, "M13", "15300.0"),
                *months(2025, {10: 15310.0, 11: 15320.0, 12: "-"}),
            ],
            "JTS440000000000000JOR": months(2026, {9: "4.5"}),
            "IPUHN44_45_U100000000": [entry(2025, "A01", "118.2"), entry(2024, "A01", "115.9")],
            **{
                f"{WAGES}{datatype}": [entry(2025, "A01", str(value))]
                for datatype, value in {"11": 10, "12": 20, "13": 30, "14": 40, "15": 50, "01": 15_503_410}.items()
            },
        }
        yield served


@asynccontextmanager
async def served_by(database_url: str, url: str, **settings: Any) -> AsyncIterator[Served]:
    async with serving(
        database_url, **{"bls_fetch": "on_demand", "bls_url": url, "bls_patience": 30, **settings}
    ) as it:
        yield it


async def series(served: Served, **variables: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await served.learner(an_id("viewer")).data(POINTS, variables))["benchmarkSeries"]
    return found


async def one(served: Served, metric: str, **variables: Any) -> dict[str, Any]:
    [found] = await series(served, **{"industry": "retail", "metrics": [metric], **variables})
    return found


def values(found: dict[str, Any]) -> dict[str, float]:
    return {point["period"]: point["value"] for point in found["points"]}


# ---- fetched on demand


async def test_a_series_that_nobody_has_asked_for_is_fetched(database_url: str, bls: Bls) -> None:
    async with served_by(database_url, bls.url) as served:
        found = await one(served, "employment")
        assert values(found) == {
            "2025-11-01": 15320.0,
            "2026-01-01": 15400.5,
            "2026-09-01": 15490.0,
            "2026-10-01": 15500.1,
        }
        assert found["points"][-1]["footnotes"] == ["preliminary"]
        assert (found["stale"], found["unavailable"], found["source"]) == (False, None, "BLS")
        assert found["coverage"].startswith("BLS, Current Employment Statistics: retail trade; jobs at establishments")
        assert found["metric"] == {"name": "employment", "unit": "thousand jobs", "higherIsBetter": True}
        await one(served, "employment")
    assert len(bls.asked) == 1


async def test_all_metrics_of_an_industry_come_in_one_request_and_one_statement(database_url: str, bls: Bls) -> None:
    async with served_by(database_url, bls.url) as served:
        await series(served, industry="retail")
        served.statements.clear()
        found = await series(served, industry="retail")
        reads = [statement for statement in served.statements if "series_observations" in statement]
    assert len(bls.asked) == 1
    assert len(reads) == 1
    by_name = {one["metric"]["name"]: one for one in found}
    assert list(by_name)[:3] == ["employment", "average_hourly_earnings", "job_openings"]
    assert len(by_name) == 12
    assert values(by_name["job_openings_rate"]) == {"2026-09-01": 0.045}
    # A series that does not exist is one without figures, and no fault of the others.
    assert (by_name["job_openings"]["points"], by_name["job_openings"]["unavailable"]) == ([], {"reason": "NO_DATA"})
    # What only files have is not known before one is loaded.
    assert by_name["average_annual_pay"]["unavailable"] == {"reason": "NOT_COMPUTED"}


async def test_figures_of_years_show_the_newest_where_the_last_months_have_none(database_url: str, bls: Bls) -> None:
    async with served_by(database_url, bls.url) as served:
        assert values(await one(served, "unit_labour_costs")) == {"2025-01-01": 118.2}
        chosen = await one(served, "unit_labour_costs", start="2020-01-01", end="2024-12-31")
        assert values(chosen) == {"2024-01-01": 115.9}
        none = await one(served, "unit_labour_costs", start="2026-01-01", end="2026-06-30")
        assert (none["points"], none["unavailable"]) == ([], {"reason": "NO_DATA"})


async def test_wages_have_percentiles_and_a_sample(database_url: str, bls: Bls) -> None:
    async with served_by(database_url, bls.url) as served:
        [point] = (await one(served, "annual_wage"))["points"]
    assert point == {
        **{"period": "2025-01-01", "value": 30, "p10": 10, "p25": 20, "p50": 30, "p75": 40, "p90": 50},
        **{"sampleSize": 15_503_410, "footnotes": []},
    }


async def test_a_wage_beyond_the_highest_that_is_published_is_null_and_told(database_url: str, bls: Bls) -> None:
    note = ("5", "This wage is equal to or greater than $115.00 per hour or $239,200 per year.")
    bls.series[f"{WAGES}15"] = [entry(2025, "A01", "-", note)]
    async with served_by(database_url, bls.url) as served:
        [point] = (await one(served, "annual_wage"))["points"]
        asked = {"industry": "retail", "values": [{"metric": "annual_wage", "value": 35}]}
        [below] = (await served.learner(an_id("viewer")).data(COMPARISONS, asked))["benchmarkComparisons"]
        asked["values"] = [{"metric": "annual_wage", "value": 45}]
        [beyond] = (await served.learner(an_id("viewer")).data(COMPARISONS, asked))["benchmarkComparisons"]
    assert (point["p75"], point["p90"], point["footnotes"]) == (40, None, [note[1]])
    assert (below["percentileRank"], below["censored"]) == (62.5, False)
    assert (beyond["percentileRank"], beyond["censored"]) == (87.5, True)


async def test_the_size_of_a_company_does_not_matter_to_bls(database_url: str, bls: Bls) -> None:
    async with served_by(database_url, bls.url) as served:
        assert await one(served, "employment", size="SMALL") == await one(served, "employment", size="LARGE")


async def test_a_region_is_not_asked_for_and_has_none(database_url: str, bls: Bls) -> None:
    async with served_by(database_url, bls.url) as served:
        found = await one(served, "employment", region="MIDWEST")
    assert (found["points"], found["stale"], found["unavailable"]) == ([], False, {"reason": "NO_DATA"})
    assert bls.asked == []


async def test_months_without_figures_among_known_ones_are_no_data(database_url: str, bls: Bls) -> None:
    bls.series[CES] = months(2025, {12: "-"})
    async with served_by(database_url, bls.url) as served:
        found = await one(served, "employment")
    assert (found["points"], found["unavailable"]) == ([], {"reason": "NO_DATA"})


async def test_twenty_years_take_three_requests_without_a_key(database_url: str, bls: Bls) -> None:
    async with served_by(database_url, bls.url) as served:
        await one(served, "employment", start="2006-01-01", end="2025-12-31")
    assert [(asked["startyear"], asked["endyear"]) for asked in bls.asked] == [
        ("2017", "2026"),
        ("2007", "2016"),
        ("2006", "2006"),
    ]


# ---- stale, and not at all


@pytest.mark.parametrize("wrong", ["down", "slow", "error", "nonsense", "quota"])
async def test_without_anything_stored_an_outage_is_an_error_with_a_code(
    database_url: str, bls: Bls, wrong: str
) -> None:
    match wrong:
        case "slow":
            bls.hold = asyncio.Event()
        case "error":
            bls.status, bls.body = 500, b"Internal Server Error"
        case "nonsense":
            bls.body = b"<html>Maintenance</html>"
        case "quota":
            bls.quota = 0
    url = nobody_there() if wrong == "down" else bls.url
    async with served_by(database_url, url, bls_patience=0.05 if wrong == "slow" else 30) as served:
        error = await served.learner(an_id("viewer")).error(SHORT, {"metrics": ["employment"]})
    assert error["extensions"] == {"code": "SOURCE_UNAVAILABLE"}
    again = {
        "slow": "it has not answered yet; ask again in a moment.",
        "quota": "the day's requests are used up; ask again after 2026-11-19 00:00 UTC.",
    }.get(wrong, "it failed a short time ago; ask again after 2026-11-18 12:38 UTC.")
    assert error["message"] == f"The Bureau of Labor Statistics cannot be asked now: {again}"


async def test_patience_leaves_a_query_time_to_answer(database_url: str, bls: Bls) -> None:
    bls.hold = asyncio.Event()
    async with served_by(database_url, bls.url, bls_patience=3600, request_timeout=1) as served:
        error = await served.learner(an_id("viewer")).error(SHORT, {"metrics": ["employment"]})
    assert error["extensions"] == {"code": "SOURCE_UNAVAILABLE"}


async def test_what_is_stored_is_served_as_stale_during_an_outage_without_a_storm(database_url: str, bls: Bls) -> None:
    async with served_by(database_url, bls.url) as served:
        before = await one(served, "employment", start="2026-01-01")
        bls.status, bls.body = 503, b"Service Unavailable"
        served.now += DAY
        after = await one(served, "employment", start="2026-01-01")
        assert after == {**before, "stale": True}
        asked = len(bls.asked)
        for _ in range(10):
            assert (await one(served, "employment"))["stale"] is True
        assert len(bls.asked) == asked == 4
        bls.status, bls.body = 200, None
        served.now += 8 * MINUTE
        assert (await one(served, "employment"))["stale"] is False


async def test_what_is_stored_of_one_metric_is_served_though_another_has_nothing(database_url: str, bls: Bls) -> None:
    async with served_by(database_url, nobody_there()) as served:
        observation = Observation(series_id=CES, period=NOW.date().replace(month=9, day=1), value=1.0)
        async with served.database.write() as writing:
            await store_observations(writing, [observation], NOW - DAY)
        found = await series(served, industry="retail", metrics=["employment", "job_openings"])
        assert [(one["stale"], values(one), one["unavailable"]) for one in found] == [
            (True, {"2026-09-01": 1.0}, None),
            (True, {}, {"reason": "NOT_COMPUTED"}),
        ]
        alone = await served.learner(an_id("viewer")).error(SHORT, {"metrics": ["job_openings"]})
        assert alone["extensions"] == {"code": "SOURCE_UNAVAILABLE"}


async def test_an_outage_does_not_touch_other_sources(database_url: str) -> None:
    async with served_by(database_url, nobody_there()) as served:
        assert len(await series(served, industry="retail", source="SYNTHETIC")) > 4
        [census, *_] = await series(served, industry="retail", source="CENSUS")
    assert (census["stale"], census["unavailable"]) == (False, {"reason": "NOT_COMPUTED"})


async def test_a_comparison_during_an_outage_says_so(database_url: str) -> None:
    async with served_by(database_url, nobody_there()) as served:
        asked = {"industry": "retail", "values": [{"metric": "annual_wage", "value": 35}]}
        error = await served.learner(an_id("viewer")).error(COMPARISONS, asked)
    assert error["extensions"]["code"] == "SOURCE_UNAVAILABLE"


@pytest.mark.parametrize("policy", ["off", "job"])
async def test_where_queries_do_not_ask_nothing_is_fetched_and_nothing_fails(
    database_url: str, bls: Bls, policy: str
) -> None:
    async with served_by(database_url, bls.url, bls_fetch=policy) as served:
        found = await one(served, "employment")
    assert (found["points"], found["stale"], found["unavailable"]) == ([], False, {"reason": "NOT_COMPUTED"})
    assert bls.asked == []


# ---- as of a day


async def test_as_of_a_day_shows_what_was_known_at_its_end(database_url: str, bls: Bls) -> None:
    async with served_by(database_url, bls.url) as served:
        await one(served, "employment")
        served.now += DAY
        bls.series[CES] = [entry(2026, "M10", "15499.9")]
        asked = {"metrics": ["employment"]}
        client = served.learner(an_id("viewer"))

        async def october(as_of: str | None) -> Any:
            [found] = (await client.data(SHORT, {**asked, "asOf": as_of}))["benchmarkSeries"]
            return [point for point in found["points"] if point["period"] == "2026-10-01"]

        revised = [{"period": "2026-10-01", "value": 15499.9, "footnotes": []}]
        first = [{"period": "2026-10-01", "value": 15500.1, "footnotes": ["preliminary"]}]
        assert await october(None) == revised
        assert await october("2026-11-19") == revised
        assert await october("2026-11-18") == first
        assert await october("2026-11-17") == []
        [nothing] = (await client.data(SHORT, {**asked, "asOf": "2026-11-17"}))["benchmarkSeries"]
        assert (nothing["stale"], nothing["unavailable"]) == (False, {"reason": "NOT_COMPUTED"})


async def test_a_series_says_when_its_newest_figure_was_retrieved(database_url: str, bls: Bls) -> None:
    retrieved = """query ($source: DataSource!, $metrics: [String!]) {
        benchmarkSeries(industry: "retail", source: $source, metrics: $metrics) { retrievedAt }
    }"""
    async with served_by(database_url, bls.url) as served:

        async def day(metric: str, source: str = "BLS") -> Any:
            data = await served.learner(an_id("viewer")).data(retrieved, {"source": source, "metrics": [metric]})
            return data["benchmarkSeries"][0]["retrievedAt"]

        assert await day("employment") == "2026-11-18T12:30:00+00:00"
        served.now += DAY
        assert await day("employment") == "2026-11-18T12:30:00+00:00"
        bls.series[CES] = [entry(2026, "M10", "15499.9")]
        served.now += DAY
        assert await day("employment") == "2026-11-20T12:30:00+00:00"
        assert await day("job_openings") is None
        assert await day("revenue_per_employee", "SYNTHETIC") is None


async def test_days_that_are_over_are_answered_from_the_store_alone(database_url: str, bls: Bls) -> None:
    async with served_by(database_url, bls.url) as served:
        await one(served, "employment", asOf="2026-11-17")
        await one(served, "employment", asOf="2015-01-01")
        assert bls.asked == []
        await one(served, "employment", asOf="2026-11-18")
        assert len(bls.asked) == 1


# ---- real answers, replayed


@NEEDS_DATA
async def test_a_recorded_answer_is_stored_as_it_is(database_url: str, bls: Bls) -> None:
    """The county's employment of the recording, in the place of retail's."""
    bls.body = recorded("laucn_county_employment_2021_2023").replace(b"LAUCN040010000000005", CES.encode())
    async with served_by(database_url, bls.url) as served:
        found = await one(served, "employment", start="2021-01-01", end="2023-12-31")
    [known] = expected("bls-api", "normalised")["responses"]["laucn_county_employment_2021_2023.json"]["series"]
    assert [[point["period"], point["value"]] for point in found["points"]] == known["monthly"]
    preliminary = [point["period"] for point in found["points"] if point["footnotes"] == ["Preliminary."]]
    assert sorted(preliminary) == sorted(known["preliminary"])


@NEEDS_DATA
@pytest.mark.parametrize(
    "name", ["daily_threshold", "invalid_key", "bad_end_year", "empty_results", "invalid_series_array_faq"]
)
async def test_a_recorded_refusal_stores_nothing_and_its_text_is_not_logged(
    database_url: str, bls: Bls, name: str
) -> None:
    bls.body = recorded(name)
    with logged() as log:
        async with served_by(database_url, bls.url) as served:
            await served.learner(an_id("viewer")).ask(SHORT, {"metrics": ["employment"]})
            async with served.database.read() as reading:
                [(number,)] = await reading.rows(select(func.count()).select_from(series_observations))
    assert number == 0
    assert len(bls.asked) == 1
    assert "provided by the User" not in log.getvalue()


# ---- real files: percentiles and comparisons


INDUSTRIES = {
    "44--46": ("retail", "annual_wage"),
    "722000": ("restaurant", "annual_wage"),
    "541000": ("professional_services", "annual_wage"),
    "31--34": ("manufacturing", "annual_wage"),
    "62--63": ("healthcare", "annual_wage"),
}
OCCUPATIONS = {
    "OEUN000000044--46412031": ("retail", "annual_wage_retail_salespersons"),
    "OEUN000000044--46412011": ("retail", "annual_wage_cashiers"),
    "OEUN0000000722000353031": ("restaurant", "annual_wage_waiters"),
    "OEUN0000000541000132011": ("professional_services", "annual_wage_accountants"),
    "OEUN000000031--34514041": ("manufacturing", "annual_wage_machinists"),
    "OEUN000000062--63291141": ("healthcare", "annual_wage_registered_nurses"),
}


async def load(database: Database, path: Path, year: int | None = None) -> None:
    loaded = await load_file(database, path, year, NOW - DAY)
    assert loaded.new == loaded.figures > 0


@NEEDS_DATA
async def test_wages_out_of_the_real_file_are_those_that_are_published(database_url: str) -> None:
    async with serving(database_url) as served:
        await load(served.database, DATA / "bls-oews" / "national_2025.csv.gz")
        published = {one["industry_code"]: one for one in expected("bls-oews", "ranks")["all_occupations"]}
        for code, (industry, metric) in INDUSTRIES.items():
            [point] = (await one(served, metric, industry=industry))["points"]
            assert {name: point[name] for name in ("p10", "p25", "p50", "p75", "p90")} == {
                name: value for name, value in published[code].items() if name.startswith("p")
            }
        for industry, metric in OCCUPATIONS.values():
            assert len((await one(served, metric, industry=industry))["points"]) == 1


@NEEDS_DATA
async def test_census_figures_are_divided_by_size_and_those_that_were_worked_out(database_url: str) -> None:
    rows = {
        (one["naics"], one["size"]): one for one in expected("census-abs", "revenue_per_employee")["by_sector_and_size"]
    }
    async with serving(database_url) as served:
        await load(served.database, DATA / "census-abs" / "us_sector_by_firm_size_2017.api.json")
        found = await one(served, "revenue_per_employee", industry="education", size="LARGE", source="CENSUS")
        [point] = found["points"]
        assert point["period"] == "2017-01-01"
        assert point["value"] == pytest.approx(rows["61", "657"]["revenue_per_employee"], abs=1e-9)
        assert point["sampleSize"] == rows["61", "657"]["firms"]
        pay = await one(served, "pay_per_employee", industry="technology", size="LARGE", source="CENSUS")
        assert pay["points"][0]["value"] == pytest.approx(rows["51", "657"]["pay_per_employee"], abs=1e-9)
        # Three classes: 18,073,378 + 28,174,640 + 20,072,542 thousand dollars, 308,744 + 399,498 + 266,931 employees.
        medium = await one(served, "revenue_per_employee", industry="education", size="MEDIUM", source="CENSUS")
        assert medium["points"][0]["value"] == pytest.approx(1000 * 66_320_560 / 975_173, abs=1e-9)
        assert medium["points"][0]["sampleSize"] == 4_560 + 2_770 + 905
        absent = await one(served, "revenue_per_employee", industry="construction", source="CENSUS")
        assert (absent["points"], absent["unavailable"]) == ([], {"reason": "NOT_COMPUTED"})
        region = await one(served, "revenue_per_employee", industry="education", region="WEST", source="CENSUS")
        assert (region["points"], region["unavailable"]) == ([], {"reason": "NO_DATA"})


@NEEDS_DATA
async def test_counties_have_percentiles_that_can_be_compared_with(database_url: str) -> None:
    [sector] = [
        one for one in expected("census-abs", "revenue_per_employee")["counties_by_sector"] if one["naics"] == "23"
    ]
    async with serving(database_url) as served:
        await load(served.database, DATA / "census-abs" / "county_by_sector_2017.csv.gz")
        found = await one(served, "county_revenue_per_employee", industry="construction", source="CENSUS")
        [point] = found["points"]
        for name in ("p10", "p25", "p50", "p75", "p90"):
            assert point[name] == pytest.approx(sector[name], abs=1e-9)
        assert point["sampleSize"] == sector["usable"]
        asked = {
            "industry": "construction",
            "source": "CENSUS",
            "values": [{"metric": "county_revenue_per_employee", "value": sector["p75"]}],
        }
        [compared] = (await served.learner(an_id("viewer")).data(COMPARISONS, asked))["benchmarkComparisons"]
        assert compared["percentileRank"] == pytest.approx(75, abs=1e-9)
        west = await one(served, "county_revenue_per_employee", industry="construction", region="WEST", source="CENSUS")
        assert west["points"][0]["value"] != point["value"]


QCEW_COLUMNS = (
    "area_fips,own_code,industry_code,agglvl_code,size_code,year,qtr,disclosure_code,annual_avg_estabs,"
    "annual_avg_emplvl,total_annual_wages,annual_avg_wkly_wage,avg_annual_pay"
)


def qcew_row(area: str, establishments: int, employees: int, wages: int, disclosure: str = "") -> str:
    return f"{area},5,44-45,74,0,2023,A,{disclosure},{establishments},{employees},{wages},1,1"


async def test_pay_in_a_region_is_the_wages_of_its_states_over_their_employment(
    database_url: str, tmp_path: Path
) -> None:
    """Arizona 100/2, New Mexico 200/3, Oklahoma 300/4, Texas 400/11: 1000 over 20 is 50."""
    rows = [
        qcew_row("US000", 10, 1000, 60_000),
        *[qcew_row("04000", 1, 2, 100), qcew_row("35000", 2, 3, 200), qcew_row("40000", 3, 4, 300)],
    ]
    path = tmp_path / "retail.csv"
    async with serving(database_url) as served:
        path.write_text("\n".join([QCEW_COLUMNS, *rows, qcew_row("48000", 4, 0, 0, "N")]))
        await load_file(served.database, path, None, NOW - 2 * DAY)
        withheld = await one(served, "average_annual_pay", region="SOUTHWEST")
        assert (withheld["points"], withheld["unavailable"]) == ([], {"reason": "NO_DATA"})
        path.write_text("\n".join([QCEW_COLUMNS, *rows, qcew_row("48000", 4, 11, 400)]))
        await load_file(served.database, path, None, NOW - DAY)
        assert values(await one(served, "average_annual_pay", region="SOUTHWEST")) == {"2023-01-01": 50.0}
        assert values(await one(served, "establishment_size", region="SOUTHWEST")) == {"2023-01-01": 2.0}
        assert values(await one(served, "average_annual_pay")) == {"2023-01-01": 60.0}
        nobody = await one(served, "average_annual_pay", region="WEST")
        assert (nobody["points"], nobody["unavailable"]) == ([], {"reason": "NOT_COMPUTED"})
        # What is loaded from files is answered without asking BLS, which does not have it.
        assert not any(one_id.startswith("QCEW") for one_id in asked_together())


@NEEDS_DATA
async def test_payrolls_out_of_the_real_file_are_answered_as_they_are(database_url: str) -> None:
    [retail] = [one for one in expected("bls-ces", "series")["employment"] if one["series"] == "retail_trade"]
    async with serving(database_url) as served:
        await load(served.database, DATA / "bls-ces" / "us_employment.csv")
        found = await one(served, "employment", start="2006-01-01", end="2015-12-31")
    points = [[point["period"], point["value"]] for point in found["points"]]
    assert (points[0], points[-1], len(points)) == (retail["first"], retail["last"], retail["n"])


@NEEDS_DATA
async def test_unemployment_out_of_the_real_file_is_a_share_of_which_less_is_better(database_url: str) -> None:
    async with serving(database_url) as served:
        await load(served.database, DATA / "bls-ces" / "unemployment_by_industry.csv")
        found = await one(served, "unemployment_rate", industry="hospitality", start="2010-01-01", end="2010-12-31")
    assert values(found)["2010-02-01"] == 0.127
    assert found["metric"]["higherIsBetter"] is False
