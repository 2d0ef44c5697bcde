"""Positions, at their limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ghost.position import GhostPosition, position

COUNTS = st.integers(0, 10_000)


@pytest.mark.parametrize(
    ("yours", "theirs", "expected"),
    [
        (11, 10, "AHEAD"),
        (110, 100, "AHEAD"),
        (109, 100, "CLOSE"),
        (10, 10, "CLOSE"),
        (9, 10, "CLOSE"),
        (90, 100, "CLOSE"),
        (89, 100, "BEHIND"),
        (8, 15, "BEHIND"),
        (0, 1, "BEHIND"),
        (1, 0, "AHEAD"),
        (0, 0, "CLOSE"),
        (14, 15.5, "CLOSE"),
        (13, 15.5, "BEHIND"),
    ],
)
def test_position_at_its_limits(yours: float, theirs: float, expected: str) -> None:
    assert position(yours, theirs) == expected


@given(COUNTS, st.integers(1, 10_000))
def test_both_limits_are_inclusive_whatever_division_makes_of_them(yours: int, theirs: int) -> None:
    # Judged in integers.
    expected = "AHEAD" if 10 * yours >= 11 * theirs else "CLOSE" if 10 * yours >= 9 * theirs else "BEHIND"
    assert position(float(yours), float(theirs)) == expected


@given(st.integers(1, 1000))
def test_nine_tenths_are_close_and_eleven_tenths_ahead_at_every_scale(tens: int) -> None:
    assert position(9 * tens, 10 * tens) is GhostPosition.CLOSE
    assert position(11 * tens, 10 * tens) is GhostPosition.AHEAD


@given(COUNTS, COUNTS, st.floats(0, 10_000))
def test_who_has_done_more_is_never_further_behind(one: int, other: int, theirs: float) -> None:
    order = [GhostPosition.BEHIND, GhostPosition.CLOSE, GhostPosition.AHEAD]
    low, high = position(min(one, other), theirs), position(max(one, other), theirs)
    assert order.index(low) <= order.index(high)
