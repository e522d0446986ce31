"""Which entries of an invoice are billed: the billable ones, and on a settled invoice those that were when it settled.

The amounts of an invoice that is paid or being paid are fixed (`docs/api/invoices.md#totals`), and so are the lines on
its page that add up to them. So settling an invoice stores for each entry whether it is billed.
"""

from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, func, null, select, update

from hourhook.store.schema import entries, entry_tags, invoice_entries, projects, tags
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


def has_tag(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return whether an entry has a tag with this condition.

    As a truth value, so that PostgreSQL searches the tags of each entry instead of joining all of them.
    """
    return exists(
        select(entry_tags.c.tag_id)
        .join(tags, (tags.c.account_id == entry_tags.c.account_id) & (tags.c.id == entry_tags.c.tag_id))
        .where(entry_tags.c.account_id == entries.c.account_id, entry_tags.c.entry_id == entries.c.id, condition)
    ).is_(True)


_is_billable = projects.c.billable.is_not(False) & (entries.c.unbillable_tags_count == 0)
# Of ``invoice_entries`` joined with ``entries`` and, by an outer join, ``projects``.
is_billed: ColumnElement[bool] = func.coalesce(invoice_entries.c.is_billed, _is_billable)


def fix(tx: Transaction, invoice_id: int) -> None:
    """Store which entries of an invoice are billable now; from now on the invoice bills these."""
    tx.execute_later(_FIX, account=tx.account_id, invoice=invoice_id)


def release(tx: Transaction, invoice_id: int) -> None:
    """Let an invoice bill those of its entries that are billable at the moment."""
    tx.execute_later(_RELEASE, account=tx.account_id, invoice=invoice_id)


def _set(value: Any) -> Statement:
    return Statement(
        update(invoice_entries)
        .where(
            invoice_entries.c.account_id == bindparam("account"), invoice_entries.c.invoice_id == bindparam("invoice")
        )
        .values(is_billed=value)
    )


_FIX = _set(
    select(_is_billable)
    .select_from(
        entries.outerjoin(
            projects, (projects.c.account_id == entries.c.account_id) & (projects.c.id == entries.c.project_id)
        )
    )
    .where(entries.c.account_id == invoice_entries.c.account_id, entries.c.id == invoice_entries.c.entry_id)
    .scalar_subquery()
)

_RELEASE = _set(null())
