"""Webhooks that begin in the past: queue the kept events from a position on, before what is new.

Each transaction queues one batch, so that a long past does not lock its account, or an SQLite database, for long. Until
the webhook is up to date, new events are not queued for it: they wait in the log and are queued in their turn. The last
batch is the one that reaches the end of the log while the account is locked, so nothing is missed or queued twice.
Whatever decides about later events only (disabling, subscriptions, filters) queues the rest first.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import bindparam, case, func, select, update

from hourhook.delivery.event_log import selects
from hourhook.delivery.pacing import earliest_send_sql
from hourhook.delivery.payload_ids import new_payload_ids
from hourhook.store.database import Database
from hourhook.store.schema import events, lanes, payloads, subscriptions
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

# How many events of the log a transaction looks at.
BATCH = 2_000


def begin(tx: Transaction, webhook_id: int, position: int) -> None:
    """Let a new webhook begin with the event at ``position``, which is kept; queue the first batch."""
    tx.execute(_BEGIN, account=tx.account_id, webhook=webhook_id, position=position)
    queue_batch(tx, webhook_id)


def queue_batch(tx: Transaction, webhook_id: int) -> bool:
    """Queue the next batch of a webhook that is catching up; return whether more is left."""
    lane = tx.one(_LANE, account=tx.account_id, webhook=webhook_id)
    if lane is None or lane.catching_up_from is None:
        return False
    found = tx.all(_BATCH, account=tx.account_id, position=lane.catching_up_from, batch=BATCH)
    names = {row.event for row in tx.all(_NAMES, account=tx.account_id, webhook=webhook_id)}
    matching = [row for row in found if selects(names, row.type)]
    sequences = range(lane.last_sequence + 1, lane.last_sequence + 1 + len(matching))
    tx.insert_many(
        payloads,
        ("account_id", "webhook_id", "sequence", "payload_id", "position", "type"),
        [
            (tx.account_id, webhook_id, sequence, payload_id, row.position, row.type)
            for sequence, payload_id, row in zip(sequences, new_payload_ids(sequences), matching, strict=True)
        ],
    )
    is_left = len(found) == BATCH
    tx.execute(
        _ADVANCE,
        account=tx.account_id,
        webhook=webhook_id,
        count=len(matching),
        position=found[-1].position + 1 if is_left else None,
        now=tx.started_at,
    )
    if matching:
        tx.after_commit(tx.wake)
    return is_left


def finish(tx: Transaction, webhook_id: int) -> None:
    """Queue all that a webhook has not caught up with, in this transaction."""
    while queue_batch(tx, webhook_id):
        pass


async def finish_all(database: Database, is_stopping: Callable[[], bool]) -> None:
    """Queue what webhooks have not caught up with, in one transaction for each batch, until ``is_stopping``."""
    for account_id, webhook_id in await database.read(_find_all):
        while not is_stopping() and await database.write(account_id, queue_batch, webhook_id):
            pass


def _find_all(tx: Transaction) -> list[tuple[int, int]]:
    return [(row.account_id, row.webhook_id) for row in tx.all(_ALL)]


_OF_WEBHOOK = (lanes.c.account_id == bindparam("account")) & (lanes.c.webhook_id == bindparam("webhook"))
_LIMIT: Any = bindparam("batch")

_BEGIN = Statement(update(lanes).where(_OF_WEBHOOK).values(catching_up_from=bindparam("position")))
# Locked, because a worker may be settling this lane.
_LANE = Statement(
    select(lanes.c.catching_up_from, lanes.c.last_sequence).where(_OF_WEBHOOK).with_for_update(key_share=True)
)
_BATCH = Statement(
    select(events.c.position, events.c.type)
    .where(events.c.account_id == bindparam("account"), events.c.position >= bindparam("position"))
    .order_by(events.c.position)
    .limit(_LIMIT)
)
_NAMES = Statement(
    select(subscriptions.c.event).where(
        subscriptions.c.account_id == bindparam("account"), subscriptions.c.webhook_id == bindparam("webhook")
    )
)
_ADVANCE = Statement(
    update(lanes)
    .where(_OF_WEBHOOK)
    .values(
        last_sequence=lanes.c.last_sequence + bindparam("count"),
        catching_up_from=bindparam("position"),
        due_at=case(
            (lanes.c.stalled | (bindparam("count") == 0), lanes.c.due_at),
            else_=func.coalesce(lanes.c.due_at, earliest_send_sql()),
        ),
    )
)
_ALL = Statement(select(lanes.c.account_id, lanes.c.webhook_id).where(lanes.c.catching_up_from.is_not(None)))
