"""Comparisons of two arms, against published intervals and values by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from domain.patterns.insight import Arm, Insight, Wording, best, difference, told, told_of_best

WORDING = Wording(did="studied early", otherwise="later in the day")


def arm(correct: int, answers: int, occasions: int = 20, clustering: float = 1.0) -> Arm:
    return Arm(correct=correct, answers=answers, occasions=occasions, clustering=clustering)


@st.composite
def arms(draw: st.DrawFn) -> Arm:
    answers = draw(st.integers(1, 400))
    return arm(draw(st.integers(0, answers)), answers, clustering=draw(st.floats(1, 20)))


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        (arm(56, 70), arm(48, 80), 0.0524, 0.3339),
        (arm(9, 10), arm(3, 10), 0.1705, 0.8090),
        (arm(6, 7), arm(2, 7), 0.0582, 0.8062),
        (arm(5, 56), arm(0, 29), -0.0381, 0.1926),
        (arm(0, 10), arm(0, 20), -0.1611, 0.2775),
        (arm(0, 10), arm(0, 10), -0.2775, 0.2775),
        (arm(10, 10), arm(0, 20), 0.6791, 1.0000),
        (arm(10, 10), arm(0, 10), 0.6075, 1.0000),
    ],
)
def test_difference_agrees_with_the_examples_of_newcombe(one: Arm, other: Arm, low: float, high: float) -> None:
    assert difference(one, other) == pytest.approx((low, high), abs=5e-5)


def test_difference_of_clustered_answers_is_that_of_as_many_fewer() -> None:
    assert difference(arm(112, 140, clustering=2), arm(96, 160, clustering=2)) == pytest.approx(
        (0.0524, 0.3339), abs=5e-5
    )


def test_difference_for_the_best_of_ten_takes_a_tenth_of_the_chance_of_error() -> None:
    first, second = (binomtest(*counts).proportion_ci(0.995, method="wilson") for counts in ((56, 70), (48, 80)))
    expected = (
        0.2 - np.hypot(0.8 - first.low, second.high - 0.6),
        0.2 + np.hypot(first.high - 0.8, 0.6 - second.low),
    )
    assert difference(arm(56, 70), arm(48, 80), looks=10) == pytest.approx(expected, abs=1e-9)


@given(arms(), arms(), st.integers(1, 24))
def test_difference_holds_what_was_seen_and_turns_with_its_arms(one: Arm, other: Arm, looks: int) -> None:
    low, high = difference(one, other, looks)
    seen = one.correct / one.answers - other.correct / other.answers
    assert -1 - 1e-9 <= low <= seen + 1e-9
    assert seen - 1e-9 <= high <= 1 + 1e-9
    assert difference(other, one, looks) == pytest.approx((-high, -low))


def test_an_arm_counts_occasions_with_answers() -> None:
    found = Arm.of(np.array([3, 0, 2]), np.array([4, 0, 4]))
    assert (found.correct, found.answers, found.occasions) == (5, 8, 2)
    assert found.accuracy == 0.625


def test_an_arm_without_answers_has_no_accuracy() -> None:
    found = Arm.of(np.array([0, 0]), np.array([0, 0]))
    assert (found.answers, found.occasions, found.clustering, found.accuracy) == (0, 0, 1.0, None)


def test_clustering_of_sessions_all_right_or_all_wrong() -> None:
    # Residuals of 1 in 20 sessions: 20 / 19 * 20 = 21.05, over 40 * 0.5 * 0.5 = 10.
    found = Arm.of(np.array([2, 0] * 10), np.full(20, 2))
    assert found.clustering == pytest.approx(2.1052632)


def test_clustering_of_sessions_that_are_all_alike_is_none() -> None:
    assert Arm.of(np.full(20, 1), np.full(20, 2)).clustering == 1.0


@pytest.mark.parametrize("correct", [0, 3])
def test_clustering_of_answers_that_are_all_alike_is_none(correct: int) -> None:
    assert Arm.of(np.full(20, correct), np.full(20, 3)).clustering == 1.0


def test_clustering_of_one_session_is_not_known() -> None:
    assert Arm.of(np.array([1]), np.array([4])).clustering == 1.0


def test_best_is_the_most_accurate_with_twenty_occasions() -> None:
    assert best([arm(50, 100), arm(60, 100), arm(100, 100, occasions=19)]) == 1


def test_best_of_equal_ones_has_more_answers_then_comes_first() -> None:
    assert best([arm(50, 100), arm(100, 200), arm(100, 200)]) == 1


def test_best_of_too_few_occasions_is_none() -> None:
    assert best([arm(9, 10, occasions=19)]) is None
    assert best([]) is None


def test_a_difference_is_told_with_counts_and_interval() -> None:
    assert told("EARLY", WORDING, arm(56, 70, 21), arm(48, 80, 25)) == Insight(
        code="EARLY",
        text=(
            "When you studied early, your accuracy was 80 % (70 answers in 21 sessions), against 60 % (80 answers in "
            "25 sessions) later in the day: 20.0 points more (95 % interval of the difference +5.2 to +33.4)."
        ),
    )


def test_a_lower_accuracy_is_told_as_well() -> None:
    found = told("EARLY", WORDING, arm(48, 80), arm(56, 70))
    assert found is not None
    assert "20.0 points less (95 % interval of the difference -33.4 to -5.2)" in found.text


def test_a_difference_that_may_be_none_is_not_told() -> None:
    assert told("EARLY", WORDING, arm(6, 10), arm(5, 10)) is None


@pytest.mark.parametrize(("one", "other"), [(19, 20), (20, 19)])
def test_a_difference_of_few_occasions_is_not_told(one: int, other: int) -> None:
    assert told("EARLY", WORDING, arm(90, 100, one), arm(10, 100, other)) is None


WORDINGS = [Wording(did=f"did {place}", otherwise="else") for place in range(3)]


def test_the_best_bar_is_told_against_all_others() -> None:
    bar = np.repeat([0, 1, 2, -1], 20)
    correct, answers = np.repeat([5, 9, 6, 10], 20), np.full(80, 10)
    found = told_of_best("BAR", WORDINGS, correct, answers, bar)
    assert found is not None
    assert found.text.startswith(
        "When you did 1, your accuracy was 90 % (200 answers in 20 sessions), against 55 % (400"
    )


def test_the_only_bar_with_enough_sessions_is_not_told() -> None:
    bar = np.concatenate([np.repeat(0, 20), np.repeat(1, 19), np.repeat(2, 19)])
    correct = np.where(bar == 0, 9, 2)
    assert told_of_best("BAR", WORDINGS, correct, np.full(58, 10), bar) is None


def test_no_bar_without_sessions_is_told() -> None:
    none = np.array([], dtype=np.int64)
    assert told_of_best("BAR", WORDINGS, none, none, none) is None


def test_the_luckiest_of_many_bars_is_told_in_few_of_many_learners() -> None:
    """Bars do not matter here, but sessions differ: by the plain interval nearly half of the learners would be told."""
    rng = np.random.default_rng(7)
    wordings = [WORDING] * 6
    learners = 300
    answers = rng.integers(5, 20, (learners, 200))
    correct = rng.binomial(answers, rng.beta(7, 3, (learners, 200)))
    bars = rng.integers(0, 6, (learners, 200))
    told_of = sum(
        told_of_best("BAR", wordings, correct[one], answers[one], bars[one]) is not None for one in range(learners)
    )
    assert told_of <= 0.08 * learners
