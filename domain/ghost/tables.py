"""What each learner has done in all, for the jobs that compare, and what it was shown of comparisons."""

from datetime import date

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from domain.database.columns import Id, table_of


class ActivityTotalsRow(SQLModel, table=True):
    """One learner as of its own last day with study; job `activity-totals` keeps it up to the daily figures.

    streak: consecutive days with study that end with last_day. studied_week: one bit a day, the lowest last_day, the
    next the day before it, up to seven. tasks_week_0 ... 6: tasks on the same days.
    """

    __tablename__ = "activity_totals"

    learner_id: str = Field(sa_type=Id, primary_key=True)
    last_day: date
    streak: int
    study_days: int
    tasks: int
    practice_milliseconds: int = Field(sa_type=BigInteger)
    speaking: int
    writing: int
    reading: int
    listening: int
    mock_tests: int
    studied_week: int
    tasks_week_0: int
    tasks_week_1: int
    tasks_week_2: int
    tasks_week_3: int
    tasks_week_4: int
    tasks_week_5: int
    tasks_week_6: int


class MessageShownRow(SQLModel, table=True):
    """A message that a learner was shown on one of its own days: shown again it does not count again."""

    __tablename__ = "ghost_messages_shown"

    learner_id: str = Field(sa_type=Id, primary_key=True)
    day: date = Field(primary_key=True)
    kind: str = Field(primary_key=True, max_length=20)
    metric: str = Field(primary_key=True, max_length=24)


activity_totals = table_of(ActivityTotalsRow)
ghost_messages_shown = table_of(MessageShownRow)
