"""What Alembic runs: the steps, inside one transaction, on the connection that ``migrating`` opened."""

from alembic import context

from hourhook.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    # On SQLite too: ``migrating`` has begun the transaction.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
