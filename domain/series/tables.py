"""What sources have said of industries, what was asked of them, and the figures that people contributed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from domain.database.columns import Id, Instant, Json, table_of


class ObservationRow(SQLModel, table=True):
    """What a source said of one period, from *known_at* until it said otherwise; nothing is ever overwritten.

    value: None where the source withholds or lacks it. footnotes: a list of texts.
    """

    __tablename__ = "series_observations"

    series_id: str = Field(primary_key=True, max_length=64)
    period: date = Field(primary_key=True)
    known_at: datetime = Field(sa_type=Instant, primary_key=True)
    value: float | None
    footnotes: Any = Field(sa_type=Json)


class FetchRow(SQLModel, table=True):
    """The years of a series that its source was asked for, and when it answered last."""

    __tablename__ = "series_fetches"

    series_id: str = Field(primary_key=True, max_length=64)
    first_year: int
    last_year: int
    fetched_at: datetime = Field(sa_type=Instant)


class SourceRequestRow(SQLModel, table=True):
    """One request to a source: reserved before it is sent, so that all processes together keep its quota.

    outcome: PENDING, ANSWERED, FAILED or REFUSED.
    """

    __tablename__ = "source_requests"
    __table_args__ = (Index(None, "source", "requested_at"),)

    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(max_length=16)
    requested_at: datetime = Field(sa_type=Instant)
    outcome: str = Field(max_length=16)


class UserFigureRow(SQLModel, table=True):
    """One figure of a company for one month, by who contributed it.

    contributor_id: a learner's, or that of an organisation.
    """

    __tablename__ = "user_figures"
    # Counted and read by cell, of which there are many in a month.
    __table_args__ = (Index(None, "industry", "company_size", "region", "metric", "period"),)

    contributor_id: str = Field(sa_type=Id, primary_key=True)
    industry: str = Field(primary_key=True, max_length=32)
    company_size: str = Field(primary_key=True, max_length=8)
    region: str = Field(primary_key=True, max_length=16)
    metric: str = Field(primary_key=True, max_length=48)
    period: date = Field(primary_key=True)
    by_learner: bool
    value: float


series_observations = table_of(ObservationRow)
series_fetches = table_of(FetchRow)
source_requests = table_of(SourceRequestRow)
user_figures = table_of(UserFigureRow)
