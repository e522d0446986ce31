"""Broadcast receivers: subscriptions to a user's own timers (``docs/api/broadcast_receivers.md``)."""
