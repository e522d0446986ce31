"""Retention: delete events older than the retention period in small batches, unless an active lane needs them.

A lane that is stalled or disabled for longer loses its oldest payloads; its status says how many and until when.
Sequences are never reused, so its receiver sees a true gap (``docs/how-it-works.md#retention``).
"""

import structlog
from sqlalchemy import bindparam, case, delete, func, literal_column, null, select, text, update

from hourhook.store.schema import accounts, attempts, events, lanes, one_offs, payloads, removals, skips
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

BATCH = 500

_log = structlog.get_logger()


def delete_old_events(tx: Transaction, horizon: int) -> int:
    """Delete the oldest batch of an account's events before ``horizon``, with payloads and attempts.

    Returns how many events were deleted. Stalled and disabled lanes lose payloads they have not sent.
    """
    position = tx.value(_LAST_OLD, account=tx.account_id, horizon=horizon, batch=BATCH)
    awaited = tx.value(_FIRST_AWAITED, account=tx.account_id)
    if position is None:
        return 0
    catching_up_from = tx.value(_CATCHING_UP_FROM, account=tx.account_id)
    position = min([position, *(first - 1 for first in (awaited, catching_up_from) if first is not None)])
    for lane in tx.all(_AFFECTED_LANES, account=tx.account_id, position=position):
        if lane.last_old >= lane.head_sequence:
            _record_loss(tx, lane.webhook_id, lane.head_sequence, lane.last_old)
        for statement in _DELETE_PAYLOADS:
            tx.execute(statement, account=tx.account_id, webhook=lane.webhook_id, sequence=lane.last_old)
    return tx.execute(_DELETE_EVENTS, account=tx.account_id, position=position)


def delete_old_one_offs(tx: Transaction, horizon: int) -> int:
    """Delete a batch of one-off deliveries that are settled and older than ``horizon``, or whose payload is gone.

    Returns how many were deleted.
    """
    old = tx.all(_OLD_ONE_OFFS, horizon=horizon, batch=BATCH) or tx.all(_WITHOUT_PAYLOAD, batch=BATCH)
    for one_off in old:
        for statement in _DELETE_ONE_OFF:
            tx.execute(statement, account=one_off.account_id, webhook=one_off.webhook_id, one_off=one_off.id)
    return len(old)


def purge_deleted_webhooks(tx: Transaction) -> int:
    """Delete a batch of rows of deleted webhooks; return how many, 0 if none are left."""
    removed = tx.one(_ANY_REMOVED)
    if removed is None:
        return 0
    parameters = {"account": removed.account_id, "webhook": removed.webhook_id}
    deleted = sum(tx.execute(statement, batch=BATCH, **parameters) for statement in _DELETE_REMOVED)
    return deleted or tx.execute(_END_REMOVAL, **parameters)


def _record_loss(tx: Transaction, webhook_id: int, head_sequence: int, last_lost: int) -> None:
    count = last_lost - head_sequence + 1
    tx.execute(
        _RECORD_LOSS, account=tx.account_id, webhook=webhook_id, head=last_lost + 1, count=count, last_lost=last_lost
    )
    _log.warning("payloads deleted by retention", account=tx.account_id, webhook=webhook_id, count=count)


def accounts_with_old_events(tx: Transaction, horizon: int) -> list[int]:
    """Return the accounts with events before ``horizon``."""
    found = (account.id for account in tx.all(_ACCOUNTS))
    return [id for id in found if tx.value(_LAST_OLD, account=id, horizon=horizon, batch=1) is not None]


_ACCOUNTS = Statement(select(accounts.c.id).order_by(accounts.c.id))

_OLDEST = (
    select(events.c.position, events.c.created_at)
    .where(events.c.account_id == bindparam("account"))
    .order_by(events.c.position)
    .limit(bindparam("batch"))
    .subquery()
)
_LAST_OLD = Statement(select(func.max(_OLDEST.c.position)).where(_OLDEST.c.created_at < bindparam("horizon")))

# The position of the first event that an enabled lane that is not stalled still has to send.
_FIRST_AWAITED = Statement(
    select(func.min(payloads.c.position))
    .join_from(
        lanes,
        payloads,
        (payloads.c.account_id == lanes.c.account_id)
        & (payloads.c.webhook_id == lanes.c.webhook_id)
        & (payloads.c.sequence == lanes.c.head_sequence),
    )
    .where(lanes.c.account_id == bindparam("account"), lanes.c.enabled.is_(True), lanes.c.stalled.is_(False))
)

_CATCHING_UP_FROM = Statement(
    select(func.min(lanes.c.catching_up_from)).where(
        lanes.c.account_id == bindparam("account"), lanes.c.catching_up_from.is_not(None)
    )
)

# For each lane, the last payload whose event is deleted: within its first few, because a batch is limited. Locked,
# because a worker may be settling the lane.
_IS_OF_LANE = (payloads.c.account_id == lanes.c.account_id) & (payloads.c.webhook_id == lanes.c.webhook_id)
_FIRST_RETAINED = select(func.min(payloads.c.sequence)).where(_IS_OF_LANE).correlate(lanes).scalar_subquery()
_LAST_OLD_PAYLOAD = (
    select(func.max(payloads.c.sequence))
    .where(_IS_OF_LANE, payloads.c.sequence < _FIRST_RETAINED + BATCH, payloads.c.position <= bindparam("position"))
    .correlate(lanes)
    .scalar_subquery()
)
_AFFECTED_LANES = Statement(
    select(lanes.c.webhook_id, lanes.c.head_sequence, _LAST_OLD_PAYLOAD.label("last_old"))
    .where(lanes.c.account_id == bindparam("account"), _LAST_OLD_PAYLOAD.is_not(None))
    .with_for_update(key_share=True)
)
_RECORD_LOSS = Statement(
    update(lanes)
    .where(lanes.c.account_id == bindparam("account"), lanes.c.webhook_id == bindparam("webhook"))
    .values(
        head_sequence=bindparam("head"),
        lost_count=lanes.c.lost_count + bindparam("count"),
        lost_until=(
            select(events.c.created_at)
            .join_from(
                payloads,
                events,
                (events.c.account_id == payloads.c.account_id) & (events.c.position == payloads.c.position),
            )
            .where(
                payloads.c.account_id == bindparam("account"),
                payloads.c.webhook_id == bindparam("webhook"),
                payloads.c.sequence == bindparam("last_lost"),
            )
            .scalar_subquery()
        ),
        attempts_count=0,
        failures_count=0,
        failing_since=null(),
        window_started_at=null(),
        # A lane that was just retried manually may be due: not any more if nothing is left of it.
        due_at=case((lanes.c.last_sequence >= bindparam("head"), lanes.c.due_at)),
        lease_token=null(),
    )
)
_DELETE_PAYLOADS = [
    Statement(
        delete(table).where(
            table.c.account_id == bindparam("account"),
            table.c.webhook_id == bindparam("webhook"),
            table.c.sequence <= bindparam("sequence"),
            # Pings have sequence 0; they are deleted with their one-off deliveries.
            table.c.sequence > 0,
        )
    )
    for table in (attempts, skips, payloads)
]
_DELETE_EVENTS = Statement(
    delete(events).where(events.c.account_id == bindparam("account"), events.c.position <= bindparam("position"))
)

_OLD_ONE_OFFS = Statement(
    select(one_offs.c.account_id, one_offs.c.webhook_id, one_offs.c.id)
    .where(one_offs.c.created_at < bindparam("horizon"), one_offs.c.due_at.is_(None))
    .order_by(one_offs.c.created_at)
    .limit(bindparam("batch"))
    .with_for_update(skip_locked=True)
)


def _without_payload(dialect: str) -> str:
    # The payloads of a lane are retained from one sequence on, so those before it are gone.
    first = """SELECT COALESCE(MIN(p.sequence), l.last_sequence + 1) AS first FROM payloads AS p
        WHERE p.account_id = l.account_id AND p.webhook_id = l.webhook_id"""
    of_lane = "e.account_id = l.account_id AND e.webhook_id = l.webhook_id AND e.sequence <"
    columns = "e.account_id, e.webhook_id, e.id"
    if dialect == "sqlite":
        return f"SELECT {columns} FROM lanes AS l CROSS JOIN errands AS e WHERE {of_lane} ({first}) LIMIT :batch"
    return f"""
    SELECT {columns}
    FROM lanes AS l
    CROSS JOIN LATERAL ({first}) AS retained
    CROSS JOIN LATERAL (
        SELECT {columns} FROM errands AS e WHERE {of_lane} retained.first
        ORDER BY e.sequence LIMIT :batch FOR UPDATE OF e SKIP LOCKED
    ) AS e
    LIMIT :batch
    """


_WITHOUT_PAYLOAD = Statement(text(_without_payload("sqlite")), text(_without_payload("postgresql")))
_DELETE_ONE_OFF = [
    Statement(
        delete(attempts).where(
            attempts.c.account_id == bindparam("account"),
            attempts.c.webhook_id == bindparam("webhook"),
            attempts.c.sequence == 0,
            attempts.c.errand_id == bindparam("one_off"),
            attempts.c.errand_id > literal_column("0"),
        )
    ),
    Statement(
        delete(one_offs).where(
            one_offs.c.account_id == bindparam("account"),
            one_offs.c.webhook_id == bindparam("webhook"),
            one_offs.c.id == bindparam("one_off"),
        )
    ),
]

_ANY_REMOVED = Statement(
    select(removals.c.account_id, removals.c.webhook_id).limit(1).with_for_update(skip_locked=True)
)
_DELETE_REMOVED = [
    Statement(
        delete(table).where(
            table.c.account_id == bindparam("account"),
            table.c.webhook_id == bindparam("webhook"),
            table.c.sequence.in_(
                select(table.c.sequence)
                .where(table.c.account_id == bindparam("account"), table.c.webhook_id == bindparam("webhook"))
                .limit(bindparam("batch"))
            ),
        )
    )
    for table in (attempts, skips, payloads)
]
_END_REMOVAL = Statement(
    delete(removals).where(removals.c.account_id == bindparam("account"), removals.c.webhook_id == bindparam("webhook"))
)
