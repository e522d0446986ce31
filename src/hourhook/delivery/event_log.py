"""The event log: every change of an account, in order, written in the transaction of the change itself.

Events are collected while a transaction runs and written in batches, the last one just before the commit. A batch takes
one statement for its events and one for their payloads, however many webhooks subscribe, so memory use is bounded.
Lanes are woken once, at the end (``docs/how-it-works.md#writes``).
"""

from collections.abc import Collection
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import bindparam, case, func, select, update

from hourhook.delivery.filters import Filter, References, find_references, read_filter
from hourhook.delivery.pacing import earliest_send_sql
from hourhook.delivery.payload_ids import new_payload_ids
from hourhook.store.schema import accounts, events, lanes, payloads, subscriptions, webhooks
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction

EVERYTHING = "*"
# Events about webhooks themselves, which ``*`` does not include.
WEBHOOK_TYPES = ("webhook.failing", "webhook.stalled", "webhook.disabled", "webhook.recovered")
NO_CHANGES = b"{}"
# The limits of a batch: collected events, their size in bytes, and payload rows per statement.
BATCH_EVENTS = 500
BATCH_BYTES = 2_000_000
BATCH_PAYLOADS = 10_000


@dataclass(frozen=True, slots=True)
class Event:
    """An event as stored; ``changes`` and ``object`` are the bytes that every payload contains."""

    type: str
    changes: bytes
    object: bytes
    # The webhook that it is about, which never hears of itself.
    about_webhook_id: int | None = None


@dataclass(slots=True)
class WrittenEvent:
    """An event with its position in the log."""

    position: int
    event: Event
    _references: References | None = None

    @property
    def type(self) -> str:
        return self.event.type

    @property
    def references(self) -> References:
        """What it is about; read only if a webhook with filters subscribes to it."""
        if self._references is None:
            self._references = find_references(self.event.type, self.event.changes, self.event.object)
        return self._references


@dataclass(slots=True)
class Subscriber:
    """A webhook that subscribes to events of this transaction, with the matching subscription names and its count."""

    last_sequence: int
    # None if it gets every event that it subscribes to.
    filter: Filter | None = None
    names: set[str] = field(default_factory=set)
    count: int = 0

    def wants(self, event: "WrittenEvent") -> bool:
        """Return whether it subscribes to an event, and its filters accept it."""
        return selects(self.names, event.type) and (self.filter is None or self.filter.accepts(event.references))


@dataclass(slots=True)
class PendingEvents:
    """The events of one transaction that are not written yet, and the subscribers to those that are."""

    unwritten: list[Event] = field(default_factory=list)
    unwritten_bytes: int = 0
    # The event types whose subscriptions have been looked up.
    known_types: set[str] = field(default_factory=set)
    subscribers: dict[int, Subscriber] = field(default_factory=dict)


def selects(names: Collection[str], type: str) -> bool:
    """Return whether these names, subscribed to or asked for, include a type; ``*`` does, except for webhooks."""
    return type in names or (EVERYTHING in names and type not in WEBHOOK_TYPES)


def append(
    tx: Transaction,
    type: str,
    changes: dict[str, list[object]],
    object: object,
    *,
    about_webhook_id: int | None = None,
) -> None:
    """Append an event to the log; ``object`` is the representation that GET returns, serialized here once.

    It is not sent to ``about_webhook_id``.
    The event is discarded if the transaction fails.
    """
    pending = tx.state.get("events")
    if pending is None:
        pending = tx.state["events"] = PendingEvents()
        tx.before_commit(_write_remaining)
    encoded = msgspec.json.encode(changes) if changes else NO_CHANGES
    event = Event(type, encoded, msgspec.json.encode(object), about_webhook_id)
    pending.unwritten.append(event)
    pending.unwritten_bytes += len(event.changes) + len(event.object)
    if len(pending.unwritten) >= BATCH_EVENTS or pending.unwritten_bytes >= BATCH_BYTES:
        _write_payloads(tx, pending, _write_events(tx, pending))


def _write_remaining(tx: Transaction) -> None:
    pending: PendingEvents = tx.state["events"]
    written = _write_events(tx, pending)
    tx.execute_later(_ADVANCE_LOG, account=tx.account_id, position=tx.last_position, at=tx.event_time)
    _write_payloads(tx, pending, written)
    _wake(tx, pending)


def _write_events(tx: Transaction, pending: PendingEvents) -> list[WrittenEvent]:
    """Write the collected events and clear them."""
    collected, pending.unwritten, pending.unwritten_bytes = pending.unwritten, [], 0
    first = tx.last_position + 1
    tx.insert_many(
        events,
        ("account_id", "position", "type", "created_at", "changes", "object"),
        [
            (tx.account_id, position, event.type, tx.event_time, event.changes, event.object)
            for position, event in enumerate(collected, first)
        ],
    )
    tx.last_position += len(collected)
    return [WrittenEvent(position, event) for position, event in enumerate(collected, first)]


def _write_payloads(tx: Transaction, pending: PendingEvents, written: list[WrittenEvent]) -> None:
    _find_subscribers(tx, pending, [*dict.fromkeys(event.type for event in written)])
    rows: list[tuple[int, int, int, str, int, str]] = []
    for webhook_id, subscriber in pending.subscribers.items():
        # A webhook never hears of itself.
        matching = [
            event for event in written if event.event.about_webhook_id != webhook_id and subscriber.wants(event)
        ]
        sequences = range(subscriber.last_sequence + 1, subscriber.last_sequence + 1 + len(matching))
        subscriber.last_sequence += len(matching)
        subscriber.count += len(matching)
        rows += [
            (tx.account_id, webhook_id, sequence, payload_id, event.position, event.type)
            for sequence, payload_id, event in zip(sequences, new_payload_ids(sequences), matching, strict=True)
        ]
        if len(rows) >= BATCH_PAYLOADS:
            tx.insert_many(payloads, _PAYLOAD_COLUMNS, rows)
            rows = []
    tx.insert_many(payloads, _PAYLOAD_COLUMNS, rows)


def _find_subscribers(tx: Transaction, pending: PendingEvents, types: list[str]) -> None:
    # Subscriptions and last sequences cannot change while the account is locked, so each type is looked up once.
    unknown = [type for type in types if type not in pending.known_types]
    if not unknown:
        return
    pending.known_types.update(unknown)
    filtered: list[int] = []
    for row in tx.all(_SUBSCRIPTIONS, account=tx.account_id, types=[*unknown, EVERYTHING]):
        subscriber = pending.subscribers.get(row.webhook_id)
        if subscriber is None:
            subscriber = pending.subscribers[row.webhook_id] = Subscriber(row.last_sequence)
            if row.is_filtered:
                filtered.append(row.webhook_id)
        subscriber.names.add(row.event)
    if filtered:
        for row in tx.all(_FILTERS, account=tx.account_id, ids=filtered):
            pending.subscribers[row.id].filter = read_filter(row.filters)


def _wake(tx: Transaction, pending: PendingEvents) -> None:
    is_woken = False

    def wake_worker(woken: list[Row]) -> None:
        nonlocal is_woken
        if not is_woken and any(_needs_worker(lane, tx.started_at) for lane in woken):
            is_woken = True
            tx.after_commit(tx.wake)

    # The last step, so that lanes are locked briefly. Also for lanes that are leased: going idle and waking up meet in
    # this row, so neither can miss the other.
    subscribers = {id: subscriber for id, subscriber in pending.subscribers.items() if subscriber.count}
    for count in {subscriber.count for subscriber in subscribers.values()}:
        ids = [webhook_id for webhook_id, subscriber in subscribers.items() if subscriber.count == count]
        tx.all_later(_WAKE, wake_worker, account=tx.account_id, ids=ids, count=count, now=tx.started_at)


def _needs_worker(lane: Row, now: int) -> bool:
    # A worker that holds the lane continues by itself, and looking for due lanes costs it as much as a delivery.
    return lane.lease_token is None and lane.due_at is not None and bool(lane.due_at <= now)


_PAYLOAD_COLUMNS = ("account_id", "webhook_id", "sequence", "payload_id", "position", "type")

_ADVANCE_LOG = Statement(
    update(accounts)
    .where(accounts.c.id == bindparam("account"))
    .values(last_position=bindparam("position"), last_event_at=bindparam("at"))
)

_SUBSCRIPTIONS = Statement(
    select(subscriptions.c.webhook_id, subscriptions.c.event, lanes.c.last_sequence, lanes.c.is_filtered)
    .join_from(
        subscriptions,
        lanes,
        (lanes.c.account_id == subscriptions.c.account_id) & (lanes.c.webhook_id == subscriptions.c.webhook_id),
    )
    .where(
        subscriptions.c.account_id == bindparam("account"),
        any_of(subscriptions.c.event, "types"),
        lanes.c.enabled.is_(True),
        # While a webhook that began in the past is catching up, its events wait in the log.
        lanes.c.catching_up_from.is_(None),
    )
)
_FILTERS = Statement(
    select(webhooks.c.id, webhooks.c.filters).where(
        webhooks.c.account_id == bindparam("account"), any_of(webhooks.c.id, "ids"), webhooks.c.filters.is_not(None)
    )
)

_EARLIEST = earliest_send_sql()
_WAKE = Statement(
    update(lanes)
    .where(lanes.c.account_id == bindparam("account"), any_of(lanes.c.webhook_id, "ids"))
    .values(
        last_sequence=lanes.c.last_sequence + bindparam("count"),
        due_at=case(
            (lanes.c.stalled, lanes.c.due_at),
            # Only a failing head waits, and a rate: a later time was set by a clock that was ahead.
            (lanes.c.failing_since.is_(None) & (lanes.c.due_at > _EARLIEST), _EARLIEST),
            else_=func.coalesce(lanes.c.due_at, _EARLIEST),
        ),
    )
    # The columns themselves: SQLite may return wrong results for ``IS NULL`` in RETURNING.
    .returning(lanes.c.lease_token, lanes.c.due_at)
)
