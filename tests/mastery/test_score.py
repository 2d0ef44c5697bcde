"""The mastery score, against sums by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.mastery.score import Evidence, daily_figure, mastered, mastery_score, weak

SHARES = st.none() | st.floats(0, 1)


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    attempts, first_attempts = draw(st.integers(0, 40)), draw(st.integers(0, 40))
    return Evidence.of_one(
        first_correct=draw(st.integers(0, first_attempts)),
        first_attempts=first_attempts,
        correct=draw(st.integers(0, attempts)),
        attempts=attempts,
        retrieval=draw(SHARES),
        completion=draw(SHARES),
    )


@pytest.mark.parametrize(
    ("evidence", "score"),
    [
        # 0.3 x 0.8 + 0.2 x 0.75, over 0.5: the specified example.
        (Evidence.of_one(first_correct=12, first_attempts=15, correct=15, attempts=20), 0.78),
        # 0.3 x 0.8 + 0.2 x 0.75 + 0.3 x 0.9 + 0.2 x 0.5
        (
            Evidence.of_one(
                first_correct=12, first_attempts=15, correct=15, attempts=20, retrieval=0.9, completion=0.5
            ),
            0.76,
        ),
        (Evidence.of_one(correct=1, attempts=4, retrieval=0.75), 0.55),
        (Evidence.of_one(completion=0.4), 0.4),
        (Evidence.of_one(first_attempts=3, attempts=3), 0.0),
        (Evidence.of_one(), np.nan),
    ],
)
def test_mastery_score_weighs_the_parts_that_exist(evidence: Evidence, score: float) -> None:
    assert mastery_score(evidence) == pytest.approx([score], abs=1e-12, nan_ok=True)


@given(evidences())
def test_mastery_score_lies_between_its_parts(evidence: Evidence) -> None:
    parts = [part for part in evidence.parts[:, 0].tolist() if not np.isnan(part)]
    [score] = mastery_score(evidence).tolist()
    if parts:
        assert min(parts) - 1e-12 <= score <= max(parts) + 1e-12
    else:
        assert np.isnan(score)


@given(st.integers(1, 40), st.data(), SHARES, SHARES)
def test_mastery_score_never_falls_with_more_right_answers(
    attempts: int, data: st.DataObject, retrieval: float | None, completion: float | None
) -> None:
    low, high = sorted(data.draw(st.lists(st.integers(0, attempts), min_size=2, max_size=2)))
    fewer, more = (
        mastery_score(Evidence.of_one(correct=correct, attempts=attempts, retrieval=retrieval, completion=completion))[
            0
        ]
        for correct in (low, high)
    )
    assert fewer <= more


@pytest.mark.parametrize("count", ["first_correct", "correct"])
def test_evidence_with_more_right_answers_than_answers_is_refused(count: str) -> None:
    with pytest.raises(ValueError, match="right answers"):
        Evidence.of_one(**{count: 1})


@pytest.mark.parametrize("share", ["retrieval", "completion"])
@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_evidence_with_a_share_outside_its_range_is_refused(share: str, value: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Evidence.of_one(**{share: value})  # type: ignore[arg-type]


def test_evidence_of_several_shapes_is_refused() -> None:
    one, two = np.zeros(1, dtype=np.int64), np.zeros(2, dtype=np.int64)
    with pytest.raises(ValueError, match="one shape"):
        Evidence(
            first_correct=one,
            first_attempts=one,
            correct=one,
            attempts=two,
            retrieval=np.zeros(1),
            completion=np.zeros(1),
        )


def test_mastered_takes_a_score_of_eight_tenths_on_five_first_attempts() -> None:
    score = np.array([0.8, 0.8, 0.7999, np.nan, 0.1 + 0.7])
    assert mastered(score, np.array([5, 4, 9, 9, 5])).tolist() == [True, False, False, False, True]


def test_weak_is_below_one_half() -> None:
    assert weak(np.array([0.4999, 0.5, np.nan])).tolist() == [True, False, False]


def test_daily_figure_is_the_accuracies_share_of_the_score() -> None:
    first_correct, first_attempts = np.array([12, 0, 0]), np.array([15, 0, 0])
    figures = daily_figure(first_correct, first_attempts, np.array([15, 1, 0]), np.array([20, 4, 0]))
    assert figures == pytest.approx([0.78, 0.25, np.nan], nan_ok=True)
