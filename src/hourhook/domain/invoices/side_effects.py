"""Recalculate invoices as a side effect of changes of tags and projects, and record the events of these invoices.

Entries and expenses on an invoice cannot be edited, but a change of a tag or a project can make entries billable or
unbillable. The amounts of an invoice that is neither paid nor being paid follow (`docs/api/events.md#side-effects`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import msgspec
from sqlalchemy import ColumnElement, FromClause, bindparam, select

from hourhook.domain.batching import batch_ids
from hourhook.domain.callers import Caller
from hourhook.domain.events import recording
from hourhook.domain.invoices import reading
from hourhook.domain.invoices.recalculation import AsIf, recalculate
from hourhook.domain.invoices.representations import Invoice, represent, represent_amounts
from hourhook.domain.invoices.rules import SETTLED_STATES
from hourhook.domain.invoices.totals import Amounts
from hourhook.store.schema import entries, entry_tags, invoice_entries, invoices
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


def recalculate_as_if_tags(tx: Transaction, tag_ids: Sequence[int], *, billable: bool) -> dict[int, Amounts]:
    """Recalculate as if these tags were all billable, or all unbillable; today they are the opposite.

    A renamed tag takes the billability of its new name, a merged one that of its successor, and a deleted one makes
    nothing unbillable. The tags themselves keep their billability. So the entries that are rewritten next already show
    the final totals of their invoices. Returns what ``record_events`` takes.
    """
    return _recalculate_as_if(tx, _OF_TAGS, tag_ids, AsIf(billable, tags=tag_ids))


def recalculate_as_if_project(tx: Transaction, project_id: int, *, billable: bool) -> dict[int, Amounts]:
    """Recalculate as if a project were billable, or unbillable; the project itself keeps its billability.

    Returns what ``record_events`` takes.
    """
    return _recalculate_as_if(tx, _OF_PROJECTS, [project_id], AsIf(billable, projects=[project_id]))


def record_events(tx: Transaction, caller: Caller, before: Mapping[int, Amounts]) -> None:
    """Record ``invoice.updated`` of recalculated invoices, in ascending id; ``before`` has their previous amounts.

    Call it when everything that the invoices embed is stored.
    """
    for batch in batch_ids([*before]):
        for after in represent(tx, caller.account_id, caller.links, reading.find_rows(tx, caller.account_id, batch)):
            recording.record_update(tx, "invoice", _with_amounts(after, before[after.id]), after)


def _with_amounts(invoice: Invoice, amounts: Amounts) -> Invoice:
    """Return an invoice with other amounts, so that nothing but amounts is among the changes."""
    return msgspec.structs.replace(invoice, **represent_amounts(asdict(amounts), invoice.customization))


def _recalculate_as_if(tx: Transaction, affected: Statement, ids: Sequence[int], as_if: AsIf) -> dict[int, Amounts]:
    invoice_ids = [row.invoice_id for row in tx.all(affected, account=tx.account_id, ids=[*ids])]
    return recalculate(tx, invoice_ids, as_if)


def _unsettled_invoices_with(items: FromClause, entry_id: ColumnElement[int], id: ColumnElement[int]) -> Statement:
    return Statement(
        select(invoice_entries.c.invoice_id)
        .distinct()
        .join_from(
            items,
            invoice_entries,
            (invoice_entries.c.account_id == items.c.account_id) & (invoice_entries.c.entry_id == entry_id),
        )
        .join(
            invoices,
            (invoices.c.account_id == invoice_entries.c.account_id) & (invoices.c.id == invoice_entries.c.invoice_id),
        )
        .where(
            items.c.account_id == bindparam("account"),
            any_of(id, "ids"),
            *(invoices.c.state != state for state in SETTLED_STATES),
        )
    )


_OF_TAGS = _unsettled_invoices_with(entry_tags, entry_tags.c.entry_id, entry_tags.c.tag_id)
_OF_PROJECTS = _unsettled_invoices_with(entries, entries.c.id, entries.c.project_id)
