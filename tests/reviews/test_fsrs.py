"""FSRS-6: figures of the published algorithm, worked out with the `fsrs` package."""

import numpy as np
import pytest

from domain.reviews.fsrs import interval_days, next_memory, retrievability

PRECISION = 1e-9


def follow(steps: list[tuple[int, bool]]) -> list[tuple[float, float]]:
    """Stability and difficulty of one card after each (days since the last review, right)."""
    stability, difficulty = np.array([np.nan]), np.array([np.nan])
    states = []
    for elapsed, correct in steps:
        stability, difficulty = next_memory(stability, difficulty, np.array([elapsed]), np.array([correct]))
        states.append((float(stability[0]), float(difficulty[0])))
    return states


@pytest.mark.parametrize(
    ("elapsed", "recall"), [(0, 1), (1, 0.985682), (5, 0.940344), (10, 0.9), (30, 0.809388), (100, 0.692827)]
)
def test_retrievability_falls_to_nine_tenths_after_as_many_days_as_the_stability(elapsed: int, recall: float) -> None:
    assert retrievability(np.array([elapsed]), np.array([10.0]))[0] == pytest.approx(recall, abs=1e-6)


def test_retrievability_of_a_card_never_reviewed_is_unknown() -> None:
    assert np.isnan(retrievability(np.array([3]), np.array([np.nan]))[0])


@pytest.mark.parametrize(("retention", "days"), [(0.7, 93), (0.8, 33), (0.85, 19), (0.9, 10), (0.95, 4)])
def test_an_interval_lasts_until_the_desired_retention(retention: float, days: int) -> None:
    assert interval_days(np.array([10.0]), retention).tolist() == [days]


def test_an_interval_is_at_least_a_day_and_at_most_a_hundred_years() -> None:
    assert interval_days(np.array([0.001, 1e9])).tolist() == [1, 36_500]


@pytest.mark.parametrize("retention", [0.0, 1.0, -0.1, 1.1, float("nan")])
def test_a_retention_out_of_range_is_refused(retention: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        interval_days(np.array([10.0]), retention)


def test_a_first_answer_sets_stability_and_difficulty() -> None:
    assert follow([(0, True)]) == [pytest.approx((2.3065, 2.118103970459016), abs=PRECISION)]
    assert follow([(0, False)]) == [pytest.approx((0.212, 6.4133), abs=PRECISION)]


def test_right_answers_when_due_lengthen_the_stability() -> None:
    states = follow([(0, True), (2, True), (11, True), (46, True), (163, True), (497, True)])
    assert [stability for stability, _ in states] == pytest.approx(
        [2.3065, 10.964332335820698, 46.28021728755693, 162.86220163874916, 497.4471936002745, 1345.52877754259],
        abs=PRECISION,
    )


def test_a_lapse_costs_stability_and_makes_the_card_more_difficult() -> None:
    states = follow([(0, True), (2, True), (11, False), (2, True), (5, True)])
    assert states[2:] == [
        pytest.approx((1.5383372358832694, 7.392238132342694), abs=PRECISION),
        pytest.approx((4.8762601340710345, 7.38007426350719), abs=PRECISION),
        pytest.approx((12.31168556981895, 7.3679225585405215), abs=PRECISION),
    ]


def test_a_second_review_on_one_day_has_its_own_rule() -> None:
    states = follow([(0, False), (0, False), (0, False), (0, True), (0, True)])
    assert states == [
        pytest.approx(state, abs=PRECISION)
        for state in (
            (0.212, 6.4133),
            (0.08335671711031604, 8.806304468856837),
            (0.03485140985964798, 9.592868765339693),
            (0.04566983117260317, 9.57850426587119),
            (0.058791283965570755, 9.564154130902157),
        )
    ]


def test_stability_never_falls_below_its_least_and_difficulty_stays_in_range() -> None:
    stability, difficulty = follow([(0, False)] * 60)[-1]
    assert stability == 0.001
    assert 9.9 < difficulty <= 10


def test_cards_do_not_touch_each_other() -> None:
    stability, _ = next_memory(
        np.array([np.nan, 2.3065, 10.0]),
        np.array([np.nan, 2.118103970459016, 5.0]),
        np.array([0, 2, 0]),
        np.array([False, True, True]),
    )
    assert stability.tolist() == pytest.approx([0.212, 10.964332335820698, 10.0], abs=PRECISION)
