"""The conditions for changing an entry (``docs/api/entries.md#rules``)."""

from hourhook.domain.callers import Caller
from hourhook.domain.entries.representations import Entry
from hourhook.errors import Forbidden, ValidationFailed


def require_permission(caller: Caller, entry: Entry) -> None:
    """Raise ``Forbidden`` unless the entry is the caller's own or the caller is a leader."""
    if not may_change(caller, entry):
        raise Forbidden


def refuse_uneditable(entry: Entry) -> None:
    """Raise ``ValidationFailed`` for an entry that is approved, invoiced or in an archived project, in this order."""
    if entry.approved_at is not None:
        raise ValidationFailed.on_base("Entry", "approved_and_locked", "The Entry is locked because it is approved.")
    if entry.invoiced_at is not None:
        raise ValidationFailed.on_base("Entry", "invoiced", "The Entry cannot be changed because it is invoiced.")
    refuse_archived(entry)


def may_change(caller: Caller, entry: Entry) -> bool:
    """Return whether the caller may change an entry that is not locked."""
    return entry.user.id == caller.user_id or caller.has_role("leader")


def refuse_archived(entry: Entry) -> None:
    """Raise ``ValidationFailed`` for an entry in an archived project."""
    if is_archived(entry):
        raise ValidationFailed.on_base("Entry", "archived_project", "The Entry belongs to an archived project.")


def is_archived(entry: Entry) -> bool:
    return entry.project is not None and not entry.project.enabled
