"""Overviews of all webhooks of an account: the state of each lane and its last attempts."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Integer, bindparam, case, cast, func, select, text

from hourhook.delivery.history.sequences import LaneState, lane_state
from hourhook.store.rows import encode_rows, rows_sql
from hourhook.store.schema import lanes, webhooks
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

ATTEMPTS_SHOWN = 30


@dataclass(frozen=True, slots=True)
class WebhookOverview:
    """A webhook with the state of its lane; ``attempts`` are its last ones, oldest first."""

    id: int
    name: str
    payload_uri: str
    state: LaneState
    waiting_count: int
    last_delivered_at: int | None
    attempts: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Overview:
    """A page of the webhooks of an account, those in trouble first, and how many there are."""

    webhooks: Sequence[WebhookOverview]
    total: int
    troubled_count: int


@dataclass(frozen=True, slots=True)
class TroubledWebhook:
    """A webhook that needs somebody; ``total`` is how many there are."""

    id: int
    name: str
    state: LaneState
    failing_since: int | None
    # Of the next attempt.
    due_at: int | None
    waiting_count: int
    total: int


def read_troubled(tx: Transaction, account_id: int, *, failing_since: int, limit: int) -> list[TroubledWebhook]:
    """Return webhooks that are stalled, gone, or failing since before a time, the stalled ones first."""
    return [
        TroubledWebhook(
            id=row.webhook_id,
            name=row.name,
            state=lane_state(row),
            failing_since=row.failing_since,
            due_at=row.due_at,
            waiting_count=row.last_sequence - row.head_sequence + 1,
            total=row.total,
        )
        for row in tx.all(_TROUBLED, account=account_id, failing_since=failing_since, limit=limit)
    ]


def read_overview(tx: Transaction, account_id: int, *, offset: int, limit: int) -> Overview:
    """Return a page of webhooks: stalled, failing and gone ones first, then by name."""
    counts = tx.one(_COUNTS, account=account_id)
    assert counts is not None, "an aggregate has a row"
    rows = tx.all(_PAGE, account=account_id, offset=offset, limit=limit)
    attempts: dict[int, list[Row]] = {row.webhook_id: [] for row in rows}
    if rows:
        encoded = encode_rows([(row.webhook_id, row.head_sequence, row.attempts_count) for row in rows])
        for attempt in tx.all(_ATTEMPTS, account=account_id, lanes=encoded):
            attempts[attempt.webhook_id].append(attempt)
    found = [
        WebhookOverview(
            id=row.webhook_id,
            name=row.name,
            payload_uri=row.payload_uri,
            state=lane_state(row),
            waiting_count=row.last_sequence - row.head_sequence + 1,
            last_delivered_at=row.last_delivered_at,
            attempts=_newest(attempts[row.webhook_id]),
        )
        for row in rows
    ]
    return Overview(found, counts.total, counts.troubled_count or 0)


def _newest(attempts: list[Row]) -> list[Row]:
    attempts.sort(key=lambda attempt: (attempt.started_at, attempt.sequence, attempt.number))
    return attempts[-ATTEMPTS_SHOWN:]


_RANK = case(
    (lanes.c.disabled_reason == "gone", 2),
    (lanes.c.enabled.is_(False), 4),
    (lanes.c.stalled, 0),
    (lanes.c.failing_since.is_not(None), 1),
    else_=3,
)
_OF_ACCOUNT = lanes.join(
    webhooks, (webhooks.c.account_id == lanes.c.account_id) & (webhooks.c.id == lanes.c.webhook_id)
)
_PAGE = Statement(
    select(lanes, webhooks.c.name, webhooks.c.payload_uri)
    .select_from(_OF_ACCOUNT)
    .where(lanes.c.account_id == bindparam("account"))
    .order_by(_RANK, webhooks.c.name_key, lanes.c.webhook_id)
    .offset(bindparam("offset"))
    .limit(bindparam("limit"))
)
_COUNTS = Statement(
    select(func.count().label("total"), func.sum(cast(_RANK <= 2, Integer)).label("troubled_count"))
    .select_from(lanes)
    .where(lanes.c.account_id == bindparam("account"))
)


_TROUBLED = Statement(
    select(lanes, webhooks.c.name, func.count().over().label("total"))
    .select_from(_OF_ACCOUNT)
    .where(
        lanes.c.account_id == bindparam("account"),
        case(
            (lanes.c.enabled.is_(False), lanes.c.disabled_reason == "gone"),
            else_=lanes.c.stalled | (lanes.c.failing_since <= bindparam("failing_since")),
        ),
    )
    .order_by(_RANK, webhooks.c.name_key, lanes.c.webhook_id)
    .limit(bindparam("limit"))
)


def _attempts(dialect: str) -> str:
    # Ranges of the primary key: the payloads before the head, and the last attempts of the head itself.
    given = rows_sql(dialect, "lanes", webhook_id="INTEGER", head="BIGINT", attempts_count="BIGINT")
    return f"""
    SELECT a.webhook_id, a.sequence, a.number, a.started_at, a.duration_ms, a.status, a.error
    FROM ({given}) AS l CROSS JOIN attempts AS a
    WHERE a.account_id = :account AND a.webhook_id = l.webhook_id AND a.errand_id = 0
        AND a.sequence BETWEEN l.head - {ATTEMPTS_SHOWN} AND l.head
        AND (a.sequence < l.head OR a.number > l.attempts_count - {ATTEMPTS_SHOWN})
    """


_ATTEMPTS = Statement(text(_attempts("sqlite")), text(_attempts("postgresql")))
