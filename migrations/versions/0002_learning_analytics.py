"""Learning analytics: the other events, sessions, figures by day and week, mastery, reviews, gaps, readiness."""

import sqlalchemy as sa
from alembic import op

from domain.database import columns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "daily_user_stats",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("study_milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("active_milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("correct", sa.Integer(), nullable=False),
        sa.Column("first_attempts", sa.Integer(), nullable=False),
        sa.Column("first_correct", sa.Integer(), nullable=False),
        sa.Column("interactions", sa.Integer(), nullable=False),
        sa.Column("materials_completed", sa.Integer(), nullable=False),
        sa.Column("tasks", sa.Integer(), nullable=False),
        sa.Column("practice_milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("speaking", sa.Integer(), nullable=False),
        sa.Column("writing", sa.Integer(), nullable=False),
        sa.Column("reading", sa.Integer(), nullable=False),
        sa.Column("listening", sa.Integer(), nullable=False),
        sa.Column("mock_tests", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "day", name="pk_daily_user_stats"),
    )
    op.create_table(
        "exam_results",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("taken_at", columns.Instant(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "taken_at", name="pk_exam_results"),
    )
    op.create_table(
        "knowledge_gaps",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("topic_id", columns.Id(length=36), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("gap", sa.Float(), nullable=False),
        sa.Column("priority", sa.Float(), nullable=False),
        sa.Column("hours", sa.Float(), nullable=True),
        sa.Column("path", columns.Json(), nullable=False),
        sa.Column("blocks", columns.Json(), nullable=False),
        sa.Column("detected_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "topic_id", name="pk_knowledge_gaps"),
    )
    op.create_table(
        "knowledge_parameters",
        sa.Column("topic_id", columns.Id(length=36), nullable=False),
        sa.Column("prior", sa.Float(), nullable=False),
        sa.Column("learn", sa.Float(), nullable=False),
        sa.Column("guess", sa.Float(), nullable=False),
        sa.Column("slip", sa.Float(), nullable=False),
        sa.Column("forget", sa.Float(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("fitted_at", columns.Instant(), nullable=False),
        sa.Column("replayed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("topic_id", name="pk_knowledge_parameters"),
    )
    op.create_table(
        "mastery_bases",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("topic_id", columns.Id(length=36), nullable=False),
        sa.Column("p_known", sa.Float(), nullable=False),
        sa.Column("last_attempt_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "topic_id", name="pk_mastery_bases"),
    )
    op.create_table(
        "material_completions",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("topic_id", columns.Id(length=36), nullable=False),
        sa.Column("material_id", columns.Id(length=36), nullable=False),
        sa.Column("completion", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "topic_id", "material_id", name="pk_material_completions"),
    )
    op.create_table(
        "material_interactions",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("occurred_at", columns.Instant(), nullable=False),
        sa.Column("event_id", columns.Id(length=36), nullable=False),
        sa.Column("material_id", columns.Id(length=36), nullable=False),
        sa.Column("topic_id", columns.Id(length=36), nullable=False),
        sa.Column("session_id", columns.Id(length=36), nullable=True),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("duration", sa.Float(), nullable=False),
        sa.Column("completion", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "occurred_at", "event_id", name="pk_material_interactions"),
        postgresql_partition_by="RANGE (occurred_at)",
    )
    op.create_table(
        "question_attempts",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("occurred_at", columns.Instant(), nullable=False),
        sa.Column("event_id", columns.Id(length=36), nullable=False),
        sa.Column("question_id", columns.Id(length=36), nullable=False),
        sa.Column("topic_id", columns.Id(length=36), nullable=False),
        sa.Column("session_id", columns.Id(length=36), nullable=True),
        sa.Column("difficulty", sa.String(length=8), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("correct", sa.Boolean(), nullable=False),
        sa.Column("attempt_number", sa.Integer(), nullable=False),
        sa.Column("time_to_answer", sa.Float(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("learner_id", "occurred_at", "event_id", name="pk_question_attempts"),
        postgresql_partition_by="RANGE (occurred_at)",
    )
    op.create_table(
        "readiness_models",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("trained_at", columns.Instant(), nullable=False),
        sa.Column("model", columns.Json(), nullable=False),
        sa.Column("report", columns.Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_readiness_models"),
    )
    op.create_table(
        "review_bases",
        sa.Column("reviewed_at", columns.Instant(), nullable=False),
        sa.Column("stability", sa.Float(), nullable=False),
        sa.Column("difficulty", sa.Float(), nullable=False),
        sa.Column("easiness", sa.Float(), nullable=False),
        sa.Column("interval_days", sa.Integer(), nullable=False),
        sa.Column("repetitions", sa.Integer(), nullable=False),
        sa.Column("reviews", sa.Integer(), nullable=False),
        sa.Column("lapses", sa.Integer(), nullable=False),
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("topic_id", columns.Id(length=36), nullable=False),
        sa.Column("question_id", columns.Id(length=36), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "topic_id", "question_id", name="pk_review_bases"),
    )
    op.create_table(
        "review_states",
        sa.Column("reviewed_at", columns.Instant(), nullable=False),
        sa.Column("stability", sa.Float(), nullable=False),
        sa.Column("difficulty", sa.Float(), nullable=False),
        sa.Column("easiness", sa.Float(), nullable=False),
        sa.Column("interval_days", sa.Integer(), nullable=False),
        sa.Column("repetitions", sa.Integer(), nullable=False),
        sa.Column("reviews", sa.Integer(), nullable=False),
        sa.Column("lapses", sa.Integer(), nullable=False),
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("topic_id", columns.Id(length=36), nullable=False),
        sa.Column("question_id", columns.Id(length=36), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "topic_id", "question_id", name="pk_review_states"),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_table(
        "session_reports",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("occurred_at", columns.Instant(), nullable=False),
        sa.Column("event_id", columns.Id(length=36), nullable=False),
        sa.Column("session_id", columns.Id(length=36), nullable=False),
        sa.Column("ended_at", columns.Instant(), nullable=True),
        sa.Column("paused_for", sa.Float(), nullable=False),
        sa.Column("pauses", sa.Integer(), nullable=False),
        sa.Column("interruptions", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "occurred_at", "event_id", name="pk_session_reports"),
    )
    op.create_table(
        "stale_days",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "day", name="pk_stale_days"),
    )
    op.create_table(
        "stale_topic_days",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "day", name="pk_stale_topic_days"),
    )
    op.create_table(
        "stale_weeks",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("week_start", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "week_start", name="pk_stale_weeks"),
    )
    op.create_table(
        "study_events",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("occurred_at", columns.Instant(), nullable=False),
        sa.Column("event_id", columns.Id(length=36), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("session_id", columns.Id(length=36), nullable=True),
        sa.Column("properties", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("learner_id", "occurred_at", "event_id", name="pk_study_events"),
        postgresql_partition_by="RANGE (occurred_at)",
    )
    op.create_table(
        "study_sessions",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("session_id", columns.Id(length=36), nullable=False),
        sa.Column("started_at", columns.Instant(), nullable=True),
        sa.Column("ended_at", columns.Instant(), nullable=True),
        sa.Column("first_event_at", columns.Instant(), nullable=True),
        sa.Column("last_event_at", columns.Instant(), nullable=True),
        sa.Column("began_at", columns.Instant(), nullable=False),
        sa.Column("lasted_until", columns.Instant(), nullable=False),
        sa.Column("paused_milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("pauses", sa.Integer(), nullable=False),
        sa.Column("interruptions", sa.Integer(), nullable=False),
        sa.Column("questions", sa.Integer(), nullable=False),
        sa.Column("questions_correct", sa.Integer(), nullable=False),
        sa.Column("materials", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "session_id", name="pk_study_sessions"),
    )
    with op.batch_alter_table("study_sessions", schema=None) as batch_op:
        batch_op.create_index("ix_study_sessions_learner_id_began_at", ["learner_id", "began_at"], unique=False)

    op.create_table(
        "task_completions",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("occurred_at", columns.Instant(), nullable=False),
        sa.Column("event_id", columns.Id(length=36), nullable=False),
        sa.Column("skill", sa.String(length=10), nullable=False),
        sa.Column("practice_minutes", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "occurred_at", "event_id", name="pk_task_completions"),
    )
    op.create_table(
        "topic_daily_stats",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("topic_id", columns.Id(length=36), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("correct", sa.Integer(), nullable=False),
        sa.Column("first_attempts", sa.Integer(), nullable=False),
        sa.Column("first_correct", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "topic_id", "day", name="pk_topic_daily_stats"),
    )
    op.create_table(
        "topic_mastery",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("topic_id", columns.Id(length=36), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("correct", sa.Integer(), nullable=False),
        sa.Column("first_attempts", sa.Integer(), nullable=False),
        sa.Column("first_correct", sa.Integer(), nullable=False),
        sa.Column("interactions", sa.Integer(), nullable=False),
        sa.Column("p_known", sa.Float(), nullable=True),
        sa.Column("last_attempt_at", columns.Instant(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("retrieval", sa.Float(), nullable=True),
        sa.Column("scored_at", columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("learner_id", "topic_id", name="pk_topic_mastery"),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_table(
        "topic_materials",
        sa.Column("topic_id", columns.Id(length=36), nullable=False),
        sa.Column("material_id", columns.Id(length=36), nullable=False),
        sa.PrimaryKeyConstraint("topic_id", "material_id", name="pk_topic_materials"),
    )
    op.create_table(
        "user_learning_metrics",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("attempts_30d", sa.Integer(), nullable=False),
        sa.Column("correct_30d", sa.Integer(), nullable=False),
        sa.Column("attempts_90d", sa.Integer(), nullable=False),
        sa.Column("correct_90d", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("correct", sa.Integer(), nullable=False),
        sa.Column("first_attempts", sa.Integer(), nullable=False),
        sa.Column("first_correct", sa.Integer(), nullable=False),
        sa.Column("study_milliseconds_30d", sa.BigInteger(), nullable=False),
        sa.Column("study_milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("active_milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("topics_mastered", sa.Integer(), nullable=False),
        sa.Column("topics_weak", sa.Integer(), nullable=False),
        sa.Column("average_mastery", sa.Float(), nullable=True),
        sa.Column("computed_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", name="pk_user_learning_metrics"),
    )
    op.create_table(
        "weekly_user_stats",
        sa.Column("learner_id", columns.Id(length=36), nullable=False),
        sa.Column("week_start", sa.Date(), nullable=False),
        sa.Column("study_milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("active_milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("active_days", sa.Integer(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("correct", sa.Integer(), nullable=False),
        sa.Column("tasks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "week_start", name="pk_weekly_user_stats"),
    )


def downgrade() -> None:
    op.drop_table("weekly_user_stats")
    op.drop_table("user_learning_metrics")
    op.drop_table("topic_materials")
    op.drop_table("topic_mastery")
    op.drop_table("topic_daily_stats")
    op.drop_table("task_completions")
    with op.batch_alter_table("study_sessions", schema=None) as batch_op:
        batch_op.drop_index("ix_study_sessions_learner_id_began_at")

    op.drop_table("study_sessions")
    op.drop_table("study_events")
    op.drop_table("stale_weeks")
    op.drop_table("stale_topic_days")
    op.drop_table("stale_days")
    op.drop_table("session_reports")
    op.drop_table("review_states")
    op.drop_table("review_bases")
    op.drop_table("readiness_models")
    op.drop_table("question_attempts")
    op.drop_table("material_interactions")
    op.drop_table("material_completions")
    op.drop_table("mastery_bases")
    op.drop_table("knowledge_parameters")
    op.drop_table("knowledge_gaps")
    op.drop_table("exam_results")
    op.drop_table("daily_user_stats")
