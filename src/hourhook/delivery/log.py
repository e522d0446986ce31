"""The event log: every change of an account, in order, written in the transaction of the change itself.

Events are collected while a transaction runs and written as its last act: one statement for the events, one for the
payloads and one for the lanes, however many webhooks listen (contract, events.md §2-3, §9).
"""

from collections import Counter
from dataclasses import dataclass

import msgspec
from sqlalchemy import bindparam, case, func, select, update

from hourhook.delivery.payload_ids import new_payload_ids
from hourhook.store.schema import accounts, events, lanes, payloads, subscriptions
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction

EVERYTHING = "*"
NO_CHANGES = b"{}"


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it is stored: ``changes`` and ``object`` are the bytes that every payload will carry."""

    type: str
    changes: bytes
    object: bytes


def record(tx: Transaction, type: str, changes: dict[str, list[object]], object: object) -> None:
    """Record an event; ``object`` is the representation that GET answers, serialised here once.

    Nothing is kept when the transaction fails.
    """
    collected = tx.state.get("events")
    if collected is None:
        collected = tx.state["events"] = []
        tx.at_commit(_write)
    encoded = msgspec.json.encode(changes) if changes else NO_CHANGES
    collected.append(Event(type, encoded, msgspec.json.encode(object)))


def _write(tx: Transaction) -> None:
    collected: list[Event] = tx.state["events"]
    first = tx.last_position + 1
    tx.insert_many(
        events,
        ("account_id", "position", "type", "created_at", "changes", "object"),
        [
            (tx.account_id, position, event.type, tx.now, event.changes, event.object)
            for position, event in enumerate(collected, first)
        ],
    )
    tx.last_position += len(collected)
    tx.put(_ADVANCE_LOG, account=tx.account_id, position=tx.last_position, at=tx.now)
    _write_payloads(tx, first, collected)


def _write_payloads(tx: Transaction, first: int, collected: list[Event]) -> None:
    types = [*dict.fromkeys(event.type for event in collected)]
    wanted: dict[int, set[str]] = {}
    lasts: dict[int, int] = {}
    for row in tx.all(_LISTENING, account=tx.account_id, types=[*types, EVERYTHING]):
        wanted.setdefault(row.webhook_id, set()).add(row.event)
        lasts[row.webhook_id] = row.last_sequence
    if not wanted:
        return
    rows: list[tuple[int, int, int, str, int, str]] = []
    counts: Counter[int] = Counter()
    for webhook_id, names in wanted.items():
        heard = [
            (position, event.type)
            for position, event in enumerate(collected, first)
            if event.type in names or EVERYTHING in names
        ]
        counts[webhook_id] = len(heard)
        sequences = range(lasts[webhook_id] + 1, lasts[webhook_id] + 1 + len(heard))
        rows += [
            (tx.account_id, webhook_id, sequence, payload_id, position, type)
            for sequence, payload_id, (position, type) in zip(sequences, new_payload_ids(sequences), heard, strict=True)
        ]
    tx.insert_many(payloads, ("account_id", "webhook_id", "sequence", "payload_id", "position", "type"), rows)
    # Last of all, so that lanes are locked for a moment only; and always, even where a lane is at work already: waking
    # and going idle meet in this row.
    woken: list[Row] = []
    for count in {*counts.values()}:
        ids = [webhook_id for webhook_id, more in counts.items() if more == count]
        woken += tx.all(_WAKE, account=tx.account_id, ids=ids, count=count, now=tx.started_at)
    if any(lane.lease_token is None and lane.due_at is not None and lane.due_at <= tx.started_at for lane in woken):
        # Whoever is at work on a lane goes on by himself, and to look for more costs him as much as a delivery.
        tx.after_commit(tx.signal)


_ADVANCE_LOG = Statement(
    update(accounts)
    .where(accounts.c.id == bindparam("account"))
    .values(last_position=bindparam("position"), last_event_at=bindparam("at"))
)

_LISTENING = Statement(
    select(subscriptions.c.webhook_id, subscriptions.c.event, lanes.c.last_sequence)
    .join_from(
        subscriptions,
        lanes,
        (lanes.c.account_id == subscriptions.c.account_id) & (lanes.c.webhook_id == subscriptions.c.webhook_id),
    )
    .where(
        subscriptions.c.account_id == bindparam("account"),
        any_of(subscriptions.c.event, "types"),
        lanes.c.enabled.is_(True),
    )
)

_WAKE = Statement(
    update(lanes)
    .where(lanes.c.account_id == bindparam("account"), any_of(lanes.c.webhook_id, "ids"))
    .values(
        last_sequence=lanes.c.last_sequence + bindparam("count"),
        due_at=case((lanes.c.stalled, lanes.c.due_at), else_=func.coalesce(lanes.c.due_at, bindparam("now"))),
    )
    # The columns themselves: SQLite may answer wrongly where ``IS NULL`` stands in RETURNING.
    .returning(lanes.c.lease_token, lanes.c.due_at)
)
