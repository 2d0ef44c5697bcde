"""An exam plan as its learner reads it: days with dates, topics with names, and a sentence on what it comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from domain.catalog.topic import Topic
from domain.distribution import Floats
from domain.gaps.path import Curriculum
from domain.readiness.plan import ASSUMED_QUESTIONS, ExamTopic, Pace, WorkKind, exam_plan
from domain.readiness.sections import examined
from domain.reviews.fsrs import Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TopicCards:
    """The questions of one topic that a learner has answered: arrays of shape (n,), as ExamTopic takes them."""

    stability: Floats
    difficulty: Floats
    elapsed_days: Ints


NO_CARDS = TopicCards(stability=np.empty(0), difficulty=np.empty(0), elapsed_days=np.empty(0, dtype=np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a learner wants. today, exam_date: its own days, the latter not the earlier. target_retention: 0-1."""

    today: date
    exam_date: date
    minutes_per_day: int
    target_retention: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedItem:
    topic: Topic
    kind: WorkKind
    questions: int
    minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDay:
    day: date
    minutes: float
    items: Sequence[PlannedItem]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRecall:
    topic: Topic
    expected_recall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedExam:
    """A plan from today to the day before the exam; recall is that expected on the exam day, 0-1.

    by_topic: foundations first.
    """

    exam_date: date
    days: Sequence[PlannedDay]
    expected_recall: float
    recall_without_study: float
    reachable: bool
    target_retention: float
    by_topic: Sequence[TopicRecall]
    message: str


def plan_exam(
    goal: Goal,
    *,
    topics: Sequence[Topic],
    curriculum: Curriculum,
    mastery: Mapping[str, float],
    cards: Mapping[str, TopicCards],
    first_accuracy: float,
) -> PlannedExam | None:
    """The plan for all topics of the exam that can be studied; None where there is none.

    topics: the whole curriculum, whose order is *curriculum*. mastery: by topic studied. cards: by topic with answers.
    first_accuracy: share of the learner's first answers that are right, 0-1. A topic is taken to have ten questions,
    or as many as the learner has answered if those are more.
    """
    open_ = {topic.id: topic for topic in examined(topics, mastery)}
    ordered = [open_[id_] for id_ in curriculum.topic_ids if id_ in open_]
    if not ordered:
        return None
    place = {topic.id: number for number, topic in enumerate(ordered)}
    plan = exam_plan(
        [_exam_topic(topic, cards.get(topic.id, NO_CARDS), _before(topic.id, curriculum, place)) for topic in ordered],
        days=(goal.exam_date - goal.today).days,
        minutes_per_day=goal.minutes_per_day,
        target=goal.target_retention,
        pace=Pace(first_accuracy=first_accuracy),
    )
    return PlannedExam(
        exam_date=goal.exam_date,
        days=[
            PlannedDay(
                day=goal.today + timedelta(days=number),
                minutes=sum(work.minutes for work in works),
                items=[
                    PlannedItem(
                        topic=ordered[work.topic], kind=work.kind, questions=work.questions, minutes=work.minutes
                    )
                    for work in works
                ],
            )
            for number, works in enumerate(plan.days)
        ],
        expected_recall=plan.recall,
        recall_without_study=plan.recall_without,
        reachable=plan.reachable,
        target_retention=plan.target,
        by_topic=[
            TopicRecall(topic=topic, expected_recall=recall)
            for topic, recall in zip(ordered, plan.recall_by_topic, strict=True)
        ],
        message=_message(goal, plan.recall, plan.recall_without, reachable=plan.reachable),
    )


def _exam_topic(topic: Topic, cards: TopicCards, prerequisites: tuple[int, ...]) -> ExamTopic:
    return ExamTopic(
        exam_weight=topic.exam_weight,
        stability=cards.stability,
        difficulty=cards.difficulty,
        elapsed_days=cards.elapsed_days,
        new_questions=max(0, ASSUMED_QUESTIONS - cards.stability.size),
        prerequisites=prerequisites,
    )


def _before(topic_id: str, curriculum: Curriculum, place: Mapping[str, int]) -> tuple[int, ...]:
    """The places of the topics that come before this one, of those that are in the plan."""
    before = (curriculum.topic_ids[number] for number in curriculum.prerequisites[topic_id])
    return tuple(place[id_] for id_ in before if id_ in place)


def _message(goal: Goal, recall: float, without: float, *, reachable: bool) -> str:
    """What the plan comes to. Percentages are rounded down, so that nothing sounds reached that is not."""
    expected, idle, wanted = int(100 * recall), int(100 * without), round(100 * goal.target_retention)
    if goal.exam_date == goal.today:
        return f"The exam is today: about {expected} % of it is expected to be remembered."
    day = f"{goal.exam_date.day} {goal.exam_date:%B %Y}"
    minutes = "1 minute" if goal.minutes_per_day == 1 else f"up to {goal.minutes_per_day} minutes"
    outcome = f"With {minutes} a day about {expected} % of the exam is expected to be remembered on {day}"
    if reachable:
        return f"{outcome}; without study it would be {idle} %."
    return f"{outcome}, which is short of {wanted} %: study longer each day, or aim for less."
