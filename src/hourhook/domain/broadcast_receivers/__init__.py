"""Broadcast receivers: who is told that something of a user's changes fast (contract, broadcast_receivers.md)."""
