"""Benchmark series: computed, over HTTP, compared with, and kept."""

import tracemalloc
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import httpx
import numpy as np

from bench import programs
from bench.load import Request, check, window
from bench.measure import Comparison, Row, Target, in_turns
from bench.workshop import Workshop
from domain.series.choice import CompanySize, Region
from domain.series.industries import models
from domain.series.range import month_of, newest_month
from domain.series.synthetic import computed_points, kept_series
from migrations import run as migrations

MONTHS: Final = 12
AT_ONCE: Final = 500  # series, for one value
METRICS: Final = (
    *("revenue_per_employee", "profit_margin", "inventory_turnover"),
    *("customer_acquisition_cost", "customer_retention_rate"),
)
LEARNER: Final = "5ca1ab1e-0000-4000-8000-000000000003"
MEGABYTES: Final = 8

SERIES: Final = """
query ($metrics: [String!]!) { benchmarkSeries(industry: "retail", metrics: $metrics) {
  metric { name label unit higherIsBetter } industry companySize region source stale
  points { period value p10 p25 p50 p75 p90 sampleSize footnotes }
} }
"""
COMPARED: Final = """{
  metric { name } period userValue benchmarkValue difference percentageDifference percentileRank interpretation text
  point { p25 p75 }
}"""


async def run(workshop: Workshop) -> list[Row]:
    return [await _computed(workshop), *await _served(workshop), await _kept(workshop)]


async def _computed(workshop: Workshop) -> Row:
    newest = newest_month(workshop.now)
    first = month_of(newest, back=MONTHS - 1)
    model = models().industries["retail"]
    metric = model.metrics["revenue_per_employee"]

    async def ours() -> float:
        started = perf_counter()
        for _ in range(AT_ONCE):
            points = computed_points(model, metric, CompanySize.MEDIUM, Region.NATIONAL, first, newest, 1)
            assert len(points) == MONTHS
        return 1e6 * (perf_counter() - started) / AT_ONCE

    async def draws() -> float:
        started = perf_counter()
        for key in range(AT_ONCE):
            np.random.Generator(np.random.Philox(key=key)).standard_normal((MONTHS, 2))
        return 1e6 * (perf_counter() - started) / AT_ONCE

    computed, drawn = await in_turns(workshop.rounds, ours, draws)
    return Comparison(
        subject=f"one synthetic series of {MONTHS} months, computed anew",
        baseline=f"its {2 * MONTHS} normal numbers alone, drawn by a keyed NumPy generator",
        unit="us",
        values=computed,
        baseline_values=drawn,
        target=Target(most=10),
        note="five percentiles and a sample size a month, as points",
    )


async def _served(workshop: Workshop) -> list[Row]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="paceline-series-")))
        database_url = f"sqlite+aiosqlite:///{folder / 'paceline.db'}"
        await migrations.upgrade(database_url)
        url = await stack.enter_async_context(programs.paceline(database_url, PACELINE_BLS_FETCH="off"))
        token = workshop.token(LEARNER)
        series = [Request.of(SERIES, {"metrics": METRICS}, token)]
        one = [_comparisons(["retail"], 1, token)]
        many = [_comparisons(list(models().industries)[:5], 5, token)]
        for requests in (series, one, many):
            await check(url, requests)
        answer = folder / "answer.json"
        answer.write_bytes(await _answer(url, series[0]))
        dicts = await stack.enter_async_context(programs.dicts(answer))

        async def rate(at: str) -> float:
            return (await window(at, series, connections=1, seconds=workshop.seconds)).rate

        async def wait(requests: list[Request]) -> float:
            return (await window(url, requests, connections=1, seconds=workshop.seconds)).p50

        rates, baseline_rates = await in_turns(workshop.rounds, lambda: rate(url), lambda: rate(dicts))
        waits, baseline_waits = await in_turns(workshop.rounds, lambda: wait(many), lambda: wait(one))
    return [
        Comparison(
            subject=f"`benchmarkSeries`, {len(METRICS)} metrics x {MONTHS} months, 1 connection",
            baseline="Starlette, the same JSON out of dicts",
            unit="requests/s",
            values=rates,
            baseline_values=baseline_rates,
            target=Target(least=0.45),
            note="nine fields a point",
        ),
        Comparison(
            subject="25 comparisons over HTTP, p50",
            baseline="one comparison",
            unit="ms",
            values=waits,
            baseline_values=baseline_waits,
            target=Target(most=3),
            note="5 industries x 5 metrics in one request",
        ),
    ]


async def _kept(workshop: Workshop) -> Row:
    newest = newest_month(workshop.now)

    async def taken() -> float:
        return _everything(month_of(newest, back=MONTHS - 1), newest)

    [megabytes] = await in_turns(workshop.rounds, taken)
    return Comparison(
        subject=f"all synthetic series of {MONTHS} months, kept",
        baseline=f"{MEGABYTES} MB",
        unit="MB",
        values=megabytes,
        baseline_values=[MEGABYTES] * len(megabytes),
        target=Target(most=1),
        note="10 industries, all metrics, 3 sizes, 6 regions; as tracemalloc counts",
    )


def _everything(first: date, last: date) -> float:
    """The megabytes that all series take."""
    kept_series.cache_clear()
    tracemalloc.start()
    try:
        for industry, model in models().industries.items():
            for metric in model.metrics:
                for size in CompanySize:
                    for region in Region:
                        kept_series(industry, metric, size, region, first, last)
        return tracemalloc.get_traced_memory()[0] / 1e6
    finally:
        tracemalloc.stop()


def _comparisons(industries: Sequence[str], metrics: int, token: str) -> Request:
    """So many metrics of each of these industries compared in one request, with variables, as clients do."""
    declared = ", ".join(f"${industry}: [MetricValueInput!]!" for industry in industries)
    fields = " ".join(
        f'{industry}: benchmarkComparisons(industry: "{industry}", values: ${industry}) {COMPARED}'
        for industry in industries
    )
    values = {
        industry: [{"metric": metric, "value": 0.4} for metric in list(models().industries[industry].metrics)[:metrics]]
        for industry in industries
    }
    return Request.of(f"query ({declared}) {{ {fields} }}", values, token)


async def _answer(url: str, request: Request) -> bytes:
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        headers = {"content-type": "application/json", "authorization": f"Bearer {request.token}"}
        return (await client.post("/graphql", content=request.body, headers=headers)).content
