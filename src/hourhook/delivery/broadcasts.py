"""Broadcasts: that something has changed, for receivers who fetch it themselves (contract, broadcast_receivers.md).

What a receiver is to be told waits in a row for each thing that has changed, so that further changes of it are told
together with the first, and that a restart loses none. Taking a row is giving it out: nothing is tried again, and of
several processes one alone sends it.
"""

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, exists, select, text

from hourhook.delivery.targets import Target
from hourhook.store.rows import encode_rows, rows_sql
from hourhook.store.schema import broadcast_receivers, broadcasts
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

Key = tuple[int, int]
"""What names a receiver: its account's id and its own."""


# Whose thing has changed, its subject, its URL, and the event.
Change = tuple[int, str, str, str]


@dataclass(frozen=True, slots=True)
class Broadcast:
    """What is told: of which subject, where it is fetched, and what happened to it last."""

    subject: str
    url: str
    last_event: str


@dataclass(frozen=True, slots=True)
class ClaimedBroadcasts:
    """All that one receiver is to be told now, in order, and where it is as of now."""

    key: Key
    target: Target
    broadcasts: list[Broadcast]


def enqueue(tx: Transaction, user_id: int, subject: str, url: str, last_event: str) -> None:
    """Have the receivers of a user told that something has changed, those that are enabled and listen to the subject.

    Nothing is kept when the transaction fails.
    """
    collected: dict[tuple[int, str], Change] | None = tx.state.get("broadcasts")
    if collected is None:
        collected = tx.state["broadcasts"] = {}
        tx.before_commit(_write)
    # The newest change wins, and comes in its turn.
    collected.pop((user_id, url), None)
    collected[user_id, url] = (user_id, subject, url, last_event)


def discard(tx: Transaction, receiver_id: int) -> None:
    """Drop what a receiver was still to be told."""
    tx.execute(_FORGET, account=tx.account_id, receiver=receiver_id)


def discard_for_user(tx: Transaction, user_id: int) -> None:
    """Drop what all receivers of a user were still to be told."""
    tx.execute(_FORGET_ALL, account=tx.account_id, user=user_id)


def waiting_since(tx: Transaction, busy: list[int], saturated: list[str]) -> int | None:
    """Since when the longest waiting broadcast waits, or None; receivers in ``busy`` and ``saturated`` left out."""
    found: int | None = tx.value(_WAITING_SINCE, busy=busy, saturated=saturated)
    return found


def claim(
    tx: Transaction, *, waiting_since: int, limit: int, busy: list[int], saturated: list[str]
) -> list[ClaimedBroadcasts]:
    """Take all that is to be told to up to ``limit`` receivers, of those with something that waits since then.

    Receivers whose id is in ``busy`` and those at the destinations in ``saturated`` are left alone.
    """
    rows = tx.all(_TAKE, horizon=waiting_since, limit=limit, busy=busy, saturated=saturated)
    told: dict[Key, list[Broadcast]] = {}
    for row in sorted(rows, key=lambda row: (int(row.place), int(row.broadcast_receiver_id))):
        key = row.account_id, row.broadcast_receiver_id
        told.setdefault(key, []).append(Broadcast(row.subject, row.url, row.last_event))
    if not told:
        return []
    targets = {(row.account_id, row.id): _target(row) for row in tx.all(_TARGETS, rows=encode_rows([*told]))}
    return [ClaimedBroadcasts(key, targets[key], broadcasts) for key, broadcasts in told.items() if key in targets]


def read_target(tx: Transaction, key: Key) -> Target | None:
    """Where a receiver is; None once it is disabled or gone."""
    rows = tx.all(_TARGETS, rows=encode_rows([key]))
    return _target(rows[0]) if rows else None


def _target(row: Row) -> Target:
    return Target(row.name, row.payload_uri, bytes(row.secret))


def _write(tx: Transaction) -> None:
    collected: dict[tuple[int, str], Change] = tx.state["broadcasts"]
    rows = encode_rows([(place, *change) for place, change in enumerate(collected.values(), 1)])
    tx.execute_later(_KEEP, account=tx.account_id, now=tx.started_at, rows=rows)


def _keeping(dialect: str) -> str:
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


def _is_free(dialect: str) -> str:
    if dialect == "sqlite":
        return """r.id NOT IN (SELECT value FROM json_each(:busy))
            AND r.destination NOT IN (SELECT value FROM json_each(:saturated))"""
    return "r.id <> ALL(CAST(:busy AS INTEGER[])) AND r.destination <> ALL(CAST(:saturated AS TEXT[]))"


def _waiting(dialect: str) -> str:
    return f"""
    SELECT b.waiting_since FROM broadcasts AS b
    JOIN broadcast_receivers AS r ON r.account_id = b.account_id AND r.id = b.broadcast_receiver_id
    WHERE r.enabled AND {_is_free(dialect)}
    ORDER BY b.waiting_since LIMIT 1
    """


def _taking(dialect: str) -> str:
    # A receiver is taken whole, or else two processes might send what it is told at once, and out of order. So its row
    # is locked; and whatever somebody else has locked is left for the next time.
    # The sums keep SQLite from reading all that waits, in the order of its key.
    lock_receiver, lock = ("", "") if dialect == "sqlite" else ("FOR UPDATE OF r SKIP LOCKED", "FOR UPDATE SKIP LOCKED")
    return f"""
    WITH due AS MATERIALIZED (
        SELECT account_id + 0 AS account_id, broadcast_receiver_id + 0 AS id, MIN(waiting_since) AS since
        FROM broadcasts WHERE waiting_since <= :horizon GROUP BY 1, 2
    ), receivers AS MATERIALIZED (
        SELECT r.account_id, r.id FROM due AS d
        JOIN broadcast_receivers AS r ON r.account_id = d.account_id AND r.id = d.id
        WHERE r.enabled AND {_is_free(dialect)}
        ORDER BY d.since, r.id LIMIT :limit {lock_receiver}
    ), taken AS MATERIALIZED (
        SELECT account_id, broadcast_receiver_id, url FROM broadcasts
        WHERE (account_id, broadcast_receiver_id) IN (SELECT account_id, id FROM receivers) {lock}
    )
    DELETE FROM broadcasts
    WHERE (account_id, broadcast_receiver_id, url) IN (SELECT account_id, broadcast_receiver_id, url FROM taken)
    RETURNING account_id, broadcast_receiver_id, subject, url, last_event, place
    """


def _targets(dialect: str) -> str:
    return f"""
    SELECT r.account_id, r.id, r.name, r.payload_uri, r.secret
    FROM ({rows_sql(dialect, "rows", account_id="INTEGER", id="INTEGER")}) AS k
    JOIN broadcast_receivers AS r ON r.account_id = k.account_id AND r.id = k.id
    WHERE r.enabled
    """


_KEEP = Statement(text(_keeping("sqlite")), text(_keeping("postgresql")))
_WAITING_SINCE = Statement(text(_waiting("sqlite")), text(_waiting("postgresql")))
_TAKE = Statement(text(_taking("sqlite")), text(_taking("postgresql")))
_TARGETS = Statement(text(_targets("sqlite")), text(_targets("postgresql")))

_FORGET = Statement(
    delete(broadcasts).where(
        broadcasts.c.account_id == bindparam("account"), broadcasts.c.broadcast_receiver_id == bindparam("receiver")
    )
)
_FORGET_ALL = Statement(
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
