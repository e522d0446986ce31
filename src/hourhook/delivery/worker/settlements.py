"""Settlements: write the results of a group of attempts for all their lanes at once.

The start of a retry window moves with every failure, so that the time in which a due attempt was not made is no part of
it: because no worker ran, or because a clock was set (``docs/how-it-works.md#time``).

A crash before the commit repeats at most the one payload that each lane had in flight. A settlement never waits: a lane
locked by another transaction is left to the next group, and no account is locked.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import text

from hourhook.clock import MILLISECOND
from hourhook.delivery.attempt_log import ATTEMPT_COLUMNS, Batch, attempt_row
from hourhook.delivery.targets import Key
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.worker.lanes import LeasedLane
from hourhook.delivery.worker.readahead import Payload
from hourhook.store.rows import encode_rows, rows_of_table_sql, rows_sql
from hourhook.store.schema import attempts
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

# Up to this many results, one statement for each is faster on SQLite than one for all of them.
MAX_SETTLED_ALONE = 8


class AttemptResult(msgspec.Struct, frozen=True, eq=False):
    """The result of an attempt at the head of a lane, or at a batch, and what should happen to the lane."""

    lane: LeasedLane
    # The head, then the others of its batch, and the number of the attempt of each.
    payloads: list[Payload]
    numbers: list[int]
    webhook_name: str
    url: str
    outcome: Outcome
    # After a failure: how long until the head is retried, in microseconds; None stalls the lane.
    delay: int | None
    # After a success: whether the worker keeps the lease.
    keep: bool
    # The microseconds between two requests, if the webhook has a rate.
    pace: int | None = None
    # Of the webhook's own headers, as the attempt log stores them.
    header_names: str | None = None

    @property
    def pause(self) -> int:
        """How long the lane waits for its rate once this is settled, in microseconds."""
        return 0 if self.pace is None else max(0, self.pace - self.outcome.duration_ms * MILLISECOND)

    @property
    def wait(self) -> int | None:
        """How long the lane waits for its next attempt once this is settled; None if it stalls."""
        if self.outcome.is_success:
            return self.pause
        return None if self.delay is None else max(self.delay, self.pause)

    @property
    def is_expected_to_continue(self) -> bool:
        """Return whether the lane most likely stays leased, and did not fail before."""
        lane = self.lane
        return (
            self.keep
            and self.outcome.is_success
            and self.pace is None
            and lane.last_succeeded
            and self.payloads[-1].sequence < lane.last_sequence
        )

    @property
    def head(self) -> Payload:
        """The first payload."""
        return self.payloads[0]


class ContinuingLane(msgspec.Struct, frozen=True, eq=False):
    """What a settlement needs of the row of a lane that goes on after a success: the rest is known."""

    revision: int
    head_sequence: int
    last_sequence: int
    lease_token: int
    attempts_count: int = 0
    failures_count: int = 0
    stalled: bool = False
    last_succeeded: bool = True
    alert_since: int | None = None


class Settlement(msgspec.Struct, frozen=True, eq=False):
    """A result that was written, and the lane's new row; see ``Settlement.apply``."""

    result: AttemptResult
    row: Row | ContinuingLane

    @property
    def is_kept(self) -> bool:
        """Return whether the lane is still leased and has more to send."""
        return self.row.lease_token is not None

    @property
    def accepted_count(self) -> int:
        """Return how many payloads were accepted: all or none."""
        return len(self.result.payloads) if self.result.outcome.is_success else 0

    def apply(self) -> None:
        """Update the lane in memory; call it only once the transaction is committed."""
        lane, row = self.result.lane, self.row
        lane.token = row.lease_token or 0
        lane.head_sequence, lane.last_sequence = row.head_sequence, row.last_sequence
        lane.attempts_count, lane.failures_count = row.attempts_count, row.failures_count
        lane.stalled, lane.last_succeeded = bool(row.stalled), bool(row.last_succeeded)
        if self.accepted_count:
            # The next failure under this lease begins a retry window of its own.
            lane.window_elapsed = 0
            del lane.prefetched[: self.accepted_count]
        if row.revision != lane.revision:
            # The webhook's name or secret has changed: read both again before the next attempt.
            lane.revision, lane.target = row.revision, None


def settle(tx: Transaction, results: list[AttemptResult]) -> list[Settlement]:
    """Write a group of results with their attempts, and advance each lane whose lease is still held."""
    if tx.dialect == "postgresql" or len(results) > MAX_SETTLED_ALONE:
        return _settle_together(tx, results)
    settled, others = [], []
    for result in results:
        lane = _settle_alone(tx, result) if result.is_expected_to_continue else None
        if lane is None:
            others.append(result)
        else:
            settled.append(Settlement(result, lane))
    return settled + _settle_together(tx, others) if others else settled


def _settle_alone(tx: Transaction, result: AttemptResult) -> ContinuingLane | None:
    """Write a success of a lane that stays leased; None if it does not, or if the success ends a failure."""
    lane, count = result.lane, len(result.payloads)
    parameters = {
        "account_id": lane.account_id,
        "webhook_id": lane.webhook_id,
        "token": lane.token,
        "sequence": result.head.sequence,
        "count": count,
        "now": tx.started_at,
    }
    row = tx.one(SETTLE_ALONE, **parameters)
    if row is None:
        return None
    tx.insert_many(attempts, ATTEMPT_COLUMNS, [*_attempt_rows(result)])
    return ContinuingLane(row.revision, result.head.sequence + count, row.last_sequence, lane.token)


def _settle_together(tx: Transaction, results: list[AttemptResult]) -> list[Settlement]:
    by_key = {result.lane.key: result for result in results}
    rows = [
        (
            result.lane.account_id,
            result.lane.webhook_id,
            result.lane.token,
            result.head.sequence,
            len(result.payloads),
            1 if result.outcome.is_success else 0,
            1 if result.keep and not result.pause else 0,
            tx.started_at - result.outcome.duration_ms * MILLISECOND,
            None if result.wait is None else tx.started_at + result.wait,
            1 if result.wait is None else 0,
            None if result.pace is None else tx.started_at + result.pause,
        )
        for result in results
    ]
    parameters = {"rows": encode_rows(rows), "now": tx.started_at}
    if tx.dialect == "postgresql":
        # Of all results: the statement itself logs those that it settles.
        parameters["attempts"] = encode_rows([row for result in results for row in _attempt_rows(result)])
    settled = [Settlement(by_key[row.account_id, row.webhook_id], row) for row in tx.all(SETTLE, **parameters)]
    if tx.dialect == "sqlite":
        logged = [row for settlement in settled for row in _attempt_rows(settlement.result)]
        tx.insert_many(attempts, ATTEMPT_COLUMNS, logged)
    return settled


def _attempt_rows(result: AttemptResult) -> Iterator[tuple[Any, ...]]:
    batch = None
    if len(result.payloads) > 1:
        head = result.head
        batch = msgspec.json.encode(
            Batch(head.sequence, len(result.payloads), head.payload_id, head.event.type, result.numbers[0])
        ).decode()
    for payload, number in zip(result.payloads, result.numbers, strict=True):
        yield attempt_row(
            result.lane.key,
            payload.sequence,
            number,
            0,
            result.webhook_name,
            result.url,
            result.outcome,
            batch,
            result.header_names,
        )


def find_still_leased(tx: Transaction, held: list[LeasedLane]) -> set[Key]:
    """Return which of these lanes are still leased under the token we know."""
    tokens = {lane.key: lane.token for lane in held}
    rows = tx.all(_TOKENS, rows=encode_rows([*tokens]))
    keys = ((row.account_id, row.webhook_id, row.lease_token) for row in rows)
    return {
        (account_id, webhook_id) for account_id, webhook_id, token in keys if token == tokens[account_id, webhook_id]
    }


_RETURNED = [
    "account_id",
    "webhook_id",
    "revision",
    "head_sequence",
    "last_sequence",
    "attempts_count",
    "failures_count",
    "stalled",
    "last_succeeded",
    "lease_token",
    "alert_since",
]


def _settle(dialect: str) -> str:
    results = rows_sql(
        dialect,
        "rows",
        account_id="INTEGER",
        webhook_id="INTEGER",
        token="BIGINT",
        sequence="BIGINT",
        count="INTEGER",
        ok="INTEGER",
        keep="INTEGER",
        started_at="BIGINT",
        due_at="BIGINT",
        stalls="INTEGER",
        paced_until="BIGINT",
    )
    returned = _RETURNED
    unlocked, is_unlocked = "", ""
    if dialect == "postgresql":
        unlocked = """,
    unlocked AS MATERIALIZED (
        SELECT l.account_id, l.webhook_id FROM lanes AS l
        JOIN results AS r ON l.account_id = r.account_id AND l.webhook_id = r.webhook_id
        FOR NO KEY UPDATE OF l SKIP LOCKED
    )"""
        returned = [f"l.{column}" for column in _RETURNED]
        is_unlocked = "AND (l.account_id, l.webhook_id) IN (SELECT account_id, webhook_id FROM unlocked)"
    update = f"""
    UPDATE lanes AS l SET
        head_sequence = l.head_sequence + r.ok * r.count,
        replayed_through = CASE
            WHEN r.ok = 0 AND r.count > 1 AND l.replayed_through < r.sequence + r.count - 1
            THEN r.sequence + r.count - 1
            ELSE l.replayed_through
        END,
        attempts_count = CASE WHEN r.ok = 1 THEN 0 ELSE l.attempts_count + 1 END,
        failures_count = CASE WHEN r.ok = 1 THEN 0 ELSE l.failures_count + 1 END,
        failing_since = CASE WHEN r.ok = 1 THEN NULL ELSE COALESCE(l.failing_since, r.started_at) END,
        window_started_at = CASE
            WHEN r.ok = 1 THEN NULL
            WHEN l.window_started_at < l.due_at THEN r.started_at - (l.due_at - l.window_started_at)
            ELSE r.started_at
        END,
        paced_until = r.paced_until,
        stalled = (r.ok = 0 AND r.stalls = 1),
        last_succeeded = (r.ok = 1),
        alerted = CASE WHEN r.ok = 1 AND l.alerted IS NOT NULL THEN 'recovered' ELSE l.alerted END,
        alert_since = CASE
            WHEN r.ok = 1 THEN CASE WHEN l.alerted IS NOT NULL THEN 0 END
            WHEN r.stalls = 1 AND COALESCE(l.alerted, '') <> 'stalled' THEN 0
            WHEN l.alerted IS NULL THEN COALESCE(l.failing_since, r.started_at)
            ELSE l.alert_since
        END,
        last_delivered_at = CASE WHEN r.ok = 1 THEN CAST(:now AS BIGINT) ELSE l.last_delivered_at END,
        due_at = CASE
            WHEN r.ok = 0 THEN r.due_at
            WHEN l.head_sequence + r.count > l.last_sequence THEN NULL
            WHEN r.keep = 0 THEN r.due_at
            ELSE l.due_at
        END,
        lease_token = CASE
            WHEN r.ok = 1 AND r.keep = 1 AND l.head_sequence + r.count <= l.last_sequence THEN l.lease_token
        END
    FROM results AS r
    WHERE l.account_id = r.account_id AND l.webhook_id = r.webhook_id
        AND l.lease_token = r.token AND l.head_sequence = r.sequence
        {is_unlocked}
    RETURNING {", ".join(returned)}
    """
    # Materialized, so that the JSON is unpacked once and not for every column reference.
    ctes = f"WITH results AS MATERIALIZED ({results}){unlocked}"
    if dialect == "sqlite":
        return f"{ctes} {update}"
    # One round trip instead of two.
    return f"""
    {ctes}, settled AS ({update}), logged AS (
        INSERT INTO attempts ({", ".join(ATTEMPT_COLUMNS)})
        SELECT a.* FROM ({rows_of_table_sql(attempts, ATTEMPT_COLUMNS, "attempts")}) AS a
        WHERE (a.account_id, a.webhook_id) IN (SELECT account_id, webhook_id FROM settled)
    )
    SELECT * FROM settled
    """


# On SQLite. It changes no column of an index, so that only one page of the lanes is written.
SETTLE_ALONE = Statement(
    text(
        """
        UPDATE lanes AS l SET
            head_sequence = l.head_sequence + :count,
            attempts_count = 0,
            failures_count = 0,
            failing_since = NULL,
            window_started_at = NULL,
            paced_until = NULL,
            stalled = FALSE,
            last_delivered_at = :now
        WHERE l.account_id = :account_id AND l.webhook_id = :webhook_id
            AND l.lease_token = :token AND l.head_sequence = :sequence
            AND l.head_sequence + :count <= l.last_sequence
            AND l.last_succeeded AND l.alerted IS NULL AND l.alert_since IS NULL
        RETURNING revision, last_sequence
        """
    )
)
SETTLE = Statement(text(_settle("sqlite")), text(_settle("postgresql")))


def _tokens(dialect: str) -> str:
    return f"""
    SELECT l.account_id, l.webhook_id, l.lease_token
    FROM ({rows_sql(dialect, "rows", account_id="INTEGER", webhook_id="INTEGER")}) AS r
    JOIN lanes AS l ON l.account_id = r.account_id AND l.webhook_id = r.webhook_id
    """


_TOKENS = Statement(text(_tokens("sqlite")), text(_tokens("postgresql")))
