"""From counters to a learner's mean."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.peers.metric import OwnMean, PeerMetric, mean_points, means_points

MILLION = 1_000_000
RESPONSES = st.lists(st.integers(0, 100 * MILLION), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("total", "count", "mean"),
    [(210 * MILLION, 3, 70.0), (200 * MILLION, 3, 66.66666666666667), (0, 4, 0.0), (500 * MILLION, 5, 100.0)],
)
def test_a_mean_is_the_total_over_the_count(total: int, count: int, mean: float) -> None:
    assert mean_points(total, count) == mean


@given(RESPONSES)
def test_a_mean_is_the_nearest_float(responses: list[int]) -> None:
    assert mean_points(sum(responses), len(responses)) == float(Fraction(sum(responses), len(responses) * MILLION))


@given(st.lists(st.tuples(st.integers(0, 2**53 - 1), st.integers(1, 2**20)), min_size=1))
def test_means_of_arrays_equal_single_ones_to_the_last_bit(rollups: list[tuple[int, int]]) -> None:
    totals, counts = (np.array(column, dtype=np.int64) for column in zip(*rollups, strict=True))
    assert means_points(totals, counts).tolist() == [mean_points(total, count) for total, count in rollups]


def test_metrics_are_named_as_in_the_contract() -> None:
    assert [metric.value for metric in PeerMetric] == ["COMPREHENSION", "REASONING", "CALIBRATION", "MASTERY"]


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(ValueError, match="'SPEED' is not a valid PeerMetric"):
        PeerMetric("SPEED")


@pytest.mark.parametrize("mean", [-0.1, 100.1, float("nan")])
def test_an_own_mean_outside_the_scale_is_refused(mean: float) -> None:
    with pytest.raises(ValueError, match="the scale is 0 to 100"):
        OwnMean(metric=PeerMetric.MASTERY, mean=mean, responses=3)


def test_an_own_mean_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="0 responses"):
        OwnMean(metric=PeerMetric.MASTERY, mean=50, responses=0)
