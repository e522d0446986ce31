"""One-off deliveries: pings, test events and redeliveries, attempted once and outside a lane's order.

They are rows, leased and woken like lanes, because their request was answered with 202: a crash must not lose them
(``docs/concepts.md#webhooks-and-payloads``).
"""

import uuid

from sqlalchemy import bindparam, select

from hourhook.store.schema import one_offs
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


def ping(tx: Transaction, webhook_id: int) -> str:
    """Queue a ping to a webhook in any state; return its payload id."""
    payload_id = str(uuid.uuid4())
    _add(tx, webhook_id, payload_id, None, tx.event_time)
    return payload_id


def send_test(tx: Transaction, webhook_id: int, type: str, changes: bytes, object: bytes) -> str:
    """Queue a test event to a webhook in any state; return its payload id."""
    payload_id = str(uuid.uuid4())
    _add(tx, webhook_id, payload_id, None, tx.event_time, type, changes, object)
    return payload_id


def redeliver(tx: Transaction, webhook_id: int, payload_id: str, sequence: int | None) -> bool:
    """Queue a redelivery of a settled payload, or of a one-off delivery (``sequence`` None).

    Returns False if one is queued already.
    """
    if tx.value(_IS_DUE, account=tx.account_id, webhook=webhook_id, payload_id=payload_id):
        return False
    if sequence is not None:
        _add(tx, webhook_id, payload_id, sequence, tx.event_time)
        return True
    # The body contains the creation time: the same bytes need the same time.
    first = tx.one(_FIRST, account=tx.account_id, webhook=webhook_id, payload_id=payload_id)
    assert first is not None, "the caller has found the one-off delivery"
    _add(tx, webhook_id, payload_id, None, first.created_at, first.type, first.changes, first.object)
    return True


def _add(
    tx: Transaction,
    webhook_id: int,
    payload_id: str,
    sequence: int | None,
    created_at: int,
    type: str | None = None,
    changes: bytes | None = None,
    object: bytes | None = None,
) -> None:
    tx.insert(
        one_offs,
        account_id=tx.account_id,
        webhook_id=webhook_id,
        payload_id=payload_id,
        sequence=sequence,
        type=type,
        changes=changes,
        object=object,
        created_at=created_at,
        due_at=tx.started_at,
        lease_token=None,
        lease_worker=None,
        lease_expires_at=None,
    )
    tx.after_commit(tx.wake)


_OF_PAYLOAD = (
    (one_offs.c.account_id == bindparam("account"))
    & (one_offs.c.webhook_id == bindparam("webhook"))
    & (one_offs.c.payload_id == bindparam("payload_id"))
)
_IS_DUE = Statement(select(one_offs.c.id).where(_OF_PAYLOAD, one_offs.c.due_at.is_not(None)).limit(1))
_FIRST = Statement(
    select(one_offs.c.created_at, one_offs.c.type, one_offs.c.changes, one_offs.c.object).where(_OF_PAYLOAD).limit(1)
)
