"""Scales: bars of a metric, even and uneven."""

import numpy as np
import pytest

from domain.privacy.release import bars_of
from domain.privacy.scale import POINTS, Scale

COUNTS = Scale.counts((0, 1, 3, 6), (0, 1, 2, 3, 6))


@pytest.mark.parametrize(("size", "bars"), [(50, 10), (490, 10), (500, 20)])
def test_an_even_scale_has_ten_bars_and_twenty_from_five_hundred(size: int, bars: int) -> None:
    assert POINTS.edges(size) == tuple(100 / bars * edge for edge in range(bars + 1))
    assert (POINTS.lowest, POINTS.highest, POINTS.whole) == (0, 100, False)


def test_a_scale_of_whole_numbers_ends_below_its_last_edge() -> None:
    assert (COUNTS.lowest, COUNTS.highest, COUNTS.whole) == (0, 5, True)
    assert (COUNTS.edges(490), COUNTS.edges(500)) == ((0, 1, 3, 6), (0, 1, 2, 3, 6))


def test_bars_of_unequal_width_hold_their_lower_edges() -> None:
    assert bars_of(np.arange(6.0), COUNTS.few).tolist() == [0, 1, 1, 2, 2, 2]


@pytest.mark.parametrize(
    ("few", "many", "whole", "fault"),
    [
        ((0.0,), (0.0, 1.0), False, "has 1 edges"),
        (tuple(map(float, range(12))), (0.0, 11.0), False, "has 12 edges"),
        ((0.0, 21.0), tuple(map(float, range(22))), False, "has 22 edges"),
        ((0.0, 2.0, 2.0), (0.0, 2.0), False, "rising"),
        ((0.0, 0.5, 2.0), (0.0, 2.0), True, "whole ones"),
        ((0.0, 1.0), (0.0, 2.0), False, "different ranges"),
        ((1.0, 2.0), (0.0, 2.0), False, "different ranges"),
    ],
    ids=["one edge", "eleven bars", "twenty-one bars", "level", "a half", "other end", "other beginning"],
)
def test_a_scale_refuses_edges_that_make_no_bars(
    few: tuple[float, ...], many: tuple[float, ...], whole: bool, fault: str
) -> None:
    with pytest.raises(ValueError, match=fault):
        Scale(few=few, many=many, whole=whole)
