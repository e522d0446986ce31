"""The conditions for changing an inbox entry (``docs/api/inbox_entries.md#rules``)."""

from hourhook.domain.inbox_entries.representations import InboxEntry
from hourhook.errors import ValidationFailed


def refuse_logged(inbox_entry: InboxEntry) -> None:
    """Raise ``ValidationFailed`` for an inbox entry that has been logged."""
    if inbox_entry.logged:
        raise ValidationFailed.on_base("InboxEntry", "logged", "The InboxEntry has been logged.")
