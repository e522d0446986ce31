"""How many events of each type an account had lately."""

from collections.abc import Mapping

from sqlalchemy import text

from hourhook.clock import DAY
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

# Only so many events back from the newest are read: counting all of a busy day would take longer than it is worth.
SAMPLE = 20_000


def count_recent_events(tx: Transaction, account_id: int) -> Mapping[str, int]:
    """Return the counts of the last 24 hours by type, of the ``SAMPLE`` newest events at most."""
    rows = tx.all(_BY_TYPE, account=account_id, since=tx.started_at - DAY, sample=SAMPLE)
    return {row.type: row.count for row in rows}


# Materialized, so that the events are read by position and not all of them by type.
_BY_TYPE = Statement(
    text(
        """
        WITH recent AS MATERIALIZED (
            SELECT e.type
            FROM events AS e
            WHERE e.account_id = :account AND e.created_at >= :since AND e.position > (
                SELECT MAX(l.position) FROM events AS l WHERE l.account_id = :account
            ) - CAST(:sample AS BIGINT)
        )
        SELECT type, COUNT(*) AS count FROM recent GROUP BY type
        """
    )
)
