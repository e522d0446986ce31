"""Store the time zone of each user by name, instead of a fixed offset."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    # SQLite adds no column without a default that may not be null.
    op.add_column("users", sa.Column("time_zone", TEXT, nullable=False, server_default="UTC"))
    connection = op.get_bind()
    offsets = connection.execute(sa.text("SELECT DISTINCT utc_offset FROM users WHERE utc_offset <> 0")).scalars().all()
    for offset in offsets:
        connection.execute(
            sa.text("UPDATE users SET time_zone = :name WHERE utc_offset = :offset"),
            {"name": name_of(offset), "offset": offset},
        )
    op.drop_column("users", "utc_offset")


def name_of(seconds: int) -> str:
    """Return the name of a fixed offset, such as ``+01:00``."""
    minutes, rest = divmod(abs(seconds), 60)
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}{f':{rest:02}' if rest else ''}"
