"""What has been released about learners: one row a cell, and never more than the current one."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from domain.database.columns import Bytes, Instant, Json, table_of


class ReleaseRow(SQLModel, table=True):
    __tablename__ = "releases"

    population: str = Field(primary_key=True, max_length=80)
    subject: str = Field(primary_key=True, max_length=40)
    metric: str = Field(primary_key=True, max_length=40)
    policy: str = Field(max_length=10)
    size: int
    edges: Any = Field(sa_type=Json)
    cumulative: Any = Field(sa_type=Json)
    means: bytes | None = Field(default=None, sa_type=Bytes)  # policy `exact`: sorted float64, little-endian
    released_at: datetime = Field(sa_type=Instant)


releases = table_of(ReleaseRow)
