"""Figures of learners' own days and weeks, and rolling ones: counts and milliseconds, with the shares they come to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from domain.days import zone

MILLISECONDS_A_MINUTE = 60_000
DAY = timedelta(days=1)


def bounds_of_day(day: date, time_zone: str) -> tuple[datetime, datetime]:
    """When *day* begins in *time_zone*, and when the next does: the instants at and after the first, before the second.

    23 to 25 hours apart where clocks change; not at all for a day that a zone left out.
    """
    where = zone(time_zone)
    return datetime.combine(day, time.min, where), datetime.combine(day + DAY, time.min, where)


def monday_of(day: date) -> date:
    """The day on which the week of *day* begins."""
    return day - timedelta(days=day.weekday())


def sunday_of(day: date) -> date:
    """The day with which the week of *day* ends; the last day that there is where the calendar ends before it."""
    return date.fromordinal(min(day.toordinal() + 6 - day.weekday(), date.max.toordinal()))


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyStats:
    """What a learner did on one of its own days; sessions belong to the day on which they began.

    study_milliseconds: of sessions, and of attempts and interactions outside them. active_milliseconds: without the
    pauses of sessions. practice_milliseconds: of tasks, which count in nothing else.
    """

    day: date
    study_milliseconds: int
    active_milliseconds: int
    sessions: int
    attempts: int
    correct: int
    first_attempts: int
    first_correct: int
    interactions: int
    materials_completed: int
    tasks: int
    practice_milliseconds: int
    speaking: int
    writing: int
    reading: int
    listening: int
    mock_tests: int
    events: int

    @property
    def study_minutes(self) -> float:
        """Minutes of study."""
        return self.study_milliseconds / MILLISECONDS_A_MINUTE

    @property
    def active_minutes(self) -> float:
        """Minutes of study without pauses."""
        return self.active_milliseconds / MILLISECONDS_A_MINUTE

    @property
    def questions_attempted(self) -> int:
        """Attempts at questions."""
        return self.attempts

    @property
    def questions_correct(self) -> int:
        """Those of them that were right."""
        return self.correct


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyStats:
    """What a learner did in one of its own weeks. week_start: its Monday. active_days: days with any event, 1-7."""

    week_start: date
    study_milliseconds: int
    active_milliseconds: int
    active_days: int
    sessions: int
    attempts: int
    correct: int
    tasks: int

    @property
    def study_minutes(self) -> float:
        """Minutes of study."""
        return self.study_milliseconds / MILLISECONDS_A_MINUTE

    @property
    def questions_attempted(self) -> int:
        """Attempts at questions."""
        return self.attempts

    @property
    def questions_correct(self) -> int:
        """Those of them that were right."""
        return self.correct


def weeks_of(days: Iterable[DailyStats]) -> list[WeeklyStats]:
    """The weeks of *days*, which are of one learner, in any order, each once; in the order of time."""
    by_week: dict[date, list[DailyStats]] = {}
    for day in days:
        by_week.setdefault(monday_of(day.day), []).append(day)
    return [
        WeeklyStats(
            week_start=week_start,
            study_milliseconds=sum(day.study_milliseconds for day in some),
            active_milliseconds=sum(day.active_milliseconds for day in some),
            active_days=len(some),
            sessions=sum(day.sessions for day in some),
            attempts=sum(day.attempts for day in some),
            correct=sum(day.correct for day in some),
            tasks=sum(day.tasks for day in some),
        )
        for week_start, some in sorted(by_week.items())
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningMetrics:
    """Rolling figures of one learner as of computed_at; 30d and 90d end with its own day then.

    topics_mastered: score of at least 0.8 with 5 first attempts. topics_weak: score below 0.5.
    average_mastery: mean score, 0-1; None without a scored topic.
    """

    attempts_30d: int
    correct_30d: int
    attempts_90d: int
    correct_90d: int
    attempts: int
    correct: int
    first_attempts: int
    first_correct: int
    study_milliseconds_30d: int
    study_milliseconds: int
    active_milliseconds: int
    sessions: int
    topics_mastered: int
    topics_weak: int
    average_mastery: float | None
    computed_at: datetime

    @property
    def accuracy_30d(self) -> float | None:
        """Share of right attempts, 0-1; None without any."""
        return share(self.correct_30d, self.attempts_30d)

    @property
    def accuracy_90d(self) -> float | None:
        """As `accuracy_30d`, over 90 days."""
        return share(self.correct_90d, self.attempts_90d)

    @property
    def accuracy_all_time(self) -> float | None:
        """As `accuracy_30d`, over all days."""
        return share(self.correct, self.attempts)

    @property
    def study_minutes_30d(self) -> float:
        """Minutes of study in 30 days."""
        return self.study_milliseconds_30d / MILLISECONDS_A_MINUTE

    @property
    def study_minutes_all_time(self) -> float:
        """Minutes of study on all days."""
        return self.study_milliseconds / MILLISECONDS_A_MINUTE


def share(part: int, whole: int) -> float | None:
    """*part* of *whole*, 0-1; None of nothing."""
    return part / whole if whole else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyDay:
    """An own day with study, with those of its `DailyStats` that rhythm and pace are read from."""

    day: date
    study_milliseconds: int
    attempts: int
    correct: int
    first_attempts: int
    first_correct: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDay:
    """An own day with study, with those of its `DailyStats` that learners are compared by; tasks may be 0."""

    day: date
    tasks: int
    practice_milliseconds: int
    speaking: int
    writing: int
    reading: int
    listening: int
    mock_tests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySession:
    """A session as it is known by now, from began_at to lasted_until.

    paused_milliseconds, pauses, interruptions: as reported. questions, materials: attempts and interactions in it.
    """

    session_id: str
    began_at: datetime
    lasted_until: datetime
    paused_milliseconds: int
    pauses: int
    interruptions: int
    questions: int
    questions_correct: int
    materials: int
