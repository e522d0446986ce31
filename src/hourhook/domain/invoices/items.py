"""Entries and expenses of invoices: which can be added, adding them, and removing them (`docs/api/invoices.md`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from sqlalchemy import ColumnElement, Table, bindparam, delete, select

from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, IdList, Inputs, UnsetType, ValidationErrors
from hourhook.domain.invoices import item_events, reading, storing
from hourhook.domain.invoices.representations import Invoice
from hourhook.domain.summaries import SimpleInvoice, summarize
from hourhook.errors import FieldError, ValidationFailed
from hourhook.store.schema import entries, expenses, invoice_entries, invoice_expenses, projects
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction

AddedIds = Annotated[IdList, "If any of them cannot be added, none is. Those already on the invoice are skipped."]
RemovedIds = Annotated[IdList, "Those not on the invoice are skipped."]


class InvoiceEntriesAdd(Inputs):
    """Entries to add to an invoice."""

    required: ClassVar = ("entry_ids",)
    entry_ids: AddedIds | UnsetType = UNSET


class InvoiceEntriesRemove(Inputs):
    """Entries to remove from an invoice."""

    required: ClassVar = ("entry_ids",)
    entry_ids: RemovedIds | UnsetType = UNSET


class InvoiceExpensesAdd(Inputs):
    """Expenses to add to an invoice."""

    required: ClassVar = ("expense_ids",)
    expense_ids: AddedIds | UnsetType = UNSET


class InvoiceExpensesRemove(Inputs):
    """Expenses to remove from an invoice."""

    required: ClassVar = ("expense_ids",)
    expense_ids: RemovedIds | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class ItemKind:
    """Entries or expenses: their names in errors, the table that puts them on invoices, and its statements."""

    resource: str
    plural: str
    field: str
    members: Table
    member_id: str
    eligibility: Statement
    on_invoice: Statement
    among: Statement
    drop: Statement


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The requested ids that can be added to an invoice, ascending, and the errors of the others.

    ``projects`` are those of the items that can be added, by id; their rows have ``project_id``, ``project_name`` and
    ``project_name_key``.
    """

    kind: ItemKind
    is_requested: bool
    ids: list[int]
    projects: dict[int, Row]
    errors: list[FieldError]


def add_entries(tx: Transaction, caller: Caller, id: int, params: InvoiceEntriesAdd, errors: ValidationErrors) -> None:
    _add(tx, caller, id, ENTRIES, params.entry_ids or [], errors)


def add_expenses(
    tx: Transaction, caller: Caller, id: int, params: InvoiceExpensesAdd, errors: ValidationErrors
) -> None:
    _add(tx, caller, id, EXPENSES, params.expense_ids or [], errors)


def remove_entries(
    tx: Transaction, caller: Caller, id: int, params: InvoiceEntriesRemove, errors: ValidationErrors
) -> None:
    _remove(tx, caller, id, ENTRIES, params.entry_ids or [], errors)


def remove_expenses(
    tx: Transaction, caller: Caller, id: int, params: InvoiceExpensesRemove, errors: ValidationErrors
) -> None:
    _remove(tx, caller, id, EXPENSES, params.expense_ids or [], errors)


def remove_all_entries(tx: Transaction, caller: Caller, id: int) -> None:
    _detach(tx, caller, reading.show_editable(tx, caller, id), ENTRIES, None)


def remove_all_expenses(tx: Transaction, caller: Caller, id: int) -> None:
    _detach(tx, caller, reading.show_editable(tx, caller, id), EXPENSES, None)


def check_eligibility(
    tx: Transaction, kind: ItemKind, requested: Sequence[int], invoice_id: int | None = None
) -> Eligibility:
    """Sort requested ids into those that can be added and errors; leave out what is on ``invoice_id`` already."""
    found = (
        {row.id: row for row in tx.all(kind.eligibility, account=tx.account_id, ids=[*{*requested}])}
        if requested
        else {}
    )
    added: dict[int, Row] = {}
    errors = []
    for index, id in enumerate(requested):
        row = found.get(id)
        if row is not None and invoice_id is not None and row.invoice_id == invoice_id:
            continue
        code = _error_code(row)
        if code is not None:
            errors.append(FieldError(kind.resource, f"{kind.field}[{index}]", code))
        elif row is not None:
            added[id] = row
    projects_of = {row.project_id: row for row in added.values() if row.project_id is not None}
    return Eligibility(kind, bool(requested), sorted(added), projects_of, errors)


def check(validation_errors: ValidationErrors, *eligibility: Eligibility) -> None:
    """Raise ``ValidationFailed`` with all errors of the request and of the items, if there are any."""
    errors = [error for each in eligibility for error in each.errors]
    names = [each.kind.plural for each in eligibility if each.is_requested]
    message = f"{' or '.join(names)} could not be added"
    try:
        validation_errors.raise_if_any()
    except ValidationFailed as invalid:
        reported = {error.field for error in invalid.errors}
        errors, message = (
            [*invalid.errors, *(error for error in errors if error.field not in reported)],
            invalid.message,
        )
    if errors:
        raise ValidationFailed(errors, message)


def attach(tx: Transaction, kind: ItemKind, invoice_id: int, ids: Sequence[int]) -> None:
    """Store that items are on this invoice; none of them may be on one already."""
    rows = [(tx.account_id, id, invoice_id) for id in ids]
    tx.insert_many(kind.members, ("account_id", kind.member_id, "invoice_id"), rows)


def find_attached(tx: Transaction, kind: ItemKind, invoice_id: int, ids: Sequence[int] | None = None) -> list[int]:
    """Return the ids of the items on an invoice, ascending; with ``ids``, only those among them."""
    if ids is None:
        rows = tx.all(kind.on_invoice, account=tx.account_id, invoice=invoice_id)
    else:
        rows = tx.all(kind.among, account=tx.account_id, invoice=invoice_id, ids=[*ids])
    return [row.id for row in rows]


def detach(tx: Transaction, kind: ItemKind, ids: Sequence[int]) -> None:
    """Store that items are on no invoice."""
    tx.execute_later(kind.drop, account=tx.account_id, ids=[*ids])


def record_item_events(
    tx: Transaction, caller: Caller, kind: ItemKind, ids: Sequence[int], previous: SimpleInvoice | None
) -> None:
    """Record the events of items that were added or removed, in ascending id; the invoice must be stored already.

    ``previous`` is the invoice from which they were removed; None if they were added.
    """
    if kind is ENTRIES:
        item_events.record_entry_events(tx, caller, ids, previous)
    else:
        item_events.record_expense_events(tx, caller, ids, previous)


def _add(
    tx: Transaction, caller: Caller, id: int, kind: ItemKind, requested: Sequence[int], errors: ValidationErrors
) -> None:
    before = reading.show_editable(tx, caller, id)
    eligibility = check_eligibility(tx, kind, requested, id)
    check(errors, eligibility)
    if eligibility.ids:
        attach(tx, kind, id, eligibility.ids)
        storing.record_change(tx, caller, before)
        record_item_events(tx, caller, kind, eligibility.ids, None)


def _remove(
    tx: Transaction, caller: Caller, id: int, kind: ItemKind, requested: Sequence[int], errors: ValidationErrors
) -> None:
    before = reading.show_editable(tx, caller, id)
    errors.raise_if_any()
    _detach(tx, caller, before, kind, requested)


def _detach(tx: Transaction, caller: Caller, before: Invoice, kind: ItemKind, requested: Sequence[int] | None) -> None:
    ids = find_attached(tx, kind, before.id, requested)
    if ids:
        detach(tx, kind, ids)
        storing.record_change(tx, caller, before)
        record_item_events(tx, caller, kind, ids, summarize(SimpleInvoice, before))


def _error_code(row: Row | None) -> str | None:
    """Return the error code if an entry or expense cannot be added to an invoice; the first reason counts."""
    if row is None:
        return "missing"
    if row.is_invoiced:
        return "already_invoiced"
    return "archived_project" if row.project_enabled is False else None


def _kind(
    resource: str, plural: str, items: Table, members: Table, member_id: str, is_invoiced: ColumnElement[bool]
) -> ItemKind:
    on_invoice = (
        select(members.c[member_id].label("id"))
        .where(members.c.account_id == bindparam("account"), members.c.invoice_id == bindparam("invoice"))
        .order_by(members.c[member_id])
    )
    return ItemKind(
        resource,
        plural,
        f"{member_id}s",
        members,
        member_id,
        eligibility=Statement(
            select(
                items.c.id,
                members.c.invoice_id,
                is_invoiced.label("is_invoiced"),
                projects.c.id.label("project_id"),
                projects.c.name.label("project_name"),
                projects.c.name_key.label("project_name_key"),
                projects.c.enabled.label("project_enabled"),
            )
            .select_from(
                items.outerjoin(
                    projects, (projects.c.account_id == items.c.account_id) & (projects.c.id == items.c.project_id)
                ).outerjoin(
                    members, (members.c.account_id == items.c.account_id) & (members.c[member_id] == items.c.id)
                )
            )
            .where(items.c.account_id == bindparam("account"), any_of(items.c.id, "ids"))
        ),
        on_invoice=Statement(on_invoice),
        among=Statement(on_invoice.where(any_of(members.c[member_id], "ids"))),
        drop=Statement(
            delete(members).where(members.c.account_id == bindparam("account"), any_of(members.c[member_id], "ids"))
        ),
    )


# An entry that was marked as invoiced elsewhere counts as invoiced as well.
ENTRIES = _kind(
    "Entry",
    "Entries",
    entries,
    invoice_entries,
    "entry_id",
    entries.c.invoiced_at.is_not(None) | invoice_entries.c.invoice_id.is_not(None),
)
EXPENSES = _kind(
    "Expense", "Expenses", expenses, invoice_expenses, "expense_id", invoice_expenses.c.invoice_id.is_not(None)
)
