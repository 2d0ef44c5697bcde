"""Readiness for the exam: the newest model on what the learner has done so far, and what to study until then."""

from asyncio import gather, get_running_loop
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import numpy as np

from domain.activity.queries import study_days_by_learner
from domain.days import own_day
from domain.errors import InvalidInput
from domain.learners.learner import Learner
from domain.learners.queries import learner_by_id
from domain.mastery.overview import TopicMastery
from domain.mastery.score import daily_figure
from domain.readiness.assessment import ExamReadiness, PublishedReport, assess
from domain.readiness.calendar import Goal, PlannedExam, plan_exam
from domain.readiness.features import StudyDays, TopicDays, features
from domain.readiness.plan import MOST_DAYS
from domain.readiness.queries import (
    NEWEST,
    LearnerDay,
    all_topics,
    cards_by_moment,
    newest_model,
    order_of_topics,
    standard_by_key,
    topic_days_by_learner,
)
from domain.readiness.sections import PACE_DAYS
from domain.unavailable import Reason, Unavailable
from resolvers import access
from resolvers.context import Context
from resolvers.mastery import mastery_of

MOST_MINUTES = 1440
LEAST_TARGET, HIGHEST_TARGET = 0.5, 0.99

# A year's plan takes a second or two: in a thread, so that others are answered meanwhile, and one plan at a time, so
# that a request for many has to wait (and is given up in the end) rather than everybody else.
_PLANNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="exam-plan")


async def exam_readiness(context: Context, learner_id: str) -> ExamReadiness | Unavailable:
    """How an exam today would go for the learner."""
    access.require_read(context, learner_id)
    load = context.batch.load
    learner = await load(learner_by_id, learner_id)
    assert learner is not None, "`access` has handed it out"
    today = own_day(context.now, learner.time_zone)
    standard, topic_days, studied, mastery = await gather(
        load(standard_by_key, NEWEST),
        load(topic_days_by_learner, LearnerDay(learner_id, today, learner.time_zone)),
        load(study_days_by_learner, learner_id),
        mastery_of(context, learner_id),
    )
    if standard is None or standard.stored is None:
        return Unavailable.because(Reason.NOT_COMPUTED)
    if topic_days is None or not topic_days.attempts.any():
        return Unavailable.because(Reason.NO_DATA)
    first = today - timedelta(days=PACE_DAYS - 1)
    answered = [one for one in studied or () if first <= one.day <= today and one.attempts]
    counters = np.array(
        [(day.first_correct, day.first_attempts, day.correct, day.attempts) for day in answered], dtype=np.int64
    ).reshape(-1, 4)
    return assess(
        standard.stored.model,
        features(
            topic_days,
            _study_days([(day.day, day.study_milliseconds) for day in studied or ()]),
            joined=np.array([own_day(learner.joined_at, learner.time_zone).toordinal()]),
            until=np.array([today.toordinal() + 1]),
        ),
        topics=standard.topics,
        mastery=_scores(mastery),
        pace_days=np.array([day.day.toordinal() for day in answered], dtype=np.int64),
        pace_figures=daily_figure(*counters.T),
    )


def _study_days(days: Sequence[tuple[date, int]]) -> StudyDays:
    """The study of one learner, from its days and their milliseconds."""
    return StudyDays(
        learner=np.zeros(len(days), dtype=np.int64),
        day=np.array([day.toordinal() for day, _ in days], dtype=np.int64),
        seconds=np.array([milliseconds / 1000 for _, milliseconds in days]),
    )


def _scores(mastery: Sequence[TopicMastery]) -> Mapping[str, float]:
    return {one.topic.id: one.score for one in mastery}


async def readiness_report(context: Context) -> PublishedReport | None:
    """How the model in use does, for staff; None for everybody else, and before there is one."""
    if not access.is_staff(context.caller):
        return None
    stored = await context.batch.load(newest_model, NEWEST)
    if stored is None:
        return None
    fewest = context.deployment.thresholds.minimum_peers
    return PublishedReport.of(stored.trained_at, stored.model.version, stored.report, fewest)


async def exam_plan(
    context: Context, learner_id: str, exam_date: date, minutes_per_day: int, target_retention: float
) -> PlannedExam | Unavailable:
    """What to study each day until the exam. Raises InvalidInput for what no plan can be made for."""
    access.require_read(context, learner_id)
    load = context.batch.load
    learner = await load(learner_by_id, learner_id)
    assert learner is not None, "`access` has handed it out"
    goal = _goal(context, learner, exam_date, minutes_per_day, target_retention)
    cards, topics, order, topic_days, mastery = await gather(
        load(cards_by_moment, (learner_id, context.now)),
        load(all_topics, NEWEST),
        load(order_of_topics, NEWEST),
        load(topic_days_by_learner, LearnerDay(learner_id, goal.today, learner.time_zone)),
        mastery_of(context, learner_id),
    )
    assert order is not None, "there is an order, be it of nothing"
    assert topic_days is not None, "every key has its days"

    def planned() -> PlannedExam | None:
        return plan_exam(
            goal,
            topics=topics or [],
            curriculum=order,
            mastery=_scores(mastery),
            cards=cards or {},
            first_accuracy=_first_accuracy(topic_days),
        )

    return await get_running_loop().run_in_executor(_PLANNER, planned) or Unavailable.because(Reason.NO_DATA)


def _goal(context: Context, learner: Learner, exam_date: date, minutes_per_day: int, target_retention: float) -> Goal:
    today = own_day(context.now, learner.time_zone)
    if exam_date < today:
        raise InvalidInput("examDate", f"{exam_date} has passed", "send today's date or a later one")
    if (exam_date - today).days > MOST_DAYS:
        raise InvalidInput("examDate", f"it is more than {MOST_DAYS} days away", "send an earlier date")
    if not 1 <= minutes_per_day <= MOST_MINUTES:
        raise InvalidInput("minutesPerDay", f"it is {minutes_per_day}", f"send 1 to {MOST_MINUTES}")
    if not LEAST_TARGET <= target_retention <= HIGHEST_TARGET:
        raise InvalidInput("targetRetention", f"it is {target_retention}", f"send {LEAST_TARGET} to {HIGHEST_TARGET}")
    return Goal(today=today, exam_date=exam_date, minutes_per_day=minutes_per_day, target_retention=target_retention)


def _first_accuracy(topic_days: TopicDays) -> float:
    """How likely the learner's next first answer is right, by Laplace's rule: one half where nothing is known."""
    return float((topic_days.first_correct.sum() + 1) / (topic_days.first_attempts.sum() + 2))
