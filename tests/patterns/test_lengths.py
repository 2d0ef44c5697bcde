"""Session lengths, by hand."""

import numpy as np
import pytest

from domain.patterns.lengths import LengthBar, by_length, ideal_session_minutes, length_insight

# Twenty sessions of 20 to 29.5 minutes, twenty of 100 and three of 5, of ten questions each.
SECONDS = 60 * np.concatenate([20 + np.arange(20) / 2, np.full(20, 100.0), np.full(3, 5.0)])
CORRECT = np.repeat([8, 6, 10], [20, 20, 3])
ANSWERS = np.full(43, 10)


def test_bars_begin_at_their_edges() -> None:
    minutes = np.array([0, 14.99, 15, 29.99, 30, 44.99, 45, 59.99, 60, 89.99, 90, 1440])
    found = by_length(60 * minutes, np.ones(12, np.int64), np.full(12, 4))
    assert [one.sessions for one in found] == [2] * 6
    assert [(one.from_, one.to) for one in found] == [(0, 15), (15, 30), (30, 45), (45, 60), (60, 90), (90, None)]
    assert found[5] == LengthBar(from_=90, to=None, sessions=2, answers=8, accuracy=0.25)


def test_a_bar_without_answers_has_no_accuracy() -> None:
    found = by_length(np.array([60.0]), np.array([0]), np.array([0]))
    assert found[0] == LengthBar(from_=0, to=15, sessions=1, answers=0, accuracy=None)
    assert found[1] == LengthBar(from_=15, to=30, sessions=0, answers=0, accuracy=None)


def test_the_ideal_length_is_the_median_of_the_best_bar_with_twenty_sessions() -> None:
    # The middle of 20, 20.5, ... 29.5.
    assert ideal_session_minutes(SECONDS, CORRECT, ANSWERS) == pytest.approx(24.75)


def test_the_ideal_length_may_lie_in_the_bar_without_an_end() -> None:
    assert ideal_session_minutes(SECONDS, 10 - CORRECT, ANSWERS) == pytest.approx(100)


def test_sessions_without_answers_do_not_move_the_ideal_length() -> None:
    seconds = np.concatenate([SECONDS, np.full(50, 16 * 60.0)])
    zero = np.zeros(50, np.int64)
    found = ideal_session_minutes(seconds, np.concatenate([CORRECT, zero]), np.concatenate([ANSWERS, zero]))
    assert found == pytest.approx(24.75)


def test_too_few_sessions_have_no_ideal_length() -> None:
    assert ideal_session_minutes(SECONDS[1:20], CORRECT[1:20], ANSWERS[1:20]) is None
    none = np.array([], dtype=np.int64)
    assert ideal_session_minutes(none.astype(np.float64), none, none) is None


def test_the_best_length_is_told_against_all_others() -> None:
    found = length_insight(SECONDS, CORRECT, ANSWERS)
    assert found is not None
    assert found.code == "SESSION_LENGTH"
    # 120 + 30 of 230
    assert found.text.startswith(
        "When you studied for 15 to 30 minutes at a time, your accuracy was 80 % (200 answers in 20 sessions), "
        "against 65 % (230 answers in 23 sessions) in sessions of other lengths"
    )


def test_the_longest_sessions_are_told_without_an_end() -> None:
    found = length_insight(SECONDS[:40], 10 - CORRECT[:40], ANSWERS[:40])
    assert found is not None
    assert found.text.startswith("When you studied for 90 minutes or longer at a time,")


@pytest.mark.parametrize("seconds", [-1.0, float("nan")])
def test_a_length_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="0 seconds or longer"):
        by_length(np.array([seconds]), np.array([0]), np.array([0]))
