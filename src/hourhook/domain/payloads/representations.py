"""Payloads, attempts and the status of a webhook as the API shows them."""

import msgspec
from sqlalchemy import bindparam, select

from hourhook.clock import format_timestamp
from hourhook.delivery.history.contents import LoggedAttempt, PayloadContents
from hourhook.delivery.history.entries import LoggedPayload
from hourhook.delivery.history.statistics import LaneStatus
from hourhook.delivery.signing import Headers
from hourhook.domain.callers import Caller
from hourhook.domain.links import Links
from hourhook.domain.summaries import SimpleUser, Timestamp, Url, summarise_user
from hourhook.store.schema import users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


class Payload(msgspec.Struct, frozen=True):
    """One line of the delivery log: a payload, or an errand, whose sequence is null."""

    payload_id: str
    sequence: int | None
    type: str
    created_at: Timestamp
    state: str
    attempts_count: int
    next_attempt_at: Timestamp | None
    delivered_at: Timestamp | None
    url: Url


class Attempt(msgspec.Struct, frozen=True):
    """One attempt to send a payload."""

    number: int
    started_at: Timestamp
    duration_ms: int
    status: int | None
    error: str | None
    request_headers: dict[str, str]
    response_headers: dict[str, str]
    response_body: str


class PayloadInFull(Payload, frozen=True):
    """A payload with its text and its attempts."""

    skipped_at: Timestamp | None
    skipped_by: SimpleUser | None
    body: str
    attempts: list[Attempt]


class Status(msgspec.Struct, frozen=True):
    """How the delivery to a webhook fares."""

    state: str
    stalled: bool
    disabled_reason: str | None
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
    """The representation of a line of the log."""
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


def represent_detail(tx: Transaction, caller: Caller, webhook_id: int, contents: PayloadContents) -> PayloadInFull:
    """The representation of a payload with all that is known of it."""
    line = represent(caller.links, webhook_id, contents.logged)
    user = None
    if contents.skipped_by_id is not None:
        user = tx.one(_USER, account=caller.account_id, id=contents.skipped_by_id)
    return PayloadInFull(
        **msgspec.structs.asdict(line),
        skipped_at=_timestamp(contents.skipped_at),
        skipped_by=summarise_user(caller.links, user) if user else None,
        body=contents.body.decode(),
        attempts=[*map(_represent_attempt, contents.attempts)],
    )


def represent_status(status: LaneStatus) -> Status:
    """The representation of how it stands with a webhook's lane."""
    return Status(
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


def _represent_attempt(attempt: LoggedAttempt) -> Attempt:
    return Attempt(
        number=attempt.number,
        started_at=format_timestamp(attempt.started_at),
        duration_ms=attempt.duration_ms,
        status=attempt.status,
        error=attempt.error,
        request_headers=_by_name(attempt.request_headers),
        response_headers=_by_name(attempt.response_headers),
        # It is whatever the receiver sent, and may have been cut in the middle of a character.
        response_body=attempt.response_body.decode(errors="replace"),
    )


def _by_name(headers: Headers) -> dict[str, str]:
    """Headers by their names; those that came several times are joined, as HTTP allows."""
    by_name: dict[str, str] = {}
    for name, value in headers:
        by_name[name] = f"{by_name[name]}, {value}" if name in by_name else value
    return by_name


def _timestamp(moment: int | None) -> str | None:
    return None if moment is None else format_timestamp(moment)


_USER = Statement(select(users).where(users.c.account_id == bindparam("account"), users.c.id == bindparam("id")))
