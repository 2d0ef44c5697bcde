"""The ids of all events, and validation responses."""

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


class ValidationResponseRow(SQLModel, table=True):
    """Append-only. The key starts with the learner, whose rows erasure deletes, and carries the time, by which
    retention does; `event_ids` keeps the event's id unique."""

    __tablename__ = "validation_responses"

    learner_id: str = Field(sa_type=Id, primary_key=True)
    occurred_at: datetime = Field(sa_type=Instant, primary_key=True)
    event_id: str = Field(sa_type=Id, primary_key=True)
    objective_id: str = Field(sa_type=Id)
    score: float
    reasoning_score: float | None = None
    calibration_delta: float | None = None
    mastery_verified: bool = False


event_ids = table_of(EventIdRow)
validation_responses = table_of(ValidationResponseRow)
