"""Figures of whole numbers in bars of unequal width: by hand, and laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.privacy.figures import (
    distribution,
    mean,
    quantile,
    share_below,
    share_from,
    top_mean,
    whole_rank_below,
)
from domain.privacy.release import Release, build
from domain.privacy.scale import Scale
from tests.privacy.crowds import CELL, EXACT, MONDAY, crowd, drawn, private_rules

SCALE = Scale.counts((0, 1, 3, 5, 10), (0, 1, 3, 5, 10))
# 10 percent of the people have 0, 20 have 1 or 2, 60 have 3 or 4, 10 have 5 to 9.
BARS = drawn(SCALE.few, (0.0, 0.1, 0.3, 0.9, 1.0), size=100)
FOUR_BARS = drawn((0.0, 25.0, 50.0, 75.0, 100.0), (0.0, 0.1, 0.3, 0.9, 1.0))


def of_counts(counts: list[int], *, private: bool) -> Release:
    means = [float(count) for count in counts]
    release = build(CELL, crowd(means), private_rules() if private else EXACT, MONDAY, scale=SCALE)
    assert release is not None
    return release


CROWDS = st.lists(st.integers(0, 9), min_size=50, max_size=120)


def test_a_mean_is_that_of_the_whole_numbers_in_each_bar() -> None:
    # 0.1 * 0 + 0.2 * 1.5 + 0.6 * 3.5 + 0.1 * 7 = 3.1
    assert mean(BARS, SCALE) == 3
    # sqrt(0.1 * 3.1^2 + 0.2 * 1.6^2 + 0.6 * 0.4^2 + 0.1 * 3.9^2) = 1.76
    assert distribution(BARS, SCALE).std_dev == 2


@pytest.mark.parametrize(("share", "value"), [(0.1, 0), (0.11, 1), (0.25, 2), (0.5, 3), (0.75, 4), (0.9, 4)])
def test_a_quantile_is_the_first_whole_number_that_so_many_are_at_or_below(share: float, value: float) -> None:
    assert quantile(BARS, share, SCALE) == value


@pytest.mark.parametrize(
    ("value", "percent"), [(0, 0), (1, 10), (2, 20), (2.5, 30), (3, 30), (4, 60), (5, 90), (7, 94), (9, 98), (10, 100)]
)
def test_shares_below_and_from_a_value_by_hand(value: float, percent: int) -> None:
    assert share_below(BARS, value, SCALE) == percent / 100
    assert share_from(BARS, value, SCALE) == round(1 - percent / 100, 2)
    assert whole_rank_below(BARS, value, SCALE) == percent


@pytest.mark.parametrize(
    ("percent", "expected"),
    [
        (10, 7),
        # Of 5 to 9 the upper half: 9, 8 and half of 7.
        (5, (9 + 8 + 3.5) / 2.5),
        # 5 to 9 whole, and of 3 and 4 two thirds of the people: 4, and a third of 3.
        (50, (0.1 * 7 + 0.4 * 5 / (4 / 3)) / 0.5),
        (100, 3.1),
    ],
)
def test_the_mean_of_the_top_share_by_hand(percent: int, expected: float) -> None:
    assert top_mean(BARS, percent, SCALE) == pytest.approx(expected)


def test_the_mean_of_the_top_share_of_values_without_steps() -> None:
    assert top_mean(FOUR_BARS, 10) == pytest.approx(87.5)
    # The upper half of 50 to 75 lies around 68.75.
    assert top_mean(FOUR_BARS, 40) == pytest.approx((0.1 * 87.5 + 0.3 * 68.75) / 0.4)


def test_a_rank_is_worked_out_in_integers() -> None:
    assert int(100 * 0.29) == 28
    assert whole_rank_below(drawn((0, 1, 2), (0, 0.29, 1), size=100), 1, SCALE) == 29
    assert whole_rank_below(of_counts([0] * 29 + [5] * 71, private=False), 5, SCALE) == 29


def test_exact_figures_are_plain_statistics() -> None:
    release = build(
        CELL, crowd(float(count) for count in range(50)), EXACT, MONDAY, scale=Scale.counts((0, 50), (0, 50))
    )
    assert release is not None
    # A quarter of 50 are 12.5: the thirteen from 37 on.
    assert top_mean(release, 25, SCALE) == 43
    assert share_from(release, 45, SCALE) == 0.1
    assert share_below(release, 45, SCALE) == 0.9
    assert whole_rank_below(release, 45.5, SCALE) == 92
    assert quantile(release, 0.5, SCALE) == mean(release, SCALE) == 24.5


@given(CROWDS, st.integers(0, 10))
def test_exact_shares_agree_with_counting(counts: list[int], value: int) -> None:
    release = of_counts(counts, private=False)
    below = sum(count < value for count in counts)
    assert share_below(release, value, SCALE) == pytest.approx(below / len(counts))
    assert share_from(release, value, SCALE) == pytest.approx(1 - below / len(counts))
    assert whole_rank_below(release, value, SCALE) == 100 * below // len(counts)


@given(CROWDS, st.integers(1, 100))
def test_a_smaller_share_of_the_top_never_has_less(counts: list[int], percent: int) -> None:
    for private in (True, False):
        release = of_counts(counts, private=private)
        # Of so few, a share rounded up to people may be that of the larger share.
        assert top_mean(release, percent, SCALE) >= top_mean(release, min(2 * percent, 100), SCALE) - 1e-9
        assert -1e-9 <= top_mean(release, percent, SCALE) <= 9 + 1e-9


@given(CROWDS)
def test_all_of_the_people_have_the_mean_of_all(counts: list[int]) -> None:
    release = of_counts(counts, private=True)
    assert (
        round(top_mean(release, 100, SCALE) - 1e-9)
        <= mean(release, SCALE)
        <= round(top_mean(release, 100, SCALE) + 1e-9)
    )
    assert top_mean(of_counts(counts, private=False), 100, SCALE) == pytest.approx(np.mean(counts))


def test_a_value_that_is_not_whole_is_refused_where_the_scale_is() -> None:
    with pytest.raises(ValueError, match="not a whole number"):
        build(CELL, crowd([1.0] * 60 + [1.5]), EXACT, MONDAY, scale=SCALE)
