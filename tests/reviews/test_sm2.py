"""SM-2: schedules worked out by hand from the published text, and with the `sm-2` package."""

import numpy as np
import pytest

from domain.reviews.sm2 import next_schedule, qualities, recall


def follow(answers: list[int]) -> list[tuple[float, int, int]]:
    """Easiness, interval and repetitions of one card after answers of these qualities."""
    easiness, interval, repetitions = np.array([2.5]), np.array([0]), np.array([0])
    states = []
    for quality in answers:
        easiness, interval, repetitions = next_schedule(easiness, interval, repetitions, np.array([quality]))
        states.append((float(easiness[0]), int(interval[0]), int(repetitions[0])))
    return states


@pytest.mark.parametrize(
    ("quality", "intervals", "last_easiness"),
    [
        (4, [1, 6, 15, 38, 95, 238], 2.5),
        (5, [1, 6, 17, 50, 151, 469], 3.1),
        (3, [1, 6, 13, 26, 47, 79, 121, 167], 1.38),
    ],
)
def test_intervals_grow_by_the_easiness_rounded_up(quality: int, intervals: list[int], last_easiness: float) -> None:
    states = follow([quality] * len(intervals))
    assert [interval for _, interval, _ in states] == intervals
    assert [repetitions for _, _, repetitions in states] == list(range(1, len(intervals) + 1))
    assert states[-1][0] == pytest.approx(last_easiness)


def test_a_wrong_answer_starts_anew_and_keeps_the_easiness() -> None:
    states = follow([5, 4, 3, 2, 4, 4, 4])
    assert [easiness for easiness, _, _ in states] == pytest.approx([2.6, 2.6, 2.46, 2.46, 2.46, 2.46, 2.46])
    assert [interval for _, interval, _ in states] == [1, 6, 15, 1, 1, 6, 15]
    assert [repetitions for _, _, repetitions in states] == [1, 2, 3, 0, 1, 2, 3]


def test_easiness_never_falls_below_its_least() -> None:
    assert follow([3] * 12)[-1][0] == 1.3


def test_an_interval_is_at_most_a_hundred_years() -> None:
    assert follow([4] * 40)[-1][1] == 36_500


def test_right_and_wrong_stand_for_four_and_one() -> None:
    assert qualities(np.array([True, False])).tolist() == [4, 1]


def test_recall_is_nine_tenths_when_due_and_its_square_at_twice_the_interval() -> None:
    assert recall(np.array([0, 6, 12]), np.array([6, 6, 6])).tolist() == pytest.approx([1, 0.9, 0.81])
