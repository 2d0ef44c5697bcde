"""A model as plain numbers: predictions worked out by hand, and what it refuses to be."""

import json
from dataclasses import replace
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import norm

from domain.readiness.features import FEATURES
from domain.readiness.model import ReadinessModel, logistic

WIDTH = len(FEATURES)


def first(value: float, others: float = 0.0) -> tuple[float, ...]:
    return (value, *[others] * (WIDTH - 1))


def diagonal(variance: float, of_intercept: float) -> tuple[tuple[float, ...], ...]:
    entries = np.diag([variance] * WIDTH + [of_intercept])
    return tuple(map(tuple, entries.tolist()))


# logit = 2 (x0 - 0.5) / 0.25 + ln 3; score = 70 + 4 (x0 - 0.5) / 0.25, in 50-80
MODEL = ReadinessModel(
    version="7",
    features=FEATURES,
    medians=first(0.75, 1.0),
    means=first(0.5),
    scales=first(0.25, 1.0),
    pass_coefficients=first(2.0),
    pass_intercept=log(3),
    pass_covariance=diagonal(0.01, 0.04),
    score_coefficients=first(4.0),
    score_intercept=70.0,
    score_sd=5.0,
    lowest_score=50.0,
    highest_score=80.0,
    pass_rate=0.75,
)


def row(value: float) -> list[float]:
    return [value] + [0.0] * (WIDTH - 1)


def test_a_learner_at_the_mean_passes_by_the_intercept() -> None:
    found = MODEL.predict(np.array([row(0.5)]))
    assert found.pass_probability.tolist() == pytest.approx([0.75])
    assert found.readiness.tolist() == pytest.approx([75.0])
    assert found.score.tolist() == pytest.approx([70.0])
    # Only the intercept is uncertain there: its standard deviation is 0.2.
    reach = norm.ppf(0.975) * 0.2
    assert found.pass_low.tolist() == pytest.approx([expit(log(3) - reach)])
    assert found.pass_high.tolist() == pytest.approx([expit(log(3) + reach)])
    assert found.score_low.tolist() == pytest.approx([70 - norm.ppf(0.975) * 5])
    assert found.score_high.tolist() == pytest.approx([70 + norm.ppf(0.975) * 5])


def test_uncertainty_grows_away_from_the_mean() -> None:
    found = MODEL.predict(np.array([row(1.0)]))
    # Two standard deviations out: variance 4 x 0.01 + 0.04.
    reach = norm.ppf(0.975) * 0.08**0.5
    assert found.pass_low.tolist() == pytest.approx([expit(log(3) + 4 - reach)])
    assert found.pass_high.tolist() == pytest.approx([expit(log(3) + 4 + reach)])


def test_a_missing_value_is_the_median() -> None:
    missing = np.array([[np.nan, *[0.0] * (WIDTH - 1)]])
    assert MODEL.predict(missing).score.tolist() == MODEL.predict(np.array([row(0.75)])).score.tolist()
    assert MODEL.standardised(np.full((1, WIDTH), np.nan)).tolist() == [[1.0] * WIDTH]


def test_a_score_stays_within_those_that_were_seen() -> None:
    found = MODEL.predict(np.array([row(-9.0), row(9.0)]))
    assert found.score.tolist() == [50.0, 80.0]


def test_nobody_gets_no_predictions() -> None:
    assert MODEL.predict(np.empty((0, WIDTH))).readiness.tolist() == []


@pytest.mark.parametrize("shape", [(1, WIDTH + 1), (WIDTH,)])
def test_other_features_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        MODEL.predict(np.zeros(shape))


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_predictions_are_in_order_and_in_range(one: float, other: float) -> None:
    found = MODEL.predict(np.array([row(min(one, other)), row(max(one, other))]))
    for low, probability, high in zip(found.pass_low, found.pass_probability, found.pass_high, strict=True):
        assert 0 <= low <= probability <= high <= 1
    assert found.readiness[0] <= found.readiness[1]
    assert found.score[0] <= found.score[1]


@given(st.floats(-800, 800))
def test_logistic_agrees_with_scipy_without_overflow(logit: float) -> None:
    assert logistic(np.array([logit])).item() == pytest.approx(expit(logit), abs=1e-15)


def test_a_model_comes_back_from_json_as_it_was() -> None:
    assert ReadinessModel.from_json(json.loads(json.dumps(MODEL.to_json()))) == MODEL


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 7},
        {"version": ""},
        {"features": "average_mastery"},
        {"features": [*FEATURES[1:], FEATURES[0]]},
        {"medians": [0.0]},
        {"means": ["a"] * WIDTH},
        {"scales": [0.0] * WIDTH},
        {"pass_coefficients": [float("nan")] * WIDTH},
        {"pass_intercept": True},
        {"pass_intercept": float("inf")},
        {"pass_covariance": [[1.0]]},
        {"pass_covariance": [[0.0], [0.0, 1.0]]},
        {"pass_covariance": diagonal(-1.0, 1.0)},
        {"pass_covariance": np.triu(np.ones((WIDTH + 1, WIDTH + 1))).tolist()},
        {"score_sd": -1.0},
        {"lowest_score": 90.0},
        {"pass_rate": 0.0},
        {"pass_rate": 1.0},
        {"learner": "somebody"},
    ],
    ids=str,
)
def test_a_stored_model_that_cannot_be_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # which of the checks speaks first is no matter
        ReadinessModel.from_json(MODEL.to_json() | changes)


def test_a_stored_model_with_a_part_missing_is_refused() -> None:
    stored = MODEL.to_json()
    del stored["score_sd"]
    with pytest.raises(ValueError, match="score_sd"):
        ReadinessModel.from_json(stored)


def test_a_model_is_a_value() -> None:
    assert replace(MODEL, version="8") != MODEL
