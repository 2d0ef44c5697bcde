"""Alembic's entry: runs migrations on the connection that `migrations.run` hands in."""

from alembic import context

from domain.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    compare_type=True,
    compare_server_default=True,
    render_as_batch=True,  # SQLite alters a table by copying it
    transaction_per_migration=True,
    user_module_prefix="columns.",
)
with context.begin_transaction():
    context.run_migrations()
