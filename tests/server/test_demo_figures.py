"""The demo's contributed figures: sound, of the twelve months before, and enough to be released."""

from collections import defaultdict
from datetime import UTC, date, datetime
from functools import cache

import numpy as np
import pytest

from domain.ids import canonical_id
from domain.series.choice import CompanySize, Region
from domain.series.figure import UserFigure, fault_of
from domain.series.industries import models
from server.demo.figures import INDUSTRY, METRICS, PRACTICES
from server.demo.generate import generate

UNTIL = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)


@cache
def figures() -> list[UserFigure]:
    return [
        UserFigure(
            contributor_id=row["organisation_id"],
            by_learner=bool(row["learner_id"]),
            industry=row["industry"],
            company_size=CompanySize(row["company_size"]),
            region=Region(row["region"]),
            metric=row["metric"],
            period=date.fromisoformat(row["period"]),
            value=float(row["value"]),
        )
        for row in generate(learners=200, until=UNTIL).files["user_figures"]
    ]


def by_month(metric: str) -> dict[date, dict[str, float]]:
    found: dict[date, dict[str, float]] = defaultdict(dict)
    for figure in figures():
        if figure.metric == metric:
            found[figure.period][figure.contributor_id] = figure.value
    return dict(sorted(found.items()))


def test_every_figure_is_one_that_an_import_takes() -> None:
    assert [fault for figure in figures() if (fault := fault_of(figure, UNTIL.date())) is not None] == []
    assert all(canonical_id(figure.contributor_id) == figure.contributor_id for figure in figures())
    assert {figure.by_learner for figure in figures()} == {False}
    assert len({figure.about for figure in figures()}) == len(figures())


@pytest.mark.parametrize("metric", METRICS)
def test_each_of_the_last_twelve_months_has_enough_practices_for_a_release_and_the_last_for_outer_percentiles(
    metric: str,
) -> None:
    sizes = [len(of_month) for of_month in by_month(metric).values()]
    assert list(by_month(metric))[::11] == [date(2025, 3, 1), date(2026, 2, 1)]
    assert len(sizes) == 12
    assert 60 <= sizes[0] < 100 < sizes[-1] <= PRACTICES


@pytest.mark.parametrize("metric", METRICS)
def test_figures_are_whole_steps_and_a_practice_stays_much_what_it_is(metric: str) -> None:
    step = models().industries[INDUSTRY].metrics[metric].metric.step
    months = by_month(metric)
    steps = np.array([value for of_month in months.values() for value in of_month.values()]) / step
    assert np.abs(steps - np.rint(steps)).max() < 1e-6
    first, last = months[date(2025, 3, 1)], months[date(2026, 2, 1)]
    both = sorted(set(first) & set(last))
    assert np.corrcoef([first[one] for one in both], [last[one] for one in both])[0, 1] > 0.7
