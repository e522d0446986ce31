"""The table of imported objects."""

from sqlalchemy import Integer, PrimaryKeyConstraint, Table

from hourhook.store.schema.columns import Text, column, metadata

# What each object of another server, or line of a file, has become, so that an import can be repeated. No foreign
# keys: a row outlives its object, so that what was deleted here is not imported again.
imported_objects = Table(
    "imported_objects",
    metadata,
    column("account_id", Integer),
    # The account at the other server, or the format of the file.
    column("source", Text),
    # user, team, project_group, project, tag, entry, expense or invoice.
    column("kind", Text),
    column("source_id", Text),
    column("target_id", Integer),
    PrimaryKeyConstraint("account_id", "source", "kind", "source_id"),
    sqlite_with_rowid=False,
)
