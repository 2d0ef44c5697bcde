"""Cleaning of noisy counts: laws, and cases worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.privacy.clean import cleaned, cumulative_shares, on_simplex
from domain.privacy.noise import noise_scale

NOISY = st.lists(st.integers(-60, 400), min_size=10, max_size=20)
SIZES = st.integers(5, 400).map(lambda tens: 10 * tens)


@given(NOISY, SIZES)
def test_projection_has_no_negative_part_and_the_given_sum(counts: list[int], size: int) -> None:
    projected = on_simplex(counts, size)
    assert min(projected) >= 0
    assert sum(projected) == pytest.approx(size)


@given(NOISY, SIZES)
def test_projection_lowers_all_by_the_same_amount_and_cuts_at_zero(counts: list[int], size: int) -> None:
    # The condition of optimality (Karush-Kuhn-Tucker) of the nearest point.
    projected = on_simplex(counts, size)
    shifts = [count - part for count, part in zip(counts, projected, strict=True) if part > 0]
    assert shifts == pytest.approx([shifts[0]] * len(shifts))
    assert all(count <= shifts[0] + 1e-9 for count, part in zip(counts, projected, strict=True) if part == 0)


@pytest.mark.parametrize(
    ("counts", "total", "expected"),
    [
        ([3, 7], 10, [3, 7]),
        ([5, 7], 10, [4, 6]),
        ([-4, 12], 10, [0, 10]),
        ([1, 1, 8, 12], 10, [0, 0, 3, 7]),
        ([0, 0], 10, [5, 5]),
    ],
)
def test_projection_by_hand(counts: list[float], total: float, expected: list[float]) -> None:
    assert on_simplex(counts, total) == pytest.approx(expected)


def test_cleaning_drops_bars_below_one_scale_of_noise() -> None:
    people = cleaned([10, 10, 1, 9, 1, 9, 0, 0, 0, 10], size=50, scale=2)
    assert people == (10, 10, 0, 9, 0, 9, 0, 0, 0, 10)


def test_cleaning_folds_a_thin_tail_inwards() -> None:
    # Scale 2: an end bar needs six people. 2 + 3 are too few below, 4 above.
    people = cleaned([2, 3, 7, 8, 10, 8, 8, 0, 0, 4], size=50, scale=2)
    assert people == (0, 0, 12, 8, 10, 8, 12, 0, 0, 0)


@given(NOISY, SIZES)
def test_cleaned_tails_are_firm_and_no_bar_is_a_speck(counts: list[int], size: int) -> None:
    scale = noise_scale(size)
    filled = [people for people in cleaned(counts, size=size, scale=scale) if people > 0]
    assert min(filled) >= scale
    assert min(filled[0], filled[-1]) >= 3 * scale


@given(NOISY, SIZES)
def test_folding_only_moves_what_specks_leave(counts: list[int], size: int) -> None:
    scale = noise_scale(size)
    kept = sum(people for people in on_simplex(counts, size) if people >= scale)
    assert sum(cleaned(counts, size=size, scale=scale)) == pytest.approx(kept)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # Scale 2: apart from the others ten people are believed, and nine are not.
        ((0, 20, 21, 0, 0, 9), (0, 20, 21, 0, 0, 0)),
        ((0, 20, 20, 0, 4, 6), (0, 20, 20, 0, 4, 6)),
        # Below the fullest bar they stay.
        ((9, 0, 21, 20, 0, 0), (9, 0, 21, 20, 0, 0)),
        # Beyond the second gap there are too few again.
        ((22, 0, 20, 0, 8, 0), (22, 0, 20, 0, 0, 0)),
        ((8, 42, 0, 0, 0, 0), (8, 42, 0, 0, 0, 0)),
    ],
)
def test_few_people_apart_from_the_others_are_dropped_on_a_long_scale(
    counts: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    assert cleaned(counts, size=50, scale=2, in_one_piece=True) == expected


@given(NOISY, SIZES)
def test_on_a_long_scale_nobody_is_added_and_tails_are_as_firm(counts: list[int], size: int) -> None:
    scale = noise_scale(size)
    people = cleaned(counts, size=size, scale=scale, in_one_piece=True)
    assert 0 < sum(people) <= sum(cleaned(counts, size=size, scale=scale)) + 1e-6
    filled = [there for there in people if there > 0]
    assert len(filled) == 1 or min(filled[0], filled[-1]) >= 3 * scale


def test_bars_that_cannot_make_a_tail_end_up_together() -> None:
    assert cleaned([3, 3], size=6, scale=3) == (6, 0)


@given(NOISY, SIZES)
def test_cumulative_shares_rise_from_zero_to_one(counts: list[int], size: int) -> None:
    shares = cumulative_shares(cleaned(counts, size=size, scale=noise_scale(size)))
    assert (shares[0], shares[-1], len(shares)) == (0.0, 1.0, len(counts) + 1)
    assert list(shares) == sorted(shares)


def test_cumulative_shares_by_hand() -> None:
    assert cumulative_shares([1, 0, 2]) == (0.0, 0.333333, 0.333333, 1.0)
