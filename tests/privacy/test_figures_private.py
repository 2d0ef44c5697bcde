"""Figures of private releases: by hand, and laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.privacy.figures import Bar, distribution, peer_mean, quantile, rank, rank_margin
from domain.privacy.release import Release
from tests.privacy.crowds import MONDAY, drawn, mean_lists, private_rules, released

# 10, 20, 60 and 10 percent of the people in four bars of 25 points.
FOUR_BARS = drawn((0.0, 25.0, 50.0, 75.0, 100.0), (0.0, 0.1, 0.3, 0.9, 1.0))
SCORES = st.floats(-5, 105)
RELEASES = mean_lists().map(lambda means: released(means, private_rules()))


def test_a_distribution_by_hand() -> None:
    found = distribution(FOUR_BARS)
    # 0.1 * 12.5 + 0.2 * 37.5 + 0.6 * 62.5 + 0.1 * 87.5
    assert found.mean == 55
    # sqrt(0.1 * 42.5^2 + 0.2 * 17.5^2 + 0.6 * 7.5^2 + 0.1 * 32.5^2) = 19.53
    assert found.std_dev == 20
    # 25 + 25 * 0.15/0.2 = 43.75; 50 + 25 * 0.2/0.6 = 58.33; 50 + 25 * 0.45/0.6 = 68.75
    assert (found.q1, found.median, found.q3, found.iqr) == (44, 58, 69, 25)
    # 44 - 37.5, and 69 + 37.5 cut to the end of the scale
    assert (found.whisker_low, found.whisker_high) == (6.5, 100)
    assert (found.metric, found.sample_size, found.calculated_at) == ("COMPREHENSION", 50, MONDAY)
    assert found.histogram == (
        Bar(from_=0, to=25, share=0.1),
        Bar(from_=25, to=50, share=0.2),
        Bar(from_=50, to=75, share=0.6),
        Bar(from_=75, to=100, share=0.1),
    )


@pytest.mark.parametrize(
    ("score", "within_bar", "at_bar_end"),
    [(-1, 0, 0), (0, 0, 10), (25, 10, 30), (60, 54, 90), (62.5, 60, 90), (99, 100, 100), (100, 100, 100)],
)
def test_a_rank_by_hand(score: float, within_bar: float, at_bar_end: float) -> None:
    assert rank(FOUR_BARS, score, contributes=True) == within_bar
    assert rank(FOUR_BARS, score, contributes=True, at_bar_end=True) == at_bar_end


def test_a_quantile_between_two_humps_is_the_end_of_the_lower_one() -> None:
    humps = drawn((0.0, 10.0, 90.0, 100.0), (0.0, 0.5, 0.5, 1.0), size=100)
    assert quantile(humps, 0.5) == 10
    assert quantile(humps, 0.75) == 95


@pytest.mark.parametrize(
    ("size", "share", "shown"),
    [(50, 0.25, True), (50, 0.75, True), (50, 0.2, True), (50, 0.19, False), (90, 0.9, False), (100, 0.9, True)],
)
def test_a_quantile_is_shown_only_where_ten_people_lie_beyond_it(size: int, share: float, shown: bool) -> None:
    release = drawn(FOUR_BARS.edges, FOUR_BARS.cumulative, size=size)
    assert (quantile(release, share) is not None) is shown


def test_the_peers_mean_is_the_published_one_whoever_asks() -> None:
    answers = {
        peer_mean(FOUR_BARS, own_mean, contributes) for own_mean in (0, 12.5, 100) for contributes in (True, False)
    }
    assert answers == {55.0}


@pytest.mark.parametrize(("size", "margin"), [(50, 13), (200, 6.5), (1000, 4)])
def test_the_margin_follows_the_published_size(size: int, margin: float) -> None:
    assert rank_margin(drawn(FOUR_BARS.edges, FOUR_BARS.cumulative, size=size)) == margin


@given(RELEASES)
def test_all_figures_are_whole_points_in_order_and_in_range(release: Release) -> None:
    found = distribution(release)
    whole = (found.mean, found.std_dev, found.q1, found.median, found.q3, found.iqr)
    assert all(figure == int(figure) for figure in whole)
    assert 0 <= found.whisker_low <= found.q1 <= found.median <= found.q3 <= found.whisker_high <= 100
    assert sum(bar.share for bar in found.histogram) == pytest.approx(1)


@given(RELEASES, SCORES, SCORES, st.booleans())
def test_a_rank_never_falls_with_a_higher_score(release: Release, one: float, other: float, at_bar_end: bool) -> None:
    low, high = (rank(release, score, contributes=True, at_bar_end=at_bar_end) for score in sorted((one, other)))
    assert low is not None
    assert high is not None
    assert 0 <= low <= high <= 100


@given(RELEASES, SCORES, st.booleans())
def test_a_rank_is_the_same_for_everybody_with_that_score(release: Release, score: float, at_bar_end: bool) -> None:
    mine = rank(release, score, contributes=True, at_bar_end=at_bar_end)
    assert mine == rank(release, score, contributes=False, at_bar_end=at_bar_end, minimum_peers=10**6)
    assert mine == int(mine or 0)


@given(RELEASES)
def test_ranks_and_histogram_follow_from_one_curve(release: Release) -> None:
    below = 0.0
    for bar in distribution(release).histogram:
        assert rank(release, bar.from_, contributes=True) == pytest.approx(100 * below, abs=0.51)
        below += bar.share
