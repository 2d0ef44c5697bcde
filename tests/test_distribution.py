"""Plain statistics, against SciPy, NumPy and figures worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import percentileofscore

from domain.distribution import Kind, fences, percentile_rank, quartiles, whole_percentile_rank

KINDS: tuple[Kind, ...] = ("weak", "strict", "mean")
NINE = np.array([40.0, 50, 60, 70, 80, 85, 90, 95, 100])
# Few distinct values, so that ties are the rule.
SAMPLES = st.lists(st.integers(0, 20).map(lambda twentieth: twentieth * 5.0), min_size=1, max_size=80)
SCORES = st.integers(0, 40).map(lambda fortieth: fortieth * 2.5)


def test_percentile_rank_of_the_specified_example_is_four_ninths() -> None:
    assert percentile_rank(75, NINE, kind="weak") == pytest.approx(44.44444444444444, abs=1e-12)


@pytest.mark.parametrize(
    ("score", "weak", "strict", "mean"),
    [
        (75, 44.44444444444444, 44.44444444444444, 44.44444444444444),
        (80, 55.55555555555556, 44.44444444444444, 50.0),
        (100, 100.0, 88.88888888888889, 94.44444444444444),
        (39, 0.0, 0.0, 0.0),
    ],
)
def test_percentile_rank_counts_ties_by_kind(score: float, weak: float, strict: float, mean: float) -> None:
    ranks = [percentile_rank(score, NINE, kind=kind) for kind in KINDS]
    assert ranks == pytest.approx([weak, strict, mean], abs=1e-12)


def test_percentile_rank_among_equals_spans_the_scale() -> None:
    ranks = [percentile_rank(60, np.full(60, 60.0), kind=kind) for kind in KINDS]
    assert ranks == [100.0, 0.0, 50.0]


@given(SCORES, SAMPLES, st.sampled_from(KINDS))
def test_percentile_rank_agrees_with_scipy(score: float, sample: list[float], kind: Kind) -> None:
    expected = percentileofscore(sample, score, kind=kind)
    assert percentile_rank(score, np.array(sample), kind=kind) == pytest.approx(expected, abs=1e-9)


@given(SCORES, SCORES, SAMPLES, st.sampled_from(KINDS))
def test_percentile_rank_never_falls_with_a_higher_score(
    one: float, other: float, sample: list[float], kind: Kind
) -> None:
    low, high = sorted((one, other))
    values = np.array(sample)
    assert percentile_rank(low, values, kind=kind) <= percentile_rank(high, values, kind=kind)


@given(st.integers(0, 60), st.integers(1, 60), st.integers(2, 7))
def test_equal_fractions_give_equal_ranks(below: int, above: int, factor: int) -> None:
    small = np.array([0.0] * below + [100.0] * above)
    large = np.array([0.0] * below * factor + [100.0] * above * factor)
    assert percentile_rank(50, small, kind="weak") == percentile_rank(50, large, kind="weak")


@pytest.mark.parametrize(("below", "size"), [(29, 50), (29, 100), (57, 100), (58, 100)])
def test_whole_percentile_rank_loses_nothing_to_floats(below: int, size: int) -> None:
    sample = np.array([0.0] * below + [100.0] * (size - below))
    assert whole_percentile_rank(50, sample, kind="strict") == 100 * below // size


def test_whole_percentile_rank_rounds_down() -> None:
    assert [whole_percentile_rank(80, NINE, kind=kind) for kind in KINDS] == [55, 44, 50]


@pytest.mark.parametrize("rank", [percentile_rank, whole_percentile_rank])
def test_a_rank_among_nobody_is_refused(rank: type[object]) -> None:
    with pytest.raises(ValueError, match="empty sample"):
        rank(50, np.array([]), kind="weak")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("values", "q1", "median", "q3"),
    [
        ([40, 50, 60, 70, 80, 85, 90, 95, 100], 60.0, 80.0, 90.0),
        ([1, 2, 3, 4], 1.75, 2.5, 3.25),
        ([5, 5, 7, 15, 6, 15, 12, 6, 16, 14], 6.0, 9.5, 14.75),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 100], 3.25, 5.5, 7.75),
        ([7], 7.0, 7.0, 7.0),
    ],
)
def test_quartiles_interpolate_linearly(values: list[float], q1: float, median: float, q3: float) -> None:
    found = quartiles(np.array(values, dtype=float))
    assert (found.q1, found.median, found.q3, found.iqr) == pytest.approx((q1, median, q3, q3 - q1), abs=1e-12)


def test_quartiles_of_nobody_are_refused() -> None:
    with pytest.raises(ValueError, match="empty sample"):
        quartiles(np.array([]))


def test_fences_reach_one_and_a_half_ranges_beyond_the_quartiles() -> None:
    assert fences(60, 90) == (15, 135)
