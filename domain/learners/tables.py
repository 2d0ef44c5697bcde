"""Learners, cohorts, the history of consent, and who was erased."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlmodel import Field, SQLModel

from domain.database.columns import Id, Instant, Name, table_of


class CohortRow(SQLModel, table=True):
    __tablename__ = "cohorts"

    id: str = Field(sa_type=Id, primary_key=True)
    name: str = Field(sa_type=Name)


class LearnerRow(SQLModel, table=True):
    __tablename__ = "learners"
    __table_args__ = (Index(None, "cohort_id", "display_name", "id"),)

    id: str = Field(sa_type=Id, primary_key=True)
    display_name: str = Field(default="", sa_type=Name)
    joined_at: datetime = Field(sa_type=Instant)
    shares_data: bool = False
    active: bool = True
    cohort_id: str | None = Field(default=None, sa_type=Id, foreign_key="cohorts.id")
    cohort_excluded: bool = False
    time_zone: str = "UTC"
    diagnostic_score: float | None = None
    target_band: float | None = None
    final_band: float | None = None
    # Not SQLAlchemy's to fill in: an import changes learners without a word of their mode.
    comparison_mode: str = Field(
        default="ALL", max_length=16, sa_column_kwargs={"default": None, "server_default": "ALL"}
    )


class ConsentChangeRow(SQLModel, table=True):
    """One row for each time that a learner granted or withdrew consent."""

    __tablename__ = "consent_changes"
    __table_args__ = (Index(None, "learner_id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer(), "sqlite"))
    learner_id: str = Field(sa_type=Id, foreign_key="learners.id", ondelete="CASCADE")
    shares_data: bool
    changed_at: datetime = Field(sa_type=Instant)


class ErasureRow(SQLModel, table=True):
    """Whom we forgot, as a keyed pseudonym: enough to refuse late events, too little to find a person."""

    __tablename__ = "erasures"

    pseudonym: str = Field(primary_key=True, max_length=64)
    erased_at: datetime = Field(sa_type=Instant)


cohorts = table_of(CohortRow)
learners = table_of(LearnerRow)
consent_changes = table_of(ConsentChangeRow)
erasures = table_of(ErasureRow)
