"""Priorities of gaps, against figures worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.gaps.path import Curriculum, PrerequisiteLink
from domain.gaps.priority import gap, prerequisite_impact, priority, recent_failure_rate

SHARES = st.floats(0, 1)


def curriculum(links: dict[tuple[str, str], float], names: str = "abcd") -> Curriculum:
    """Topics named by letters; links: strength by (topic, prerequisite)."""
    return Curriculum.of(
        {name: name for name in names},
        [
            PrerequisiteLink(topic_id=topic, prerequisite_id=prerequisite, strength=strength)
            for (topic, prerequisite), strength in links.items()
        ],
    )


def impact(of: str, links: dict[tuple[str, str], float], mastery: dict[str, float]) -> float:
    topics = curriculum(links)
    row = np.array([[mastery.get(topic, 0.0) for topic in topics.topic_ids]])
    return float(prerequisite_impact(topics, row)[0, topics.topic_ids.index(of)])


def test_a_gap_is_what_is_missing() -> None:
    assert gap(np.array([0.0, 0.3, 1.0])).tolist() == pytest.approx([1.0, 0.7, 0.0])


@pytest.mark.parametrize(
    ("failures", "attempts", "rate"),
    [(0, 0, 0.0), (2, 2, 0.0), (0, 3, 0.2), (3, 3, 0.8), (1, 4, 1 / 3), (49, 98, 0.5)],
)
def test_failure_rate_is_drawn_to_one_half_and_dropped_below_three_attempts(
    failures: int, attempts: int, rate: float
) -> None:
    assert recent_failure_rate(np.array([failures]), np.array([attempts])).tolist() == pytest.approx([rate])


def test_impact_is_the_mean_of_strength_times_what_is_missing() -> None:
    # b: 0.5 x (1 - 0.4) = 0.3; c: 1.0 x (1 - 0.9) = 0.1; their mean is 0.2.
    assert impact("a", {("b", "a"): 0.5, ("c", "a"): 1.0}, {"b": 0.4, "c": 0.9}) == pytest.approx(0.2)


def test_impact_reaches_through_other_topics_by_the_product_of_strengths() -> None:
    # a holds b by 0.5, and c by 0.5 x 0.8 = 0.4: (0.5 x 0.5 + 0.4 x 1) / 2 = 0.325.
    assert impact("a", {("b", "a"): 0.5, ("c", "b"): 0.8}, {"b": 0.5}) == pytest.approx(0.325)


def test_impact_counts_the_strongest_of_several_paths() -> None:
    # d by b: 0.9 x 0.9 = 0.81, by c: 0.5, directly: 0.2. So (0.9 + 1.0 + 0.81) / 3 with nothing studied.
    links = {("b", "a"): 0.9, ("d", "b"): 0.9, ("c", "a"): 1.0, ("d", "c"): 0.5, ("d", "a"): 0.2}
    assert impact("a", links, {}) == pytest.approx(2.71 / 3)


def test_impact_of_a_topic_that_nothing_builds_on_is_none() -> None:
    assert impact("b", {("b", "a"): 1.0}, {}) == 0.0


def test_impact_counts_a_dependant_never_studied_as_not_mastered() -> None:
    assert impact("a", {("b", "a"): 0.7}, {}) == pytest.approx(0.7)


@pytest.mark.parametrize("shape", [(4,), (1, 3)])
def test_impact_refuses_mastery_of_other_topics(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="does not fit 4 topics"):
        prerequisite_impact(curriculum({}), np.zeros(shape))


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), SHARES), max_size=12),
    st.lists(SHARES, min_size=6, max_size=6),
)
def test_impact_is_what_all_paths_say_one_by_one(links: list[tuple[int, int, float]], mastery: list[float]) -> None:
    names = "abcdef"
    forward = {(names[max(a, b)], names[min(a, b)]): strength for a, b, strength in links if a != b}
    topics = curriculum(forward, names)
    found = prerequisite_impact(topics, np.array([[mastery[names.index(one)] for one in topics.topic_ids]]))[0]

    def strongest(before: str, after: str) -> float | None:
        """By trying every way from one to the other."""
        ways = [forward[after, before]] if (after, before) in forward else []
        for (topic, prerequisite), strength in forward.items():
            if prerequisite == before and (onwards := strongest(topic, after)) is not None:
                ways.append(strength * onwards)
        return max(ways, default=None)

    for place, before in enumerate(topics.topic_ids):
        reached = {after: way for after in names if (way := strongest(before, after)) is not None}
        expected = [way * (1 - mastery[names.index(after)]) for after, way in reached.items()]
        assert found[place] == pytest.approx(sum(expected) / len(expected) if expected else 0.0, abs=1e-12)
        assert 0 <= found[place] <= 1


def test_priority_of_the_specified_example_is_above_seven() -> None:
    # 3 x 0.7 + 2 x 8 + 0 + 0
    found = priority(np.array([0.7]), np.array([8.0]), np.array([0.0]), np.array([0.0]))
    assert found.tolist() == pytest.approx([18.1])


def test_priority_weighs_its_four_parts() -> None:
    # 3 x 0.5 + 2 x 2 + 0.25 + 1.5 x 0.4 = 6.35
    found = priority(np.array([0.5]), np.array([2.0]), np.array([0.25]), np.array([0.4]))
    assert found.tolist() == pytest.approx([6.35])


def test_priority_of_a_matrix_of_learners_takes_one_row_of_weights() -> None:
    zeros = np.zeros((2, 3))
    assert priority(zeros, np.array([1.0, 2.0, 3.0]), zeros, zeros).tolist() == [[2.0, 4.0, 6.0]] * 2
