"""Contributed figures over HTTP: what anybody who asks is told, and what it is told from."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pytest

from domain.privacy.policy import ReleaseRules
from domain.series.choice import Region
from server.jobs.contributed import publish_figures
from tests.builders import EXACT, NOW, PRIVATE, spread
from tests.client import Served, serving
from tests.series.figures import OCTOBER, contribute, organisations

pytestmark = pytest.mark.anyio

SERIES = """query ($metrics: [String!], $region: Region! = NATIONAL, $asOf: Date, $start: Date, $end: Date) {
  benchmarkSeries(
    industry: "healthcare", metrics: $metrics, region: $region, source: USER_CONTRIBUTED
    asOf: $asOf, start: $start, end: $end
  ) {
    metric { name unit higherIsBetter } source stale coverage
    points { period value p10 p25 p50 p75 p90 sampleSize footnotes }
    unavailable { reason message }
  }
}"""
COMPARISON = """query ($value: Float!) {
  benchmarkComparisons(
    industry: "healthcare", source: USER_CONTRIBUTED, values: [{metric: "profit_margin", value: $value}]
  ) { period benchmarkValue percentileRank censored interpretation text }
}"""
MARGIN = {"metrics": ["profit_margin"]}


async def series(served: Served, variables: Mapping[str, Any]) -> list[dict[str, Any]]:
    data = await served.admin().data(SERIES, variables)
    found: list[dict[str, Any]] = data["benchmarkSeries"]
    return found


async def test_a_series_holds_the_months_that_were_released(database_url: str) -> None:
    async with serving(database_url, peer_release="exact") as served:
        values = np.random.default_rng(4).normal(0.08, 0.03, (2, 130))
        for month, of_month in ((8, values[0]), (10, values[1])):
            cell = OCTOBER._replace(period=date(2026, month, 1))
            await contribute(served.database, organisations(130), of_month.tolist(), cell=cell)
        await publish_figures(served.database, EXACT, NOW)
        [found] = await series(served, MARGIN)
    assert found["metric"] == {"name": "profit_margin", "unit": "share, 0-1", "higherIsBetter": True}
    assert (found["source"], found["stale"], found["unavailable"]) == ("USER_CONTRIBUTED", False, None)
    assert [point["period"] for point in found["points"]] == ["2026-08-01", "2026-10-01"]
    for point, of_month in zip(found["points"], values, strict=True):
        expected = np.percentile(of_month, [10, 25, 50, 75, 90]).tolist()
        assert [point[name] for name in ("p10", "p25", "p50", "p75", "p90")] == pytest.approx(expected, abs=1e-12)
        assert (point["value"], point["sampleSize"], point["footnotes"]) == (point["p50"], 130, [])


@pytest.mark.parametrize("rules", [PRIVATE, EXACT], ids=["private", "exact"])
async def test_for_none_and_for_forty_nine_the_answer_is_the_same_byte_for_byte(
    database_url: str, rules: ReleaseRules
) -> None:
    async with serving(database_url, peer_release=rules.policy.value) as served:
        before = (await served.admin().post(SERIES, MARGIN)).content
        await contribute(served.database, organisations(49), spread(49, 0.02, 0.2))
        await publish_figures(served.database, rules, NOW)
        assert (await served.admin().post(SERIES, MARGIN)).content == before
        assert b"TOO_FEW_PEERS" in before
        await contribute(served.database, organisations(50), spread(50, 0.02, 0.2))
        await publish_figures(served.database, rules, NOW)
        [found] = await series(served, MARGIN)
        assert [point["sampleSize"] for point in found["points"]] == [50]


async def test_all_metrics_of_any_range_are_read_from_releases_by_one_statement(database_url: str) -> None:
    async with serving(database_url) as served:
        for metric in ("profit_margin", "no_show_rate"):
            for month in (8, 9, 10):
                cell = OCTOBER._replace(metric=metric, period=date(2026, month, 1))
                await contribute(served.database, organisations(60), spread(60, 0.02, 0.2), cell=cell)
        assert await publish_figures(served.database, PRIVATE, NOW) == 6
        served.statements.clear()
        found = await series(served, {"start": "2010-01-01", "end": "2026-12-31"})
        [statement] = served.statements
        assert "releases" in statement
        assert "user_figures" not in statement
    assert {one["metric"]["name"]: len(one["points"]) for one in found if one["points"]} == {
        "profit_margin": 3,
        "no_show_rate": 3,
    }
    assert len(found) == 6


async def test_a_region_is_not_answered_from_the_whole_country(database_url: str) -> None:
    async with serving(database_url) as served:
        await contribute(served.database, organisations(60), spread(60, 0.02, 0.2))
        await publish_figures(served.database, PRIVATE, NOW)
        [found] = await series(served, {**MARGIN, "region": Region.WEST})
        assert (found["points"], found["unavailable"]["reason"]) == ([], "TOO_FEW_PEERS")


async def test_as_of_tells_nothing_that_was_released_later(database_url: str) -> None:
    async with serving(database_url) as served:
        await contribute(served.database, organisations(60), spread(60, 0.02, 0.2))
        await publish_figures(served.database, PRIVATE, NOW)
        [before] = await series(served, {**MARGIN, "asOf": "2026-11-17", "start": "2026-10-01"})
        [after] = await series(served, {**MARGIN, "asOf": "2026-11-18"})
    assert (before["points"], before["unavailable"]["reason"]) == ([], "NOT_COMPUTED")
    assert len(after["points"]) == 1


async def test_ones_own_figure_is_compared_with_the_newest_release(database_url: str) -> None:
    async with serving(database_url, peer_release="exact") as served:
        await contribute(served.database, organisations(101), spread(101, 0.0, 0.2))
        await publish_figures(served.database, EXACT, NOW)
        [found] = (await served.admin().data(COMPARISON, {"value": 0.13}))["benchmarkComparisons"]
    assert (found["period"], found["benchmarkValue"], found["censored"]) == ("2026-10-01", 0.1, False)
    assert found["percentileRank"] == pytest.approx(65)


async def test_a_month_without_outer_percentiles_is_compared_with_between_its_quartiles(database_url: str) -> None:
    async with serving(database_url) as served:
        await contribute(served.database, organisations(60), spread(60, 0.02, 0.2))
        await publish_figures(served.database, PRIVATE, NOW)
        [found] = await series(served, MARGIN)
        ranks = {}
        for value in (0.0, found["points"][0]["p25"], found["points"][0]["p50"], 0.5):
            [compared] = (await served.admin().data(COMPARISON, {"value": value}))["benchmarkComparisons"]
            ranks[value] = (compared["percentileRank"], compared["censored"])
    [point] = found["points"]
    assert (point["p10"], point["p90"]) == (None, None)
    assert point["p25"] < point["p50"] < point["p75"]
    assert list(ranks.values()) == [(12.5, True), (25, False), (50, False), (87.5, True)]


async def test_a_benchmark_of_too_few_is_none_to_compare_with(database_url: str) -> None:
    async with serving(database_url) as served:
        nobody = await served.admin().error(COMPARISON, {"value": 0.13})
        await contribute(served.database, organisations(49), spread(49, 0.02, 0.2))
        await publish_figures(served.database, PRIVATE, NOW)
        too_few = await served.admin().error(COMPARISON, {"value": 0.13})
    assert too_few == nobody
    assert too_few["extensions"]["code"] == "BENCHMARK_UNAVAILABLE"
