"""Rollups of validation responses: one row a learner and objective, one a learner over all objectives.

Sums are integers, in millionths of a point on the metric's 0-100 scale, so that they do not depend on the order in
which responses arrived. A write that stores a response moves them in the same transaction.
"""

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from domain.database.columns import ROOM_TO_UPDATE, Id, table_of


class _Counters(SQLModel):
    responses: int = Field(sa_type=BigInteger)  # also the count behind comprehension and mastery, which are never null
    comprehension_sum: int = Field(sa_type=BigInteger)
    reasoning_count: int = Field(sa_type=BigInteger)
    reasoning_sum: int = Field(sa_type=BigInteger)
    calibration_count: int = Field(sa_type=BigInteger)
    calibration_sum: int = Field(sa_type=BigInteger)
    mastery_sum: int = Field(sa_type=BigInteger)


class ObjectiveRollupRow(_Counters, table=True):
    __tablename__ = "objective_rollups"
    __table_args__ = (Index(None, "objective_id", "learner_id"), ROOM_TO_UPDATE)

    learner_id: str = Field(sa_type=Id, primary_key=True)
    objective_id: str = Field(sa_type=Id, primary_key=True)


class LearnerRollupRow(_Counters, table=True):
    __tablename__ = "learner_rollups"
    __table_args__ = ROOM_TO_UPDATE

    learner_id: str = Field(sa_type=Id, primary_key=True)


objective_rollups = table_of(ObjectiveRollupRow)
learner_rollups = table_of(LearnerRollupRow)
