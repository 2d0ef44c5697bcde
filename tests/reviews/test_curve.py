"""Forgetting curves and retrieval strength of a topic."""

from dataclasses import replace

import numpy as np
import pytest

from domain.reviews.curve import forgetting_curve, strength
from domain.reviews.memory import MICROSECONDS_A_DAY, Algorithm, Memories, new_memories

DAY = MICROSECONDS_A_DAY
NOW = 19_000 * DAY


def cards() -> Memories:
    """Stabilities of 1 and 10 days, SM-2 intervals of 1 and 2; and one card that was never reviewed."""
    return replace(
        new_memories(3),
        reviewed_at=np.array([NOW, NOW, 0]),
        stability=np.array([1.0, 10.0, np.nan]),
        interval_days=np.array([1, 2, 0]),
    )


def test_strength_is_the_mean_recall_of_reviewed_cards() -> None:
    assert strength(cards(), NOW, Algorithm.FSRS) == 1
    # 0.692827 is the recall of a card 10 times its stability after the review; at its stability it is 0.9.
    assert strength(cards(), NOW + 10 * DAY, Algorithm.FSRS) == pytest.approx((0.692827 + 0.9) / 2, abs=1e-6)
    assert strength(cards(), NOW + 2 * DAY, Algorithm.SM2) == pytest.approx((0.81 + 0.9) / 2)


def test_a_curve_begins_tomorrow_and_falls() -> None:
    curve = forgetting_curve(cards(), NOW, 30, Algorithm.SM2)
    assert curve is not None
    assert curve.shape == (30,)
    assert curve[:2].tolist() == pytest.approx([(0.9 + 0.9**0.5) / 2, (0.81 + 0.9) / 2])
    assert (np.diff(curve) < 0).all()


def test_a_curve_is_strength_on_its_days() -> None:
    curve = forgetting_curve(cards(), NOW + DAY // 2, 3, Algorithm.FSRS)
    assert curve is not None
    expected = [strength(cards(), NOW + DAY // 2 + day * DAY, Algorithm.FSRS) for day in (1, 2, 3)]
    assert curve.tolist() == expected


def test_a_curve_of_no_days_is_empty() -> None:
    curve = forgetting_curve(cards(), NOW, 0, Algorithm.FSRS)
    assert curve is not None
    assert curve.size == 0


def test_without_reviewed_cards_there_is_neither() -> None:
    assert strength(new_memories(2), NOW, Algorithm.FSRS) is None
    assert forgetting_curve(new_memories(2), NOW, 5, Algorithm.FSRS) is None


def test_a_curve_of_fewer_than_no_days_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than 0"):
        forgetting_curve(cards(), NOW, -1, Algorithm.FSRS)
