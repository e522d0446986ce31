"""Stopping a webhook, setting it going, and asking whether its receiver is there (contract, webhooks.md)."""

from hourhook.delivery import lane_control, one_offs
from hourhook.domain.callers import Caller
from hourhook.domain.webhooks import reading
from hourhook.store.transaction import Transaction


def disable(tx: Transaction, caller: Caller, id: int) -> None:
    """Send nothing but pings; new events are not for this webhook, and what waits goes on waiting."""
    reading.find(tx, caller, id)
    lane_control.disable(tx, id, "by_user")


def enable(tx: Transaction, caller: Caller, id: int) -> None:
    """Set a webhook going that is disabled or stalled; changes nothing of any other."""
    reading.find(tx, caller, id)
    lane_control.enable(tx, id)


def ping(tx: Transaction, caller: Caller, id: int) -> None:
    """Have a ping sent at once, outside the order, whatever the webhook's state."""
    reading.find(tx, caller, id)
    one_offs.ping(tx, id)
