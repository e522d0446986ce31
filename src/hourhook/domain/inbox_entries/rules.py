"""What stands against changing an inbox entry (contract, inbox_entries.md)."""

from hourhook.domain.inbox_entries.representations import InboxEntry
from hourhook.errors import ValidationFailed


def refuse_logged(inbox_entry: InboxEntry) -> None:
    """Refuse an inbox entry that has become an entry."""
    if inbox_entry.logged:
        raise ValidationFailed.on_base("InboxEntry", "logged", "The InboxEntry has been logged.")
