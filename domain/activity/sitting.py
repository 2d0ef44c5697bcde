"""The study session as its reports and its events add up, in whatever order they arrive."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self, TypeVar

from domain.events.attempt import QuestionAttempt
from domain.events.interaction import MaterialInteraction
from domain.events.session_report import SessionReport
from domain.events.study_event import StudyEvent

# Whoever forgets to end a session does not study on for ever.
LONGEST = timedelta(days=1)

T = TypeVar("T", bound=datetime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """What is known of one session; the default knows nothing.

    started_at, ended_at: as reported, the earliest and the latest; None where no report says so.
    first_event_at, last_event_at: of the events that name the session. Both pairs are None only in the default.
    paused_milliseconds, pauses, interruptions: the most that any report says, since each counts from the start.
    questions, questions_correct, materials: events that name the session.
    """

    started_at: datetime | None = None
    ended_at: datetime | None = None
    first_event_at: datetime | None = None
    last_event_at: datetime | None = None
    paused_milliseconds: int = 0
    pauses: int = 0
    interruptions: int = 0
    questions: int = 0
    questions_correct: int = 0
    materials: int = 0

    def joined(self, other: Self) -> Self:
        """What both know together: the same whichever comes first."""
        return type(self)(
            started_at=_either(min, self.started_at, other.started_at),
            ended_at=_either(max, self.ended_at, other.ended_at),
            first_event_at=_either(min, self.first_event_at, other.first_event_at),
            last_event_at=_either(max, self.last_event_at, other.last_event_at),
            paused_milliseconds=max(self.paused_milliseconds, other.paused_milliseconds),
            pauses=max(self.pauses, other.pauses),
            interruptions=max(self.interruptions, other.interruptions),
            questions=self.questions + other.questions,
            questions_correct=self.questions_correct + other.questions_correct,
            materials=self.materials + other.materials,
        )

    @property
    def began_at(self) -> datetime:
        """As reported, or else the first event."""
        began = self.first_event_at if self.started_at is None else self.started_at
        assert began is not None, "a sitting is made of a report or an event"
        return began

    @property
    def lasted_until(self) -> datetime:
        """As reported, or else the last event; never before the beginning nor more than a day after it."""
        until = self.last_event_at if self.ended_at is None else self.ended_at
        return self.began_at if until is None else max(self.began_at, min(until, self.began_at + LONGEST))


def of_report(report: SessionReport) -> Sitting:
    """What a report says of its session."""
    return Sitting(
        started_at=report.started_at,
        ended_at=report.ended_at,
        paused_milliseconds=round(report.paused_for * 1000),
        pauses=report.pauses,
        interruptions=report.interruptions,
    )


def of_events(events: Sequence[QuestionAttempt | MaterialInteraction | StudyEvent]) -> Sitting:
    """What events, at least one, say of the session that they all name."""
    instants = [event.occurred_at for event in events]
    attempts = [event for event in events if type(event) is QuestionAttempt]
    return Sitting(
        first_event_at=min(instants),
        last_event_at=max(instants),
        questions=len(attempts),
        questions_correct=sum(attempt.correct for attempt in attempts),
        materials=sum(type(event) is MaterialInteraction for event in events),
    )


def _either(choose: Callable[[T, T], T], one: T | None, other: T | None) -> T | None:
    if one is None or other is None:
        return other if one is None else one
    return choose(one, other)
