"""The audit trail. People appear in it as keyed pseudonyms, so that erasing a learner need not touch it."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlmodel import Field, SQLModel

from domain.database.columns import Instant, table_of


class AuditRow(SQLModel, table=True):
    __tablename__ = "audit_records"
    __table_args__ = (Index(None, "subject"), Index(None, "at"))

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer(), "sqlite"))
    at: datetime = Field(sa_type=Instant)
    actor: str = Field(max_length=64)
    role: str = Field(max_length=16)
    action: str = Field(max_length=40)
    subject: str | None = Field(default=None, max_length=64)
    outcome: str = Field(max_length=16)
    request_id: str | None = Field(default=None, max_length=64)


audit_records = table_of(AuditRow)
