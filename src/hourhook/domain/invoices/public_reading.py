"""Read an invoice for its public page, which anyone with its share token can open (`docs/guides/sharing-invoices.md`).

Takes five statements for an invoice of any size. Totals are the stored ones, and each amount above them is computed in
the same way: the page and the API agree to the cent, and the printed lines add up.
"""

import msgspec
from sqlalchemy import bindparam, select

from hourhook.clock import format_timestamp
from hourhook.domain.decimals import HUNDREDTH
from hourhook.domain.invoices.billing import is_billed
from hourhook.domain.invoices.currencies import smallest_unit
from hourhook.domain.invoices.public_view import (
    SharedExpense,
    SharedInvoice,
    SharedTax,
    billable_minutes,
    minutes_by_person,
    minutes_by_project,
    price_tax,
    price_work,
    report,
)
from hourhook.domain.invoices.totals import Rates, price_hours
from hourhook.store.schema import (
    accounts,
    entries,
    expenses,
    invoice_entries,
    invoice_expenses,
    invoice_hourly_rates,
    invoice_taxes,
    invoices,
    projects,
    users,
)
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


def find_by_share_token(tx: Transaction, token: str) -> SharedInvoice | None:
    """Return the invoice with this token; None if there is none or its account has invoicing disabled."""
    head = tx.one(_FIND, token=token)
    if head is None:
        return None
    key = {"account": head.account_id, "invoice": head.id}
    rates = Rates(
        head.calculation_method,
        head.standard_hourly_rate or 0,
        {row.user_id: row.hourly_rate for row in tx.all(_RATES, **key)},
        head.flat_rate or 0,
    )
    unit = smallest_unit(head.currency_code)
    logged = tx.all(_ENTRIES, **key)
    return SharedInvoice(
        reference=head.reference,
        invoice_date=head.invoice_date,
        project_name=head.project_name,
        company_name=head.company_name,
        company_details=head.company_details,
        recipient_details=head.recipient_details,
        description=head.description,
        footer=head.footer,
        labels=msgspec.json.decode(head.labels, type=dict[str, str]),
        locale=head.locale,
        currency_code=head.currency_code,
        currency_symbol=head.currency_symbol,
        custom_html=head.custom_html,
        is_paid=head.state == "paid",
        paid_on=None if head.paid_at is None else format_timestamp(head.paid_at)[:10],
        show_hours_worked=head.show_hours_worked,
        work=[*price_work(logged, rates, unit, include_unpriced=head.show_hours_worked)],
        minutes=sum(row.minutes for row in logged),
        hours_amount=price_hours(rates, billable_minutes(logged), unit),
        expenses=[
            SharedExpense(
                row.date,
                row.description or "",
                row.project_name if head.show_project_name_for_expenses else None,
                row.price * HUNDREDTH,
                row.taxable,
            )
            for row in tx.all(_EXPENSES, **key)
        ],
        taxes=[
            SharedTax(row.name, row.percentage, price_tax(head.taxable_amount, row.percentage, unit))
            for row in tx.all(_TAXES, **key)
        ],
        taxable_amount=head.taxable_amount,
        taxfree_amount=head.taxfree_amount,
        tax_total_amount=head.tax_total_amount,
        total_amount=head.total_amount,
        people=minutes_by_person(logged) if head.show_user_summaries else [],
        projects=minutes_by_project(logged) if head.show_project_summaries else [],
        report=[*report(logged)] if head.show_full_report else [],
    )


_FIND = Statement(
    select(*(column for column in invoices.c if not column.name.endswith("_key")))
    .join(accounts, accounts.c.id == invoices.c.account_id)
    .where(invoices.c.share_token == bindparam("token"), accounts.c.invoicing_enabled.is_(True))
)

_RATES = Statement(
    select(invoice_hourly_rates.c.user_id, invoice_hourly_rates.c.hourly_rate).where(
        invoice_hourly_rates.c.account_id == bindparam("account"),
        invoice_hourly_rates.c.invoice_id == bindparam("invoice"),
    )
)

_TAXES = Statement(
    select(invoice_taxes.c.name, invoice_taxes.c.percentage)
    .where(invoice_taxes.c.account_id == bindparam("account"), invoice_taxes.c.invoice_id == bindparam("invoice"))
    .order_by(invoice_taxes.c.id)
)

_ENTRIES = Statement(
    select(
        entries.c.date,
        entries.c.minutes,
        entries.c.description,
        entries.c.user_id,
        entries.c.project_id,
        users.c.first_name,
        users.c.last_name,
        users.c.email,
        projects.c.name.label("project_name"),
        is_billed.label("is_billed"),
    )
    .select_from(
        invoice_entries.join(
            entries,
            (entries.c.account_id == invoice_entries.c.account_id) & (entries.c.id == invoice_entries.c.entry_id),
        )
        .outerjoin(users, (users.c.account_id == entries.c.account_id) & (users.c.id == entries.c.user_id))
        .outerjoin(projects, (projects.c.account_id == entries.c.account_id) & (projects.c.id == entries.c.project_id))
    )
    .where(invoice_entries.c.account_id == bindparam("account"), invoice_entries.c.invoice_id == bindparam("invoice"))
    .order_by(entries.c.date, users.c.name_key, entries.c.id)
)

_EXPENSES = Statement(
    select(
        expenses.c.date,
        expenses.c.description,
        expenses.c.price,
        expenses.c.taxable,
        projects.c.name.label("project_name"),
    )
    .select_from(
        invoice_expenses.join(
            expenses,
            (expenses.c.account_id == invoice_expenses.c.account_id) & (expenses.c.id == invoice_expenses.c.expense_id),
        ).outerjoin(
            projects, (projects.c.account_id == expenses.c.account_id) & (projects.c.id == expenses.c.project_id)
        )
    )
    .where(invoice_expenses.c.account_id == bindparam("account"), invoice_expenses.c.invoice_id == bindparam("invoice"))
    .order_by(expenses.c.date, expenses.c.id)
)
