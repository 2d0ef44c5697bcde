"""Trends, against SciPy's theilslopes and slopes by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import theilslopes

from domain.mastery import trend as rules
from domain.mastery.trend import MasteryTrend, projected_days_to_mastery, trend, trends

# Few distinct figures, so that ties are the rule.
FIGURES = st.integers(0, 8).map(lambda eighth: eighth / 8)
SERIES = st.dictionaries(st.integers(0, 27), FIGURES, min_size=3, max_size=28)


@given(SERIES)
def test_trend_agrees_with_scipy(series: dict[int, float]) -> None:
    days, figures = np.array(list(series)), np.array(list(series.values()))
    found = trend(days, figures, today=27)
    order = np.argsort(days)
    expected = theilslopes(figures[order], days[order])
    assert (found.slope_per_day, found.low_per_day, found.high_per_day) == pytest.approx(
        (expected.slope, expected.low_slope, expected.high_slope), abs=1e-12
    )


@given(st.lists(st.dictionaries(st.integers(-5, 30), FIGURES | st.just(float("nan"))), max_size=8), st.randoms())
def test_trends_of_many_topics_are_those_of_each(topics: list[dict[int, float]], chance: object) -> None:
    rows = [(group, day, figure) for group, series in enumerate(topics) for day, figure in series.items()]
    chance.shuffle(rows)  # type: ignore[attr-defined]
    columns = np.array(rows).reshape(-1, 3)
    today = np.arange(len(topics)) + 24
    found = trends(
        columns[:, 0].astype(np.int64), columns[:, 1].astype(np.int64), columns[:, 2], groups=len(topics), today=today
    )
    for group, series in enumerate(topics):
        alone = trend(np.array(list(series), dtype=np.int64), np.array(list(series.values())), today=int(today[group]))
        assert found.days[group] == alone.days
        assert found.trend[group] == alone.trend
        expected = np.nan if alone.slope_per_day is None else alone.slope_per_day
        assert found.slope_per_day[group] == pytest.approx(expected, nan_ok=True)


def test_trends_worked_out_in_pieces_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    group, day = np.repeat(np.arange(7), 4), np.tile(np.arange(4), 7)
    figure = (group + 1) * day / 100
    monkeypatch.setattr(rules, "SLOPES_AT_ONCE", 32)
    found = trends(group, day, figure, groups=7, today=3)
    assert found.slope_per_day == pytest.approx(np.arange(1, 8) / 100)


@pytest.mark.parametrize(
    ("per_week", "expected"),
    [
        (0.03, MasteryTrend.IMPROVING),
        (0.02, MasteryTrend.STABLE),
        (0.0, MasteryTrend.STABLE),
        (-0.02, MasteryTrend.STABLE),
        (-0.03, MasteryTrend.DECLINING),
    ],
)
def test_trend_is_stable_within_two_hundredths_a_week(per_week: float, expected: MasteryTrend) -> None:
    days = np.array([0, 7, 14, 21])
    found = trend(days, 0.5 + per_week * days / 7, today=21)
    assert (found.trend, found.days) == (expected, 4)


def test_trend_is_robust_against_one_bad_day() -> None:
    found = trend(np.arange(5), np.array([0.1, 0.2, 0.0, 0.4, 0.5]), today=4)
    # Ten slopes: .1 .1 .1 .1 -.2 -.05 .4 .25 .1 .1; the median is .1.
    assert found.slope_per_day == pytest.approx(0.1)


def test_trend_below_three_days_is_stable_without_a_slope() -> None:
    found = trend(np.array([0, 5]), np.array([0.1, 0.9]), today=5)
    assert (found.days, found.slope_per_day, found.low_per_day, found.high_per_day) == (2, None, None, None)
    assert found.trend is MasteryTrend.STABLE


def test_trend_takes_the_28_days_that_end_today() -> None:
    days = np.array([0, 1, 14, 28, 29])
    assert trend(days, np.array([0.0, 0.2, 0.3, 0.4, 1.0]), today=28).days == 3


def test_trend_with_a_day_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        trend(np.array([1, 1]), np.array([0.1, 0.2]), today=1)


@pytest.mark.parametrize(
    ("score", "slope", "days"),
    [(0.8, None, 0), (0.9, -1, 0), (0.6, 0.01, 20), (0.6, 0, None), (0.6, -0.1, None), (0.6, None, None)],
)
def test_projected_days_to_mastery(score: float, slope: float | None, days: float | None) -> None:
    found = projected_days_to_mastery(score, slope)
    assert found == (None if days is None else pytest.approx(days))
