"""The figures that a model knows, against ones worked out by hand and by a plain loop."""

from collections import defaultdict
from math import isnan, log, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.readiness.features import FEATURES, Features, StudyDays, TopicDays, features

Row = tuple[int, int, int, int, int, int, int]
EXAM = 100


def topic_days(rows: list[Row]) -> TopicDays:
    """rows: learner, topic, day, attempts, correct, first attempts, first correct."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 7).T
    return TopicDays(
        learner=columns[0],
        topic=columns[1],
        day=columns[2],
        attempts=columns[3],
        correct=columns[4],
        first_attempts=columns[5],
        first_correct=columns[6],
    )


def study_days(rows: list[tuple[int, int, float]]) -> StudyDays:
    return StudyDays(
        learner=np.array([row[0] for row in rows], dtype=np.int64),
        day=np.array([row[1] for row in rows], dtype=np.int64),
        seconds=np.array([row[2] for row in rows], dtype=np.float64),
    )


def of_one(rows: list[Row], studied: list[tuple[int, int, float]] | None = None, joined: int = 40) -> dict[str, float]:
    found = features(topic_days(rows), study_days(studied or []), joined=np.array([joined]), until=np.array([EXAM]))
    return {name: getattr(found, name).item() for name in FEATURES}


def test_scores_of_topics_are_accuracies_by_their_weights() -> None:
    # Topic 7: 12 of 15 first, 15 of 20 overall: 0.6 x 0.8 + 0.4 x 0.75 = 0.78. Topic 9: 0.6 x 0 + 0.4 x 0.5 = 0.2.
    found = of_one([(0, 7, 60, 20, 15, 15, 12), (0, 9, 61, 4, 2, 2, 0)])
    assert found["average_mastery"] == pytest.approx(0.49)
    assert (found["topics_mastered"], found["topics_weak"]) == (0, 1)
    assert found["first_attempt_accuracy"] == pytest.approx(12 / 17)
    assert found["questions_attempted"] == 24


def test_a_topic_is_mastered_from_080_with_five_first_attempts() -> None:
    assert of_one([(0, 1, 60, 5, 4, 5, 4)])["topics_mastered"] == 1
    assert of_one([(0, 1, 60, 4, 4, 4, 4)])["topics_mastered"] == 0
    assert of_one([(0, 1, 60, 1000, 799, 5, 4)])["topics_mastered"] == 0  # 0.6 x 0.8 + 0.4 x 0.799


def test_a_topic_at_one_half_is_not_weak() -> None:
    assert of_one([(0, 1, 60, 2, 1, 2, 1)])["topics_weak"] == 0


def test_a_topic_without_first_attempts_has_its_overall_accuracy() -> None:
    found = of_one([(0, 1, 60, 4, 3, 0, 0)])
    assert found["average_mastery"] == pytest.approx(0.75)
    assert isnan(found["first_attempt_accuracy"])


def test_days_of_one_topic_add_up_before_they_make_a_score() -> None:
    found = of_one([(0, 1, 60, 3, 3, 3, 3), (0, 1, 61, 1, 0, 1, 0)])
    assert found["average_mastery"] == pytest.approx(0.75)


def test_nothing_from_the_day_of_the_exam_on_counts() -> None:
    found = of_one([(0, 1, EXAM - 1, 2, 1, 2, 1), (0, 1, EXAM, 9, 9, 9, 9)], [(0, EXAM - 1, 90.0), (0, EXAM, 600.0)])
    assert found["average_mastery"] == pytest.approx(0.5)
    assert found["questions_attempted"] == 2
    assert found["study_minutes"] == pytest.approx(1.5)
    assert found["days_since_start"] == 60


def test_recent_accuracy_is_that_of_the_last_thirty_days() -> None:
    assert of_one([(0, 1, 70, 4, 1, 0, 0), (0, 1, 69, 9, 9, 0, 0)])["accuracy_30d"] == pytest.approx(0.25)
    assert isnan(of_one([(0, 1, 69, 9, 9, 0, 0)])["accuracy_30d"])


def test_a_learner_without_anything_has_zeros_and_gaps() -> None:
    assert of_one([], joined=EXAM + 3) == pytest.approx(
        {
            "average_mastery": nan,
            "topics_mastered": 0,
            "topics_weak": 0,
            "accuracy_30d": nan,
            "study_minutes": 0,
            "first_attempt_accuracy": nan,
            "questions_attempted": 0,
            "days_since_start": 0,
        },
        nan_ok=True,
    )


def test_a_day_without_an_attempt_is_no_topic_studied() -> None:
    assert isnan(of_one([(0, 1, 60, 0, 0, 0, 0)])["average_mastery"])


def test_the_matrix_has_counts_on_a_log_scale() -> None:
    one = np.array([3.0])
    row = Features(**dict.fromkeys(FEATURES, one)).matrix()
    assert row.shape == (1, 8)
    assert row[0].tolist() == pytest.approx([3, log(4), log(4), 3, log(4), 3, log(4), log(4)])


COUNTS = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)).map(
    # attempts, correct, first attempts and first correct that can be
    lambda parts: (sum(parts), parts[0] + parts[2] // 2, parts[1] + parts[2], min(parts[1], parts[0]) + parts[2] // 2)
)
ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(50, 110), COUNTS).map(
        lambda row: (row[0], row[1], row[2], *row[3])
    ),
    max_size=30,
)


@given(ROWS, st.lists(st.integers(50, 110), min_size=3, max_size=3))
def test_figures_agree_with_a_plain_loop(rows: list[Row], until: list[int]) -> None:
    found = features(topic_days(rows), study_days([]), joined=np.zeros(3, dtype=np.int64), until=np.array(until))
    for learner in range(3):
        topics: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        recent = [0, 0]
        for one, topic, day, *counts in rows:
            if one == learner and day < until[learner]:
                topics[topic] = [a + b for a, b in zip(topics[topic], counts, strict=True)]
                if day >= until[learner] - 30:
                    recent = [recent[0] + counts[0], recent[1] + counts[1]]
        scores = [(0.3 * d / c + 0.2 * b / a) / 0.5 if c else b / a for a, b, c, d in topics.values() if a]
        firsts = [c for a, _, c, _ in topics.values() if a]
        mean = sum(scores) / len(scores) if scores else nan
        assert found.average_mastery[learner] == pytest.approx(mean, nan_ok=True)
        assert found.accuracy_30d[learner] == pytest.approx(recent[1] / recent[0] if recent[0] else nan, nan_ok=True)
        assert found.topics_weak[learner] == sum(round(score, 12) < 0.5 for score in scores)
        mastered = sum(round(score, 12) >= 0.8 and first >= 5 for score, first in zip(scores, firsts, strict=True))
        assert found.topics_mastered[learner] == mastered


@given(ROWS)
def test_the_order_of_rows_does_not_matter(rows: list[Row]) -> None:
    shuffled = sorted(rows, reverse=True)
    joined, until = np.zeros(3, dtype=np.int64), np.full(3, EXAM)
    one, other = (features(topic_days(each), study_days([]), joined=joined, until=until) for each in (rows, shuffled))
    np.testing.assert_array_equal(one.matrix(), other.matrix())
