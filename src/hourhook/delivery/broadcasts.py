"""Broadcasts: notices that an object changed, for receivers that fetch it (``docs/how-it-works.md#broadcasts``).

A pending broadcast is a row for each receiver and changed object, so that further changes are merged into it and a
restart loses none. Claiming deletes the row: a broadcast is never retried, and only one process sends it.
"""

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, exists, select, text

from hourhook.delivery.targets import Target
from hourhook.store.rows import encode_rows, rows_sql
from hourhook.store.schema import broadcast_receivers, broadcasts
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

Key = tuple[int, int]
"""The key of a receiver: account id and receiver id."""


Change = tuple[int, str, str, str]
"""The owner of a changed object, its subject, its URL, and the event type."""


FOREVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A broadcast: the subject and URL of an object, and its last event."""

    subject: str
    url: str
    last_event: str


@dataclass(frozen=True, slots=True)
class ClaimedBroadcasts:
    """The broadcasts for one receiver, in order, with its current target."""

    key: Key
    target: Target
    broadcasts: list[Broadcast]


def enqueue(tx: Transaction, user_id: int, subject: str, url: str, last_event: str) -> None:
    """Queue a broadcast for a user's enabled receivers that subscribe to the subject.

    It is discarded if the transaction fails.
    """
    collected: dict[tuple[int, str], Change] | None = tx.state.get("broadcasts")
    if collected is None:
        collected = tx.state["broadcasts"] = {}
        tx.before_commit(_write_pending)
    # The latest change replaces earlier ones and moves to the end.
    collected.pop((user_id, url), None)
    collected[user_id, url] = (user_id, subject, url, last_event)


def discard(tx: Transaction, receiver_id: int) -> None:
    """Delete the pending broadcasts of a receiver."""
    tx.execute(_DISCARD, account=tx.account_id, receiver=receiver_id)


def discard_for_user(tx: Transaction, user_id: int) -> None:
    """Delete the pending broadcasts of all receivers of a user."""
    tx.execute(_DISCARD_FOR_USER, account=tx.account_id, user=user_id)


def longest_wait(tx: Transaction, busy: list[int], saturated: list[str]) -> int | None:
    """Return how long the oldest pending broadcast has waited, in microseconds; None if there is none.

    Ignores receivers in ``busy`` and destinations in ``saturated``. A broadcast from a time when the clock was
    ahead has waited forever.
    """
    row = tx.one(_WAITING_SINCE, busy=busy, saturated=saturated)
    if row is None or row.earliest is None:
        return None
    return FOREVER if row.latest > tx.started_at else tx.started_at - int(row.earliest)


def claim(
    tx: Transaction, *, waited: int, limit: int, busy: list[int], saturated: list[str]
) -> list[ClaimedBroadcasts]:
    """Claim all pending broadcasts of up to ``limit`` receivers, of those with one that has waited for so long.

    Skips receivers whose id is in ``busy`` and destinations in ``saturated``.
    """
    now = tx.started_at
    rows = tx.all(_CLAIM, now=now, horizon=now - waited, limit=limit, busy=busy, saturated=saturated)
    claimed: dict[Key, list[Broadcast]] = {}
    for row in sorted(rows, key=lambda row: (int(row.place), int(row.broadcast_receiver_id))):
        key = row.account_id, row.broadcast_receiver_id
        claimed.setdefault(key, []).append(Broadcast(row.subject, row.url, row.last_event))
    if not claimed:
        return []
    targets = {(row.account_id, row.id): _target(row) for row in tx.all(_TARGETS, rows=encode_rows([*claimed]))}
    return [ClaimedBroadcasts(key, targets[key], broadcasts) for key, broadcasts in claimed.items() if key in targets]


def read_target(tx: Transaction, key: Key) -> Target | None:
    """Return the target of a receiver; None if it is disabled or deleted."""
    rows = tx.all(_TARGETS, rows=encode_rows([key]))
    return _target(rows[0]) if rows else None


def _target(row: Row) -> Target:
    return Target(row.name, row.payload_uri, bytes(row.secret))


def _write_pending(tx: Transaction) -> None:
    collected: dict[tuple[int, str], Change] = tx.state["broadcasts"]
    rows = encode_rows([(index, *change) for index, change in enumerate(collected.values(), 1)])
    tx.execute_later(_ENQUEUE, account=tx.account_id, now=tx.started_at, rows=rows)


def _enqueue_sql(dialect: str) -> str:
    changes = rows_sql(dialect, "rows", place="BIGINT", user_id="INTEGER", subject="TEXT", url="TEXT", event="TEXT")
    return f"""
    INSERT INTO broadcasts (account_id, broadcast_receiver_id, url, subject, last_event, place, waiting_since)
    SELECT r.account_id, r.id, c.url, c.subject, c.event, c.place + (
        SELECT COALESCE(MAX(b.place), 0) FROM broadcasts AS b
        WHERE b.account_id = r.account_id AND b.broadcast_receiver_id = r.id
    ), :now
    FROM ({changes}) AS c
    JOIN broadcast_receivers AS r ON r.account_id = :account AND r.user_id = c.user_id
    WHERE r.enabled AND EXISTS (
        SELECT 1 FROM broadcast_subjects AS s
        WHERE s.account_id = r.account_id AND s.broadcast_receiver_id = r.id AND s.subject IN (c.subject, '*')
    )
    ON CONFLICT (account_id, broadcast_receiver_id, url)
    DO UPDATE SET last_event = excluded.last_event, place = excluded.place
    """


def _is_available_sql(dialect: str) -> str:
    if dialect == "sqlite":
        return """r.id NOT IN (SELECT value FROM json_each(:busy))
            AND r.destination NOT IN (SELECT value FROM json_each(:saturated))"""
    return "r.id <> ALL(CAST(:busy AS INTEGER[])) AND r.destination <> ALL(CAST(:saturated AS TEXT[]))"


def _waiting_since_sql(dialect: str) -> str:
    found = f"""
    SELECT b.waiting_since FROM broadcasts AS b
    JOIN broadcast_receivers AS r ON r.account_id = b.account_id AND r.id = b.broadcast_receiver_id
    WHERE r.enabled AND {_is_available_sql(dialect)}"""
    return f"""
    SELECT ({found} ORDER BY b.waiting_since LIMIT 1) AS earliest,
        ({found} ORDER BY b.waiting_since DESC LIMIT 1) AS latest
    """


def _claim_sql(dialect: str) -> str:
    # A receiver's broadcasts are claimed together. Otherwise two processes might send to it at once, out of order. So
    # its row is locked, and rows locked by another process are left for the next time. The sums stop SQLite from
    # reading all pending rows in key order.
    lock_receiver, lock = ("", "") if dialect == "sqlite" else ("FOR UPDATE OF r SKIP LOCKED", "FOR UPDATE SKIP LOCKED")
    return f"""
    WITH due AS MATERIALIZED (
        SELECT account_id + 0 AS account_id, broadcast_receiver_id + 0 AS id, MIN(waiting_since) AS since
        FROM broadcasts WHERE waiting_since <= :horizon OR waiting_since > :now GROUP BY 1, 2
    ), receivers AS MATERIALIZED (
        SELECT r.account_id, r.id FROM due AS d
        JOIN broadcast_receivers AS r ON r.account_id = d.account_id AND r.id = d.id
        WHERE r.enabled AND {_is_available_sql(dialect)}
        ORDER BY d.since, r.id LIMIT :limit {lock_receiver}
    ), taken AS MATERIALIZED (
        SELECT account_id, broadcast_receiver_id, url FROM broadcasts
        WHERE (account_id, broadcast_receiver_id) IN (SELECT account_id, id FROM receivers) {lock}
    )
    DELETE FROM broadcasts
    WHERE (account_id, broadcast_receiver_id, url) IN (SELECT account_id, broadcast_receiver_id, url FROM taken)
    RETURNING account_id, broadcast_receiver_id, subject, url, last_event, place
    """


def _targets_sql(dialect: str) -> str:
    return f"""
    SELECT r.account_id, r.id, r.name, r.payload_uri, r.secret
    FROM ({rows_sql(dialect, "rows", account_id="INTEGER", id="INTEGER")}) AS k
    JOIN broadcast_receivers AS r ON r.account_id = k.account_id AND r.id = k.id
    WHERE r.enabled
    """


_ENQUEUE = Statement(text(_enqueue_sql("sqlite")), text(_enqueue_sql("postgresql")))
_WAITING_SINCE = Statement(text(_waiting_since_sql("sqlite")), text(_waiting_since_sql("postgresql")))
_CLAIM = Statement(text(_claim_sql("sqlite")), text(_claim_sql("postgresql")))
_TARGETS = Statement(text(_targets_sql("sqlite")), text(_targets_sql("postgresql")))

_DISCARD = Statement(
    delete(broadcasts).where(
        broadcasts.c.account_id == bindparam("account"), broadcasts.c.broadcast_receiver_id == bindparam("receiver")
    )
)
_DISCARD_FOR_USER = Statement(
    delete(broadcasts).where(
        broadcasts.c.account_id == bindparam("account"),
        exists(
            select(broadcast_receivers.c.id).where(
                broadcast_receivers.c.account_id == broadcasts.c.account_id,
                broadcast_receivers.c.id == broadcasts.c.broadcast_receiver_id,
                broadcast_receivers.c.user_id == bindparam("user"),
            )
        ),
    )
)
