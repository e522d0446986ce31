"""What invoices come to, stored with them, and recounted whenever something that it is made of has changed.

Entries that are invoiced cannot be edited. But what becomes of a tag or a project decides whether they are billable,
and so goes through here; it is no change of the invoice itself, and no event of it (contract, events.md §3).
"""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Table,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    text,
    union_all,
    update,
)

from hourhook.domain.invoices.currencies import smallest_unit
from hourhook.domain.invoices.totals import Amounts, Rates, calculate_totals
from hourhook.errors import ValidationFailed
from hourhook.store.rows import encode_rows, rows_sql
from hourhook.store.schema import (
    entries,
    entry_tags,
    expenses,
    invoice_entries,
    invoice_expenses,
    invoice_hourly_rates,
    invoice_taxes,
    invoices,
    projects,
    tags,
)
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction

# How many invoices are read at once.
SIZE = 500
# Far beyond any real bill, and with its two fraction digits still exact as a JSON number. In hundredths.
MAX_AMOUNT = 10**15


@dataclass(slots=True)
class _Parts:
    """What one invoice is added up from."""

    rates: dict[int, int] = field(default_factory=dict)
    minutes: dict[int, int] = field(default_factory=dict)
    taxable: int = 0
    taxfree: int = 0
    percentages: list[int] = field(default_factory=list)


def recalculate(tx: Transaction, ids: Iterable[int]) -> None:
    """Add these invoices up and store what they come to; what they are made of must be stored already.

    One statement reads five hundred of them, and another stores those that changed. Raises ``ValidationFailed`` for one that
    would come to more than can be told.
    """
    in_order = sorted({*ids})
    for start in range(0, len(in_order), SIZE):
        _recount(tx, in_order[start : start + SIZE])


def recalculate_as_if_tags(tx: Transaction, tag_ids: Sequence[int], *, billable: bool) -> None:
    """Recount as if these tags were all billable, or were not, as they are not yet.

    A tag that is renamed will be what its new name says, one that is merged what its successor is, and one that is
    deleted is in nobody's way. The tags themselves are left as they were. So the entries that are rewritten next show
    what their invoices come to when all is done.
    """
    _foresee(tx, _OF_TAGS, _SET_TAGS, tag_ids, billable)


def recalculate_as_if_project(tx: Transaction, project_id: int, *, billable: bool) -> None:
    """Recount as if a project were billable, or were not, as it is not yet; the project itself is left as it was."""
    _foresee(tx, _OF_PROJECTS, _SET_PROJECTS, [project_id], billable)


def _foresee(tx: Transaction, concerned: Statement, change: Statement, ids: Sequence[int], billable: bool) -> None:
    invoice_ids = [row.invoice_id for row in tx.all(concerned, account=tx.account_id, ids=[*ids])]
    if not invoice_ids:
        return
    tx.execute_later(change, account=tx.account_id, ids=[*ids], billable=billable)
    recalculate(tx, invoice_ids)
    tx.execute_later(change, account=tx.account_id, ids=[*ids], billable=not billable)


def _recount(tx: Transaction, ids: list[int]) -> None:
    parts = {id: _Parts() for id in ids}
    for row in tx.all(_PARTS, account=tx.account_id, ids=ids):
        _gather(parts[row.invoice_id], row)
    rows = []
    for head in tx.all(_HEADS, account=tx.account_id, ids=ids):
        amounts = _add_up(head, parts[head.id])
        _refuse_beyond_reason(amounts)
        rows.append((tx.account_id, head.id, *astuple(amounts)))
    tx.execute_later(_STORE, rows=encode_rows(rows))


def _gather(parts: _Parts, row: Row) -> None:
    match row.part:
        case "minutes":
            parts.minutes[row.key] = int(row.value)
        case "rate":
            parts.rates[row.key] = int(row.value)
        case "taxable":
            parts.taxable = int(row.value)
        case "taxfree":
            parts.taxfree = int(row.value)
        case "tax":
            parts.percentages.append(int(row.value))


def _add_up(head: Row, parts: _Parts) -> Amounts:
    return calculate_totals(
        Rates(head.calculation_method, head.standard_hourly_rate or 0, parts.rates, head.flat_rate or 0),
        parts.minutes,
        taxable_expenses=parts.taxable,
        taxfree_expenses=parts.taxfree,
        percentages=parts.percentages,
        smallest_unit=smallest_unit(head.currency_code),
    )


def _refuse_beyond_reason(amounts: Amounts) -> None:
    if max(map(abs, astuple(amounts))) > MAX_AMOUNT:
        raise ValidationFailed.on_base("Invoice", "invalid", "The Invoice would come to more than can be told exactly.")


_HEADS = Statement(
    select(
        invoices.c.id,
        invoices.c.calculation_method,
        invoices.c.standard_hourly_rate,
        invoices.c.flat_rate,
        invoices.c.currency_code,
    ).where(invoices.c.account_id == bindparam("account"), any_of(invoices.c.id, "ids"))
)


def _part(name: str, invoice_id: ColumnElement[Any], key: ColumnElement[Any], value: ColumnElement[Any]) -> Select[Any]:
    return select(
        literal_column(f"'{name}'").label("part"),
        invoice_id.label("invoice_id"),
        key.label("key"),
        value.label("value"),
    ).where(invoice_id.table.c.account_id == bindparam("account"), any_of(invoice_id, "ids"))


# Asked anew of each entry, unlike in lists: the entries of an invoice are few beside all that have such a tag.
_has_unbillable_tag = exists(
    select(entry_tags.c.tag_id)
    .join(tags, (tags.c.account_id == entry_tags.c.account_id) & (tags.c.id == entry_tags.c.tag_id))
    .where(
        entry_tags.c.account_id == entries.c.account_id,
        entry_tags.c.entry_id == entries.c.id,
        tags.c.billable.is_(False),
    )
)

_of_users = (
    _part("minutes", invoice_entries.c.invoice_id, entries.c.user_id, func.sum(entries.c.minutes))
    .select_from(
        invoice_entries.join(
            entries,
            (entries.c.account_id == invoice_entries.c.account_id) & (entries.c.id == invoice_entries.c.entry_id),
        ).outerjoin(projects, (projects.c.account_id == entries.c.account_id) & (projects.c.id == entries.c.project_id))
    )
    .where(projects.c.billable.is_not(False), ~_has_unbillable_tag)
    .group_by(invoice_entries.c.invoice_id, entries.c.user_id)
)

_of_expenses = tuple(
    _part(name, invoice_expenses.c.invoice_id, literal_column("0"), func.sum(expenses.c.price))
    .select_from(
        invoice_expenses.join(
            expenses,
            (expenses.c.account_id == invoice_expenses.c.account_id) & (expenses.c.id == invoice_expenses.c.expense_id),
        )
    )
    .where(expenses.c.taxable.is_(taxable))
    .group_by(invoice_expenses.c.invoice_id)
    for name, taxable in (("taxable", True), ("taxfree", False))
)

_PARTS = Statement(
    union_all(
        _of_users,
        *_of_expenses,
        _part(
            "rate",
            invoice_hourly_rates.c.invoice_id,
            invoice_hourly_rates.c.user_id,
            invoice_hourly_rates.c.hourly_rate,
        ),
        _part("tax", invoice_taxes.c.invoice_id, invoice_taxes.c.id, invoice_taxes.c.percentage),
    )
)


def _storing(dialect: str) -> str:
    columns = ("taxable_amount", "taxfree_amount", "tax_total_amount", "total_amount")
    # The account is one of the columns: named as a constant it would lead SQLite to walk through all of its invoices.
    rows = rows_sql(dialect, "rows", account_id="INTEGER", id="INTEGER", **dict.fromkeys(columns, "BIGINT"))
    return f"""
    UPDATE invoices SET {", ".join(f"{name} = r.{name}" for name in columns)}
    FROM ({rows}) AS r
    WHERE invoices.account_id = r.account_id AND invoices.id = r.id
    """


_STORE = Statement(text(_storing("sqlite")), text(_storing("postgresql")))


def _invoices_with(items: FromClause, entry_id: ColumnElement[Any], id: ColumnElement[Any]) -> Statement:
    return Statement(
        select(invoice_entries.c.invoice_id)
        .distinct()
        .join_from(
            items,
            invoice_entries,
            (invoice_entries.c.account_id == items.c.account_id) & (invoice_entries.c.entry_id == entry_id),
        )
        .where(items.c.account_id == bindparam("account"), any_of(id, "ids"))
    )


_OF_TAGS = _invoices_with(entry_tags, entry_tags.c.entry_id, entry_tags.c.tag_id)
_OF_PROJECTS = _invoices_with(entries, entries.c.id, entries.c.project_id)


def _setting(table: Table) -> Statement:
    return Statement(
        update(table)
        .where(table.c.account_id == bindparam("account"), any_of(table.c.id, "ids"))
        .values(billable=bindparam("billable"))
    )


_SET_TAGS = _setting(tags)
_SET_PROJECTS = _setting(projects)
