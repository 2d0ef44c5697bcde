"""All figures of what a learner has shown of a topic, worked out in one place for the API and for jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from domain.catalog.topic import Topic
from domain.distribution import Floats
from domain.mastery.interval import score_interval
from domain.mastery.knowledge import Known, ParametersOfGroups, known_now
from domain.mastery.score import Evidence, Ints, accuracy, daily_figure
from domain.mastery.trend import MasteryTrend, projected_days_to_mastery, trends
from domain.reviews.memory import Algorithm, Memories, due_at, recall
from domain.reviews.schedule import due_count, next_review_at

WHOLE_MATERIAL = 1_000_000  # completions are counted in millionths

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was counted of n (learner, topic) pairs; every array has the shape (n,).

    first_correct, first_attempts, correct, attempts: as in Evidence.
    completed: the learner's completions of the topic's materials together, in millionths of a material.
    materials: how many materials of the topic are known, by whomever they were used.
    """

    first_correct: Ints
    first_attempts: Ints
    correct: Ints
    attempts: Ints
    completed: Ints
    materials: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Cards:
    """The memories of pairs' questions. pair: of each card, 0 to n - 1, in any order, as many as *memories*."""

    pair: Ints
    memories: Memories


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Answers by pair and own day, each pair and day once, in any order; every array has the shape (d,).

    day: a count of days from any fixed start.
    """

    pair: Ints
    day: Ints
    first_correct: Ints
    first_attempts: Ints
    correct: Ints
    attempts: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """All that is known of n (learner, topic) pairs.

    topics, last_attempts: of each pair; None for a pair without an attempt.
    known, parameters: for pKnown, with microseconds since 1970 as instants. today: the learner's own, as Days.day.
    """

    topics: Sequence[Topic]
    last_attempts: Sequence[datetime | None]
    counted: Counted
    known: Known
    parameters: ParametersOfGroups
    cards: Cards
    days: Days
    today: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicMastery:
    """What a learner has shown of a topic, as of an instant.

    score, its interval, p_known, accuracies, retrieval_strength, material_completion: 0-1.
    first_attempt_accuracy: where no first attempt was recorded, that of all attempts; both are 0 without any attempt.
    retrieval_strength: 0 only where no question was answered. None of these zeros enters the score.
    material_completion: None for a topic without known material.
    last_reviewed_at: the last attempt. next_review_at: when the first of its questions is due; it may have passed.
    projected_days_to_mastery: None where the score never would pass 0.8 at the present rate.
    due_questions: how many of its questions are due, or were before.
    memories, at, algorithm: of its questions, microseconds since 1970, and what foresees them: for curves.
    """

    topic: Topic
    score: float
    p_known: float
    first_attempt_accuracy: float
    overall_accuracy: float
    retrieval_strength: float
    material_completion: float | None
    trend: MasteryTrend
    confidence_low: float
    confidence_high: float
    questions_attempted: int
    last_reviewed_at: datetime | None
    next_review_at: datetime | None
    projected_days_to_mastery: float | None
    due_questions: int
    memories: Memories
    at: int
    algorithm: Algorithm


def evidence(counted: Counted, cards: Cards, at: int, algorithm: Algorithm) -> Evidence:
    """What the mastery scores of pairs rest on at the instant *at*, microseconds since 1970."""
    return Evidence(
        first_correct=counted.first_correct,
        first_attempts=counted.first_attempts,
        correct=counted.correct,
        attempts=counted.attempts,
        retrieval=_retrieval(cards, counted.attempts.size, at, algorithm),
        completion=_shares(counted.completed / WHOLE_MATERIAL, counted.materials),
    )


def overviews(shown: Shown, at: int, algorithm: Algorithm) -> list[TopicMastery | None]:
    """The figures of each pair at the instant *at*, microseconds since 1970.

    None for a pair of which nothing is known, neither an answer nor a material of the topic: it has no score.
    """
    counted, pairs = shown.counted, len(shown.topics)
    found = evidence(counted, shown.cards, at, algorithm)
    interval = score_interval(found)
    p_known = known_now(shown.known, at, shown.parameters)
    days = shown.days
    figures = daily_figure(days.first_correct, days.first_attempts, days.correct, days.attempts)
    slopes = trends(days.pair, days.day, figures, groups=pairs, today=shown.today)
    directions = slopes.trend
    overall = accuracy(counted.correct, counted.attempts)
    first = np.where(counted.first_attempts > 0, accuracy(counted.first_correct, counted.first_attempts), overall)

    by_pair = np.argsort(shown.cards.pair, kind="stable")
    memories = shown.cards.memories.take(by_pair)
    due = due_at(memories, algorithm)
    ends = np.searchsorted(shown.cards.pair[by_pair], np.arange(pairs + 1)).tolist()
    result: list[TopicMastery | None] = [None] * pairs
    for pair in np.flatnonzero(~np.isnan(interval.score)).tolist():
        own = slice(ends[pair], ends[pair + 1])
        score = float(interval.score[pair])
        slope = _number(slopes.slope_per_day[pair])
        result[pair] = TopicMastery(
            topic=shown.topics[pair],
            score=score,
            p_known=float(p_known[pair]),
            first_attempt_accuracy=_number(first[pair]) or 0.0,
            overall_accuracy=_number(overall[pair]) or 0.0,
            retrieval_strength=_number(found.retrieval[pair]) or 0.0,
            material_completion=_number(found.completion[pair]),
            trend=MasteryTrend(str(directions[pair])),
            confidence_low=float(interval.low[pair]),
            confidence_high=float(interval.high[pair]),
            questions_attempted=int(counted.attempts[pair]),
            last_reviewed_at=shown.last_attempts[pair],
            next_review_at=_instant(next_review_at(due[own])),
            projected_days_to_mastery=projected_days_to_mastery(score, slope),
            due_questions=due_count(due[own], at),
            memories=memories.take(own),
            at=at,
            algorithm=algorithm,
        )
    return result


def _retrieval(cards: Cards, pairs: int, at: int, algorithm: Algorithm) -> Floats:
    """Mean probability of recall of each pair's reviewed cards, shape (pairs,); NaN where there is none."""
    known = cards.memories.known
    chances = np.where(known, recall(cards.memories, at, algorithm), 0.0)
    return _shares(
        np.bincount(cards.pair, weights=chances, minlength=pairs),
        np.bincount(cards.pair[known], minlength=pairs).astype(np.int64),
    )


def _shares(total: NDArray[np.number], of: Ints) -> Floats:
    """*total* / *of*, never outside 0-1; NaN where *of* is 0."""
    return np.where(of > 0, np.clip(total / np.maximum(of, 1), 0, 1), np.nan)


def _number(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


def _instant(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)
