"""The JSON representation of an invoice (`docs/api/invoices.md`)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import func, select

from hourhook.clock import format_timestamp
from hourhook.domain.decimals import to_json_amount
from hourhook.domain.enums import CalculationMethod, InvoiceState
from hourhook.domain.invoices.currencies import CURRENCIES, format_amount
from hourhook.domain.invoices.parts import HourlyRate, InvoiceTax, Parts, PaymentTransaction, read_parts
from hourhook.domain.links import Links
from hourhook.domain.summaries import Date, SimpleProject, Timestamp, Url
from hourhook.store.schema import invoice_entries, invoice_expenses, invoices
from hourhook.store.statements import Row
from hourhook.store.transaction import Transaction


class RateCalculation(msgspec.Struct, frozen=True):
    """How the billable hours of an invoice are priced."""

    calculation_method: CalculationMethod
    standard_hourly_rate: float | None
    custom_hourly_rates: list[HourlyRate]
    flat_rate: float | None


class PaymentDetails(msgspec.Struct, frozen=True):
    """The payment of an invoice."""

    paid_at: Timestamp
    reference: str | None
    payment_method: str | None


class InvoiceCustomization(msgspec.Struct, frozen=True):
    """The labels on an invoice, and how it can be paid online."""

    title: str
    date: str
    project: str
    reference: str
    total_due: str
    summary: str
    project_summary: str
    user_summary: str
    no_project_name: str
    work_time: str
    no_tax: str
    work_total: str
    total: str
    report: str
    locale: str
    currency_code: str
    currency_symbol: str
    taxable_total: str
    tax_total: str
    taxfree_total: str
    total_report: str
    custom_html: str | None
    allow_paypal_invoice: bool
    paypal_invoice_title: str | None
    paypal_currency_code: str
    paypal_address: str | None
    allow_stripe_connect_payment: bool
    stripe_connect_payment_description: str | None
    stripe_connect_currency_code: str
    currency_name: str
    created_at: Timestamp
    updated_at: Timestamp


class Invoice(msgspec.Struct, frozen=True):
    """An invoice."""

    id: int
    state: InvoiceState
    reference: str
    invoice_date: Date
    project_name: str
    company_name: str
    company_details: str
    recipient_details: str
    description: str
    footer: str
    show_hours_worked: bool
    show_full_report: bool
    show_user_summaries: bool
    show_project_summaries: bool
    show_project_name_for_expenses: bool
    customization: InvoiceCustomization
    rate_calculation: RateCalculation
    taxes: list[InvoiceTax]
    taxable_amount: float
    taxfree_amount: float
    tax_total_amount: float
    total_amount: float
    taxable_amount_with_currency: str
    taxfree_amount_with_currency: str
    tax_total_amount_with_currency: str
    total_amount_with_currency: str
    payment: PaymentDetails | None
    payment_transactions: list[PaymentTransaction]
    projects: list[SimpleProject]
    entries: int
    entries_url: Url
    expenses: int
    expenses_url: Url
    share_url: Url
    created_at: Timestamp
    updated_at: Timestamp
    url: Url


_AMOUNTS = ("taxable_amount", "taxfree_amount", "tax_total_amount", "total_amount")

# The columns that ``represent`` reads.
COLUMNS = (
    *(column for column in invoices.c if not column.name.endswith("_key")),
    *(
        select(func.count())
        .select_from(members)
        .where(members.c.account_id == invoices.c.account_id, members.c.invoice_id == invoices.c.id)
        .scalar_subquery()
        .label(name)
        for members, name in ((invoice_entries, "entries_count"), (invoice_expenses, "expenses_count"))
    ),
)


def represent(tx: Transaction, account_id: int, links: Links, rows: Sequence[Row]) -> list[Invoice]:
    """Represent rows of ``COLUMNS``, with four statements for any number of them."""
    if not rows:
        return []
    parts = read_parts(tx, account_id, links, [row.id for row in rows])
    return [_represent(links, row, parts[row.id]) for row in rows]


def represent_amounts(amounts: Mapping[str, int], customization: InvoiceCustomization) -> dict[str, Any]:
    """Represent stored amounts, each as a number and as a text with the currency."""
    symbol, code = customization.currency_symbol, customization.currency_code
    numbers = {name: to_json_amount(amount) for name, amount in amounts.items()}
    texts = {f"{name}_with_currency": format_amount(amount, symbol, code) for name, amount in amounts.items()}
    return {**numbers, **texts}


def _represent(links: Links, row: Row, parts: Parts) -> Invoice:
    url = links.invoice(row.id)
    customization = _customization(row)
    return Invoice(
        id=row.id,
        state=row.state,
        reference=row.reference,
        invoice_date=row.invoice_date,
        project_name=row.project_name,
        company_name=row.company_name,
        company_details=row.company_details,
        recipient_details=row.recipient_details,
        description=row.description,
        footer=row.footer,
        show_hours_worked=row.show_hours_worked,
        show_full_report=row.show_full_report,
        show_user_summaries=row.show_user_summaries,
        show_project_summaries=row.show_project_summaries,
        show_project_name_for_expenses=row.show_project_name_for_expenses,
        customization=customization,
        rate_calculation=RateCalculation(
            calculation_method=row.calculation_method,
            standard_hourly_rate=None if row.standard_hourly_rate is None else to_json_amount(row.standard_hourly_rate),
            custom_hourly_rates=parts.hourly_rates,
            flat_rate=None if row.flat_rate is None else to_json_amount(row.flat_rate),
        ),
        taxes=parts.taxes,
        **represent_amounts({name: getattr(row, name) for name in _AMOUNTS}, customization),
        payment=None
        if row.paid_at is None
        else PaymentDetails(format_timestamp(row.paid_at), row.payment_reference, row.payment_method),
        payment_transactions=parts.payment_transactions,
        projects=parts.projects,
        entries=row.entries_count,
        entries_url=f"{url}/entries",
        expenses=row.expenses_count,
        expenses_url=f"{url}/expenses",
        share_url=links.shared_invoice(row.share_token),
        created_at=format_timestamp(row.created_at),
        updated_at=format_timestamp(row.updated_at),
        url=url,
    )


def _customization(row: Row) -> InvoiceCustomization:
    return InvoiceCustomization(
        **msgspec.json.decode(row.labels, type=dict[str, str]),
        locale=row.locale,
        currency_code=row.currency_code,
        currency_symbol=row.currency_symbol,
        custom_html=row.custom_html,
        allow_paypal_invoice=row.allow_paypal_invoice,
        paypal_invoice_title=row.paypal_invoice_title,
        paypal_currency_code=row.paypal_currency_code,
        paypal_address=row.paypal_address,
        allow_stripe_connect_payment=row.allow_stripe_connect_payment,
        stripe_connect_payment_description=row.stripe_connect_payment_description,
        stripe_connect_currency_code=row.stripe_connect_currency_code,
        currency_name=CURRENCIES[row.currency_code].name,
        created_at=format_timestamp(row.created_at),
        updated_at=format_timestamp(row.customized_at),
    )
