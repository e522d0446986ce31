"""Which webhooks heard of a change of an object, and where its payloads stand.

Neither the log nor the payloads have an index by object: both are ascending in time, so they are searched by halves.
That takes three statements, and a look at the primary key for each step and webhook.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from hourhook.delivery.history.sequences import State
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

# More events than a second has, and than a change of one object raises.
MAX_SCANNED = 5_000
MAX_EVENTS = 10
# Half of the most payloads that a webhook, and events that an account, can have.
_STEP = 1 << 31


@dataclass(frozen=True, slots=True)
class Recipient:
    """A payload of a change, and the webhook it is for."""

    webhook_id: int
    webhook_name: str
    payload_id: str
    sequence: int
    type: str
    state: State


@dataclass(frozen=True, slots=True)
class Told:
    """The types of the events of a change, and their recipients, by name; without events, they are no longer kept."""

    types: Sequence[str]
    recipients: Sequence[Recipient]


def find_recipients(tx: Transaction, account_id: int, type_prefix: str, object_id: int, changed_at: int) -> Told:
    """Return who was told of the change of an object; its type is the beginning of the events' types."""
    start = tx.value(_FIRST_POSITION, account=account_id, at=changed_at, step=_STEP)
    if start is None:
        return Told([], [])
    rows = tx.all(
        _EVENTS,
        account=account_id,
        low=start,
        high=start + MAX_SCANNED,
        at=changed_at,
        type=f"{type_prefix}.%",
        # The id is the first key of every representation.
        object=f'{{"id":{object_id},'.encode(),
        limit=MAX_EVENTS,
    )
    if not rows:
        return Told([], [])
    positions = [row.position for row in rows]
    found = tx.all(_PAYLOADS, account=account_id, low=positions[0], high=positions[-1], step=_STEP, more=MAX_EVENTS)
    return Told(
        [row.type for row in rows],
        [
            Recipient(row.webhook_id, row.name, row.payload_id, row.sequence, row.type, _state(row))
            for row in found
            if row.position in positions
        ],
    )


def _state(row: Row) -> State:
    if row.sequence < row.head_sequence:
        return "skipped" if row.is_skipped else "delivered"
    return "failing" if row.sequence == row.head_sequence and row.failing_since is not None else "waiting"


_FIRST_POSITION = Statement(
    text(
        """
        WITH RECURSIVE bounds AS (
            SELECT
                (SELECT MIN(position) FROM events WHERE account_id = :account) AS low,
                (SELECT last_position FROM accounts WHERE id = :account) AS high
        ), search(position, step) AS (
            SELECT low, CAST(:step AS BIGINT) FROM bounds
            UNION ALL
            SELECT
                CASE
                    WHEN search.position + step - 1 > (SELECT high FROM bounds) THEN search.position
                    WHEN (
                        SELECT e.created_at FROM events AS e
                        WHERE e.account_id = :account AND e.position = search.position + search.step - 1
                    ) < :at THEN search.position + step
                    ELSE search.position
                END,
                step / 2
            FROM search WHERE step > 0
        )
        SELECT position FROM search WHERE step = 0
        """
    )
)

_EVENTS = Statement(
    text(
        """
        SELECT position, type FROM events
        WHERE account_id = :account AND position BETWEEN :low AND :high AND created_at = :at AND type LIKE :type
            AND substr(object, 1, length(:object)) = :object
        ORDER BY position LIMIT :limit
        """
    )
)

_PAYLOADS = Statement(
    text(
        """
        WITH RECURSIVE search(webhook_id, last_sequence, sequence, step) AS (
            SELECT webhook_id, last_sequence, CAST(1 AS BIGINT), CAST(:step AS BIGINT)
            FROM lanes WHERE account_id = :account
            UNION ALL
            SELECT
                webhook_id,
                last_sequence,
                CASE
                    WHEN search.sequence + step - 1 > last_sequence THEN search.sequence
                    -- A payload that is no longer kept was before.
                    WHEN COALESCE((
                        SELECT p.position FROM payloads AS p
                        WHERE p.account_id = :account AND p.webhook_id = search.webhook_id
                            AND p.sequence = search.sequence + search.step - 1
                    ), 0) < :low THEN search.sequence + step
                    ELSE search.sequence
                END,
                step / 2
            FROM search WHERE step > 0
        )
        SELECT
            p.webhook_id, p.sequence, p.payload_id, p.position, p.type, w.name, l.head_sequence, l.failing_since,
            EXISTS (
                SELECT 1 FROM skips AS k
                WHERE k.account_id = p.account_id AND k.webhook_id = p.webhook_id AND k.sequence = p.sequence
            ) AND NOT EXISTS (
                SELECT 1 FROM attempts AS a
                WHERE a.account_id = p.account_id AND a.webhook_id = p.webhook_id AND a.sequence = p.sequence
                    AND a.errand_id = 0 AND a.error IS NULL
            ) AS is_skipped
        FROM search AS s
        JOIN payloads AS p ON p.account_id = :account AND p.webhook_id = s.webhook_id
            AND p.sequence BETWEEN s.sequence AND s.sequence + :more
        JOIN webhooks AS w ON w.account_id = p.account_id AND w.id = p.webhook_id
        JOIN lanes AS l ON l.account_id = p.account_id AND l.webhook_id = p.webhook_id
        WHERE s.step = 0 AND p.position BETWEEN :low AND :high
        ORDER BY w.name_key, p.webhook_id, p.sequence
        """
    )
)
