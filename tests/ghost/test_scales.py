"""The public bars of activity."""

from itertools import pairwise

import numpy as np
import pytest

from domain.ghost.metric import COUNTED, LONGEST_STREAK, ActivityMetric
from domain.ghost.scales import MILESTONES, SCALES, on_scale

EACH = pytest.mark.parametrize("metric", list(SCALES))


def test_every_metric_has_a_scale() -> None:
    assert set(SCALES) == {*ActivityMetric, LONGEST_STREAK}
    assert set(ActivityMetric) > COUNTED


@EACH
def test_bars_hold_whole_numbers_from_nothing_on_and_widen(metric: str) -> None:
    scale = SCALES[metric]
    assert scale.whole
    assert scale.lowest == 0
    for edges in (scale.few, scale.many):
        widths = [right - left for left, right in pairwise(edges)]
        # But for the first, which may stand for everybody who has hardly begun.
        assert widths[1:] == sorted(widths[1:])


@EACH
def test_what_is_above_a_scale_counts_as_its_highest_value(metric: str) -> None:
    highest = int(SCALES[metric].highest)
    found = on_scale(np.array([0, highest - 1, highest, highest + 1, 10**6]), metric)
    assert found.tolist() == [0, highest - 1, highest, highest, highest]


@pytest.mark.parametrize("size", [50, 500])
def test_milestones_of_streaks_are_edges(size: int) -> None:
    assert set(MILESTONES) < set(SCALES[LONGEST_STREAK].edges(size))
    assert SCALES[LONGEST_STREAK].highest == 90


def test_days_of_a_week_have_a_bar_each() -> None:
    scale = SCALES[ActivityMetric.DAYS_PRACTICED_PER_WEEK]
    assert scale.few == scale.many == tuple(range(9))
    assert scale.highest == 7
