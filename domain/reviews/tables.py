"""The memory of each question that a learner has answered, by both algorithms."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from domain.database.columns import ROOM_TO_UPDATE, Id, Instant, table_of


class _Memory(SQLModel):
    reviewed_at: datetime = Field(sa_type=Instant)
    stability: float  # FSRS, days
    difficulty: float  # FSRS, 1-10
    easiness: float  # SM-2
    interval_days: int  # SM-2
    repetitions: int  # SM-2
    reviews: int
    lapses: int


class ReviewStateRow(_Memory, table=True):
    __tablename__ = "review_states"
    __table_args__ = ROOM_TO_UPDATE

    learner_id: str = Field(sa_type=Id, primary_key=True)
    topic_id: str = Field(sa_type=Id, primary_key=True)
    question_id: str = Field(sa_type=Id, primary_key=True)


class ReviewBaseRow(_Memory, table=True):
    """The memory as of the attempts that retention has deleted, from which a replay starts."""

    __tablename__ = "review_bases"

    learner_id: str = Field(sa_type=Id, primary_key=True)
    topic_id: str = Field(sa_type=Id, primary_key=True)
    question_id: str = Field(sa_type=Id, primary_key=True)


review_states = table_of(ReviewStateRow)
review_bases = table_of(ReviewBaseRow)
