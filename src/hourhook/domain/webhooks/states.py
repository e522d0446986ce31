"""Disable, enable and ping webhooks (`docs/api/webhooks.md#states`)."""

from hourhook.delivery import lane_control, one_offs
from hourhook.domain.audit.recording import record
from hourhook.domain.callers import Caller
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.webhooks import alerts, reading
from hourhook.domain.webhooks.alerts import Reporter
from hourhook.store.transaction import Transaction


def disable(tx: Transaction, caller: Caller, id: int) -> None:
    """Disable a webhook: new events are not queued, waiting payloads are kept, and only pings are sent.

    Idempotent: a disabled one also keeps the reason why it was disabled.
    """
    reading.find(tx, caller, id)
    if lane_control.disable(tx, id, "by_user", caller.user_id):
        record(tx, caller, "Webhook", id, "disabled")
        alerts.raise_event(tx, caller.links, id, "disabled")


def enable(tx: Transaction, caller: Caller, dependencies: Dependencies, id: int) -> None:
    """Re-enable a disabled or stalled webhook. Idempotent: does nothing to any other."""
    reading.find(tx, caller, id)
    before = lane_control.enable(tx, id)
    if before is None:
        return
    record(tx, caller, "Webhook", id, "enabled")
    if before == "gone":
        reporter = Reporter(caller.links, dependencies.outbox, dependencies.retention_seconds)
        reporter.send_mails(tx, "enabled", [alerts.describe(tx, caller.links, id)])


def ping(tx: Transaction, caller: Caller, id: int) -> None:
    """Queue a ping, which is sent out of order and whatever the webhook's state."""
    reading.find(tx, caller, id)
    one_offs.ping(tx, id)
    record(tx, caller, "Webhook", id, "pinged")
