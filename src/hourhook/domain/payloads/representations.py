"""The JSON representations of payloads, attempts and delivery status (`docs/api/payloads.md`)."""

import msgspec
from sqlalchemy import bindparam, select

from hourhook.clock import format_timestamp
from hourhook.delivery.history.contents import LoggedAttempt, PayloadContents
from hourhook.delivery.history.entries import LoggedPayload
from hourhook.delivery.history.statistics import LaneStatus
from hourhook.delivery.signing import Headers
from hourhook.domain.callers import Caller
from hourhook.domain.enums import AttemptError, DisabledReason, PayloadState, ReceiverState
from hourhook.domain.links import Links
from hourhook.domain.summaries import SimpleUser, Timestamp, Url, summarize_user
from hourhook.store.schema import users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


class Payload(msgspec.Struct, frozen=True):
    """A payload in the delivery log. One-off deliveries, such as pings, have no sequence."""

    payload_id: str
    sequence: int | None
    type: str
    created_at: Timestamp
    state: PayloadState
    attempts_count: int
    next_attempt_at: Timestamp | None
    delivered_at: Timestamp | None
    url: Url


class AttemptBatch(msgspec.Struct, frozen=True):
    """The batch of an attempt: several payloads in one request."""

    first_sequence: int
    count: int


class Attempt(msgspec.Struct, frozen=True):
    """An attempt to deliver a payload, alone or in a batch."""

    number: int
    started_at: Timestamp
    duration_ms: int
    status: int | None
    error: AttemptError | None
    # The webhook's own headers have no values here.
    request_headers: dict[str, str | None]
    response_headers: dict[str, str]
    response_body: str
    batch: AttemptBatch | None


class PayloadDetails(Payload, frozen=True):
    """A payload with its body and its attempts."""

    skipped_at: Timestamp | None
    skipped_by: SimpleUser | None
    body: str
    attempts: list[Attempt]


class WebhookStatus(msgspec.Struct, frozen=True):
    """The delivery status of a webhook."""

    state: ReceiverState
    stalled: bool
    disabled_reason: DisabledReason | None
    waiting_count: int
    failing_payload_id: str | None
    failing_since: Timestamp | None
    next_attempt_at: Timestamp | None
    last_delivered_at: Timestamp | None
    lost_count: int
    lost_until: Timestamp | None
    success_rate_24h: float | None
    latency_ms_p50_24h: int | None
    latency_ms_p95_24h: int | None


class WebhookWithStatus(msgspec.Struct, frozen=True):
    """A webhook with its delivery status, as events about webhooks contain it."""

    id: int
    name: str
    url: Url
    state: ReceiverState
    stalled: bool
    disabled_reason: DisabledReason | None
    waiting_count: int
    failing_payload_id: str | None
    failing_since: Timestamp | None
    next_attempt_at: Timestamp | None
    last_delivered_at: Timestamp | None
    lost_count: int
    lost_until: Timestamp | None
    success_rate_24h: float | None
    latency_ms_p50_24h: int | None
    latency_ms_p95_24h: int | None


def represent(links: Links, webhook_id: int, logged: LoggedPayload) -> Payload:
    return Payload(
        payload_id=logged.payload_id,
        sequence=logged.sequence,
        type=logged.type,
        created_at=format_timestamp(logged.created_at),
        state=logged.state,
        attempts_count=logged.attempts_count,
        next_attempt_at=_timestamp(logged.next_attempt_at),
        delivered_at=_timestamp(logged.delivered_at),
        url=links.payload(webhook_id, logged.payload_id),
    )


def represent_detail(tx: Transaction, caller: Caller, webhook_id: int, contents: PayloadContents) -> PayloadDetails:
    payload = represent(caller.links, webhook_id, contents.logged)
    user = None
    if contents.skipped_by_id is not None:
        user = tx.one(_USER, account=caller.account_id, id=contents.skipped_by_id)
    return PayloadDetails(
        **msgspec.structs.asdict(payload),
        skipped_at=_timestamp(contents.skipped_at),
        skipped_by=summarize_user(caller.links, user) if user else None,
        body=contents.body.decode(),
        attempts=[*map(_represent_attempt, contents.attempts)],
    )


def represent_status(status: LaneStatus) -> WebhookStatus:
    return WebhookStatus(
        state="enabled" if status.is_enabled else "disabled",
        stalled=status.is_stalled,
        disabled_reason=status.disabled_reason,
        waiting_count=status.waiting_count,
        failing_payload_id=status.failing_payload_id,
        failing_since=_timestamp(status.failing_since),
        next_attempt_at=_timestamp(status.next_attempt_at),
        last_delivered_at=_timestamp(status.last_delivered_at),
        lost_count=status.lost_count,
        lost_until=_timestamp(status.lost_until),
        success_rate_24h=status.success_rate,
        latency_ms_p50_24h=status.latency_ms_p50,
        latency_ms_p95_24h=status.latency_ms_p95,
    )


def represent_with_status(links: Links, webhook_id: int, name: str, status: LaneStatus) -> WebhookWithStatus:
    shown = msgspec.structs.asdict(represent_status(status))
    return WebhookWithStatus(id=webhook_id, name=name, url=links.webhook(webhook_id), **shown)


def _represent_attempt(attempt: LoggedAttempt) -> Attempt:
    return Attempt(
        number=attempt.number,
        started_at=format_timestamp(attempt.started_at),
        duration_ms=attempt.duration_ms,
        status=attempt.status,
        error=attempt.error,
        request_headers={**_by_name(attempt.request_headers), **dict.fromkeys(attempt.header_names)},
        response_headers=_by_name(attempt.response_headers),
        # The receiver may have sent any bytes, and the log may have cut a character in half.
        response_body=attempt.response_body.decode(errors="replace"),
        batch=None if attempt.batch is None else AttemptBatch(attempt.batch.first_sequence, attempt.batch.count),
    )


def _by_name(headers: Headers) -> dict[str, str]:
    """Map headers by name; repeated ones are joined, as RFC 9110 section 5.3 allows."""
    by_name: dict[str, str] = {}
    for name, value in headers:
        by_name[name] = f"{by_name[name]}, {value}" if name in by_name else value
    return by_name


def _timestamp(timestamp: int | None) -> str | None:
    return None if timestamp is None else format_timestamp(timestamp)


_USER = Statement(select(users).where(users.c.account_id == bindparam("account"), users.c.id == bindparam("id")))
