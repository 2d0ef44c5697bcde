"""Differencing contributed figures over HTTP: what two releases, before and after one contributor, say about it.

The attacker knows nobody's figure. From how far the three quartiles moved it guesses whether the one that came, or that
was corrected, lies high or low among the others; 200 months of one metric, each with figures drawn anew.
"""

from datetime import date
from typing import Any

import numpy as np
import pytest

from domain.privacy.policy import ReleaseRules
from domain.series.choice import CompanySize, Region
from domain.series.contributed import FigureCell
from domain.series.industries import models
from domain.series.range import month_of
from domain.series.scales import expected_median, value_of
from server.jobs.contributed import publish_figures
from tests.builders import EXACT, NOW, PRIVATE
from tests.client import Served, serving
from tests.privacy.attacks.crowding import Floats, servers_settings
from tests.series.figures import RENEWAL, contribute, organisations

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

MONTHS = [month_of(date(2026, 10, 1), back=back) for back in reversed(range(200))]
PEOPLE = 50
LEAST_CORRELATION_IF_EXACT = 0.5
MOST_CORRELATION = 0.30  # unrelated figures stay below it in 200 cells with 4 standard deviations to spare

QUERY = """query ($start: Date!) {
  benchmarkSeries(
    industry: "healthcare", metrics: ["patient_wait_time"], source: USER_CONTRIBUTED, start: $start
  ) { points { p25 p50 p75 sampleSize } }
}"""


def cell_of(month: date) -> FigureCell:
    return FigureCell("healthcare", CompanySize.MEDIUM, Region.NATIONAL, "patient_wait_time", month)


def values_of(month: date, apart: Floats) -> list[float]:
    """The figures of contributors who are so many spreads from the median of their month."""
    model = models().industries["healthcare"].metrics["patient_wait_time"]
    middle = expected_median(model, CompanySize.MEDIUM, Region.NATIONAL, month)
    return [value_of(model, middle + model.spread * one) for one in apart.tolist()]


async def quartiles(served: Served) -> Floats:
    """The three quartiles of each month, in logarithms, so that all months have one measure."""
    asked = await served.admin().data(QUERY, {"start": MONTHS[0].isoformat()})
    points: list[dict[str, Any]] = asked["benchmarkSeries"][0]["points"]
    assert len(points) == len(MONTHS)
    return np.log([[point["p25"], point["p50"], point["p75"]] for point in points])


async def correlation(url: str, rules: ReleaseRules, victim: int) -> float:
    """How well the guess follows the truth: where the newcomer lies, or which way the corrected figure went."""
    rng = np.random.default_rng(11)
    before, later = rng.standard_normal((2, len(MONTHS), PEOPLE + 1))
    ids = organisations(PEOPLE + 1)
    async with serving(url, **servers_settings(rules)) as served:
        for month, apart in zip(MONTHS, before, strict=True):
            values = values_of(month, apart)
            await contribute(served.database, ids[:PEOPLE], values[:PEOPLE], cell=cell_of(month))
        assert await publish_figures(served.database, rules, NOW) == len(MONTHS)
        old = await quartiles(served)
        for month, apart in zip(MONTHS, later, strict=True):
            await contribute(served.database, [ids[victim]], values_of(month, apart[[victim]]), cell=cell_of(month))
        served.now = RENEWAL
        # A figure that was corrected within its bar changes nothing.
        assert await publish_figures(served.database, rules, RENEWAL) > 0.8 * len(MONTHS)
        new = await quartiles(served)
    truth = later[:, victim] - (before[:, victim] if victim < PEOPLE else 0)
    return abs(float(np.corrcoef(truth, (new - old).sum(axis=1))[0, 1]))


VICTIMS = pytest.mark.parametrize("victim", [PEOPLE, 7], ids=["joins", "is corrected"])


@VICTIMS
async def test_differencing_tells_where_a_contributor_lies_in_exact_releases(database_url: str, victim: int) -> None:
    """Or the attack that fails below would prove nothing."""
    assert await correlation(database_url, EXACT, victim) >= LEAST_CORRELATION_IF_EXACT


@VICTIMS
async def test_differencing_tells_next_to_nothing_in_private_releases(database_url: str, victim: int) -> None:
    assert await correlation(database_url, PRIVATE, victim) <= MOST_CORRELATION
