"""What belongs to an invoice and is kept apart from it: rates of users, taxes, payments, and the projects it is about.

Each is read with one statement, of however many invoices (contract, invoices.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from sqlalchemy import bindparam, select, union

from hourhook.clock import format_timestamp
from hourhook.domain.decimals import to_json_number
from hourhook.domain.links import Links
from hourhook.domain.summaries import SimpleProject, Timestamp, summarise_project
from hourhook.store.schema import (
    entries,
    expenses,
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
    """What an hour of one user costs."""

    user: int
    hourly_rate: float


class InvoiceTax(msgspec.Struct, frozen=True):
    """A tax, in percent."""

    id: int
    name: str | None
    percentage: float


class PaymentTransaction(msgspec.Struct, frozen=True):
    """Something that happened to the payment of an invoice, and the state after it."""

    created_at: Timestamp
    description: str
    payment_method: str | None
    reference: str | None
    invoice_state: str


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one invoice, each in the order in which it is shown."""

    hourly_rates: list[HourlyRate]
    taxes: list[InvoiceTax]
    payment_transactions: list[PaymentTransaction]
    projects: list[SimpleProject]


def read_parts(tx: Transaction, account_id: int, links: Links, ids: Sequence[int]) -> dict[int, Parts]:
    """The parts of each of these invoices, also of those that have none."""

    def read(statement: Statement, represent: Callable[[Row], T]) -> dict[int, list[T]]:
        found: dict[int, list[T]] = {}
        for row in tx.all(statement, account=account_id, ids=[*ids]):
            found.setdefault(row.invoice_id, []).append(represent(row))
        return found

    rates = read(_RATES, lambda row: HourlyRate(row.user_id, to_json_number(row.hourly_rate)))
    taxes = read(_TAXES, lambda row: InvoiceTax(row.id, row.name, to_json_number(row.percentage)))
    payments = read(_TRANSACTIONS, _transaction)
    concerned = read(_PROJECTS, lambda row: summarise_project(links, row))
    return {id: Parts(rates.get(id, []), taxes.get(id, []), payments.get(id, []), concerned.get(id, [])) for id in ids}


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

# Which projects the entries and expenses of each invoice are of.
_concerned = union(
    *(
        select(members.c.invoice_id, items.c.project_id)
        .join_from(members, items, (items.c.account_id == members.c.account_id) & (items.c.id == member_id))
        .where(members.c.account_id == bindparam("account"), any_of(members.c.invoice_id, "ids"))
        for items, members, member_id in (
            (entries, invoice_entries, invoice_entries.c.entry_id),
            (expenses, invoice_expenses, invoice_expenses.c.expense_id),
        )
    )
).subquery()

_PROJECTS = Statement(
    select(
        _concerned.c.invoice_id,
        projects.c.id,
        projects.c.name,
        projects.c.billing_increment,
        projects.c.enabled,
        projects.c.billable,
        projects.c.color,
    )
    .join_from(_concerned, projects, projects.c.id == _concerned.c.project_id)
    .where(projects.c.account_id == bindparam("account"))
    .order_by(_concerned.c.invoice_id, projects.c.name_key)
)
