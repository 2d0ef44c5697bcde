"""Benchmark series: what sources said, what they were asked, and contributed figures."""

import sqlalchemy as sa
from alembic import op

from domain.database import columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "series_fetches",
        sa.Column("series_id", sa.String(length=64), nullable=False),
        sa.Column("first_year", sa.Integer(), nullable=False),
        sa.Column("last_year", sa.Integer(), nullable=False),
        sa.Column("fetched_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", name="pk_series_fetches"),
    )
    op.create_table(
        "series_observations",
        sa.Column("series_id", sa.String(length=64), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("known_at", columns.Instant(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("footnotes", columns.Json(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "period", "known_at", name="pk_series_observations"),
    )
    op.create_table(
        "source_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("requested_at", columns.Instant(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_source_requests"),
    )
    op.create_index("ix_source_requests_source_requested_at", "source_requests", ["source", "requested_at"])
    op.create_table(
        "user_figures",
        sa.Column("contributor_id", columns.Id(length=36), nullable=False),
        sa.Column("industry", sa.String(length=32), nullable=False),
        sa.Column("company_size", sa.String(length=8), nullable=False),
        sa.Column("region", sa.String(length=16), nullable=False),
        sa.Column("metric", sa.String(length=48), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("by_learner", sa.Boolean(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint(
            "contributor_id", "industry", "company_size", "region", "metric", "period", name="pk_user_figures"
        ),
    )
    cell = ["industry", "company_size", "region", "metric", "period"]
    op.create_index("ix_user_figures_industry_company_size_region_metric_period", "user_figures", cell)


def downgrade() -> None:
    op.drop_table("user_figures")
    op.drop_table("source_requests")
    op.drop_table("series_observations")
    op.drop_table("series_fetches")
