"""Results of exams, and the models that were trained on them."""

from datetime import datetime

from sqlalchemy import BigInteger, Integer
from sqlmodel import Field, SQLModel

from domain.database.columns import Id, Instant, Json, table_of


class ExamResultRow(SQLModel, table=True):
    __tablename__ = "exam_results"

    learner_id: str = Field(sa_type=Id, primary_key=True)
    taken_at: datetime = Field(sa_type=Instant, primary_key=True)
    score: float
    passed: bool


class ReadinessModelRow(SQLModel, table=True):
    """A model and how it did; the newest one is in use."""

    __tablename__ = "readiness_models"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer(), "sqlite"))
    version: str = Field(max_length=40)
    trained_at: datetime = Field(sa_type=Instant)
    model: dict[str, object] = Field(sa_type=Json)
    report: dict[str, object] = Field(sa_type=Json)


exam_results = table_of(ExamResultRow)
readiness_models = table_of(ReadinessModelRow)
