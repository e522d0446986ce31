"""Invitations of pending users: links that work once (``docs/api/users.md#how-invitations-work``)."""
