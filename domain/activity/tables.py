"""Study sessions as their reports and events add up, figures by own day and week, and what has to be counted anew.

Durations are whole milliseconds, so that no sum depends on the order in which events arrived.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from domain.database.columns import Id, Instant, table_of


class StudySessionRow(SQLModel, table=True):
    """One session; started_at, ended_at: as reported; the span began_at to lasted_until: as `sitting` works it out."""

    __tablename__ = "study_sessions"
    __table_args__ = (Index(None, "learner_id", "began_at"),)

    learner_id: str = Field(sa_type=Id, primary_key=True)
    session_id: str = Field(sa_type=Id, primary_key=True)
    started_at: datetime | None = Field(default=None, sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    first_event_at: datetime | None = Field(default=None, sa_type=Instant)
    last_event_at: datetime | None = Field(default=None, sa_type=Instant)
    began_at: datetime = Field(sa_type=Instant)
    lasted_until: datetime = Field(sa_type=Instant)
    paused_milliseconds: int = Field(sa_type=BigInteger)
    pauses: int
    interruptions: int
    questions: int
    questions_correct: int
    materials: int


class StaleDayRow(SQLModel, table=True):
    """A learner's own day about which events came in since its figures were last counted."""

    __tablename__ = "stale_days"

    learner_id: str = Field(sa_type=Id, primary_key=True)
    day: date = Field(primary_key=True)


class StaleTopicDayRow(SQLModel, table=True):
    """As `stale_days`, for the figures by topic."""

    __tablename__ = "stale_topic_days"

    learner_id: str = Field(sa_type=Id, primary_key=True)
    day: date = Field(primary_key=True)


class StaleWeekRow(SQLModel, table=True):
    """A learner's own week, by its Monday, that holds a day which was counted since the week was."""

    __tablename__ = "stale_weeks"

    learner_id: str = Field(sa_type=Id, primary_key=True)
    week_start: date = Field(primary_key=True)


class StaleTotalsRow(SQLModel, table=True):
    """A learner with a day that was counted since its totals were (`activity_totals`)."""

    __tablename__ = "stale_totals"

    learner_id: str = Field(sa_type=Id, primary_key=True)


class DailyStatsRow(SQLModel, table=True):
    __tablename__ = "daily_user_stats"

    learner_id: str = Field(sa_type=Id, primary_key=True)
    day: date = Field(primary_key=True)
    study_milliseconds: int = Field(sa_type=BigInteger)
    active_milliseconds: int = Field(sa_type=BigInteger)
    sessions: int
    attempts: int
    correct: int
    first_attempts: int
    first_correct: int
    interactions: int
    materials_completed: int
    tasks: int
    practice_milliseconds: int = Field(sa_type=BigInteger)
    speaking: int
    writing: int
    reading: int
    listening: int
    mock_tests: int
    events: int  # of any kind: what makes it a day with study


class WeeklyStatsRow(SQLModel, table=True):
    __tablename__ = "weekly_user_stats"

    learner_id: str = Field(sa_type=Id, primary_key=True)
    week_start: date = Field(primary_key=True)
    study_milliseconds: int = Field(sa_type=BigInteger)
    active_milliseconds: int = Field(sa_type=BigInteger)
    active_days: int
    sessions: int
    attempts: int
    correct: int
    tasks: int


class TopicDailyStatsRow(SQLModel, table=True):
    __tablename__ = "topic_daily_stats"

    learner_id: str = Field(sa_type=Id, primary_key=True)
    topic_id: str = Field(sa_type=Id, primary_key=True)
    day: date = Field(primary_key=True)
    attempts: int
    correct: int
    first_attempts: int
    first_correct: int


class LearningMetricsRow(SQLModel, table=True):
    """Rolling figures of one learner, as of the night they were computed."""

    __tablename__ = "user_learning_metrics"

    learner_id: str = Field(sa_type=Id, primary_key=True)
    attempts_30d: int
    correct_30d: int
    attempts_90d: int
    correct_90d: int
    attempts: int
    correct: int
    first_attempts: int
    first_correct: int
    study_milliseconds_30d: int = Field(sa_type=BigInteger)
    study_milliseconds: int = Field(sa_type=BigInteger)
    active_milliseconds: int = Field(sa_type=BigInteger)
    sessions: int
    topics_mastered: int
    topics_weak: int
    average_mastery: float | None = None
    computed_at: datetime = Field(sa_type=Instant)


study_sessions = table_of(StudySessionRow)
stale_days = table_of(StaleDayRow)
stale_topic_days = table_of(StaleTopicDayRow)
stale_weeks = table_of(StaleWeekRow)
stale_totals = table_of(StaleTotalsRow)
daily_user_stats = table_of(DailyStatsRow)
weekly_user_stats = table_of(WeeklyStatsRow)
topic_daily_stats = table_of(TopicDailyStatsRow)
user_learning_metrics = table_of(LearningMetricsRow)
