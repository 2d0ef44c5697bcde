"""How much of a learner's study time is active and undisturbed, and what it gets done in it."""

from dataclasses import dataclass, fields

import numpy as np

from domain.distribution import Floats
from domain.patterns.hours import HourOfDay, best_hour, by_hour, hours_insight, weekend_insight
from domain.patterns.insight import Arm, Bools, Insight, Ints, Wording, told

INTERRUPTIONS = "INTERRUPTIONS"
PAUSES = "PAUSES"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudySessions:
    """The n sessions of one learner in a window, in any order; every array has the shape (n,).

    start_hour: 0-23, weekday: 0-6, Monday first: when each began by the learner's own clock, daylight saving included.
    total_seconds: from beginning to end, >= 0. paused_seconds: >= 0; more than the whole counts as the whole.
    pauses, interruptions, questions, materials: counts; correct <= questions.
    Raises ValueError for arrays of different lengths.
    """

    start_hour: Ints
    weekday: Ints
    total_seconds: Floats
    paused_seconds: Floats
    pauses: Ints
    interruptions: Ints
    questions: Ints
    correct: Ints
    materials: Ints

    def __post_init__(self) -> None:
        shape = (self.total_seconds.size,)
        if any(getattr(self, field.name).shape != shape for field in fields(self)):
            raise ValueError("the arrays of sessions are equally long, with one value a session")

    @property
    def active_seconds(self) -> Floats:
        """Length without pauses, never below 0."""
        return np.maximum(self.total_seconds - self.paused_seconds, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyEfficiency:
    """Study time and what came of it; a figure is None where there is no time, or no session, to work it out from.

    efficiency: active over total time, 0-1. focus_score: efficiency / (1 + interruptions in an hour of total time).
    materials_per_hour, questions_per_hour: of active time. best_hour: as domain.patterns.hours has it.
    """

    total_minutes: float
    active_minutes: float
    efficiency: float | None
    sessions: int
    average_session_minutes: float | None
    focus_score: float | None
    materials_per_hour: float | None
    questions_per_hour: float | None
    best_hour: int | None
    by_hour: tuple[HourOfDay, ...]
    insights: tuple[Insight, ...]


def study_efficiency(sessions: StudySessions) -> StudyEfficiency:
    """The figures of all *sessions* together: of sums, so that a long session counts for more than a short one."""
    total = float(sessions.total_seconds.sum())
    active = float(sessions.active_seconds.sum())
    count = sessions.total_seconds.size
    correct, questions = sessions.correct, sessions.questions
    efficiency = _over(active, total)
    interruptions = _over(int(sessions.interruptions.sum()), total / 3600)
    return StudyEfficiency(
        total_minutes=total / 60,
        active_minutes=active / 60,
        efficiency=efficiency,
        sessions=count,
        average_session_minutes=_over(total / 60, count),
        focus_score=None if efficiency is None or interruptions is None else efficiency / (1 + interruptions),
        materials_per_hour=_over(int(sessions.materials.sum()), active / 3600),
        questions_per_hour=_over(int(questions.sum()), active / 3600),
        best_hour=best_hour(sessions.start_hour, correct, questions),
        by_hour=by_hour(sessions.start_hour, sessions.total_seconds, correct, questions),
        insights=_insights(sessions),
    )


def _insights(sessions: StudySessions) -> tuple[Insight, ...]:
    correct, questions = sessions.correct, sessions.questions
    found = (
        hours_insight(sessions.start_hour, correct, questions),
        weekend_insight(sessions.weekday, correct, questions),
        _with_and_without(
            INTERRUPTIONS,
            Wording(did="were interrupted", otherwise="in sessions without interruptions"),
            sessions,
            sessions.interruptions > 0,
        ),
        _with_and_without(
            PAUSES, Wording(did="paused", otherwise="in sessions without pauses"), sessions, sessions.pauses > 0
        ),
    )
    return tuple(insight for insight in found if insight is not None)


def _with_and_without(code: str, wording: Wording, sessions: StudySessions, with_: Bools) -> Insight | None:
    correct, questions = sessions.correct, sessions.questions
    return told(code, wording, Arm.of(correct[with_], questions[with_]), Arm.of(correct[~with_], questions[~with_]))


def _over(amount: float, base: float) -> float | None:
    return amount / base if base > 0 else None
