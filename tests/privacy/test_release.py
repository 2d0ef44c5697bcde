"""Building a release: what goes into it, and what does not."""

from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.privacy.cell import Cell
from domain.privacy.policy import ReleasePolicy, ReleaseRules
from domain.privacy.release import Contributors, Release, bars_of, build
from domain.privacy.roster import Roster
from domain.privacy.scale import POINTS, Scale
from tests.privacy.crowds import CELL, EXACT, KEY, MONDAY, OBJECTIVE, crowd, drawn, mean_lists, private_rules, released

PRIVATE = private_rules()
POLICIES = pytest.mark.parametrize("rules", [PRIVATE, EXACT], ids=["private", "exact"])
CROWDS = mean_lists()


def of_pairs(pairs: list[tuple[UUID, float]]) -> Contributors:
    return Contributors.of([str(learner) for learner, _ in pairs], [mean for _, mean in pairs])


def of_learners(pairs: list[tuple[UUID, float]], rules: ReleaseRules, cell: Cell = CELL) -> Release:
    release = build(cell, of_pairs(pairs), rules, MONDAY)
    assert release is not None
    return release


@POLICIES
def test_a_cell_of_forty_nine_is_not_released(rules: ReleaseRules) -> None:
    assert build(CELL, crowd([70] * 49), rules, MONDAY) is None


@POLICIES
def test_a_cell_of_nobody_is_not_released(rules: ReleaseRules) -> None:
    assert build(CELL, crowd([]), rules, MONDAY) is None


@POLICIES
def test_a_cell_of_fifty_is_released(rules: ReleaseRules) -> None:
    release = released([70] * 50, rules)
    assert (release.cell, release.policy, release.size, release.released_at) == (CELL, rules.policy, 50, MONDAY)


def test_a_deployment_may_ask_for_more_peers() -> None:
    rules = ReleaseRules(policy=ReleasePolicy.EXACT, minimum_peers=80)
    assert build(CELL, crowd([70] * 79), rules, MONDAY) is None


@pytest.mark.parametrize(("contributors", "published"), [(50, 50), (59, 50), (60, 60), (119, 110)])
def test_a_private_size_moves_in_tens(contributors: int, published: int) -> None:
    assert released([70] * contributors, PRIVATE).size == published


@pytest.mark.parametrize("contributors", [50, 59, 60, 119])
def test_an_exact_size_is_the_number_of_contributors(contributors: int) -> None:
    assert released([70] * contributors, EXACT).size == contributors


@pytest.mark.parametrize(("contributors", "bars"), [(50, 10), (499, 10), (500, 20), (509, 20)])
def test_a_release_has_ten_bars_and_twenty_from_five_hundred(contributors: int, bars: int) -> None:
    edges = released([70] * contributors, PRIVATE).edges
    assert edges == tuple(100 / bars * edge for edge in range(bars + 1))


@given(CROWDS)
def test_a_private_release_holds_rising_shares_and_nothing_else(means: list[float]) -> None:
    release = released(means, PRIVATE)
    assert release.means is None
    assert (release.cumulative[0], release.cumulative[-1]) == (0.0, 1.0)
    assert list(release.cumulative) == sorted(release.cumulative)
    assert len(release.cumulative) == len(release.edges)


@given(CROWDS)
def test_an_exact_release_holds_the_sorted_means(means: list[float]) -> None:
    release = released(means, EXACT)
    assert release.means is not None
    assert release.means.tolist() == sorted(means)
    assert release.edges == release.cumulative == ()


@POLICIES
@given(means=CROWDS, seed=st.integers(0, 2**32))
def test_the_order_of_contributors_is_irrelevant(rules: ReleaseRules, means: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = [(UUID(bytes=rng.bytes(16)), mean) for mean in means]
    shuffled = [pairs[place] for place in rng.permutation(len(pairs))]
    assert of_learners(shuffled, rules).publishes_the_same(of_learners(pairs, rules))


def test_ids_that_end_in_zero_bytes_are_told_apart() -> None:
    ids = [UUID(int=number << 64) for number in range(60)]
    pairs = [(learner, 1.5 * number) for number, learner in enumerate(ids)]
    assert of_learners(pairs[::-1], PRIVATE).publishes_the_same(of_learners(pairs, PRIVATE))


@given(CROWDS)
def test_a_release_is_a_function_of_content_and_key_whenever_it_is_made(means: list[float]) -> None:
    again = build(CELL, crowd(means), private_rules(KEY), MONDAY + timedelta(days=28))
    assert again is not None
    assert again.publishes_the_same(released(means, PRIVATE))


def test_the_release_of_a_known_crowd_never_changes() -> None:
    # Pinned, and worked out by a second implementation: with other noise for the same content,
    # every deployment would give away a second sample of all its cells on the day of the upgrade.
    release = released([37 * number % 101 for number in range(1, 58)], PRIVATE)
    assert release.size == 50
    assert release.cumulative == (0.0, 0.0, 0.2, 0.24, 0.36, 0.54, 0.6, 0.66, 0.78, 0.86, 1.0)


def test_a_move_within_a_bar_changes_nothing() -> None:
    assert released([70.0] * 60, PRIVATE).publishes_the_same(released([79.9] * 60, PRIVATE))


@pytest.mark.parametrize(
    "other",
    [
        [45.0] * 30 + [55.0] * 31,
        [45.0] * 30 + [55.0] * 29 + [65.0],
        [55.0] * 30 + [45.0] * 30,
    ],
    ids=["one joins", "one moves", "two halves swap"],
)
def test_any_change_of_content_draws_new_noise(other: list[float]) -> None:
    assert not released([45.0] * 30 + [55.0] * 30, PRIVATE).publishes_the_same(released(other, PRIVATE))


def test_equal_counts_of_other_learners_have_other_noise() -> None:
    strangers = build(CELL, crowd([45.0] * 30 + [55.0] * 30, first=1000), PRIVATE, MONDAY)
    assert strangers is not None
    assert not strangers.publishes_the_same(released([45.0] * 30 + [55.0] * 30, PRIVATE))


@pytest.mark.parametrize("cell", [Cell.objective(OBJECTIVE, "REASONING"), Cell.objective(None, "COMPREHENSION")])
def test_another_cell_with_equal_content_has_other_noise(cell: Cell) -> None:
    means = [45.0] * 30 + [55.0] * 30
    assert released(means, PRIVATE, cell=cell).cumulative != released(means, PRIVATE).cumulative


def test_another_key_gives_other_noise() -> None:
    means = [45.0] * 30 + [55.0] * 30
    assert released(means, private_rules(b"l" * 32)).cumulative != released(means, PRIVATE).cumulative


def test_exact_releases_of_other_means_publish_something_else() -> None:
    assert not released([70.0] * 50, EXACT).publishes_the_same(released([70.0] * 49 + [71.0], EXACT))


def test_a_private_and_an_exact_release_publish_different_things() -> None:
    assert not released([70.0] * 50, EXACT).publishes_the_same(released([70.0] * 50, PRIVATE))


def test_a_release_takes_another_legal_range() -> None:
    release = build(CELL, crowd([7.0] * 60), PRIVATE, MONDAY, scale=Scale.even(0, 20))
    assert release is not None
    assert release.edges == (0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20)


@POLICIES
@pytest.mark.parametrize("mean", [-0.1, 100.1])
def test_a_mean_outside_the_legal_range_is_refused(rules: ReleaseRules, mean: float) -> None:
    with pytest.raises(ValueError, match="outside 0 to 100"):
        build(CELL, crowd([70.0] * 60 + [mean]), rules, MONDAY)


@POLICIES
def test_a_learner_cannot_contribute_twice(rules: ReleaseRules) -> None:
    pairs = [(UUID(int=number), 70.0) for number in range(60)]
    with pytest.raises(ValueError, match="twice"):
        build(CELL, of_pairs([*pairs, (UUID(int=7), 20.0)]), rules, MONDAY)


def test_contributors_need_a_mean_each() -> None:
    with pytest.raises(ValueError, match="2 learners have 1 means"):
        Contributors.of([str(UUID(int=1)), str(UUID(int=2))], [70.0])


@pytest.mark.parametrize("mean", [float("nan"), float("inf")])
def test_contributors_need_means_that_are_numbers(mean: float) -> None:
    with pytest.raises(ValueError, match="not a number"):
        Contributors.of([str(UUID(int=1))], [mean])


@pytest.mark.parametrize("ids", [np.zeros(3, dtype="S8"), np.zeros((3, 1), dtype="S16")])
def test_contributors_need_ids_of_sixteen_bytes(ids: np.ndarray[tuple[int, ...], np.dtype[np.bytes_]]) -> None:
    with pytest.raises(ValueError, match="16-byte"):
        Roster(ids)


def test_contributors_take_ids_as_byte_strings_too() -> None:
    pairs = [(UUID(int=number << 8), 1.0 * number) for number in range(60)]
    packed = Contributors(
        roster=Roster(np.array([learner.bytes for learner, _ in pairs], dtype="S16")),
        means=np.array([mean for _, mean in pairs]),
    )
    release = build(CELL, packed, PRIVATE, MONDAY)
    assert release is not None
    assert release.publishes_the_same(of_learners(pairs, PRIVATE))


@pytest.mark.parametrize(
    ("value", "bar"), [(0.0, 0), (9.999, 0), (10.0, 1), (69.999, 6), (70.0, 7), (99.9, 9), (100.0, 9)]
)
def test_a_bar_holds_its_lower_edge_and_the_last_one_its_upper_edge(value: float, bar: int) -> None:
    assert bars_of(np.array([value]), POINTS.edges(50)).tolist() == [bar]


def test_a_release_refuses_means_under_private() -> None:
    with pytest.raises(ValueError, match="policy exact, and only there"):
        Release(
            cell=CELL,
            policy=ReleasePolicy.PRIVATE,
            released_at=MONDAY,
            size=50,
            edges=(0, 100),
            cumulative=(0, 1),
            means=np.zeros(50),
        )


def test_a_release_refuses_edges_without_shares() -> None:
    with pytest.raises(ValueError, match="cumulative share at each"):
        drawn((0, 50, 100), (0, 1))


def test_an_exact_release_refuses_a_size_that_its_means_contradict() -> None:
    with pytest.raises(ValueError, match="size 50 holds 49 means"):
        Release(
            cell=CELL,
            policy=ReleasePolicy.EXACT,
            released_at=MONDAY,
            size=50,
            edges=(),
            cumulative=(),
            means=np.zeros(49),
        )
