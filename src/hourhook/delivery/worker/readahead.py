"""Prefetch payloads, so that a lane can continue as soon as its last result is settled.

Payloads and events are immutable, so prefetched ones stay valid. Many webhooks share an event, so events are cached for
a while.
"""

from collections import OrderedDict
from operator import attrgetter

import msgspec
from sqlalchemy import text

from hourhook.store.rows import aggregate_rows_sql, encode_rows, rows_sql
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

CACHE_BYTES = 16_000_000
# The longest range that can be read at once.
MAX_RANGE = 512


class StoredEvent(msgspec.Struct, frozen=True):
    """An event of the log, with the bytes of ``changes`` and ``object`` that every payload contains."""

    type: str
    created_at: int
    changes: bytes
    object: bytes


class Payload(msgspec.Struct, frozen=True):
    """A payload of a lane; ``attempts_before`` counts attempts before a replay, or in a batch that failed."""

    sequence: int
    payload_id: str
    event: StoredEvent
    attempts_before: int


class SequenceRange(msgspec.Struct, frozen=True):
    """A range of payloads of a lane: ``low`` to ``high``, inclusive, at most ``MAX_RANGE``."""

    account_id: int
    webhook_id: int
    low: int
    high: int
    replayed_through: int


class EventCache:
    """A cache of recently read events, up to ``CACHE_BYTES``; used by one thread at a time."""

    def __init__(self) -> None:
        self._events: OrderedDict[tuple[int, int], StoredEvent] = OrderedDict()
        self._bytes = 0

    def read(self, tx: Transaction, keys: set[tuple[int, int]]) -> dict[tuple[int, int], StoredEvent]:
        """Return the events with these keys, each an account id and a position."""
        found = {key: event for key in keys if (event := self._events.get(key)) is not None}
        if len(found) < len(keys):
            missing = [key for key in keys if key not in found]
            for row in tx.all(_EVENTS, rows=encode_rows(missing)):
                event = StoredEvent(row.type, row.created_at, bytes(row.changes), bytes(row.object))
                found[row.account_id, row.position] = event
                self._add((row.account_id, row.position), event)
        return found

    def _add(self, key: tuple[int, int], event: StoredEvent) -> None:
        self._events[key] = event
        self._bytes += len(event.changes) + len(event.object)
        while self._bytes > CACHE_BYTES:
            _, dropped = self._events.popitem(last=False)
            self._bytes -= len(dropped.changes) + len(dropped.object)


def read_ahead(tx: Transaction, ranges: list[SequenceRange], cache: EventCache) -> dict[tuple[int, int], list[Payload]]:
    """Read the payloads of these ranges, in order; the result is keyed by account and webhook."""
    assert all(each.high - each.low < MAX_RANGE for each in ranges), "a longer range would be cut off"
    text = tx.value(
        _PAYLOADS,
        rows=encode_rows([(s.account_id, s.webhook_id, s.low, s.high, s.replayed_through) for s in ranges]),
    )
    rows = sorted(_decode(text), key=_sequence_of)
    events = cache.read(tx, {(row.account_id, row.position) for row in rows})
    found: dict[tuple[int, int], list[Payload]] = {}
    for row in rows:
        payload = Payload(row.sequence, row.payload_id, events[row.account_id, row.position], row.attempts_before or 0)
        found.setdefault((row.account_id, row.webhook_id), []).append(payload)
    return found


class _Found(msgspec.Struct, array_like=True, frozen=True):
    account_id: int
    webhook_id: int
    sequence: int
    payload_id: str
    position: int
    attempts_before: int | None


_decode = msgspec.json.Decoder(list[_Found]).decode
_sequence_of = attrgetter("sequence")


def _payloads(dialect: str) -> str:
    ranges = rows_sql(
        dialect,
        "rows",
        account_id="INTEGER",
        webhook_id="INTEGER",
        low="BIGINT",
        high="BIGINT",
        replayed_through="BIGINT",
    )
    attempts_before = """CASE WHEN p.sequence <= r.replayed_through THEN (
        SELECT MAX(a.number) FROM attempts AS a
        WHERE a.account_id = p.account_id AND a.webhook_id = p.webhook_id AND a.sequence = p.sequence
    ) END"""
    found = aggregate_rows_sql(
        dialect, "p.account_id", "p.webhook_id", "p.sequence", "p.payload_id", "p.position", attempts_before
    )
    in_range = """p.account_id = r.account_id AND p.webhook_id = r.webhook_id
        AND p.sequence BETWEEN r.low AND r.high"""
    if dialect == "sqlite":
        # CROSS JOIN keeps the order of the tables: a search for each range.
        return f"SELECT {found} FROM ({ranges}) AS r CROSS JOIN payloads AS p WHERE {in_range}"
    # With a plain join, PostgreSQL estimates that a range of a webhook with most of the rows is thousands of payloads
    # long, and reads the whole table. With an order and a limit it searches the index once for each range, whatever the
    # statistics say.
    return f"""
    SELECT {found}
    FROM ({ranges}) AS r
    CROSS JOIN LATERAL (SELECT p.* FROM payloads AS p WHERE {in_range} ORDER BY p.sequence LIMIT {MAX_RANGE}) AS p
    """


_PAYLOADS = Statement(text(_payloads("sqlite")), text(_payloads("postgresql")))


def _events(dialect: str) -> str:
    keys = rows_sql(dialect, "rows", account_id="INTEGER", position="BIGINT")
    return f"""
    SELECT e.account_id, e.position, e.type, e.created_at, e.changes, e.object
    FROM ({keys}) AS r
    CROSS JOIN events AS e WHERE e.account_id = r.account_id AND e.position = r.position
    """


_EVENTS = Statement(text(_events("sqlite")), text(_events("postgresql")))
