"""Tables of invoices, and of the entries and expenses on them."""

from sqlalchemy import BigInteger, Boolean, Index, Integer, PrimaryKeyConstraint, Table, UniqueConstraint

from hourhook.store.schema.columns import Text, account_foreign_key, column, metadata, timestamps

invoices = Table(
    "invoices",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    # unpaid, awaiting_payment, in_progress, paid or none.
    column("state", Text),
    column("reference", Text),
    column("reference_key", Text),
    column("invoice_date", Text),
    column("project_name", Text),
    column("project_name_key", Text),
    column("company_name", Text),
    column("company_name_key", Text),
    column("company_details", Text),
    column("company_details_key", Text),
    column("recipient_details", Text),
    column("recipient_details_key", Text),
    column("description", Text),
    column("description_key", Text),
    column("footer", Text),
    column("footer_key", Text),
    column("show_hours_worked", Boolean),
    column("show_full_report", Boolean),
    column("show_user_summaries", Boolean),
    column("show_project_summaries", Boolean),
    column("show_project_name_for_expenses", Boolean),
    # The printed labels, as a JSON object: they are never searched.
    column("labels", Text),
    column("locale", Text),
    column("currency_code", Text),
    column("currency_symbol", Text),
    column("currency_symbol_key", Text),
    column("custom_html", Text, null=True),
    column("allow_paypal_invoice", Boolean),
    column("paypal_invoice_title", Text, null=True),
    column("paypal_currency_code", Text),
    column("paypal_address", Text, null=True),
    column("allow_stripe_connect_payment", Boolean),
    column("stripe_connect_payment_description", Text, null=True),
    column("stripe_connect_currency_code", Text),
    # When the labels, or any column from there to here, last changed.
    column("customized_at", BigInteger),
    column("calculation_method", Text),
    # In ten-thousandths, like every amount and rate here.
    column("standard_hourly_rate", BigInteger, null=True),
    column("flat_rate", BigInteger, null=True),
    column("taxable_amount", BigInteger),
    column("taxfree_amount", BigInteger),
    column("tax_total_amount", BigInteger),
    column("total_amount", BigInteger),
    # Of the payment; null until paid.
    column("paid_at", BigInteger, null=True),
    column("payment_reference", Text, null=True),
    column("payment_method", Text, null=True),
    # The token in the URL of its public page: 25 lower-case letters and digits.
    column("share_token", Text),
    *timestamps(),
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("share_token"),
    Index(None, "account_id", "invoice_date", "id"),
)

invoice_taxes = Table(
    "invoice_taxes",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    column("invoice_id", Integer),
    column("name", Text, null=True),
    # In hundredths of a percent.
    column("percentage", Integer),
    PrimaryKeyConstraint("account_id", "id"),
    account_foreign_key("invoices", "invoice_id"),
    Index(None, "account_id", "invoice_id", "id"),
)

# Hourly rates per user. A user without hours may have been deleted, so ``user_id`` may refer to nothing.
invoice_hourly_rates = Table(
    "invoice_hourly_rates",
    metadata,
    column("account_id", Integer),
    column("invoice_id", Integer),
    column("user_id", Integer),
    column("hourly_rate", BigInteger),
    column("place", Integer),
    PrimaryKeyConstraint("account_id", "invoice_id", "user_id"),
    account_foreign_key("invoices", "invoice_id"),
    sqlite_with_rowid=False,
)

invoice_payment_transactions = Table(
    "invoice_payment_transactions",
    metadata,
    column("account_id", Integer),
    column("invoice_id", Integer),
    # 1, 2, 3 and so on.
    column("number", Integer),
    column("created_at", BigInteger),
    column("description", Text),
    column("payment_method", Text, null=True),
    column("reference", Text, null=True),
    column("invoice_state", Text),
    PrimaryKeyConstraint("account_id", "invoice_id", "number"),
    account_foreign_key("invoices", "invoice_id"),
    sqlite_with_rowid=False,
)

# The primary key allows an entry on at most one invoice; the same holds for expenses.
invoice_entries = Table(
    "invoice_entries",
    metadata,
    column("account_id", Integer),
    column("entry_id", Integer),
    column("invoice_id", Integer),
    # Set while the invoice is settled; otherwise an entry is billed if it is billable.
    column("is_billed", Boolean, null=True),
    PrimaryKeyConstraint("account_id", "entry_id"),
    account_foreign_key("entries", "entry_id"),
    account_foreign_key("invoices", "invoice_id"),
    Index(None, "account_id", "invoice_id", "entry_id"),
    sqlite_with_rowid=False,
)

invoice_expenses = Table(
    "invoice_expenses",
    metadata,
    column("account_id", Integer),
    column("expense_id", Integer),
    column("invoice_id", Integer),
    PrimaryKeyConstraint("account_id", "expense_id"),
    account_foreign_key("expenses", "expense_id"),
    account_foreign_key("invoices", "invoice_id"),
    Index(None, "account_id", "invoice_id", "expense_id"),
    sqlite_with_rowid=False,
)
