"""The ids of all events, and the events themselves: append-only, but for retention and erasure.

Every key starts with the learner, whose rows erasure deletes, and carries the time, by which retention does;
`event_ids` keeps the event's id unique, across the months too that PostgreSQL keeps apart.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from domain.database.columns import Bytes, Id, Instant, table_of


class EventIdRow(SQLModel, table=True):
    """Which events were seen, for ever, and a digest of what they said: the same id with other content is a conflict.

    Kept apart from the events so that it outlives them and is unique across their partitions.
    """

    __tablename__ = "event_ids"

    event_id: str = Field(sa_type=Id, primary_key=True)
    digest: bytes = Field(sa_type=Bytes)


# One partition a month: retention drops it whole, and a day's rows lie together.
BY_MONTH = {"postgresql_partition_by": "RANGE (occurred_at)"}


class ValidationResponseRow(SQLModel, table=True):
    __tablename__ = "validation_responses"
    __table_args__ = BY_MONTH

    learner_id: str = Field(sa_type=Id, primary_key=True)
    occurred_at: datetime = Field(sa_type=Instant, primary_key=True)
    event_id: str = Field(sa_type=Id, primary_key=True)
    objective_id: str = Field(sa_type=Id)
    score: float
    reasoning_score: float | None = None
    calibration_delta: float | None = None
    mastery_verified: bool = False


class QuestionAttemptRow(SQLModel, table=True):
    __tablename__ = "question_attempts"
    __table_args__ = BY_MONTH

    learner_id: str = Field(sa_type=Id, primary_key=True)
    occurred_at: datetime = Field(sa_type=Instant, primary_key=True)
    event_id: str = Field(sa_type=Id, primary_key=True)
    question_id: str = Field(sa_type=Id)
    topic_id: str = Field(sa_type=Id)
    session_id: str | None = Field(default=None, sa_type=Id)
    difficulty: str = Field(max_length=8)
    mode: str = Field(max_length=8)
    correct: bool
    attempt_number: int
    time_to_answer: float | None = None
    confidence: float | None = None


class MaterialInteractionRow(SQLModel, table=True):
    __tablename__ = "material_interactions"
    __table_args__ = BY_MONTH

    learner_id: str = Field(sa_type=Id, primary_key=True)
    occurred_at: datetime = Field(sa_type=Instant, primary_key=True)
    event_id: str = Field(sa_type=Id, primary_key=True)
    material_id: str = Field(sa_type=Id)
    topic_id: str = Field(sa_type=Id)
    session_id: str | None = Field(default=None, sa_type=Id)
    kind: str = Field(max_length=80)
    duration: float
    completion: float


class StudyEventRow(SQLModel, table=True):
    __tablename__ = "study_events"
    __table_args__ = BY_MONTH

    learner_id: str = Field(sa_type=Id, primary_key=True)
    occurred_at: datetime = Field(sa_type=Instant, primary_key=True)
    event_id: str = Field(sa_type=Id, primary_key=True)
    name: str = Field(max_length=80)
    session_id: str | None = Field(default=None, sa_type=Id)
    properties: str | None = None  # JSON, as it was cleaned: nothing here ever looks into it


class SessionReportRow(SQLModel, table=True):
    __tablename__ = "session_reports"

    learner_id: str = Field(sa_type=Id, primary_key=True)
    occurred_at: datetime = Field(sa_type=Instant, primary_key=True)
    event_id: str = Field(sa_type=Id, primary_key=True)
    session_id: str = Field(sa_type=Id)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    paused_for: float
    pauses: int
    interruptions: int


class TaskCompletionRow(SQLModel, table=True):
    __tablename__ = "task_completions"

    learner_id: str = Field(sa_type=Id, primary_key=True)
    occurred_at: datetime = Field(sa_type=Instant, primary_key=True)
    event_id: str = Field(sa_type=Id, primary_key=True)
    skill: str = Field(max_length=10)
    practice_minutes: float


event_ids = table_of(EventIdRow)
validation_responses = table_of(ValidationResponseRow)
question_attempts = table_of(QuestionAttemptRow)
material_interactions = table_of(MaterialInteractionRow)
study_events = table_of(StudyEventRow)
session_reports = table_of(SessionReportRow)
task_completions = table_of(TaskCompletionRow)

EVENTS = (
    validation_responses,
    question_attempts,
    material_interactions,
    study_events,
    session_reports,
    task_completions,
)
MONTHLY = (validation_responses, question_attempts, material_interactions, study_events)
