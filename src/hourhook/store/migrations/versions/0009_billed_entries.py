"""Store which entries a settled invoice bills."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

# Until now, the amounts of settled invoices followed the billability of their entries.
FIX = """
    UPDATE invoice_entries SET is_billed = (
        SELECT projects.billable IS NOT FALSE AND NOT EXISTS (
            SELECT 1 FROM entry_tags
            JOIN tags ON tags.account_id = entry_tags.account_id AND tags.id = entry_tags.tag_id
            WHERE entry_tags.account_id = entries.account_id AND entry_tags.entry_id = entries.id
            AND tags.billable IS FALSE
        )
        FROM entries
        LEFT JOIN projects ON projects.account_id = entries.account_id AND projects.id = entries.project_id
        WHERE entries.account_id = invoice_entries.account_id AND entries.id = invoice_entries.entry_id
    )
    WHERE (account_id, invoice_id) IN (
        SELECT account_id, id FROM invoices WHERE state IN ('paid', 'in_progress', 'awaiting_payment')
    )
"""


def upgrade() -> None:
    op.add_column("invoice_entries", sa.Column("is_billed", sa.Boolean(), nullable=True))
    op.execute(FIX)
