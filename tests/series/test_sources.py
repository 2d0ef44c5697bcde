"""The registry of real series: the ids are built as the surveys build them, and all industries are served."""

import re

import pytest

from domain.series.choice import CompanySize, DataSource, Region
from domain.series.industries import industries
from domain.series.quota import ANONYMOUS
from domain.series.sources import (
    File,
    Kind,
    SourcedMetric,
    asked_together,
    metrics_of,
    read,
    registry,
    sourced_metric,
    states_of,
)

NAMES = [industry.name for industry in industries()]


def metric(industry: str, name: str, source: DataSource = DataSource.BLS) -> SourcedMetric:
    found = sourced_metric(industry, source, name)
    assert found is not None
    return found


def test_the_registry_knows_the_industries_and_no_other() -> None:
    assert list(registry()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_industry_has_wages_employment_openings_and_census_figures(name: str) -> None:
    bls = {metric.name for metric in metrics_of(name, DataSource.BLS)}
    assert {"employment", "average_hourly_earnings", "job_openings", "annual_wage", "average_annual_pay"} <= bls
    assert sum(one.startswith("annual_wage_") for one in bls) == 2
    census = [metric.name for metric in metrics_of(name, DataSource.CENSUS)]
    assert census == ["revenue_per_employee", "pay_per_employee", "firm_size", "county_revenue_per_employee"]


def test_unit_labour_costs_are_there_where_bls_has_them() -> None:
    have = [name for name in NAMES if sourced_metric(name, DataSource.BLS, "unit_labour_costs") is not None]
    assert have == ["retail", "restaurant", "manufacturing", "hospitality"]


def test_a_metric_belongs_to_one_source() -> None:
    assert sourced_metric("retail", DataSource.CENSUS, "employment") is None
    assert sourced_metric("retail", DataSource.BLS, "revenue_per_employee") is None
    assert sourced_metric("retail", DataSource.BLS, "nonsense") is None
    assert sourced_metric("nonsense", DataSource.BLS, "employment") is None
    assert metrics_of("nonsense", DataSource.BLS) == ()


def test_a_series_of_wages_is_area_industry_occupation_and_data_type() -> None:
    wage = metric("restaurant", "annual_wage_waiters")
    assert wage.metric.label == "Annual wage, waiters and waitresses"
    assert wage.asked_for == tuple(
        f"OEUN0000000722000353031{datatype}" for datatype in ("13", "11", "12", "14", "15", "01")
    )


def test_every_id_that_bls_is_asked_for_is_one_that_it_takes() -> None:
    patterns = {
        "CES": r"CES\d{10}",
        "JTS": r"JTS\d{6}000000000(JOL|JOR|QUR)",
        "LNU": r"LNU\d{8}",
        "IPU": r"IPU[A-Z]N[0-9_]{6}U100000000",
        "PRS": r"PRS\d{8}",
        "OEU": r"OEUN0000000[0-9-]{6}\d{6}(01|1[1-5])",
    }
    for series_id in asked_together():
        assert re.fullmatch(patterns[series_id[:3]], series_id), series_id


def test_one_request_without_a_key_serves_an_industry() -> None:
    assert max(map(len, asked_together().values())) <= ANONYMOUS.series
    assert len(set(asked_together().values())) <= ANONYMOUS.requests


def test_a_series_is_asked_for_together_with_its_industrys() -> None:
    wage = metric("retail", "annual_wage")
    assert set(wage.asked_for) <= set(asked_together()["CES4200000001"])


@pytest.mark.parametrize("region", [region for region in Region if region is not Region.NATIONAL])
def test_only_files_divide_by_region(region: Region) -> None:
    for metrics in registry().values():
        for one in metrics.values():
            has_region = one.recipe(CompanySize.SMALL, region) is not None
            assert has_region is (one.kind in (Kind.AREA, Kind.COUNTY)), one.metric.name


def test_a_region_is_the_sum_of_its_states() -> None:
    recipe = metric("retail", "average_annual_pay").recipe(CompanySize.LARGE, Region.SOUTHWEST)
    assert recipe is not None
    assert recipe.value == tuple(
        f"QCEW/{area}/5/44-45/total_annual_wages" for area in ("04000", "35000", "40000", "48000")
    )
    assert recipe.over == tuple(
        f"QCEW/{area}/5/44-45/annual_avg_emplvl" for area in ("04000", "35000", "40000", "48000")
    )


def test_a_size_is_the_sum_of_its_classes() -> None:
    revenue = metric("education", "revenue_per_employee", DataSource.CENSUS)
    recipe = revenue.recipe(CompanySize.MEDIUM, Region.NATIONAL)
    assert recipe is not None
    assert recipe.value == ("ABS/US/61/642/RCPPDEMP", "ABS/US/61/651/RCPPDEMP", "ABS/US/61/652/RCPPDEMP")
    assert recipe.sample == ("ABS/US/61/642/FIRMPDEMP", "ABS/US/61/651/FIRMPDEMP", "ABS/US/61/652/FIRMPDEMP")


def test_every_state_is_in_one_region() -> None:
    everywhere = states_of(Region.NATIONAL)
    assert len(everywhere) == len(set(everywhere)) == 51
    in_regions = [state for region in Region if region is not Region.NATIONAL for state in states_of(region)]
    assert sorted(in_regions) == sorted(everywhere)


def test_files_and_the_api_never_share_an_id() -> None:
    for metrics in registry().values():
        for one in metrics.values():
            recipe = one.recipe(CompanySize.SMALL, Region.NATIONAL)
            assert recipe is not None
            assert all("/" not in series_id for series_id in one.asked_for)
            assert bool(one.asked_for) or all("/" in series_id for series_id in recipe.series_ids)
            assert all(len(series_id) <= 64 for series_id in recipe.series_ids)


def test_every_metric_says_whom_its_figures_are_about() -> None:
    assert metric("hospitality", "job_openings").coverage == (
        "BLS, Job Openings and Labor Turnover Survey: accommodation and food services; "
        "establishments of all sizes, seasonally adjusted."
    )


def test_shares_lie_within_0_and_1() -> None:
    rate = metric("retail", "quits_rate")
    recipe = rate.recipe(CompanySize.SMALL, Region.NATIONAL)
    assert (rate.metric.lowest, rate.metric.highest) == (0, 1)
    assert recipe is not None
    assert recipe.divided_by == 100
    assert not rate.metric.higher_is_better


def test_two_metrics_of_one_name_are_refused() -> None:
    import msgspec

    written = {
        "industries": {"retail": {"ces": {"code": "42000000", "scope": "retail trade"}}},
        "surveys": {"ces": "CES"},
        "metrics": [
            {
                "name": "employment",
                "label": "Employment",
                "unit": "jobs",
                "higher_is_better": True,
                "step": 1,
                "source": "BLS",
                "survey": "ces",
                "series": series,
                "about": "all",
            }
            for series in ("CES{code}01", "CES{code}02")
        ],
        "regions": {},
        "company_sizes": {},
    }
    with pytest.raises(ValueError, match="two metrics of retail have the same name"):
        read(msgspec.convert(written, File))
