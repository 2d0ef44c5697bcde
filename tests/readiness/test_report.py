"""Measures of predictions, against scikit-learn and figures worked out by hand."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from domain.distribution import Floats
from domain.readiness.assessment import calibration_bins
from domain.readiness.report import (
    Outcomes,
    ReadinessReport,
    ReliabilityBin,
    auc,
    brier,
    brier_skill,
    coverage,
    expected_calibration_error,
    reliability,
)

PREDICTED = st.lists(
    st.tuples(st.integers(0, 10).map(lambda tenth: tenth / 10), st.booleans()), min_size=1, max_size=60
)


def columns(pairs: list[tuple[float, bool]]) -> tuple[Floats, Outcomes]:
    return np.array([one for one, _ in pairs]), np.array([one for _, one in pairs])


@given(PREDICTED)
def test_brier_agrees_with_scikit_learn(pairs: list[tuple[float, bool]]) -> None:
    probability, passed = columns(pairs)
    expected = brier_score_loss(passed, probability, pos_label=True) if len(set(passed)) == 2 else None
    assert expected is None or brier(probability, passed) == pytest.approx(expected)


@given(PREDICTED)
def test_auc_agrees_with_scikit_learn(pairs: list[tuple[float, bool]]) -> None:
    probability, passed = columns(pairs)
    expected = roc_auc_score(passed, probability) if len(set(passed)) == 2 else None
    assert auc(probability, passed) == pytest.approx(expected)


@pytest.mark.parametrize("passed", [True, False])
def test_auc_of_one_outcome_is_none(passed: bool) -> None:
    assert auc(np.array([0.1, 0.2]), np.array([passed, passed])) is None


def test_skill_is_what_the_model_takes_off_the_base_rate() -> None:
    passed = np.array([True, True, True, False])
    # Base 0.5: 0.25. Model: (3 x 0.1^2 + 0.6^2) / 4 = 0.0975. Skill 1 - 0.39.
    assert brier_skill(np.array([0.9, 0.9, 0.9, 0.6]), passed, 0.5) == pytest.approx(0.61)
    assert brier_skill(np.full(4, 0.5), passed, 0.5) == 0.0
    assert brier_skill(np.full(4, 0.1), passed, 0.5) < 0


def test_bins_hold_equally_many_people_by_rising_probability() -> None:
    probability = np.linspace(0.99, 0.0, 25)
    bins = reliability(probability, np.ones(25, dtype=np.bool_))
    assert [one.people for one in bins] == [3] * 5 + [2] * 5
    assert [one.predicted for one in bins] == sorted(one.predicted for one in bins)
    assert [one.low for one in bins[::9]] == pytest.approx([0.0, 0.94875])
    assert [one.high for one in bins[::9]] == pytest.approx([0.0825, 0.99])
    assert {one.observed for one in bins} == {1.0}


def test_few_people_have_few_bins() -> None:
    bins = reliability(np.array([0.8, 0.2]), np.array([True, True]))
    assert bins == (
        ReliabilityBin(low=0.2, high=0.2, predicted=0.2, observed=1.0, people=1),
        ReliabilityBin(low=0.8, high=0.8, predicted=0.8, observed=1.0, people=1),
    )
    assert expected_calibration_error(bins) == pytest.approx(0.5)


def test_calibration_error_counts_bins_by_their_people() -> None:
    bins = (
        ReliabilityBin(low=0.2, high=0.2, predicted=0.2, observed=0.3, people=3),
        ReliabilityBin(low=0.9, high=0.9, predicted=0.9, observed=0.8, people=1),
        ReliabilityBin(low=0.5, high=0.5, predicted=0.5, observed=0.1, people=4),
    )
    assert expected_calibration_error(bins) == pytest.approx((0.3 + 0.1 + 1.6) / 8)


def a_bin(middle: float, observed: float, people: int) -> ReliabilityBin:
    return ReliabilityBin(low=middle - 0.04, high=middle + 0.04, predicted=middle, observed=observed, people=people)


TEN = tuple(a_bin(tenth / 10 + 0.05, observed=tenth / 10, people=20) for tenth in range(10))


def test_bins_are_put_together_until_each_holds_enough_people() -> None:
    shown = calibration_bins(TEN, 50)
    # 60, 60, and 80, since the last 20 alone are too few.
    assert [one.count for one in shown] == [60, 60, 80]
    assert [(one.from_, one.to) for one in shown] == [
        (0.0, pytest.approx(0.3)),
        (pytest.approx(0.3), pytest.approx(0.6)),
        (pytest.approx(0.6), 1.0),
    ]
    assert [one.predicted for one in shown] == pytest.approx([0.15, 0.45, 0.8])
    assert [one.observed for one in shown] == pytest.approx([0.1, 0.4, 0.75])


def test_bins_that_hold_enough_people_stay_as_they_are() -> None:
    assert [one.count for one in calibration_bins(TEN, 20)] == [20] * 10


@pytest.mark.parametrize(("fewest", "counts"), [(200, [200]), (201, [])])
def test_where_all_together_are_too_few_there_are_no_bins(fewest: int, counts: list[int]) -> None:
    assert [one.count for one in calibration_bins(TEN, fewest)] == counts


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=300), st.integers(1, 60))
def test_every_person_is_in_one_bin_and_no_bin_is_too_small(pairs: list[tuple[float, bool]], fewest: int) -> None:
    probability, passed = columns(pairs)
    shown = calibration_bins(reliability(probability, passed), fewest)
    assert sum(one.count for one in shown) == (len(pairs) if len(pairs) >= fewest else 0)
    for one in shown:
        assert one.count >= fewest
        assert one.from_ - 1e-12 <= one.predicted <= one.to + 1e-12
    assert sum(one.count * one.observed for one in shown) == pytest.approx(int(passed.sum()) if shown else 0)


def test_coverage_counts_both_ends() -> None:
    score, low, high = np.array([1.0, 2.0, 3.0, 4.0]), np.full(4, 1.0), np.full(4, 3.0)
    assert coverage(score, low, high) == 0.75


def test_a_report_is_plain_json() -> None:
    report = ReadinessReport(
        trained_on=80,
        judged_on=20,
        base_rate=0.7,
        brier=0.15,
        brier_skill=0.2,
        calibration_error=0.05,
        score_coverage=0.95,
        auc=None,
        bins=(ReliabilityBin(low=0.2, high=0.2, predicted=0.2, observed=0.3, people=20),),
    )
    assert json.loads(json.dumps(report.to_json())) == {
        "trained_on": 80,
        "judged_on": 20,
        "base_rate": 0.7,
        "brier": 0.15,
        "brier_skill": 0.2,
        "calibration_error": 0.05,
        "score_coverage": 0.95,
        "auc": None,
        "bins": [{"low": 0.2, "high": 0.2, "predicted": 0.2, "observed": 0.3, "people": 20}],
    }
