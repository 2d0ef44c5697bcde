"""Topics, their links, and learning objectives."""

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from domain.database.columns import Id, Name, table_of


class TopicRow(SQLModel, table=True):
    __tablename__ = "topics"
    __table_args__ = (Index(None, "parent_id", "name", "id"), Index(None, "name", "id"))

    id: str = Field(sa_type=Id, primary_key=True)
    name: str = Field(sa_type=Name)
    parent_id: str | None = Field(default=None, sa_type=Id, foreign_key="topics.id")
    exam_weight: float = 0.0


class TopicLinkRow(SQLModel, table=True):
    """`prerequisite`: other_topic comes before topic. `related`: both ways."""

    __tablename__ = "topic_links"

    topic_id: str = Field(sa_type=Id, primary_key=True, foreign_key="topics.id")
    kind: str = Field(primary_key=True, max_length=16)
    other_topic_id: str = Field(sa_type=Id, primary_key=True, foreign_key="topics.id", index=True)
    strength: float = 1.0


class ObjectiveRow(SQLModel, table=True):
    __tablename__ = "objectives"
    __table_args__ = (Index(None, "name", "id"),)

    id: str = Field(sa_type=Id, primary_key=True)
    name: str = Field(sa_type=Name)
    folded_name: str = Field(sa_type=Name)  # casefolded: SQLite's lower() knows ASCII alone
    topic_id: str | None = Field(default=None, sa_type=Id, foreign_key="topics.id")


topics = table_of(TopicRow)
topic_links = table_of(TopicLinkRow)
objectives = table_of(ObjectiveRow)
