"""Import entries and expenses."""

from hourhook.domain.entries import reading as entries_reading
from hourhook.domain.events import recording
from hourhook.domain.expenses import reading as expenses_reading
from hourhook.domain.imports.context import ImportContext
from hourhook.domain.imports.people import resolve_user
from hourhook.domain.imports.projects import resolve_project, resolve_tags
from hourhook.domain.imports.source_objects import (
    SourceEntry,
    SourceExpense,
    parse_day,
    parse_moment,
    to_hundredths,
)
from hourhook.domain.search_keys import search_key
from hourhook.store.schema import entries, entry_tags, expenses
from hourhook.store.transaction import Transaction


def import_entry(tx: Transaction, context: ImportContext, entry: SourceEntry) -> bool:
    """Import an entry with the minutes, tags, approval and invoiced mark that it has; returns True.

    Its invoice is imported later.
    """
    date = parse_day(entry.date)
    approved_at = None if entry.approved_at is None else parse_moment(entry.approved_at)
    invoiced_at = None if entry.invoiced_at is None else parse_moment(entry.invoiced_at)
    if entry.invoice is not None and invoiced_at is None:
        invoiced_at = tx.event_time
    user_id = resolve_user(tx, context, entry.user)
    approver = entry.approved_by
    description = entry.description or None
    id = context.insert(
        tx,
        entries,
        entry,
        date=date,
        user_id=user_id,
        project_id=None if entry.project is None else resolve_project(tx, context, entry.project),
        minutes=entry.minutes,
        description=description,
        description_key=description and search_key(description),
        source_url=entry.source_url or None,
        invoiced_at=invoiced_at,
        approved_at=approved_at,
        approved_by_id=None if approver is None else resolve_user(tx, context, approver),
    )
    tag_ids = resolve_tags(tx, context, entry.tags)
    context.insert_many(
        tx, entry_tags, ("entry_id", "tag_id", "place"), [(id, tag_id, place) for place, tag_id in enumerate(tag_ids)]
    )
    context.add(tx, "entry", entry.id, id)
    if context.raises_events:
        recording.record_creation(tx, "entry", entries_reading.show(tx, context.caller, id))
    return True


def import_expense(tx: Transaction, context: ImportContext, expense: SourceExpense) -> bool:
    """Import an expense; returns True. Its invoice is imported later."""
    date, price = parse_day(expense.date), to_hundredths(expense.price)
    user_id = resolve_user(tx, context, expense.user)
    description = expense.description or None
    id = context.insert(
        tx,
        expenses,
        expense,
        date=date,
        user_id=user_id,
        project_id=resolve_project(tx, context, expense.project),
        price=price,
        taxable=expense.taxable,
        description=description,
        description_key=description and search_key(description),
    )
    context.add(tx, "expense", expense.id, id)
    if context.raises_events:
        recording.record_creation(tx, "expense", expenses_reading.show(tx, context.caller, id))
    return True
