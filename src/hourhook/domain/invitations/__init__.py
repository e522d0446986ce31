"""Invitations: the one way in of a pending user, by a link that works once (contract, users.md)."""
