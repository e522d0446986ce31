"""The contents of one payload: the body that was or will be sent, and all attempts with their responses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import msgspec
from sqlalchemy import bindparam, select

from hourhook.delivery import envelope, signing
from hourhook.delivery.attempt_log import Batch, decode_batch
from hourhook.delivery.history.entries import (
    SELECT_ONE_OFFS,
    SELECT_PAYLOADS,
    LoggedPayload,
    build_one_off_entry,
    build_payload_entry,
    summarize_attempts,
)
from hourhook.delivery.history.sequences import find_lane, find_skipped
from hourhook.delivery.payload_ids import decode_sequence
from hourhook.delivery.transports.outcomes import ErrorKind
from hourhook.store.schema import attempts, events, one_offs, payloads, skips, webhooks
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

# Every ``error`` of an attempt.
ERROR_KINDS: tuple[str, ...] = get_args(ErrorKind)
# How many of the latest attempts are shown; a payload can be retried manually any number of times.
ATTEMPTS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class LoggedAttempt:
    """An attempt: the request without its signatures, and the response."""

    number: int
    started_at: int
    duration_ms: int
    status: int | None
    error: str | None
    request_headers: signing.Headers
    # Of the webhook's own headers; their values are not logged.
    header_names: tuple[str, ...]
    response_headers: signing.Headers
    response_body: bytes
    # None if the payload was sent alone.
    batch: Batch | None = None


@dataclass(frozen=True, slots=True)
class PayloadContents:
    """A payload with its body and attempts."""

    logged: LoggedPayload
    skipped_at: int | None
    skipped_by_id: int | None
    body: bytes
    attempts: list[LoggedAttempt]


def read_contents(tx: Transaction, account_id: int, webhook_id: int, payload_id: str) -> PayloadContents | None:
    """Return the payload or one-off delivery with this id, or None."""
    sequence = find_sequence(tx, account_id, webhook_id, payload_id)
    if sequence is None:
        return None
    lane = find_lane(tx, account_id, webhook_id)
    return _read_payload(tx, lane, sequence) if sequence else _read_one_off(tx, lane, payload_id)


def find_sequence(tx: Transaction, account_id: int, webhook_id: int, payload_id: str) -> int | None:
    """Return the sequence of the payload with this id, 0 for a one-off delivery, or None."""
    sequence = decode_sequence(payload_id)
    if sequence is not None and find_payload_id(tx, account_id, webhook_id, sequence) == payload_id:
        return sequence
    return 0 if tx.value(_IS_ONE_OFF, account=account_id, webhook=webhook_id, payload_id=payload_id) else None


def find_payload_id(tx: Transaction, account_id: int, webhook_id: int, sequence: int) -> str | None:
    """Return the id of the payload with this sequence, or None."""
    found: str | None = tx.value(_ID, account=account_id, webhook=webhook_id, sequence=sequence)
    return found


def find_webhook_of_payload(tx: Transaction, account_id: int, payload_id: str) -> Row | None:
    """Return the ``id`` and ``name`` of the webhook of the account that has a payload with this id, or None."""
    sequence = decode_sequence(payload_id)
    if sequence is None:
        return None
    return tx.one(_WEBHOOK_OF, account=account_id, sequence=sequence, payload_id=payload_id)


def find_neighbours(tx: Transaction, account_id: int, webhook_id: int, sequence: int) -> tuple[str | None, str | None]:
    """Return the ids of the payloads before and after a sequence; None where there is none."""
    rows = tx.all(_AROUND, account=account_id, webhook=webhook_id, low=sequence - 1, high=sequence + 1)
    found = {row.sequence: row.payload_id for row in rows}
    return found.get(sequence - 1), found.get(sequence + 1)


def _read_payload(tx: Transaction, lane: Row, sequence: int) -> PayloadContents:
    row = tx.one(_PAYLOAD, account=lane.account_id, webhook=lane.webhook_id, sequence=sequence)
    assert row is not None, "the payload was found by its id in this transaction"
    attempt_summary = summarize_attempts(tx, lane, [sequence]).get(sequence)
    logged = build_payload_entry(lane, row, find_skipped(tx, lane, sequence, sequence), attempt_summary)
    rows = tx.all(_ATTEMPTS, account=lane.account_id, webhook=lane.webhook_id, sequence=sequence)
    skip = tx.one(_SKIP, account=lane.account_id, webhook=lane.webhook_id, sequence=sequence)
    # A settled payload was sent with the name of that time; others will be sent with the current name.
    name = rows[0].webhook_name if rows and sequence < lane.head_sequence else lane.name
    return PayloadContents(
        logged,
        skipped_at=skip.skipped_at if skip else None,
        skipped_by_id=skip.skipped_by_id if skip else None,
        body=envelope.body(lane.webhook_id, name, row.type, row.created_at, bytes(row.changes), bytes(row.object)),
        attempts=_log_attempts(logged, rows),
    )


def _read_one_off(tx: Transaction, lane: Row, payload_id: str) -> PayloadContents:
    # The ping or test event itself, then the deliveries that sent it again.
    rows = tx.all(_ONE_OFFS, account=lane.account_id, webhook=lane.webhook_id, payload_id=payload_id)
    rows.sort(key=lambda row: row.id, reverse=True)
    attempted = [row for row in rows if row.started_at is not None]
    logged = replace(build_one_off_entry(rows[0]), attempts_count=len(attempted))
    name = lane.name if logged.state == "waiting" or not attempted else attempted[0].webhook_name
    return PayloadContents(
        logged,
        skipped_at=None,
        skipped_by_id=None,
        body=envelope.body(
            lane.webhook_id, name, logged.type, logged.created_at, bytes(rows[0].changes), bytes(rows[0].object)
        )
        if logged.is_test
        else envelope.ping_body(payload_id, logged.created_at, lane.webhook_id, name),
        attempts=_log_attempts(logged, attempted[:ATTEMPTS_SHOWN]),
    )


def _log_attempts(logged: LoggedPayload, rows: Sequence[Row]) -> list[LoggedAttempt]:
    """Return the attempts of rows given newest first, oldest first."""
    return [_log_attempt(logged, row) for row in reversed(rows)]


def _log_attempt(logged: LoggedPayload, row: Row) -> LoggedAttempt:
    batch = None if row.batch is None else decode_batch(row.batch)
    if batch is None:
        first = logged.payload_id, logged.type, logged.sequence, row.number
    else:
        first = batch.payload_id, batch.type, batch.first_sequence, batch.number
    return LoggedAttempt(
        number=row.number,
        started_at=row.started_at,
        duration_ms=row.duration_ms,
        status=row.status,
        error=row.error,
        request_headers=[
            *envelope.unsigned_headers(*first, row.started_at, 1 if batch is None else batch.count),
            *([envelope.TEST_HEADER] if logged.is_test else []),
        ],
        header_names=_decode_names(row.header_names or "[]"),
        response_headers=_decode_headers(row.response_headers),
        response_body=bytes(row.response_body),
        batch=batch,
    )


_decode_names = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_headers = msgspec.json.Decoder(list[tuple[str, str]]).decode

_OF_WEBHOOK = (payloads.c.account_id == bindparam("account")) & (payloads.c.webhook_id == bindparam("webhook"))
_ID = Statement(select(payloads.c.payload_id).where(_OF_WEBHOOK, payloads.c.sequence == bindparam("sequence")))
# One look at the primary key for each webhook.
_WEBHOOK_OF = Statement(
    select(webhooks.c.id, webhooks.c.name)
    .join_from(
        webhooks, payloads, (payloads.c.account_id == webhooks.c.account_id) & (payloads.c.webhook_id == webhooks.c.id)
    )
    .where(
        webhooks.c.account_id == bindparam("account"),
        payloads.c.sequence == bindparam("sequence"),
        payloads.c.payload_id == bindparam("payload_id"),
    )
)
_AROUND = Statement(
    select(payloads.c.sequence, payloads.c.payload_id).where(
        _OF_WEBHOOK, payloads.c.sequence.between(bindparam("low"), bindparam("high"))
    )
)
_PAYLOAD = Statement(
    SELECT_PAYLOADS.add_columns(events.c.changes, events.c.object).where(payloads.c.sequence == bindparam("sequence"))
)

# The last time it was skipped.
_SKIP = Statement(
    select(skips.c.skipped_at, skips.c.skipped_by_id)
    .where(
        skips.c.account_id == bindparam("account"),
        skips.c.webhook_id == bindparam("webhook"),
        skips.c.sequence == bindparam("sequence"),
    )
    .order_by(skips.c.skipped_at.desc())
    .limit(1)
)

_ATTEMPTS = Statement(
    select(attempts)
    .where(
        attempts.c.account_id == bindparam("account"),
        attempts.c.webhook_id == bindparam("webhook"),
        attempts.c.sequence == bindparam("sequence"),
    )
    .order_by(attempts.c.number.desc(), attempts.c.errand_id.desc())
    .limit(ATTEMPTS_SHOWN)
)

_IS_THIS_ONE_OFF = (one_offs.c.payload_id == bindparam("payload_id")) & one_offs.c.sequence.is_(None)
_ONE_OFFS = Statement(
    SELECT_ONE_OFFS.add_columns(
        one_offs.c.changes,
        attempts.c.number,
        attempts.c.webhook_name,
        attempts.c.status,
        attempts.c.error,
        attempts.c.response_headers,
        attempts.c.response_body,
        attempts.c.batch,
        attempts.c.header_names,
    ).where(_IS_THIS_ONE_OFF)
)
_IS_ONE_OFF = Statement(
    select(one_offs.c.id)
    .where(
        one_offs.c.account_id == bindparam("account"), one_offs.c.webhook_id == bindparam("webhook"), _IS_THIS_ONE_OFF
    )
    .limit(1)
)
