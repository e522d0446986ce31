"""Which entries and expenses may be put on an invoice, and which are on one (contract, invoices.md)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, bindparam, delete, select

from hourhook.domain.inputs import ValidationErrors
from hourhook.errors import FieldError, ValidationFailed
from hourhook.store.schema import entries, expenses, invoice_entries, invoice_expenses, projects
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class ItemKind:
    """Entries or expenses: how they are called, where it is kept on which invoice they are, and how that is asked."""

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
    """Ids that were sent: those that can be put on an invoice, ascending, and what is wrong with the others.

    ``projects`` are those of what can be put on it, with ``project_id``, ``project_name`` and ``project_name_key``.
    """

    kind: ItemKind
    is_sent: bool
    ids: list[int]
    projects: dict[int, Row]
    errors: list[FieldError]


def check_eligibility(
    tx: Transaction, kind: ItemKind, sent: Sequence[int], invoice_id: int | None = None
) -> Eligibility:
    """Look at what is to be put on an invoice; what is on it already is left out."""
    found = {row.id: row for row in tx.all(kind.eligibility, account=tx.account_id, ids=[*{*sent}])} if sent else {}
    added: dict[int, Row] = {}
    errors = []
    for place, id in enumerate(sent):
        row = found.get(id)
        if row is not None and invoice_id is not None and row.invoice_id == invoice_id:
            continue
        code = _code_against(row)
        if code is not None:
            errors.append(FieldError(kind.resource, f"{kind.field}[{place}]", code))
        elif row is not None:
            added[id] = row
    projects_of = {row.project_id: row for row in added.values() if row.project_id is not None}
    return Eligibility(kind, bool(sent), sorted(added), projects_of, errors)


def check(validation_errors: ValidationErrors, *eligibility: Eligibility) -> None:
    """Refuse the request if anything at all is wrong, naming everything that cannot be added (raises ``ValidationFailed``)."""
    errors = [error for each in eligibility for error in each.errors]
    names = [each.kind.plural for each in eligibility if each.is_sent]
    message = f"{' or '.join(names)} could not be added"
    try:
        validation_errors.raise_if_any()
    except ValidationFailed as invalid:
        told = {error.field for error in invalid.errors}
        errors, message = [*invalid.errors, *(error for error in errors if error.field not in told)], invalid.message
    if errors:
        raise ValidationFailed(errors, message)


def attach(tx: Transaction, kind: ItemKind, invoice_id: int, ids: Sequence[int]) -> None:
    """Store that what is on no invoice yet is on this one from now on."""
    rows = [(tx.account_id, id, invoice_id) for id in ids]
    tx.insert_many(kind.members, ("account_id", kind.member_id, "invoice_id"), rows)


def find_attached(tx: Transaction, kind: ItemKind, invoice_id: int, ids: Sequence[int] | None = None) -> list[int]:
    """What is on an invoice, ascending; with ``ids`` only those among them."""
    if ids is None:
        rows = tx.all(kind.on_invoice, account=tx.account_id, invoice=invoice_id)
    else:
        rows = tx.all(kind.among, account=tx.account_id, invoice=invoice_id, ids=[*ids])
    return [row.id for row in rows]


def detach(tx: Transaction, kind: ItemKind, ids: Sequence[int]) -> None:
    """Store that these are on no invoice any more."""
    tx.execute_later(kind.drop, account=tx.account_id, ids=[*ids])


def _code_against(row: Row | None) -> str | None:
    """Why an entry or expense cannot be put on an invoice; the first reason counts."""
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


# Marked as invoiced outside, an entry is invoiced as well.
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
