"""Performance by difficulty: worked by hand, and laws that hold of any attempts."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog.topic import Topic
from domain.events.attempt import Difficulty, LearningMode
from domain.performance.attempts import Attempts, AttemptsByDifficulty
from domain.performance.difficulty import DifficultyPerformance, performance
from domain.performance.metrics import CompletionStatus
from domain.performance.registry import Registry
from tests.performance.attempts import Answer, attempted, some_attempts

EASY, MEDIUM, HARD = Difficulty
RIGHT, WRONG = True, False
TOPIC = Topic(id="7b0e6a54-0000-4000-8000-000000000001", name="Renal clearance", parent_id=None, exam_weight=5.0)


def measured(answers: dict[Difficulty, list[Answer]], required_correct: int = 2) -> DifficultyPerformance:
    return performance(Registry(), TOPIC, LearningMode.STANDARD, attempted(answers, required_correct))


def figures(found: DifficultyPerformance) -> dict[Difficulty, tuple[int, int, int, float, str]]:
    return {
        one.difficulty: (one.score, one.questions, one.attempts, one.average_attempts, str(one.completion))
        for one in found.by_difficulty
    }


def test_a_learner_who_passed_the_easy_ones_and_failed_the_others() -> None:
    found = measured(
        {
            # Question 1 at first sight, question 2 at the third attempt, question 3 never.
            EASY: [(1, RIGHT), (2, WRONG), (2, WRONG), (2, RIGHT), (3, WRONG)],
            # One question right, and right again: once is all it counts.
            MEDIUM: [(4, RIGHT), (4, RIGHT), (4, RIGHT)],
            HARD: [(5, WRONG), (6, WRONG)],
        }
    )
    assert figures(found) == {
        EASY: (2, 3, 5, 5 / 3, "COMPLETE"),
        MEDIUM: (1, 1, 3, 3.0, "INCOMPLETE"),
        HARD: (0, 2, 2, 1.0, "INCOMPLETE"),
    }
    assert found.passed == [EASY]
    assert found.failed == [MEDIUM, HARD]
    assert found.ranking == [MEDIUM, EASY, HARD]
    assert (found.topic, found.mode) == (TOPIC, LearningMode.STANDARD)


NOTHING = (0, 0, 0, 0.0, "INCOMPLETE")


def test_a_difficulty_without_attempts_is_neither_passed_nor_failed_and_comes_last() -> None:
    found = measured({HARD: [(1, RIGHT), (2, RIGHT)]})
    assert figures(found) == {EASY: NOTHING, MEDIUM: NOTHING, HARD: (2, 2, 2, 1.0, "COMPLETE")}
    assert list(figures(found)) == [EASY, MEDIUM, HARD]
    assert (found.passed, found.failed, found.ranking) == ([HARD], [], [HARD, EASY, MEDIUM])


def test_equal_averages_are_ranked_easy_first() -> None:
    answers: dict[Difficulty, list[Answer]] = {
        HARD: [(1, WRONG), (2, WRONG), (2, WRONG)],  # 3 attempts at 2 questions
        EASY: [(n, RIGHT) for n in (3, 3, 3, 4, 4, 4, 5, 5, 6)],  # 9 at 4
        MEDIUM: [(7, WRONG), (7, WRONG), (8, RIGHT)],  # 3 at 2
    }
    assert measured(answers).ranking == [EASY, MEDIUM, HARD]


@pytest.mark.parametrize(("required", "status"), [(1, "COMPLETE"), (2, "COMPLETE"), (3, "INCOMPLETE")])
def test_complete_from_the_required_number_of_questions_on(required: int, status: str) -> None:
    found = measured({EASY: [(1, RIGHT), (2, RIGHT), (2, RIGHT), (3, WRONG)]}, required)
    assert found.by_difficulty[0].completion is CompletionStatus(status)


def test_a_question_that_changed_its_difficulty_counts_at_both() -> None:
    assert figures(measured({EASY: [(1, RIGHT)], HARD: [(1, RIGHT)]})) == {
        EASY: (1, 1, 1, 1.0, "INCOMPLETE"),
        MEDIUM: NOTHING,
        HARD: (1, 1, 1, 1.0, "INCOMPLETE"),
    }


ANSWERS = st.dictionaries(
    st.sampled_from(list(Difficulty)),
    st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=30),
    min_size=1,
)


@given(answers=ANSWERS, required=st.integers(1, 4))
def test_it_is_what_counting_one_by_one_gives(answers: dict[Difficulty, list[Answer]], required: int) -> None:
    found = measured(answers, required)
    means = {}
    for one in found.by_difficulty:
        made = answers.get(one.difficulty, [])
        per_question = Counter(question for question, _ in made)
        right = {question for question, correct in made if correct}
        means[one.difficulty] = Fraction(len(made), len(per_question) or 1)
        assert (one.score, one.questions, one.attempts) == (len(right), len(per_question), len(made))
        assert one.average_attempts == float(means[one.difficulty])
        assert (one.difficulty in found.passed) is (len(right) >= required)
    assert list(means) == list(Difficulty)
    assert sorted([*found.passed, *found.failed]) == sorted(answers)
    assert found.ranking == sorted(means, key=lambda one: (-means[one], list(Difficulty).index(one)))


@given(answers=ANSWERS, data=st.data())
def test_the_order_of_attempts_changes_nothing(answers: dict[Difficulty, list[Answer]], data: st.DataObject) -> None:
    mixed = {one: data.draw(st.permutations(made)) for one, made in reversed(answers.items())}
    assert figures(measured(mixed)) == figures(measured(answers))
    assert measured(mixed).ranking == measured(answers).ranking


@given(answers=ANSWERS)
def test_doing_all_of_it_twice_doubles_the_attempts_and_nothing_else(answers: dict[Difficulty, list[Answer]]) -> None:
    once, twice = measured(answers), measured({one: made * 2 for one, made in answers.items()})
    for before, after in zip(once.by_difficulty, twice.by_difficulty, strict=True):
        assert (after.score, after.questions, after.completion) == (before.score, before.questions, before.completion)
        assert (after.attempts, after.average_attempts) == (2 * before.attempts, 2 * before.average_attempts)
    assert (twice.passed, twice.failed, twice.ranking) == (once.passed, once.failed, once.ranking)


def test_no_metric_can_change_what_the_next_one_sees() -> None:
    made = some_attempts([(1, RIGHT)])
    for name in ("question", "correct", "attempt_number", "occurred_at", "time_to_answer", "confidence"):
        array = getattr(made, name)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[0]


def test_what_are_no_attempts_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        some_attempts([])
    whole = some_attempts([(1, RIGHT), (2, WRONG)])
    with pytest.raises(ValueError, match="one length"):
        Attempts(
            question=whole.question,
            correct=whole.correct[:1],
            attempt_number=whole.attempt_number,
            occurred_at=whole.occurred_at,
            time_to_answer=whole.time_to_answer,
            confidence=np.array([0.5, 0.5]),
        )
    with pytest.raises(ValueError, match="no attempts"):
        AttemptsByDifficulty(by_difficulty={})
    for required in (0, 1001):
        with pytest.raises(ValueError, match="give 1 to 1000"):
            attempted({EASY: [(1, RIGHT)]}, required)
