"""Ranks among real wages: the real file, loaded and answered by the API, against ranks that others worked out."""

import csv
import gzip
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from domain.database import Database
from domain.series.choice import CompanySize, DataSource, Region
from domain.series.comparison import MetricValue, comparison
from domain.series.freshness import FetchPolicy, Need
from domain.series.queries import Observed, observations_by_series
from domain.series.recipe import points_of
from domain.series.series import BenchmarkSeries
from domain.series.sources import metrics_of, wages
from server.bls.client import BlsApi
from server.bls.refresh import Refresher
from server.published.load import load_file
from tests.builders import NOW
from tests.databases import POSTGRESQL_WHEN_HEAVY
from tests.real import DATA, NEEDS_DATA, expected
from tests.series.bls_server import Bls, bls_served, entry
from tests.server.provider import Clock

pytestmark = [pytest.mark.anyio, NEEDS_DATA, POSTGRESQL_WHEN_HEAVY]

FILE = DATA / "bls-oews" / "national_2025.csv.gz"
COLUMNS = {"11": "p10", "12": "p25", "13": "p50", "14": "p75", "15": "p90", "01": "employment"}


def rows(path: Path) -> dict[str, Mapping[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        return {row["series_prefix"]: row for row in csv.DictReader(lines)}


async def by_file(database: Database, prefixes: set[str]) -> None:
    loaded = await load_file(database, FILE, None, NOW)
    assert (loaded.figures, loaded.new) == (4389 * 7, 4389 * 7)


async def by_api(database: Database, prefixes: set[str]) -> None:
    """A server that answers with the rows of the file, asked for the series of these wages."""
    known = rows(FILE)
    async with bls_served() as bls:
        _publish(bls, {prefix: known[prefix] for prefix in prefixes})
        source = BlsApi(bls.url, SecretStr("0123456789abcdef"))
        refresher = Refresher(database, source, Clock(), policy=FetchPolicy.ON_DEMAND, patience=30)
        needs = [
            Need(series_id=series_id, first_year=2025, last_year=2025)
            for prefix in sorted(prefixes)
            for series_id in wages(prefix).series_ids
        ]
        refreshed = await refresher.refresh(needs)
        await refresher.close()
    assert refreshed.hindered is None
    assert refreshed.figures == len(needs)


def _publish(bls: Bls, known: Mapping[str, Mapping[str, str]]) -> None:
    for prefix, row in known.items():
        for datatype, column in COLUMNS.items():
            bls.series[f"{prefix}{datatype}"] = [entry(2025, "A01", row[column])]


async def series_of(database: Database, prefixes: set[str]) -> dict[str, BenchmarkSeries]:
    [metric] = [metric for metric in metrics_of("retail", DataSource.BLS) if metric.name == "annual_wage"]
    found = {}
    for prefix in prefixes:
        recipe = wages(prefix)
        async with database.read() as reading:
            keys = [Observed(series_id, date.min, date.max) for series_id in recipe.series_ids]
            said = await observations_by_series(reading, keys)
        found[prefix] = BenchmarkSeries(
            metric=metric,
            industry="retail",
            company_size=CompanySize.MEDIUM,
            region=Region.NATIONAL,
            source=DataSource.BLS,
            points=points_of(recipe, {key.series_id: observations for key, observations in said.items()}),
        )
    return found


@pytest.mark.parametrize("way", [by_file, by_api], ids=["file", "API"])
async def test_ranks_among_published_wages_are_those_that_were_worked_out(database: Database, way: Any) -> None:
    ranks = expected("bls-oews", "ranks")
    prefixes = {one["series_prefix"] for one in [*ranks["cases"], *ranks["tails"]]}
    await way(database, prefixes)
    series = await series_of(database, prefixes)
    for case in ranks["cases"]:
        [point] = series[case["series_prefix"]].points
        assert [point.p10, point.p25, point.p50, point.p75, point.p90] == case["percentiles"]
        assert (point.period, point.value) == (date(2025, 1, 1), point.p50)
        own = MetricValue(metric="annual_wage", value=case["user_value"])
        found = comparison(own, series[case["series_prefix"]], None)
        assert found.percentile_rank == pytest.approx(case["rank"], abs=1e-9)
        assert found.interpretation == case["interpretation"]
        assert found.difference == pytest.approx(case["difference"], abs=1e-9)
        assert found.percentage_difference == pytest.approx(case["percentage_difference"], abs=1e-9)
    for case in ranks["tails"]:
        own = MetricValue(metric="annual_wage", value=case["user_value"])
        found = comparison(own, series[case["series_prefix"]], None)
        assert (found.percentile_rank, found.censored) == (case["rank_if_censored_at"], True)


async def test_wages_that_are_withheld_are_no_points(database: Database) -> None:
    await by_file(database, set())
    withheld = {one["series_prefix"] for one in expected("bls-oews", "ranks")["withheld"]["examples"]}
    assert withheld
    assert all(series.points == () for series in (await series_of(database, withheld)).values())
