"""Knowledge gaps as the nightly job found them."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from domain.database.columns import Id, Instant, Json, table_of


class KnowledgeGapRow(SQLModel, table=True):
    """path, blocks: ids of topics, in order. detected_at: when the gap was first found; it goes when the gap does."""

    __tablename__ = "knowledge_gaps"

    learner_id: str = Field(sa_type=Id, primary_key=True)
    topic_id: str = Field(sa_type=Id, primary_key=True)
    severity: str = Field(max_length=8)
    gap: float
    priority: float
    hours: float | None = None
    path: list[str] = Field(sa_type=Json)
    blocks: list[str] = Field(sa_type=Json)
    detected_at: datetime = Field(sa_type=Instant)


knowledge_gaps = table_of(KnowledgeGapRow)
