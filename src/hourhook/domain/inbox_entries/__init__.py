"""Inbox entries: proposed time that its user has still to confirm (``docs/api/inbox_entries.md``)."""
