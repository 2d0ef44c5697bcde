"""Figures of exact releases: the specified formulas, with NumPy and SciPy as references."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import percentileofscore

from domain.privacy.figures import distribution, peer_mean, quantile, rank, rank_margin
from domain.privacy.scale import Scale
from tests.privacy.crowds import EXACT, MONDAY, mean_lists, released

NINE = [40.0, 50, 60, 70, 80, 85, 90, 95, 100]
MEANS = mean_lists(least=51)


@given(MEANS)
def test_a_distribution_agrees_with_numpy(means: list[float]) -> None:
    found = distribution(released(means, EXACT))
    q1, median, q3 = np.percentile(means, [25, 50, 75])
    expected = (np.mean(means), np.std(means), q1, median, q3, q3 - q1)
    assert (found.mean, found.std_dev, found.q1, found.median, found.q3, found.iqr) == pytest.approx(expected)
    assert found.whisker_low == pytest.approx(max(q1 - 1.5 * (q3 - q1), min(means)))
    assert found.whisker_high == pytest.approx(min(q3 + 1.5 * (q3 - q1), max(means)))
    assert (found.sample_size, found.calculated_at) == (len(means), MONDAY)


@given(MEANS)
def test_a_histogram_agrees_with_numpy(means: list[float]) -> None:
    counts, edges = np.histogram(means, bins=10, range=(0, 100))
    bars = distribution(released(means, EXACT)).histogram
    assert [bar.share for bar in bars] == pytest.approx((counts / len(means)).tolist())
    assert [bar.from_ for bar in bars] == edges[:-1].tolist()
    assert [bar.to for bar in bars] == edges[1:].tolist()


def test_a_histogram_has_twenty_bars_from_five_hundred_people_on() -> None:
    assert len(distribution(released([70.0] * 499, EXACT)).histogram) == 10
    assert len(distribution(released([70.0] * 500, EXACT)).histogram) == 20


def test_a_histogram_spans_the_metrics_legal_range() -> None:
    bars = distribution(released([7.0] * 50, EXACT), Scale.even(0, 20)).histogram
    assert (bars[0].from_, bars[-1].to, bars[3].share) == (0, 20, 1)


def test_the_distribution_of_the_specified_example() -> None:
    # Six times the nine peers, so that there are enough: quartiles worked out by hand, the
    # deviation is that of the nine.
    found = distribution(released(NINE * 6, EXACT))
    assert (found.q1, found.median, found.q3, found.iqr) == (60, 80, 90, 30)
    assert (found.whisker_low, found.whisker_high) == (40, 100)
    assert (found.mean, found.std_dev) == pytest.approx((74.44444444444444, 19.641855032959654))


def test_the_rank_of_the_specified_example_is_four_ninths() -> None:
    assert rank(released(NINE * 6, EXACT), 75, contributes=False) == pytest.approx(44.44444444444444, abs=1e-12)


@given(MEANS, st.data())
def test_a_contributor_is_ranked_among_the_others(means: list[float], data: st.DataObject) -> None:
    own = data.draw(st.sampled_from(means))
    others = means.copy()
    others.remove(own)
    release = released(means, EXACT)
    found = rank(release, own, contributes=True)
    assert found == pytest.approx(percentileofscore(others, own, kind="weak"), abs=1e-9)
    assert peer_mean(release, own, contributes=True) == pytest.approx(np.mean(others))


@given(MEANS, st.floats(0, 100))
def test_somebody_outside_is_ranked_among_all(means: list[float], score: float) -> None:
    release = released(means, EXACT)
    found = rank(release, score, contributes=False)
    assert found == pytest.approx(percentileofscore(means, score, kind="weak"), abs=1e-9)
    assert peer_mean(release, score, contributes=False) == pytest.approx(np.mean(means))


@pytest.mark.parametrize("score", [55.0, 105.0])
def test_a_contributor_whose_mean_has_moved_since_is_ranked_among_all(score: float) -> None:
    release = released([50.0] * 30 + [60.0] * 30, EXACT)
    assert rank(release, score, contributes=True) == rank(release, score, contributes=False)


def test_one_of_several_equal_means_is_the_viewers_own() -> None:
    # 30 of the 59 others are at or below.
    assert rank(released([50.0] * 31 + [60.0] * 29, EXACT), 50.0, contributes=True) == 100 * 30 / 59


def test_a_rank_needs_enough_others() -> None:
    release = released([70.0] * 50, EXACT)
    assert rank(release, 70.0, contributes=True) is None
    assert rank(release, 70.0, contributes=False) == 100


def test_a_rank_among_fifty_others_is_given() -> None:
    assert rank(released([70.0] * 51, EXACT), 70.0, contributes=True) == 100


def test_a_rank_needs_as_many_others_as_the_deployment_asks_for() -> None:
    assert rank(released([70.0] * 90, EXACT), 70.0, contributes=True, minimum_peers=90) is None


def test_ties_count_in_full_whatever_the_metric() -> None:
    release = released([0.0] * 30 + [100.0] * 31, EXACT)
    assert rank(release, 0.0, contributes=False, at_bar_end=True) == 100 * 30 / 61


def test_the_bottom_and_the_top_learner_rank_at_the_ends() -> None:
    release = released([float(point) for point in range(1, 101)], EXACT)
    assert rank(release, 1.0, contributes=True) == 0
    assert rank(release, 100.0, contributes=True) == 100


def test_quantiles_interpolate_and_need_ten_people_beyond() -> None:
    release = released([float(point) for point in range(100)], EXACT)
    assert quantile(release, 0.9) == pytest.approx(89.1)
    assert quantile(release, 0.91) is None


def test_an_exact_rank_has_no_margin() -> None:
    assert rank_margin(released([70.0] * 50, EXACT)) == 0
