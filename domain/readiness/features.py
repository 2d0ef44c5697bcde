"""What a model of readiness knows about a learner: eight figures as of the day before an exam.

They are made from daily counts alone, since only those can be had for any day of the past. Retrieval strength and
what was read as of that day cannot; a topic's score is here what its attempts tell, and predictions are made from the
same figures as models are trained on.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats

Integers = NDArray[np.int64]

FEATURES = (
    "average_mastery",
    "topics_mastered",
    "topics_weak",
    "accuracy_30d",
    "study_minutes",
    "first_attempt_accuracy",
    "questions_attempted",
    "days_since_start",
)

RECENT_DAYS = 30
MASTERED_FROM = 0.8
MASTERED_FIRST_ATTEMPTS = 5  # fewer right answers at first sight may be luck
WEAK_BELOW = 0.5

# The weights that first-attempt and overall accuracy have in the mastery score, 0.30 and 0.20, made to sum to 1.
FIRST_ATTEMPT_WEIGHT = 0.6
OVERALL_WEIGHT = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicDays:
    """What learners answered, by learner, topic and own day. Columns of shape (rows,), in any order.

    learner: 0 to n - 1. topic: any number from 0. day: proleptic ordinal, or any count of days that all share.
    correct <= attempts; first_correct <= first_attempts <= attempts. A triple may occur more than once.
    """

    learner: Integers
    topic: Integers
    day: Integers
    attempts: Integers
    correct: Integers
    first_attempts: Integers
    first_correct: Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyDays:
    """How long learners studied, by learner and own day. Columns of shape (rows,), in any order."""

    learner: Integers
    day: Integers
    seconds: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The eight figures of n learners, each of shape (n,); NaN where a learner has nothing to make one from.

    average_mastery: mean over the topics attempted of their scores, 0-1. topics_mastered: score from 0.8, with at
    least 5 first attempts. topics_weak: score below 0.5. accuracy_30d, first_attempt_accuracy: 0-1.
    study_minutes, questions_attempted (every attempt counts), days_since_start: up to the day.
    """

    average_mastery: Floats
    topics_mastered: Floats
    topics_weak: Floats
    accuracy_30d: Floats
    study_minutes: Floats
    first_attempt_accuracy: Floats
    questions_attempted: Floats
    days_since_start: Floats

    def matrix(self) -> Floats:
        """Shape (n, 8), columns as FEATURES; counts and durations as log1p, NaN kept."""
        return np.column_stack(
            [
                self.average_mastery,
                np.log1p(self.topics_mastered),
                np.log1p(self.topics_weak),
                self.accuracy_30d,
                np.log1p(self.study_minutes),
                self.first_attempt_accuracy,
                np.log1p(self.questions_attempted),
                np.log1p(self.days_since_start),
            ]
        )


def features(topic_days: TopicDays, study_days: StudyDays, *, joined: Integers, until: Integers) -> Features:
    """The figures of n learners, each as of its own day.

    joined, until: shape (n,), days on the scale of the tables'; a learner's rows count up to the day before *until*,
    which is the day of the exam, or tomorrow for a prediction. One learner at several days is several learners.
    A topic's score is 0.6 of its first-attempt accuracy and 0.4 of its overall accuracy, the latter alone where no
    first attempt is known.
    """
    size = len(joined)
    learner, attempts = topic_days.learner, topic_days.attempts
    before = topic_days.day < until[learner]
    recent = before & (topic_days.day >= until[learner] - RECENT_DAYS)

    def total(values: Integers, rows: NDArray[np.bool_]) -> Floats:
        return _sums(learner[rows], values[rows], size)

    answered, first = total(attempts, before), total(topic_days.first_attempts, before)
    average, mastered, weak = _topics(topic_days, before, size)
    studied = study_days.day < until[study_days.learner]
    seconds = _sums(study_days.learner[studied], study_days.seconds[studied], size)
    return Features(
        average_mastery=average,
        topics_mastered=mastered,
        topics_weak=weak,
        accuracy_30d=_share(total(topic_days.correct, recent), total(attempts, recent)),
        study_minutes=seconds / 60,
        first_attempt_accuracy=_share(total(topic_days.first_correct, before), first),
        questions_attempted=answered,
        days_since_start=np.maximum(until - joined, 0).astype(np.float64),
    )


def _topics(topic_days: TopicDays, rows: NDArray[np.bool_], size: int) -> tuple[Floats, Floats, Floats]:
    """Mean score, topics mastered and topics weak of each learner, from these rows."""
    topics = int(topic_days.topic.max(initial=0)) + 1
    pairs, pair_of_row = np.unique(topic_days.learner[rows] * topics + topic_days.topic[rows], return_inverse=True)

    def total(values: Integers) -> Floats:
        return _sums(pair_of_row, values[rows], pairs.size)

    attempts, first = total(topic_days.attempts), total(topic_days.first_attempts)
    overall = _share(total(topic_days.correct), attempts)
    at_first = _share(total(topic_days.first_correct), first)
    scores = np.where(first > 0, FIRST_ATTEMPT_WEIGHT * at_first + OVERALL_WEIGHT * overall, overall)
    # Sums of floats: a score of 0.8 may come out as 0.7999999999999999.
    scores = np.asarray(np.round(scores, 12), dtype=np.float64)
    known = attempts > 0
    learner, scores, first = pairs[known] // topics, scores[known], first[known]
    mastered = (scores >= MASTERED_FROM) & (first >= MASTERED_FIRST_ATTEMPTS)
    return (
        _share(_sums(learner, scores, size), _sums(learner, np.ones(scores.size), size)),
        _sums(learner, mastered, size),
        _sums(learner, scores < WEAK_BELOW, size),
    )


def _sums(places: NDArray[np.int64], values: Floats | Integers | NDArray[np.bool_], size: int) -> Floats:
    """The sum of the values at each place, 0 to size - 1."""
    return np.bincount(places, weights=values, minlength=size).astype(np.float64)


def _share(part: Floats, whole: Floats) -> Floats:
    """*part* of *whole*; NaN where that is 0."""
    shares = np.full(part.shape, np.nan)
    np.divide(part, whole, out=shares, where=whole > 0)
    return shares
