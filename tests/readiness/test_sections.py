"""Weak sections, coverage and the days until a learner is ready."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import linregress, t

from domain.catalog.topic import Topic
from domain.readiness.sections import mean_mastery, projected_days_to_ready, topic_coverage, weak_sections


def topic(id_: str, parent_id: str | None = None, weight: float = 0.0, name: str = "") -> Topic:
    return Topic(id=id_, name=name or id_, parent_id=parent_id, exam_weight=weight)


HEART = topic("heart", weight=5)
RHYTHM = topic("rhythm", "heart", 6)
FAILURE = topic("failure", "heart", 2)
ACUTE = topic("acute", "failure", 2)
LUNG = topic("lung", weight=4)
TOPICS = [ACUTE, LUNG, FAILURE, RHYTHM, HEART]


def found(topics: list[Topic], mastery: dict[str, float]) -> list[tuple[str, float]]:
    return [(one.topic.id, round(one.readiness, 9)) for one in weak_sections(topics, mastery)]


def test_a_section_has_the_mean_mastery_of_its_topics_by_weight() -> None:
    # heart and failure only head others: (6 x 0.4 + 2 x 0.2) / 8 = 0.35. lung: 0.1.
    assert found(TOPICS, {"rhythm": 0.4, "acute": 0.2, "lung": 0.1}) == [("lung", 10), ("heart", 35)]


def test_a_topic_that_heads_others_counts_once_it_was_studied() -> None:
    # failure joins with 2 x 0.9: (2.4 + 0.4 + 1.8) / 10
    assert found(TOPICS, {"rhythm": 0.4, "acute": 0.2, "failure": 0.9, "lung": 0.9}) == [("heart", 46)]


def test_a_topic_never_studied_counts_as_not_mastered() -> None:
    assert found(TOPICS, {"rhythm": 0.6, "lung": 1.0}) == [("heart", 45)]


def test_a_section_at_one_half_is_not_weak() -> None:
    assert found(TOPICS, {"rhythm": 0.5, "acute": 0.5, "lung": 0.5}) == []


def test_topics_without_weights_count_alike() -> None:
    topics = [topic("a"), topic("b", "a"), topic("c", "a")]
    assert found(topics, {"b": 0.6}) == [("a", 30)]
    assert topic_coverage(topics, {"b": 0.6}) == 0.5


def test_equally_weak_sections_come_by_name_then_id() -> None:
    topics = [topic("2", name="B"), topic("3", name="A"), topic("1", name="B")]
    assert [one for one, _ in found(topics, {})] == ["3", "1", "2"]


def test_a_topic_below_one_that_is_gone_is_a_section() -> None:
    assert found([topic("b", "gone")], {}) == [("b", 0)]


def test_coverage_is_the_share_of_weight_studied() -> None:
    # rhythm 6, acute 2, lung 4 can be studied.
    assert topic_coverage(TOPICS, {"rhythm": 0.0}) == pytest.approx(0.5)
    assert topic_coverage(TOPICS, {}) == 0
    assert topic_coverage(TOPICS, {"rhythm": 0.1, "acute": 0.1, "lung": 0.1}) == pytest.approx(1)


def test_mastery_of_the_whole_exam_goes_by_weight() -> None:
    assert mean_mastery(TOPICS, {"rhythm": 0.4, "acute": 0.2, "lung": 0.1}) == pytest.approx(3.2 / 12)


def test_an_empty_curriculum_has_no_sections_and_no_coverage() -> None:
    assert weak_sections([], {}) == []
    assert (topic_coverage([], {}), mean_mastery([], {})) == (0, 0)


def test_days_to_ready_follow_the_slope() -> None:
    days, scores = np.arange(10), np.linspace(0.3, 0.39, 10)
    assert projected_days_to_ready(days, scores, current=0.5) == pytest.approx(30)
    assert projected_days_to_ready(days, scores, current=0.5, target=0.6) == pytest.approx(10)


def test_who_is_ready_needs_no_days() -> None:
    assert projected_days_to_ready(np.array([], dtype=np.int64), np.array([]), current=0.8) == 0


@pytest.mark.parametrize(
    "scores", [[0.4] * 9, [0.9 - 0.05 * day for day in range(9)], [0.2, 0.8] * 4 + [0.3]], ids=["level", "down", "wild"]
)
def test_a_pace_that_may_be_none_gives_no_date(scores: list[float]) -> None:
    assert projected_days_to_ready(np.arange(9), np.array(scores), current=0.4) is None


@pytest.mark.parametrize("count", range(5))
def test_fewer_than_five_days_are_no_pace(count: int) -> None:
    assert projected_days_to_ready(np.arange(count), np.linspace(0, 1, count), current=0.4) is None


@pytest.mark.parametrize("days", [[0, 1, 2, 3, 28], [0, 1, 2, 3, 3]])
def test_days_that_are_no_28_are_refused(days: list[int]) -> None:
    with pytest.raises(ValueError, match="different days out of 28"):
        projected_days_to_ready(np.array(days), np.zeros(5), current=0.4)


@given(
    st.sets(st.integers(0, 27), min_size=5).flatmap(
        lambda days: st.tuples(
            st.just(sorted(days)),
            st.lists(st.integers(0, 100).map(lambda one: one / 100), min_size=len(days), max_size=len(days)),
        )
    )
)
def test_days_to_ready_agree_with_scipys_regression(drawn: tuple[list[int], list[float]]) -> None:
    days, scores = np.array(drawn[0]), np.array(drawn[1])
    fit = linregress(days, scores)
    low = fit.slope - t.ppf(0.975, len(days) - 2) * fit.stderr
    found = projected_days_to_ready(days, scores, current=0.4)
    if abs(low) > 1e-6:  # at 0 itself, rounding decides
        assert found == (pytest.approx(0.4 / fit.slope) if low > 0 else None)
