"""The interval of the mastery score, against SciPy's Wilson interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from domain.mastery.interval import score_interval, wilson
from domain.mastery.score import Evidence

SHARES = st.none() | st.floats(0, 1)


@given(st.integers(1, 300), st.data())
def test_wilson_agrees_with_scipy(attempts: int, data: st.DataObject) -> None:
    correct = data.draw(st.integers(0, attempts))
    expected = binomtest(correct, attempts).proportion_ci(method="wilson")
    low, high = wilson(np.array([correct]), np.array([attempts]))
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_wilson_of_no_attempts_is_no_interval() -> None:
    assert np.isnan(wilson(np.array([0]), np.array([0]))).all()


def test_score_interval_moves_the_accuracies_alone() -> None:
    found = score_interval(
        Evidence.of_one(first_correct=12, first_attempts=15, correct=15, attempts=20, retrieval=0.9, completion=0.5)
    )
    first = binomtest(12, 15).proportion_ci(method="wilson")
    overall = binomtest(15, 20).proportion_ci(method="wilson")
    rest = 0.3 * 0.9 + 0.2 * 0.5
    assert found.low[0] == pytest.approx(0.3 * first.low + 0.2 * overall.low + rest)
    assert found.high[0] == pytest.approx(0.3 * first.high + 0.2 * overall.high + rest)


def test_score_interval_without_answers_is_the_score() -> None:
    found = score_interval(Evidence.of_one(retrieval=0.9))
    assert found.score[0] == pytest.approx(0.9)
    assert found.low[0] == found.score[0] == found.high[0]


def test_score_interval_without_evidence_is_none() -> None:
    found = score_interval(Evidence.of_one())
    assert np.isnan([found.low, found.score, found.high]).all()


@given(st.integers(0, 30), st.integers(1, 200), SHARES, SHARES, st.data())
def test_score_interval_holds_the_score(
    first_attempts: int, attempts: int, retrieval: float | None, completion: float | None, data: st.DataObject
) -> None:
    found = score_interval(
        Evidence.of_one(
            first_correct=data.draw(st.integers(0, first_attempts)),
            first_attempts=first_attempts,
            correct=data.draw(st.integers(0, attempts)),
            attempts=attempts,
            retrieval=retrieval,
            completion=completion,
        )
    )
    assert 0 <= found.low[0] <= found.score[0] <= found.high[0] <= 1


@given(st.integers(1, 40), st.integers(2, 9), st.data())
def test_score_interval_narrows_with_more_of_the_same(attempts: int, factor: int, data: st.DataObject) -> None:
    correct = data.draw(st.integers(0, attempts))
    few = score_interval(Evidence.of_one(correct=correct, attempts=attempts))
    many = score_interval(Evidence.of_one(correct=correct * factor, attempts=attempts * factor))
    assert many.high[0] - many.low[0] < few.high[0] - few.low[0]
