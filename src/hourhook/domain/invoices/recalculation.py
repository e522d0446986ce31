"""Recalculate the stored totals of invoices when something that they are computed from has changed."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    CompoundSelect,
    Select,
    Table,
    bindparam,
    case,
    func,
    literal_column,
    select,
    text,
    true,
    union_all,
)

from hourhook.domain.batching import batch_ids
from hourhook.domain.decimals import HUNDREDTH
from hourhook.domain.invoices.billing import has_tag
from hourhook.domain.invoices.currencies import smallest_rate, smallest_unit
from hourhook.domain.invoices.totals import Amounts, Rates, calculate_totals
from hourhook.errors import ValidationFailed
from hourhook.store.rows import encode_rows, rows_sql
from hourhook.store.schema import (
    entries,
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

# In the smallest unit of the currency. Far beyond any real invoice, and still exact as a JSON number.
MAX_UNITS = 10**15


@dataclass(slots=True)
class _Inputs:
    """The numbers from which the totals of one invoice are computed."""

    rates: dict[int, int] = field(default_factory=dict)
    minutes: dict[int, int] = field(default_factory=dict)
    taxable: int = 0
    taxfree: int = 0
    percentages: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AsIf:
    """Tags and projects to be taken for billable, or for unbillable, whatever they are."""

    billable: bool
    tags: Sequence[int] = ()
    projects: Sequence[int] = ()


def recalculate(tx: Transaction, ids: Iterable[int], as_if: AsIf | None = None) -> dict[int, Amounts]:
    """Compute and store the totals of invoices; their items, rates and taxes must be stored already.

    Returns the previous amounts of those that changed, by id. Takes at most three statements for every 500 invoices.
    Raises ``ValidationFailed`` if an amount exceeds the maximum.
    """
    changed: dict[int, Amounts] = {}
    for batch in batch_ids([*ids]):
        changed |= _recalculate_batch(tx, batch, as_if)
    return changed


def _recalculate_batch(tx: Transaction, ids: list[int], as_if: AsIf | None) -> dict[int, Amounts]:
    inputs = {id: _Inputs() for id in ids}
    if as_if is None:
        parts = tx.all(_PARTS, account=tx.account_id, ids=ids)
    else:
        changed_ids = {"changed_tags": [*as_if.tags], "changed_projects": [*as_if.projects]}
        parts = tx.all(_PARTS_AS_IF, account=tx.account_id, ids=ids, billable=as_if.billable, **changed_ids)
    for row in parts:
        _collect(inputs[row.invoice_id], row)
    changed, rows = {}, []
    for head in tx.all(_HEADS, account=tx.account_id, ids=ids):
        before = Amounts(head.taxable_amount, head.taxfree_amount, head.tax_total_amount, head.total_amount)
        after = _calculate(head, inputs[head.id])
        _refuse_excessive(after, head.currency_code)
        if after != before:
            changed[head.id] = before
            rows.append((tx.account_id, head.id, *astuple(after)))
    if rows:
        tx.execute_later(_STORE, now=tx.event_time, rows=encode_rows(rows))
    return changed


def _collect(inputs: _Inputs, row: Row) -> None:
    match row.part:
        case "minutes":
            inputs.minutes[row.key] = int(row.value)
        case "rate":
            inputs.rates[row.key] = int(row.value)
        case "taxable":
            inputs.taxable = int(row.value) * HUNDREDTH
        case "taxfree":
            inputs.taxfree = int(row.value) * HUNDREDTH
        case "tax":
            inputs.percentages.append(int(row.value))


def _calculate(head: Row, inputs: _Inputs) -> Amounts:
    return calculate_totals(
        Rates(head.calculation_method, head.standard_hourly_rate or 0, inputs.rates, head.flat_rate or 0),
        inputs.minutes,
        taxable_expenses=inputs.taxable,
        taxfree_expenses=inputs.taxfree,
        percentages=inputs.percentages,
        smallest_unit=smallest_unit(head.currency_code),
    )


def _refuse_excessive(amounts: Amounts, currency_code: str) -> None:
    # Amounts in yen may have hundredths, those of expenses.
    if max(map(abs, astuple(amounts))) > MAX_UNITS * smallest_rate(currency_code):
        raise ValidationFailed.on_base("Invoice", "invalid", "The invoice total exceeds the maximum amount.")


_HEADS = Statement(
    select(
        invoices.c.id,
        invoices.c.calculation_method,
        invoices.c.standard_hourly_rate,
        invoices.c.flat_rate,
        invoices.c.currency_code,
        invoices.c.taxable_amount,
        invoices.c.taxfree_amount,
        invoices.c.tax_total_amount,
        invoices.c.total_amount,
    ).where(invoices.c.account_id == bindparam("account"), any_of(invoices.c.id, "ids"))
)


def _part(name: str, invoice_id: ColumnElement[Any], key: ColumnElement[Any], value: ColumnElement[Any]) -> Select[Any]:
    return select(
        literal_column(f"'{name}'").label("part"),
        invoice_id.label("invoice_id"),
        key.label("key"),
        value.label("value"),
    ).where(invoice_id.table.c.account_id == bindparam("account"), any_of(invoice_id, "ids"))


def _is_billable(*, as_if: bool) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the conditions of billable entries, as if some tags and projects were others."""
    project_billable = _billable_as_if(projects) if as_if else projects.c.billable
    of_project = (
        select(project_billable)
        .where(projects.c.account_id == entries.c.account_id, projects.c.id == entries.c.project_id)
        .scalar_subquery()
    )
    of_tags = ~has_tag(_billable_as_if(tags).is_(False)) if as_if else entries.c.unbillable_tags_count == 0
    return of_project.is_not(False), of_tags


def _billable_as_if(table: Table) -> ColumnElement[bool]:
    is_changed = any_of(table.c.id, f"changed_{table.name}")
    return case((is_changed, bindparam("billable", type_=Boolean)), else_=table.c.billable)


def _sum_of_items(
    name: str, members: Table, member_id: str, items: Table, key: str | None, amount: str, *conditions: Any, one: bool
) -> Select[Any]:
    """Sum a column of the items of each invoice, by a key; with ``one``, each item is looked up for itself.

    PostgreSQL would otherwise join as it finds best for the number of items that it expects. A new invoice has none in
    its statistics, and it would read all items of the account for each item of the invoice.
    """
    is_item = (items.c.account_id == members.c.account_id) & (items.c.id == members.c[member_id])
    if one:
        columns = {column: items.c[column] for column in (key, amount) if column is not None}
        item = select(*columns.values()).where(is_item, *conditions).limit(literal_column("1")).lateral("item")
        source, found, conditions = members.join(item, true()), item.c, ()
    else:
        source, found = members.join(items, is_item), items.c
    key_column = literal_column("0") if key is None else found[key]
    part = _part(name, members.c.invoice_id, key_column, func.sum(found[amount])).select_from(source)
    groups = [members.c.invoice_id] if key is None else [members.c.invoice_id, key_column]
    return part.where(*conditions).group_by(*groups)


def _parts(*, one: bool, as_if: bool = False) -> CompoundSelect[Any]:
    rate, tax = invoice_hourly_rates.c, invoice_taxes.c
    billable = _is_billable(as_if=as_if)
    return union_all(
        _sum_of_items("minutes", invoice_entries, "entry_id", entries, "user_id", "minutes", *billable, one=one),
        *(
            _sum_of_items(
                name, invoice_expenses, "expense_id", expenses, None, "price", expenses.c.taxable.is_(taxable), one=one
            )
            for name, taxable in (("taxable", True), ("taxfree", False))
        ),
        _part("rate", rate.invoice_id, rate.user_id, rate.hourly_rate),
        _part("tax", tax.invoice_id, tax.id, tax.percentage),
    )


_PARTS = Statement(_parts(one=False), _parts(one=True), replan=True)
_PARTS_AS_IF = Statement(_parts(one=False, as_if=True), _parts(one=True, as_if=True), replan=True)


def _store_sql(dialect: str) -> str:
    columns = ("taxable_amount", "taxfree_amount", "tax_total_amount", "total_amount")
    # The account is one of the columns: with a constant, SQLite would scan all invoices of the account.
    rows = rows_sql(dialect, "rows", account_id="INTEGER", id="INTEGER", **dict.fromkeys(columns, "BIGINT"))
    return f"""
    UPDATE invoices SET {", ".join(f"{name} = r.{name}" for name in columns)}, updated_at = :now
    FROM ({rows}) AS r
    WHERE invoices.account_id = r.account_id AND invoices.id = r.id
    """


_STORE = Statement(text(_store_sql("sqlite")), text(_store_sql("postgresql")))
