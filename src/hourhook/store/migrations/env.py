"""Alembic's environment: runs the migrations in one transaction, on the connection that ``upgrades`` opened."""

from alembic import context

from hourhook.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    # On SQLite too: ``upgrades`` has begun the transaction.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
