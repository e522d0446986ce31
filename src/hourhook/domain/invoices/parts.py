"""Parts of invoices that are stored in tables of their own: hourly rates, taxes, payment transactions, projects.

Each kind is read with one statement for any number of invoices.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from sqlalchemy import bindparam, select, union

from hourhook.clock import format_timestamp
from hourhook.domain.decimals import to_json_amount, to_json_number
from hourhook.domain.enums import InvoiceState
from hourhook.domain.invoices.membership import project_of
from hourhook.domain.links import Links
from hourhook.domain.summaries import SimpleProject, Timestamp, summarize_project
from hourhook.store.schema import (
    invoice_entries,
    invoice_expenses,
    invoice_hourly_rates,
    invoice_payment_transactions,
    invoice_taxes,
    projects,
)
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction

T = TypeVar("T")


class HourlyRate(msgspec.Struct, frozen=True):
    """The hourly rate of one user."""

    user: int
    hourly_rate: float


class InvoiceTax(msgspec.Struct, frozen=True):
    """A tax on the taxable amount, in percent."""

    id: int
    name: str | None
    percentage: float


class PaymentTransaction(msgspec.Struct, frozen=True):
    """A change of an invoice's payment state."""

    created_at: Timestamp
    description: str
    payment_method: str | None
    reference: str | None
    invoice_state: InvoiceState


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one invoice, each in the order of the representation."""

    hourly_rates: list[HourlyRate]
    taxes: list[InvoiceTax]
    payment_transactions: list[PaymentTransaction]
    projects: list[SimpleProject]


def read_parts(tx: Transaction, account_id: int, links: Links, ids: Sequence[int]) -> dict[int, Parts]:
    """Return the parts of each of these invoices, including those that have none."""

    def read(statement: Statement, represent: Callable[[Row], T]) -> dict[int, list[T]]:
        found: dict[int, list[T]] = {}
        for row in tx.all(statement, account=account_id, ids=[*ids]):
            found.setdefault(row.invoice_id, []).append(represent(row))
        return found

    rates = read(_RATES, lambda row: HourlyRate(row.user_id, to_json_amount(row.hourly_rate)))
    taxes = read(_TAXES, lambda row: InvoiceTax(row.id, row.name, to_json_number(row.percentage)))
    payments = read(_TRANSACTIONS, _transaction)
    projects_of = read(_PROJECTS, lambda row: summarize_project(links, row))
    return {
        id: Parts(rates.get(id, []), taxes.get(id, []), payments.get(id, []), projects_of.get(id, [])) for id in ids
    }


def _transaction(row: Row) -> PaymentTransaction:
    return PaymentTransaction(
        format_timestamp(row.created_at), row.description, row.payment_method, row.reference, row.invoice_state
    )


_TAXES = Statement(
    select(invoice_taxes.c.invoice_id, invoice_taxes.c.id, invoice_taxes.c.name, invoice_taxes.c.percentage)
    .where(invoice_taxes.c.account_id == bindparam("account"), any_of(invoice_taxes.c.invoice_id, "ids"))
    .order_by(invoice_taxes.c.invoice_id, invoice_taxes.c.id)
)

_RATES = Statement(
    select(invoice_hourly_rates.c.invoice_id, invoice_hourly_rates.c.user_id, invoice_hourly_rates.c.hourly_rate)
    .where(invoice_hourly_rates.c.account_id == bindparam("account"), any_of(invoice_hourly_rates.c.invoice_id, "ids"))
    .order_by(invoice_hourly_rates.c.invoice_id, invoice_hourly_rates.c.place)
)

_TRANSACTIONS = Statement(
    select(
        invoice_payment_transactions.c.invoice_id,
        invoice_payment_transactions.c.created_at,
        invoice_payment_transactions.c.description,
        invoice_payment_transactions.c.payment_method,
        invoice_payment_transactions.c.reference,
        invoice_payment_transactions.c.invoice_state,
    )
    .where(
        invoice_payment_transactions.c.account_id == bindparam("account"),
        any_of(invoice_payment_transactions.c.invoice_id, "ids"),
    )
    .order_by(invoice_payment_transactions.c.invoice_id, invoice_payment_transactions.c.number)
)

# The projects of each invoice's entries and expenses.
_invoice_projects = union(
    *(
        select(members.c.invoice_id, project_of(members).label("project_id")).where(
            members.c.account_id == bindparam("account"), any_of(members.c.invoice_id, "ids")
        )
        for members in (invoice_entries, invoice_expenses)
    )
).subquery()

_PROJECTS = Statement(
    select(
        _invoice_projects.c.invoice_id,
        projects.c.id,
        projects.c.name,
        projects.c.billing_increment,
        projects.c.enabled,
        projects.c.billable,
        projects.c.color,
    )
    .join_from(_invoice_projects, projects, projects.c.id == _invoice_projects.c.project_id)
    .where(projects.c.account_id == bindparam("account"))
    .order_by(_invoice_projects.c.invoice_id, projects.c.name_key),
    replan=True,
)
