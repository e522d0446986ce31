"""Create invoices with their items, taxes and payments."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
NUMBERED = ("invoices", "invoice_taxes")


def upgrade() -> None:
    op.create_table(
        "invoices",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reference", TEXT, nullable=False),
        sa.Column("reference_key", TEXT, nullable=False),
        sa.Column("invoice_date", TEXT, nullable=False),
        sa.Column("project_name", TEXT, nullable=False),
        sa.Column("project_name_key", TEXT, nullable=False),
        sa.Column("company_name", TEXT, nullable=False),
        sa.Column("company_name_key", TEXT, nullable=False),
        sa.Column("company_details", TEXT, nullable=False),
        sa.Column("company_details_key", TEXT, nullable=False),
        sa.Column("recipient_details", TEXT, nullable=False),
        sa.Column("recipient_details_key", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("description_key", TEXT, nullable=False),
        sa.Column("footer", TEXT, nullable=False),
        sa.Column("footer_key", TEXT, nullable=False),
        sa.Column("show_hours_worked", sa.Boolean(), nullable=False),
        sa.Column("show_full_report", sa.Boolean(), nullable=False),
        sa.Column("show_user_summaries", sa.Boolean(), nullable=False),
        sa.Column("show_project_summaries", sa.Boolean(), nullable=False),
        sa.Column("show_project_name_for_expenses", sa.Boolean(), nullable=False),
        sa.Column("labels", TEXT, nullable=False),
        sa.Column("locale", TEXT, nullable=False),
        sa.Column("currency_code", TEXT, nullable=False),
        sa.Column("currency_symbol", TEXT, nullable=False),
        sa.Column("currency_symbol_key", TEXT, nullable=False),
        sa.Column("custom_html", TEXT, nullable=True),
        sa.Column("allow_paypal_invoice", sa.Boolean(), nullable=False),
        sa.Column("paypal_invoice_title", TEXT, nullable=True),
        sa.Column("paypal_currency_code", TEXT, nullable=False),
        sa.Column("paypal_address", TEXT, nullable=True),
        sa.Column("allow_stripe_connect_payment", sa.Boolean(), nullable=False),
        sa.Column("stripe_connect_payment_description", TEXT, nullable=True),
        sa.Column("stripe_connect_currency_code", TEXT, nullable=False),
        sa.Column("customized_at", sa.BigInteger(), nullable=False),
        sa.Column("calculation_method", TEXT, nullable=False),
        sa.Column("standard_hourly_rate", sa.BigInteger(), nullable=True),
        sa.Column("flat_rate", sa.BigInteger(), nullable=True),
        sa.Column("taxable_amount", sa.BigInteger(), nullable=False),
        sa.Column("taxfree_amount", sa.BigInteger(), nullable=False),
        sa.Column("tax_total_amount", sa.BigInteger(), nullable=False),
        sa.Column("total_amount", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", sa.BigInteger(), nullable=True),
        sa.Column("payment_reference", TEXT, nullable=True),
        sa.Column("payment_method", TEXT, nullable=True),
        sa.Column("share_token", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_invoices"),
        sa.UniqueConstraint("share_token", name="uq_invoices_share_token"),
    )
    op.create_index("ix_invoices_account_id_invoice_date_id", "invoices", ["account_id", "invoice_date", "id"])
    op.create_table(
        "invoice_taxes",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("percentage", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "invoice_id"],
            ["invoices.account_id", "invoices.id"],
            name="fk_invoice_taxes_account_id_invoice_id",
        ),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_invoice_taxes"),
    )
    op.create_index("ix_invoice_taxes_account_id_invoice_id_id", "invoice_taxes", ["account_id", "invoice_id", "id"])
    op.create_table(
        "invoice_hourly_rates",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("hourly_rate", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "invoice_id"],
            ["invoices.account_id", "invoices.id"],
            name="fk_invoice_hourly_rates_account_id_invoice_id",
        ),
        sa.PrimaryKeyConstraint("account_id", "invoice_id", "user_id", name="pk_invoice_hourly_rates"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "invoice_payment_transactions",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("payment_method", TEXT, nullable=True),
        sa.Column("reference", TEXT, nullable=True),
        sa.Column("invoice_state", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "invoice_id"],
            ["invoices.account_id", "invoices.id"],
            name="fk_invoice_payment_transactions_account_id_invoice_id",
        ),
        sa.PrimaryKeyConstraint("account_id", "invoice_id", "number", name="pk_invoice_payment_transactions"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "invoice_entries",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "entry_id"],
            ["entries.account_id", "entries.id"],
            name="fk_invoice_entries_account_id_entry_id",
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "invoice_id"],
            ["invoices.account_id", "invoices.id"],
            name="fk_invoice_entries_account_id_invoice_id",
        ),
        sa.PrimaryKeyConstraint("account_id", "entry_id", name="pk_invoice_entries"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_invoice_entries_account_id_invoice_id_entry_id", "invoice_entries", ["account_id", "invoice_id", "entry_id"]
    )
    op.create_table(
        "invoice_expenses",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("expense_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "expense_id"],
            ["expenses.account_id", "expenses.id"],
            name="fk_invoice_expenses_account_id_expense_id",
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "invoice_id"],
            ["invoices.account_id", "invoices.id"],
            name="fk_invoice_expenses_account_id_invoice_id",
        ),
        sa.PrimaryKeyConstraint("account_id", "expense_id", name="pk_invoice_expenses"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_invoice_expenses_account_id_invoice_id_expense_id",
        "invoice_expenses",
        ["account_id", "invoice_id", "expense_id"],
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in NUMBERED:
            op.execute(sa.schema.CreateSequence(sa.Sequence(f"{table}_ids")))
    else:
        ids = sa.table("ids", sa.column("table_name"), sa.column("last_id"))
        op.bulk_insert(ids, [{"table_name": table, "last_id": 0} for table in NUMBERED])
