"""Entries of the delivery log: one for each payload, with any number of attempts, and one for each one-off delivery."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Integer, and_, bindparam, case, func, literal_column, select, text

from hourhook.clock import MILLISECOND
from hourhook.delivery.history.sequences import State, find_skipped, payload_state
from hourhook.store.rows import encode_rows, rows_sql
from hourhook.store.schema import attempts, events, one_offs, payloads
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction

PING = "webhook.ping"


@dataclass(frozen=True, slots=True)
class LoggedPayload:
    """An entry of the log; ``sequence`` is None for a one-off delivery."""

    payload_id: str
    sequence: int | None
    type: str
    created_at: int
    state: State
    attempts_count: int
    next_attempt_at: int | None
    delivered_at: int | None
    # Of the last attempt; both None if there was none.
    last_status: int | None = None
    last_error: str | None = None
    # Of a one-off delivery.
    duration_ms: int | None = None
    is_test: bool = False
    # The stored object of the event, if it was asked for.
    object: bytes | None = None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry with its sort key: the greater the key, the newer the entry."""

    # The time, payloads above one-off deliveries (the first ping of a webhook comes first), then sequence or id.
    sort_key: tuple[int, bool, int]
    logged: LoggedPayload


def read_payload_entries(
    tx: Transaction,
    lane: Row,
    sequences: list[int],
    *,
    skipped: Collection[int] | None = None,
    with_objects: bool = False,
) -> list[LogEntry]:
    """Return the entries of these payloads, given newest first; the result is unordered.

    ``skipped`` are the skipped ones among them, if they are known already.
    """
    if not sequences:
        return []
    if skipped is None:
        skipped = find_skipped(tx, lane, sequences[-1], sequences[0])
    summaries = summarize_attempts(tx, lane, sequences)
    statement = _PAYLOADS_WITH_OBJECTS if with_objects else _PAYLOADS
    rows = tx.all(statement, account=lane.account_id, webhook=lane.webhook_id, sequences=encode_rows([*zip(sequences)]))
    return [
        LogEntry(
            (row.created_at, True, row.sequence), build_payload_entry(lane, row, skipped, summaries.get(row.sequence))
        )
        for row in rows
    ]


def summarize_attempts(tx: Transaction, lane: Row, sequences: list[int]) -> dict[int, Row]:
    """Return, by sequence, how often a payload was attempted and when its lane first delivered it."""
    rows = tx.all(_ATTEMPTS, account=lane.account_id, webhook=lane.webhook_id, sequences=encode_rows([*zip(sequences)]))
    return {row.sequence: row for row in rows}


def build_payload_entry(lane: Row, row: Row, skipped: Collection[int], summary: Row | None) -> LoggedPayload:
    """Return the entry of a row of ``SELECT_PAYLOADS``; ``summary`` comes from ``summarize_attempts``."""
    return LoggedPayload(
        payload_id=row.payload_id,
        sequence=row.sequence,
        type=row.type,
        created_at=row.created_at,
        state=payload_state(lane, row.sequence, skipped),
        attempts_count=summary.attempts_count if summary else 0,
        next_attempt_at=lane.due_at if row.sequence == lane.head_sequence else None,
        delivered_at=summary.delivered_at if summary else None,
        last_status=summary.last_status if summary else None,
        last_error=summary.last_error if summary else None,
        object=getattr(row, "object", None),
    )


def read_one_off_entries(tx: Transaction, parameters: Mapping[str, Any], limit: int) -> list[LogEntry]:
    """Return the entries of the newest one-off deliveries; for ``parameters`` see ``count_one_offs``."""
    rows = tx.all(_one_off_statements(*_filters(parameters))[0], **parameters, limit=limit)
    return [LogEntry((row.created_at, False, row.id), build_one_off_entry(row)) for row in rows]


def count_one_offs(tx: Transaction, parameters: Mapping[str, Any]) -> int:
    """Count the one-off deliveries of an ``account`` and a ``webhook`` created from ``low`` to ``high``.

    Optionally only those in one of ``states``, of one of ``types``, and with this ``answer`` (``PayloadFilter``).
    """
    count: int = tx.value(_one_off_statements(*_filters(parameters))[1], **parameters)
    return count


def build_one_off_entry(row: Row) -> LoggedPayload:
    """Return the entry of a row of ``SELECT_ONE_OFFS``."""
    return LoggedPayload(
        payload_id=row.payload_id,
        sequence=None,
        type=row.type,
        created_at=row.created_at,
        state=row.state,
        attempts_count=0 if row.started_at is None else 1,
        next_attempt_at=row.due_at,
        delivered_at=row.started_at + row.duration_ms * MILLISECOND if row.state == "delivered" else None,
        last_status=row.last_status,
        last_error=row.last_error,
        duration_ms=row.duration_ms,
        is_test=row.is_test,
        object=row.object,
    )


SELECT_PAYLOADS = (
    select(
        payloads.c.sequence,
        payloads.c.payload_id,
        payloads.c.type,
        events.c.created_at,
    )
    .join_from(
        payloads, events, (events.c.account_id == payloads.c.account_id) & (events.c.position == payloads.c.position)
    )
    .where(payloads.c.account_id == bindparam("account"), payloads.c.webhook_id == bindparam("webhook"))
)


def _sequences(dialect: str) -> str:
    # CROSS JOIN makes SQLite start with the few requested sequences; otherwise it would read all payloads.
    return f"FROM ({rows_sql(dialect, 'sequences', sequence='BIGINT')}) AS r CROSS JOIN"


def _payloads(dialect: str, more: str = "") -> str:
    return f"""
    SELECT p.sequence, p.payload_id, p.type, e.created_at{more}
    {_sequences(dialect)} payloads AS p
    JOIN events AS e ON e.account_id = p.account_id AND e.position = p.position
    WHERE p.account_id = :account AND p.webhook_id = :webhook AND p.sequence = r.sequence
    """


# Planned for the webhook: for an average one, PostgreSQL would read all payloads of a large one.
_PAYLOADS = Statement(text(_payloads("sqlite")), text(_payloads("postgresql")), replan=True)
_PAYLOADS_WITH_OBJECTS = Statement(
    text(_payloads("sqlite", ", e.object")), text(_payloads("postgresql", ", e.object")), replan=True
)


def _attempts(dialect: str) -> str:
    def last(column: str) -> str:
        return f"""
        SELECT l.{column} FROM attempts AS l
        WHERE l.account_id = :account AND l.webhook_id = :webhook AND l.sequence = a.sequence
        ORDER BY l.number DESC, l.errand_id DESC LIMIT 1
        """

    return f"""
    SELECT a.sequence, COUNT(*) AS attempts_count, MIN(
        CASE WHEN a.error IS NULL AND a.errand_id = 0
        THEN a.started_at + CAST(a.duration_ms AS BIGINT) * {MILLISECOND} END
    ) AS delivered_at, ({last("status")}) AS last_status, ({last("error")}) AS last_error
    {_sequences(dialect)} attempts AS a
    WHERE a.account_id = :account AND a.webhook_id = :webhook AND a.sequence = r.sequence
    GROUP BY a.sequence
    """


_ATTEMPTS = Statement(text(_attempts("sqlite")), text(_attempts("postgresql")), replan=True)

_OF_ONE_OFFS = one_offs.outerjoin(
    payloads,
    and_(
        payloads.c.account_id == one_offs.c.account_id,
        payloads.c.webhook_id == one_offs.c.webhook_id,
        payloads.c.sequence == one_offs.c.sequence,
    ),
).outerjoin(
    attempts,
    and_(
        attempts.c.account_id == one_offs.c.account_id,
        attempts.c.errand_id == one_offs.c.id,
        # Literally, or SQLite does not use the partial index of one-off attempts.
        attempts.c.errand_id > literal_column("0"),
        attempts.c.webhook_id == one_offs.c.webhook_id,
    ),
)
_IS_TEST = one_offs.c.type.is_not(None)
_TYPE = case((_IS_TEST, one_offs.c.type), (one_offs.c.sequence.is_(None), PING), else_=payloads.c.type)
_STATE = case(
    (one_offs.c.due_at.is_not(None), "waiting"),
    (attempts.c.started_at.is_not(None) & attempts.c.error.is_(None), "delivered"),
    else_="failing",
)
SELECT_ONE_OFFS = (
    select(
        one_offs.c.id,
        one_offs.c.payload_id,
        one_offs.c.created_at,
        one_offs.c.due_at,
        _TYPE.label("type"),
        _STATE.label("state"),
        _IS_TEST.label("is_test"),
        one_offs.c.object,
        attempts.c.started_at,
        attempts.c.duration_ms,
        attempts.c.status.label("last_status"),
        attempts.c.error.label("last_error"),
    )
    .select_from(_OF_ONE_OFFS)
    .where(one_offs.c.account_id == bindparam("account"), one_offs.c.webhook_id == bindparam("webhook"))
)


def _filters(parameters: Mapping[str, Any]) -> tuple[bool, bool, bool]:
    return "states" in parameters, "types" in parameters, "answer" in parameters


@cache
def _one_off_statements(by_state: bool, by_type: bool, by_answer: bool) -> tuple[Statement, Statement]:
    """Return the statements that read the newest one-off deliveries and count them all."""
    selected = SELECT_ONE_OFFS.where(
        one_offs.c.created_at.between(bindparam("low"), bindparam("high")),
        # A one-off delivery without its payload is about to be deleted.
        one_offs.c.sequence.is_(None) | payloads.c.sequence.is_not(None),
    )
    if by_state:
        selected = selected.where(any_of(_STATE, "states"))
    if by_type:
        selected = selected.where(any_of(_TYPE, "types"))
    if by_answer:
        answer = bindparam("answer", type_=Integer)
        status = func.coalesce(attempts.c.status, 0)
        selected = selected.where(attempts.c.started_at.is_not(None), status >= answer, status < answer + 100)
    newest_first = selected.order_by(one_offs.c.created_at.desc(), one_offs.c.id.desc())
    return (
        Statement(newest_first.limit(bindparam("limit", type_=BigInteger)), replan=True),
        Statement(selected.with_only_columns(func.count(), maintain_column_froms=True), replan=True),
    )
