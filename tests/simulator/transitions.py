"""The allowed changes of a lane by operation: the engine's rules, restated independently of its code.

Operations go by the names of the functions that transactions run, in production and in ``actors``.
"""

import json
from collections.abc import Iterator
from typing import Any

from tests.simulator.connections import Operation
from tests.simulator.journal import Event, Log, WebhookState

_LEASE = {"lease_token", "lease_worker", "lease_expires_at"}
_HISTORY = {"attempts_count", "failures_count", "failing_since", "window_started_at"}
_DISABLED = {"enabled", "disabled_reason", "disabled_at", "disabled_by_id"}
_ALERT = {"alerted", "alert_since"}
_QUEUE = {"last_sequence", "due_at", "catching_up_from"}
_MOVE = {"paced_until", "head_sequence", "replayed_through", "stalled", "due_at", *_HISTORY, *_LEASE, *_ALERT}

ALLOWED_CHANGES: dict[str, set[str]] = {
    "run_cycle": {
        "head_sequence",
        "replayed_through",
        "stalled",
        "due_at",
        "last_succeeded",
        "last_delivered_at",
        "paced_until",
        *_HISTORY,
        *_LEASE,
        *_ALERT,
    },
    "renew": {"lease_expires_at"},
    "bring_forward": {"due_at", "window_started_at"},
    "release": _LEASE,
    "release_all": _LEASE,
    "reap_dead_workers": _LEASE,
    "change": {"last_sequence", "due_at"},
    "queue_batch": _QUEUE,
    "subscribe": _QUEUE,
    # Also the lanes that get the alert.
    "report_due": {"last_sequence", "due_at", *_ALERT},
    "skip": _MOVE,
    "replay": _MOVE,
    "retry": {"due_at", "last_succeeded", "window_started_at"},
    "enable": {*_DISABLED, "paced_until", "stalled", "due_at", "last_succeeded", *_HISTORY, *_LEASE, "alerted"},
    "disable": {*_DISABLED, *_QUEUE, *_LEASE, "alert_since", "paced_until"},
    "disable_gone": {*_DISABLED, *_QUEUE, *_LEASE, "alert_since", "paced_until"},
    "retarget": {"destination", "revision", "due_at", "paced_until", *_LEASE},
    "rename": {"revision"},
    "reroll": {"revision"},
    "rotate": {"revision"},
    "expire_secret": {"revision"},
    "limit_batches": {"revision"},
    "set_rate": {"revision", "paced_until"},
    "delete_old_events": {"head_sequence", "lost_count", "lost_until", "due_at", *_HISTORY, *_LEASE},
}
# Operations that revoke leases without an action of a user.
LEASE_REVOKING = {"release", "release_all", "reap_dead_workers"}


def expected_fields(operation: Operation, before: Any, hook: WebhookState, log: Log) -> dict[str, Any]:
    """Return the fields that a lane must have after an operation on it."""
    head: int = before.head_sequence
    match operation.name:
        case "skip" if operation.arguments[1] == head and before.failing_since is not None:
            return {"head_sequence": head + 1, "stalled": False, "lease_token": None, "failures_count": 0}
        case "replay" if (
            log.first_retained_position <= hook.position_of(operation.arguments[1]) and operation.arguments[1] < head
        ):
            return {"head_sequence": operation.arguments[1], "stalled": before.stalled, "lease_token": None}
        case "enable" if before.stalled or not before.enabled:
            return {"enabled": True, "stalled": False, "lease_token": None, "window_started_at": None}
        case "disable":
            return {"enabled": False, "head_sequence": head, "catching_up_from": None}
        case "subscribe":
            return {"head_sequence": head, "catching_up_from": None}
        case "retarget":
            return {"revision": before.revision + 1, "lease_token": None, "head_sequence": head}
        case "rename" | "reroll" | "rotate" | "expire_secret" | "limit_batches" | "set_rate":
            return {"revision": before.revision + 1, "lease_token": before.lease_token, "head_sequence": head}
        case "skip" | "replay" | "enable":
            return {name: getattr(before, name) for name in before._fields}
        case "delete_old_events":
            return {}
    return {"head_sequence": head}


def find_inconsistent_fields(lane: Any) -> Iterator[str]:
    """Yield a description of each inconsistency between fields, which no operation may leave."""
    waiting = lane.last_sequence - lane.head_sequence + 1
    if waiting < 0 or lane.head_sequence < 1:
        yield "its head is beyond its last payload"
    if bool(lane.enabled) != (lane.disabled_at is None):
        yield "enabled, but disabled since a time" if lane.enabled else "disabled since no time"
    if not lane.enabled:
        if lane.due_at is not None or lane.lease_token is not None:
            yield "disabled, but due or leased"
    elif not lane.stalled and (waiting > 0) != (lane.due_at is not None):
        yield "idle, but payloads are waiting" if waiting else "due, but no payload is waiting"
    if lane.lease_token is not None and lane.due_at is None:
        yield "leased, but not due"
    if lane.alerted == "recovered" and lane.alert_since != 0:
        yield "recovered, but that will not be reported"
    if lane.enabled and lane.stalled and lane.alerted != "stalled" and lane.alert_since != 0:
        yield "stalled, but that will not be reported"
    if lane.enabled and lane.failures_count and lane.alerted is None and lane.alert_since is None:
        yield "failing, but that will not be reported"


def apply_tag_event(tags: dict[int, str], event: Event) -> None:
    """Apply an event to the tags that follow from the events so far."""
    tag = json.loads(event.object)
    if event.type in ("tag.created", "tag.updated"):
        tags[tag["id"]] = tag["name"]
    elif event.type == "tag.deleted":
        del tags[tag["id"]]
