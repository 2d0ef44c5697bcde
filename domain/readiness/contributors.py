"""Reads other people's exam results and what they did before, for the job that trains models and for nobody else."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

import numpy as np
from sqlalchemy import BigInteger, Date, and_, select

from domain.activity.tables import daily_user_stats, topic_daily_stats
from domain.database import Reading
from domain.database.columns import Id
from domain.database.day_numbers import day_number, ordinals
from domain.database.statement import keyed
from domain.learners.tables import learners
from domain.readiness.features import StudyDays, TopicDays
from domain.readiness.tables import exam_results


class SharedResult(NamedTuple):
    """A result of somebody who shares its figures."""

    learner_id: str
    taken_at: datetime
    score: float
    passed: bool
    joined_at: datetime
    time_zone: str


_RESULTS = (
    select(
        exam_results.c.learner_id,
        exam_results.c.taken_at,
        exam_results.c.score,
        exam_results.c.passed,
        learners.c.joined_at,
        learners.c.time_zone,
    )
    .join_from(exam_results, learners, learners.c.id == exam_results.c.learner_id)
    .where(learners.c.shares_data)
    .order_by(exam_results.c.taken_at, exam_results.c.learner_id)
)


async def shared_results(reading: Reading) -> list[SharedResult]:
    """The results of those who consented, inactive ones too, the earliest first."""
    return [SharedResult(*row) for row in await reading.rows(_RESULTS)]


_COUNTERS = ("attempts", "correct", "first_attempts", "first_correct")
_TOPIC_DAYS = keyed(
    lambda key: select(
        key.c.place,
        topic_daily_stats.c.topic_id,
        day_number(topic_daily_stats.c.day).label("day"),
        *(topic_daily_stats.c[name] for name in _COUNTERS),
    ).join_from(
        key,
        topic_daily_stats,
        and_(topic_daily_stats.c.learner_id == key.c.learner_id, topic_daily_stats.c.day < key.c.until),
    ),
    place=BigInteger,
    learner_id=Id,
    until=Date,
)
_STUDY_DAYS = keyed(
    lambda key: (
        select(key.c.place, day_number(daily_user_stats.c.day).label("day"), daily_user_stats.c.study_milliseconds)
        .join_from(
            key,
            daily_user_stats,
            and_(daily_user_stats.c.learner_id == key.c.learner_id, daily_user_stats.c.day < key.c.until),
        )
        # Sums of fractions depend on the order, and the same data has to give the same figures.
        .order_by(key.c.place, daily_user_stats.c.day)
    ),
    place=BigInteger,
    learner_id=Id,
    until=Date,
)


async def study_before(reading: Reading, keys: Sequence[tuple[str, date]]) -> tuple[TopicDays, StudyDays]:
    """What learners did before a day; keys: learner and day. A learner's number in the tables is its place in keys."""
    placed = [(place, *key) for place, key in enumerate(keys)]
    answers = await reading.arrays(_TOPIC_DAYS, placed)
    studied = await reading.arrays(_STUDY_DAYS, placed)
    _, topic = np.unique(answers["topic_id"], return_inverse=True)
    return (
        TopicDays(
            learner=answers["place"],
            topic=topic,
            day=ordinals(answers["day"]),
            **{name: answers[name] for name in _COUNTERS},
        ),
        StudyDays(learner=studied["place"], day=ordinals(studied["day"]), seconds=studied["study_milliseconds"] / 1000),
    )
