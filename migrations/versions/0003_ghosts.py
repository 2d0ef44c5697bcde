"""Ghosts: learners' totals, what they were shown, and what they want to be compared with."""

import sqlalchemy as sa
from alembic import op

from domain.database import columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "activity_totals",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("streak", sa.Integer(), nullable=False),
        sa.Column("study_days", sa.Integer(), nullable=False),
        sa.Column("tasks", sa.Integer(), nullable=False),
        sa.Column("practice_milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("speaking", sa.Integer(), nullable=False),
        sa.Column("writing", sa.Integer(), nullable=False),
        sa.Column("reading", sa.Integer(), nullable=False),
        sa.Column("listening", sa.Integer(), nullable=False),
        sa.Column("mock_tests", sa.Integer(), nullable=False),
        sa.Column("studied_week", sa.Integer(), nullable=False),
        sa.Column("tasks_week_0", sa.Integer(), nullable=False),
        sa.Column("tasks_week_1", sa.Integer(), nullable=False),
        sa.Column("tasks_week_2", sa.Integer(), nullable=False),
        sa.Column("tasks_week_3", sa.Integer(), nullable=False),
        sa.Column("tasks_week_4", sa.Integer(), nullable=False),
        sa.Column("tasks_week_5", sa.Integer(), nullable=False),
        sa.Column("tasks_week_6", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", name="pk_activity_totals"),
    )
    op.create_table(
        "ghost_messages_shown",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("metric", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "day", "kind", "metric", name="pk_ghost_messages_shown"),
    )
    op.create_table(
        "stale_totals",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", name="pk_stale_totals"),
    )
    # Not by a batch, which on SQLite makes the table anew and would take what refers to its rows along.
    op.add_column("learners", sa.Column("comparison_mode", sa.String(length=16), nullable=False, server_default="ALL"))
    # Whoever has figures by day has no totals yet.
    op.execute("INSERT INTO stale_totals SELECT DISTINCT learner_id FROM daily_user_stats")


def downgrade() -> None:
    op.drop_column("learners", "comparison_mode")
    op.drop_table("stale_totals")
    op.drop_table("ghost_messages_shown")
    op.drop_table("activity_totals")
