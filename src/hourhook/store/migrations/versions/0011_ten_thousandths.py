"""Store amounts and rates of invoices in ten-thousandths instead of hundredths: some currencies have three digits."""

from alembic import op

revision = "0011"
down_revision = "0010"

COLUMNS = (
    "standard_hourly_rate", "flat_rate", "taxable_amount", "taxfree_amount", "tax_total_amount", "total_amount",
)  # fmt: skip


def upgrade() -> None:
    op.execute(f"UPDATE invoices SET {', '.join(f'{name} = {name} * 100' for name in COLUMNS)}")
    op.execute("UPDATE invoice_hourly_rates SET hourly_rate = hourly_rate * 100")
