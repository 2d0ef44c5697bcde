"""Exam plans with dates and names, without a database."""

from datetime import date

import numpy as np

from domain.catalog.topic import Topic
from domain.gaps.path import Curriculum, PrerequisiteLink
from domain.readiness.calendar import Goal, PlannedExam, TopicCards, plan_exam
from domain.readiness.fingerprint import fingerprint

TOPICS = [
    Topic(id="h", name="Heart", parent_id=None, exam_weight=2.0),
    Topic(id="v", name="Valves", parent_id="h", exam_weight=1.0),
    Topic(id="f", name="Failure", parent_id="h", exam_weight=3.0),
]
# Failure rests on valves, and valves on the head, which nobody studies.
CURRICULUM = Curriculum.of(
    {topic.id: topic.name for topic in TOPICS},
    [
        PrerequisiteLink(topic_id="f", prerequisite_id="v", strength=1.0),
        PrerequisiteLink(topic_id="v", prerequisite_id="h", strength=1.0),
    ],
)
CARDS = {
    "v": TopicCards(
        stability=np.full(12, 5.0), difficulty=np.full(12, 5.0), elapsed_days=np.full(12, 5, dtype=np.int64)
    )
}


def planned(cards: dict[str, TopicCards], minutes: int = 10, days: int = 5) -> PlannedExam:
    today = date(2026, 12, 29)
    goal = Goal(
        today=today,
        exam_date=date.fromordinal(today.toordinal() + days),
        minutes_per_day=minutes,
        target_retention=0.9,
    )
    found = plan_exam(
        goal, topics=TOPICS, curriculum=CURRICULUM, mastery=dict.fromkeys(cards, 0.5), cards=cards, first_accuracy=0.5
    )
    assert found is not None
    return found


def test_a_topic_that_only_heads_others_is_not_planned() -> None:
    assert [one.topic.name for one in planned({}).by_topic] == ["Valves", "Failure"]


def test_a_topic_has_ten_questions_or_as_many_as_were_answered() -> None:
    found = planned(CARDS, minutes=1000)
    today = found.days[0]
    assert today.day == date(2026, 12, 29)
    new = {item.topic.name: item.questions for item in today.items if item.kind == "NEW"}
    assert new == {"Failure": 10}
    # Each of the twelve is recalled with 0.9 today and less in five days.
    assert 0 < found.recall_without_study < 0.25 * 0.9


def test_minutes_and_days_are_those_of_the_goal() -> None:
    found = planned(CARDS, minutes=3)
    assert [one.day.isoformat() for one in found.days] == [
        *("2026-12-29", "2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02"),
    ]
    assert max(one.minutes for one in found.days) <= 3
    assert found.exam_date == date(2027, 1, 3)
    assert "3 January 2027" in found.message


def test_without_topics_there_is_no_plan() -> None:
    goal = Goal(today=date(2026, 1, 1), exam_date=date(2026, 1, 2), minutes_per_day=5, target_retention=0.9)
    empty = Curriculum.of({}, [])
    assert plan_exam(goal, topics=[], curriculum=empty, mastery={}, cards={}, first_accuracy=0.5) is None


def test_a_fingerprint_tells_any_other_result() -> None:
    matrix = np.array([[0.1, np.nan], [0.3, 0.4]])
    passed, score, taken_at = np.array([True, False]), np.array([70.0, 50.0]), np.array([1, 2])
    first = fingerprint(matrix, passed, score, taken_at)
    assert first == fingerprint(matrix.copy(), passed, score, taken_at)
    others = [
        fingerprint(np.nan_to_num(matrix), passed, score, taken_at),
        fingerprint(matrix, ~passed, score, taken_at),
        fingerprint(matrix, passed, score + 1, taken_at),
        fingerprint(matrix, passed, score, taken_at + 1),
        fingerprint(matrix[:1], passed[:1], score[:1], taken_at[:1]),
    ]
    assert len({first, *others}) == 6
    assert len(first) == 12
