"""Runs of jobs, leases on them, and watermarks."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlmodel import Field, SQLModel

from domain.database.columns import Instant, table_of


class JobRunRow(SQLModel, table=True):
    __tablename__ = "job_runs"
    __table_args__ = (Index(None, "job", "started_at"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer(), "sqlite"))
    job: str = Field(max_length=40)
    started_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    rows: int | None = Field(default=None, sa_type=BigInteger)
    error: str | None = None  # the kind of fault, never a value


class JobLeaseRow(SQLModel, table=True):
    """Who may run a job now, and until when if it is not heard of again."""

    __tablename__ = "job_leases"

    job: str = Field(primary_key=True, max_length=40)
    holder: str = Field(max_length=64)
    expires_at: datetime = Field(sa_type=Instant)


class JobWatermarkRow(SQLModel, table=True):
    __tablename__ = "job_watermarks"

    job: str = Field(primary_key=True, max_length=40)
    reached_at: datetime = Field(sa_type=Instant)


job_runs = table_of(JobRunRow)
job_leases = table_of(JobLeaseRow)
job_watermarks = table_of(JobWatermarkRow)
