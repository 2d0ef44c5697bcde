"""What a learner has shown of each topic, the materials that belong to it, and the parameters of knowledge tracing."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from domain.database.columns import ROOM_TO_UPDATE, Id, Instant, table_of


class TopicMasteryRow(SQLModel, table=True):
    """Counters and pKnown move with each event; score, retrieval and scored_at are the nightly job's."""

    __tablename__ = "topic_mastery"
    __table_args__ = ROOM_TO_UPDATE

    learner_id: str = Field(sa_type=Id, primary_key=True)
    topic_id: str = Field(sa_type=Id, primary_key=True)
    attempts: int
    correct: int
    first_attempts: int
    first_correct: int
    interactions: int
    p_known: float | None = None  # right after the last attempt; None before the first
    last_attempt_at: datetime | None = Field(default=None, sa_type=Instant)
    score: float | None = None
    retrieval: float | None = None
    scored_at: datetime | None = Field(default=None, sa_type=Instant)


class MasteryBaseRow(SQLModel, table=True):
    """pKnown as of the attempts that retention has deleted, from which a replay starts."""

    __tablename__ = "mastery_bases"

    learner_id: str = Field(sa_type=Id, primary_key=True)
    topic_id: str = Field(sa_type=Id, primary_key=True)
    p_known: float
    last_attempt_at: datetime = Field(sa_type=Instant)


class TopicMaterialRow(SQLModel, table=True):
    """The materials of a topic that anybody has used."""

    __tablename__ = "topic_materials"

    topic_id: str = Field(sa_type=Id, primary_key=True)
    material_id: str = Field(sa_type=Id, primary_key=True)


class MaterialCompletionRow(SQLModel, table=True):
    """How far a learner has got in a material, in millionths, at most one million."""

    __tablename__ = "material_completions"

    learner_id: str = Field(sa_type=Id, primary_key=True)
    topic_id: str = Field(sa_type=Id, primary_key=True)
    material_id: str = Field(sa_type=Id, primary_key=True)
    completion: int = Field(sa_type=BigInteger)


class KnowledgeParametersRow(SQLModel, table=True):
    """Parameters that were fitted to a topic; replayed: whether every pKnown of the topic was computed by them."""

    __tablename__ = "knowledge_parameters"

    topic_id: str = Field(sa_type=Id, primary_key=True)
    prior: float
    learn: float
    guess: float
    slip: float
    forget: float
    attempts: int = Field(sa_type=BigInteger)
    fitted_at: datetime = Field(sa_type=Instant)
    replayed: bool


topic_mastery = table_of(TopicMasteryRow)
mastery_bases = table_of(MasteryBaseRow)
topic_materials = table_of(TopicMaterialRow)
material_completions = table_of(MaterialCompletionRow)
knowledge_parameters = table_of(KnowledgeParametersRow)
