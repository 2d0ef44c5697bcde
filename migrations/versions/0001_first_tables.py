"""The first tables: learners, the curriculum, validation responses and their rollups, releases, audit, jobs."""

import sqlalchemy as sa
from alembic import op

from domain.database import columns

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_records",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", columns.Instant(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_records"),
    )
    with op.batch_alter_table("audit_records", schema=None) as batch_op:
        batch_op.create_index("ix_audit_records_at", ["at"], unique=False)
        batch_op.create_index("ix_audit_records_subject", ["subject"], unique=False)

    op.create_table(
        "cohorts",
        sa.Column("id", columns.Id(length=36), nullable=False),
        sa.Column("name", columns.Name(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cohorts"),
    )
    op.create_table(
        "erasures",
        sa.Column("pseudonym", sa.String(length=64), nullable=False),
        sa.Column("erased_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("pseudonym", name="pk_erasures"),
    )
    op.create_table(
        "event_ids",
        sa.Column("event_id", columns.Id(length=36), nullable=False),
        sa.Column("digest", columns.Bytes(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_event_ids"),
    )
    op.create_table(
        "job_leases",
        sa.Column("job", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("expires_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("job", name="pk_job_leases"),
    )
    op.create_table(
        "job_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job", sa.String(length=40), nullable=False),
        sa.Column("started_at", columns.Instant(), nullable=False),
        sa.Column("ended_at", columns.Instant(), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_job_runs"),
    )
    with op.batch_alter_table("job_runs", schema=None) as batch_op:
        batch_op.create_index("ix_job_runs_job_started_at", ["job", "started_at"], unique=False)

    op.create_table(
        "job_watermarks",
        sa.Column("job", sa.String(length=40), nullable=False),
        sa.Column("reached_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("job", name="pk_job_watermarks"),
    )
    op.create_table(
        "learner_rollups",
        sa.Column("responses", sa.BigInteger(), nullable=False),
        sa.Column("comprehension_sum", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_count", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_sum", sa.BigInteger(), nullable=False),
        sa.Column("calibration_count", sa.BigInteger(), nullable=False),
        sa.Column("calibration_sum", sa.BigInteger(), nullable=False),
        sa.Column("mastery_sum", sa.BigInteger(), nullable=False),
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", name="pk_learner_rollups"),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_table(
        "objective_rollups",
        sa.Column("responses", sa.BigInteger(), nullable=False),
        sa.Column("comprehension_sum", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_count", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_sum", sa.BigInteger(), nullable=False),
        sa.Column("calibration_count", sa.BigInteger(), nullable=False),
        sa.Column("calibration_sum", sa.BigInteger(), nullable=False),
        sa.Column("mastery_sum", sa.BigInteger(), nullable=False),
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("objective_id", columns.Id(length=36), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "objective_id", name="pk_objective_rollups"),
        postgresql_with={"fillfactor": "80"},
    )
    with op.batch_alter_table("objective_rollups", schema=None) as batch_op:
        batch_op.create_index(
            "ix_objective_rollups_objective_id_learner_id", ["objective_id", "learner_id"], unique=False
        )

    op.create_table(
        "releases",
        sa.Column("population", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("metric", sa.String(length=40), nullable=False),
        sa.Column("policy", sa.String(length=10), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("edges", columns.Json(), nullable=False),
        sa.Column("cumulative", columns.Json(), nullable=False),
        sa.Column("means", columns.Bytes(), nullable=True),
        sa.Column("released_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("population", "subject", "metric", name="pk_releases"),
    )
    op.create_table(
        "topics",
        sa.Column("id", columns.Id(length=36), nullable=False),
        sa.Column("name", columns.Name(), nullable=False),
        sa.Column("parent_id", columns.Id(length=36), nullable=True),
        sa.Column("exam_weight", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["topics.id"], name="fk_topics_parent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_topics"),
    )
    with op.batch_alter_table("topics", schema=None) as batch_op:
        batch_op.create_index("ix_topics_name_id", ["name", "id"], unique=False)
        batch_op.create_index("ix_topics_parent_id_name_id", ["parent_id", "name", "id"], unique=False)

    op.create_table(
        "validation_responses",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("occurred_at", columns.Instant(), nullable=False),
        sa.Column("event_id", columns.Id(length=36), nullable=False),
        sa.Column("objective_id", columns.Id(length=36), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("reasoning_score", sa.Float(), nullable=True),
        sa.Column("calibration_delta", sa.Float(), nullable=True),
        sa.Column("mastery_verified", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "occurred_at", "event_id", name="pk_validation_responses"),
    )
    op.create_table(
        "learners",
        sa.Column("id", columns.Id(length=36), nullable=False),
        sa.Column("display_name", columns.Name(), nullable=False),
        sa.Column("joined_at", columns.Instant(), nullable=False),
        sa.Column("shares_data", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("cohort_id", columns.Id(length=36), nullable=True),
        sa.Column("cohort_excluded", sa.Boolean(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("diagnostic_score", sa.Float(), nullable=True),
        sa.Column("target_band", sa.Float(), nullable=True),
        sa.Column("final_band", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohorts.id"], name="fk_learners_cohort_id"),
        sa.PrimaryKeyConstraint("id", name="pk_learners"),
    )
    with op.batch_alter_table("learners", schema=None) as batch_op:
        batch_op.create_index(
            "ix_learners_cohort_id_display_name_id", ["cohort_id", "display_name", "id"], unique=False
        )

    op.create_table(
        "objectives",
        sa.Column("id", columns.Id(length=36), nullable=False),
        sa.Column("name", columns.Name(), nullable=False),
        sa.Column("folded_name", columns.Name(), nullable=False),
        sa.Column("topic_id", columns.Id(length=36), nullable=True),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], name="fk_objectives_topic_id"),
        sa.PrimaryKeyConstraint("id", name="pk_objectives"),
    )
    with op.batch_alter_table("objectives", schema=None) as batch_op:
        batch_op.create_index("ix_objectives_name_id", ["name", "id"], unique=False)

    op.create_table(
        "topic_links",
        sa.Column("topic_id", columns.Id(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("other_topic_id", columns.Id(length=36), nullable=False),
        sa.Column("strength", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["other_topic_id"], ["topics.id"], name="fk_topic_links_other_topic_id"),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], name="fk_topic_links_topic_id"),
        sa.PrimaryKeyConstraint("topic_id", "kind", "other_topic_id", name="pk_topic_links"),
    )
    with op.batch_alter_table("topic_links", schema=None) as batch_op:
        batch_op.create_index("ix_topic_links_other_topic_id", ["other_topic_id"], unique=False)

    op.create_table(
        "consent_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("shares_data", sa.Boolean(), nullable=False),
        sa.Column("changed_at", columns.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learners.id"], name="fk_consent_changes_learner_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_consent_changes"),
    )
    with op.batch_alter_table("consent_changes", schema=None) as batch_op:
        batch_op.create_index("ix_consent_changes_learner_id", ["learner_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("consent_changes", schema=None) as batch_op:
        batch_op.drop_index("ix_consent_changes_learner_id")

    op.drop_table("consent_changes")
    with op.batch_alter_table("topic_links", schema=None) as batch_op:
        batch_op.drop_index("ix_topic_links_other_topic_id")

    op.drop_table("topic_links")
    with op.batch_alter_table("objectives", schema=None) as batch_op:
        batch_op.drop_index("ix_objectives_name_id")

    op.drop_table("objectives")
    with op.batch_alter_table("learners", schema=None) as batch_op:
        batch_op.drop_index("ix_learners_cohort_id_display_name_id")

    op.drop_table("learners")
    op.drop_table("validation_responses")
    with op.batch_alter_table("topics", schema=None) as batch_op:
        batch_op.drop_index("ix_topics_parent_id_name_id")
        batch_op.drop_index("ix_topics_name_id")

    op.drop_table("topics")
    op.drop_table("releases")
    with op.batch_alter_table("objective_rollups", schema=None) as batch_op:
        batch_op.drop_index("ix_objective_rollups_objective_id_learner_id")

    op.drop_table("objective_rollups")
    op.drop_table("learner_rollups")
    op.drop_table("job_watermarks")
    with op.batch_alter_table("job_runs", schema=None) as batch_op:
        batch_op.drop_index("ix_job_runs_job_started_at")

    op.drop_table("job_runs")
    op.drop_table("job_leases")
    op.drop_table("event_ids")
    op.drop_table("erasures")
    op.drop_table("cohorts")
    with op.batch_alter_table("audit_records", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_records_subject")
        batch_op.drop_index("ix_audit_records_at")

    op.drop_table("audit_records")
