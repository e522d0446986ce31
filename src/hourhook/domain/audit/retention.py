"""Delete old records of the audit trail: after as long as events are kept, and not before 365 days."""

from sqlalchemy import bindparam, delete, select, tuple_

from hourhook.clock import DAY, SECOND
from hourhook.store.schema import audit_records
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

MIN_DAYS = 365
BATCH = 500


def delete_expired(tx: Transaction, retention_seconds: float) -> int:
    """Delete a batch of records that are too old; return how many."""
    kept_for = max(round(retention_seconds * SECOND), MIN_DAYS * DAY)
    # At least 0, as for events: an "infinite" retention period must not exceed the range of a column.
    return tx.execute(_DELETE, horizon=max(0, tx.started_at - kept_for), batch=BATCH)


_KEY = [*audit_records.primary_key.columns]
_DELETE = Statement(
    delete(audit_records).where(
        tuple_(*_KEY).in_(
            select(*_KEY)
            .where(audit_records.c.created_at < bindparam("horizon"))
            .order_by(audit_records.c.created_at)
            .limit(bindparam("batch"))
            .with_for_update(skip_locked=True)
        )
    )
)
