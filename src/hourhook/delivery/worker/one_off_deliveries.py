"""One-off deliveries in a worker: leased, numbered and settled like lanes, each attempted once.

A webhook has at most one in flight, so pings of a receiver that hangs wait for each other and for nothing else.
"""

from dataclasses import dataclass

from sqlalchemy import bindparam, case, func, select, text

from hourhook.delivery import envelope
from hourhook.delivery.attempt_log import ATTEMPT_COLUMNS, attempt_row
from hourhook.delivery.signing import Headers
from hourhook.delivery.targets import Key
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.worker.readahead import StoredEvent
from hourhook.store.rows import encode_rows, rows_sql
from hourhook.store.schema import attempts, lanes, one_offs
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


@dataclass(slots=True, eq=False)
class OneOff:
    """A leased one-off delivery; ``sequence`` is None for a ping and a test event."""

    account_id: int
    id: int
    webhook_id: int
    token: int
    payload_id: str
    sequence: int | None
    created_at: int
    number: int
    # The destination of its webhook, and whether the last attempt of its lane succeeded.
    destination: str
    last_succeeded: bool
    test_event: StoredEvent | None = None

    @property
    def key(self) -> Key:
        """The account id and webhook id."""
        return self.account_id, self.webhook_id

    def content(self, webhook_name: str) -> tuple[str, bytes, Headers]:
        """Return the type, the body and further headers of a ping or a test event."""
        event = self.test_event
        if event is None:
            return (
                "webhook.ping",
                envelope.ping_body(self.payload_id, self.created_at, self.webhook_id, webhook_name),
                [],
            )
        body = envelope.body(self.webhook_id, webhook_name, event.type, event.created_at, event.changes, event.object)
        return event.type, body, [envelope.TEST_HEADER]


@dataclass(frozen=True, slots=True)
class OneOffResult:
    """The result of a one-off delivery."""

    one_off: OneOff
    webhook_name: str
    url: str
    outcome: Outcome
    # Of the webhook's own headers, as the attempt log stores them.
    header_names: str | None = None


def lease_one_offs(
    tx: Transaction,
    *,
    worker: int,
    token: int,
    now: int,
    expires_at: int,
    ordinary: int,
    failing: int,
    saturated: list[str],
) -> list[OneOff]:
    """Lease due one-off deliveries for a worker, the oldest first, and only the oldest of each webhook.

    Leases up to ``ordinary`` of webhooks whose last attempt succeeded, and up to ``failing`` of others. Webhooks of
    destinations in ``saturated`` are skipped.
    """
    rows = tx.all(
        LEASE,
        worker=worker,
        token=token,
        now=now,
        expires_at=expires_at,
        ordinary=ordinary,
        failing=failing,
        saturated=saturated,
    )
    if not rows:
        return []
    contexts = {(row.account_id, row.id): row for row in tx.all(_CONTEXTS, token=token)}
    return [
        OneOff(
            row.account_id,
            row.id,
            row.webhook_id,
            token,
            row.payload_id,
            row.sequence,
            row.created_at,
            context.number,
            context.destination,
            context.last_succeeded,
            None if row.type is None else StoredEvent(row.type, row.created_at, bytes(row.changes), bytes(row.object)),
        )
        for row in rows
        for context in [contexts[row.account_id, row.id]]
    ]


def settle_one_offs(tx: Transaction, results: list[OneOffResult]) -> None:
    """Write the results of one-off deliveries whose lease is still held."""
    by_id = {(result.one_off.account_id, result.one_off.id): result for result in results}
    rows = encode_rows([(r.one_off.account_id, r.one_off.id, r.one_off.token) for r in results])
    done = [by_id[row.account_id, row.id] for row in tx.all(_SETTLE, rows=rows)]
    tx.insert_many(
        attempts,
        ATTEMPT_COLUMNS,
        [
            attempt_row(
                r.one_off.key,
                r.one_off.sequence or 0,
                r.one_off.number,
                r.one_off.id,
                r.webhook_name,
                r.url,
                r.outcome,
                header_names=r.header_names,
            )
            for r in done
        ],
    )


def _lease(dialect: str) -> str:
    if dialect == "sqlite":
        lock, is_available = "", "l.destination NOT IN (SELECT value FROM json_each(:saturated))"
    else:
        lock, is_available = "FOR UPDATE OF e SKIP LOCKED", "l.destination <> ALL(CAST(:saturated AS TEXT[]))"
    due = f"""
        SELECT e.account_id, e.id FROM errands AS e
        CROSS JOIN lanes AS l
        WHERE e.due_at <= :now AND e.lease_token IS NULL
            AND l.account_id = e.account_id AND l.webhook_id = e.webhook_id AND {is_available}
            AND NOT EXISTS (
                SELECT 1 FROM errands AS o WHERE o.account_id = e.account_id AND o.webhook_id = e.webhook_id
                    AND o.id < e.id AND o.due_at IS NOT NULL
            )"""
    order = "ORDER BY e.due_at, e.id LIMIT"
    # Checked again, as for lanes: PostgreSQL may return a row that was leased meanwhile.
    return f"""
    WITH ordinary AS MATERIALIZED ({due} AND l.last_succeeded {order} :ordinary {lock}),
    failing AS MATERIALIZED ({due} AND NOT l.last_succeeded {order} :failing {lock}),
    due AS (SELECT account_id, id FROM ordinary UNION ALL SELECT account_id, id FROM failing)
    UPDATE errands AS e SET lease_token = :token, lease_worker = :worker, lease_expires_at = :expires_at
    FROM due AS d
    WHERE e.account_id = d.account_id AND e.id = d.id AND e.due_at <= :now AND e.lease_token IS NULL
    RETURNING {", ".join(f"e.{column}" if dialect == "postgresql" else column for column in _RETURNED)}
    """


_RETURNED = ("account_id", "id", "webhook_id", "payload_id", "sequence", "created_at", "type", "changes", "object")
LEASE = Statement(text(_lease("sqlite")), text(_lease("postgresql")))

# The attempt's number: numbers of a payload continue, and a ping counts its one-off deliveries.
_NEXT_NUMBER = (
    select(func.coalesce(func.max(attempts.c.number), 0) + 1)
    .where(
        attempts.c.account_id == one_offs.c.account_id,
        attempts.c.webhook_id == one_offs.c.webhook_id,
        attempts.c.sequence == one_offs.c.sequence,
    )
    .scalar_subquery()
)
_pings = one_offs.alias()
_PING_NUMBER = (
    select(func.count())
    .where(
        _pings.c.account_id == one_offs.c.account_id,
        _pings.c.webhook_id == one_offs.c.webhook_id,
        _pings.c.payload_id == one_offs.c.payload_id,
        # The sum stops SQLite from searching the account's one-off deliveries by id.
        _pings.c.id + 0 <= one_offs.c.id,
    )
    .scalar_subquery()
)
_CONTEXTS = Statement(
    select(
        one_offs.c.account_id,
        one_offs.c.id,
        case((one_offs.c.sequence.is_(None), _PING_NUMBER), else_=_NEXT_NUMBER).label("number"),
        lanes.c.destination,
        lanes.c.last_succeeded,
    )
    .join_from(
        one_offs,
        lanes,
        (lanes.c.account_id == one_offs.c.account_id) & (lanes.c.webhook_id == one_offs.c.webhook_id),
    )
    .where(one_offs.c.due_at.is_not(None), one_offs.c.lease_token == bindparam("token"))
)


def _settle(dialect: str) -> str:
    results = rows_sql(dialect, "rows", account_id="INTEGER", id="INTEGER", token="BIGINT")
    # Locked in id order, like the deletion of a webhook, to avoid deadlocks.
    locked = "" if dialect == "sqlite" else "FOR UPDATE OF e"
    return f"""
    WITH results AS ({results}), ours AS MATERIALIZED (
        SELECT e.account_id, e.id FROM errands AS e
        JOIN results AS r ON e.account_id = r.account_id AND e.id = r.id AND e.lease_token = r.token
        ORDER BY e.account_id, e.id {locked}
    )
    UPDATE errands AS e SET due_at = NULL, lease_token = NULL, lease_worker = NULL, lease_expires_at = NULL
    FROM ours AS o
    WHERE e.account_id = o.account_id AND e.id = o.id
    RETURNING {"e.account_id, e.id" if dialect == "postgresql" else "account_id, id"}
    """


_SETTLE = Statement(text(_settle("sqlite")), text(_settle("postgresql")))
