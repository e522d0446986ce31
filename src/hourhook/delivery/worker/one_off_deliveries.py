"""One-off deliveries in a worker: leased, numbered and settled like lanes, each attempted once."""

from dataclasses import dataclass

from sqlalchemy import bindparam, case, func, select, text, update

from hourhook.delivery.attempt_log import ATTEMPT_COLUMNS, attempt_row
from hourhook.delivery.targets import Key
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.store.rows import encode_rows, rows_sql
from hourhook.store.schema import attempts, one_offs
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


@dataclass(slots=True, eq=False)
class OneOff:
    """A leased one-off delivery; ``sequence`` is None for a ping."""

    account_id: int
    id: int
    webhook_id: int
    token: int
    payload_id: str
    sequence: int | None
    created_at: int
    number: int

    @property
    def key(self) -> Key:
        """The account id and webhook id."""
        return self.account_id, self.webhook_id


@dataclass(frozen=True, slots=True)
class OneOffResult:
    """The result of a one-off delivery."""

    one_off: OneOff
    webhook_name: str
    url: str
    outcome: Outcome


def lease_one_offs(tx: Transaction, *, worker: int, token: int, now: int, expires_at: int, limit: int) -> list[OneOff]:
    """Lease up to ``limit`` due one-off deliveries for a worker, the oldest first."""
    rows = tx.all(_LEASE, worker=worker, token=token, now=now, expires_at=expires_at, limit=limit)
    numbers = {(row.account_id, row.id): row.number for row in tx.all(_NUMBERS, token=token)} if rows else {}
    return [
        OneOff(
            row.account_id,
            row.id,
            row.webhook_id,
            token,
            row.payload_id,
            row.sequence,
            row.created_at,
            numbers[row.account_id, row.id],
        )
        for row in rows
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
                r.one_off.key, r.one_off.sequence or 0, r.one_off.number, r.one_off.id, r.webhook_name, r.url, r.outcome
            )
            for r in done
        ],
    )


_IS_LEASABLE = (one_offs.c.due_at <= bindparam("now")) & one_offs.c.lease_token.is_(None)
_DUE = (
    select(one_offs.c.account_id, one_offs.c.id)
    .where(_IS_LEASABLE)
    .order_by(one_offs.c.due_at, one_offs.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_LEASE = Statement(
    update(one_offs)
    .where(one_offs.c.account_id == _DUE.c.account_id, one_offs.c.id == _DUE.c.id, _IS_LEASABLE)
    .values(lease_token=bindparam("token"), lease_worker=bindparam("worker"), lease_expires_at=bindparam("expires_at"))
    .returning(one_offs)
)

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
_NUMBERS = Statement(
    select(
        one_offs.c.account_id,
        one_offs.c.id,
        case((one_offs.c.sequence.is_(None), _PING_NUMBER), else_=_NEXT_NUMBER).label("number"),
    ).where(one_offs.c.due_at.is_not(None), one_offs.c.lease_token == bindparam("token"))
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
