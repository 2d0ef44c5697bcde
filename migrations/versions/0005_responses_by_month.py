"""Validation responses by month on PostgreSQL, as attempts are: retention then drops whole months of them.

All of them are written anew, about a minute for each ten million, and nobody can read or record any meanwhile.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SET_ASIDE = """
ALTER TABLE validation_responses RENAME TO validation_responses_before;
ALTER TABLE validation_responses_before
    RENAME CONSTRAINT pk_validation_responses TO pk_validation_responses_before
"""

TABLE = """
CREATE TABLE validation_responses (
    LIKE validation_responses_before INCLUDING DEFAULTS,
    CONSTRAINT pk_validation_responses PRIMARY KEY (learner_id, occurred_at, event_id)
)
"""

# Named and bounded as ingest makes them: one a month of UTC, and one for all that came before 1990.
PARTITIONS = """
DO $$
DECLARE
    first timestamptz;
    earlier boolean;
BEGIN
    FOR first IN
        SELECT DISTINCT date_trunc('month', greatest(occurred_at, '1989-12-01 00:00+00'), 'UTC')
        FROM validation_responses_before
    LOOP
        earlier := first < '1990-01-01 00:00+00';
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF validation_responses FOR VALUES FROM (%s) TO (%L)',
            'validation_responses_'
                || CASE WHEN earlier THEN 'earlier' ELSE to_char(first AT TIME ZONE 'UTC', 'YYYY_MM') END,
            CASE WHEN earlier THEN 'MINVALUE' ELSE quote_literal(first) END,
            (first AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'
        );
    END LOOP;
END
$$
"""

FILL = """
INSERT INTO validation_responses SELECT * FROM validation_responses_before;
DROP TABLE validation_responses_before;
ANALYZE validation_responses
"""


def upgrade() -> None:
    _rebuild(f"{TABLE} PARTITION BY RANGE (occurred_at)", PARTITIONS)


def downgrade() -> None:
    _rebuild(TABLE)


def _rebuild(*table: str) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for script in (SET_ASIDE, *table, FILL):
        for statement in [script] if "$$" in script else script.split(";"):
            op.execute(statement)
