"""What stands against changing an entry (contract, entries.md)."""

from hourhook.domain.callers import Caller
from hourhook.domain.entries.representations import Entry
from hourhook.errors import ValidationFailed


def require_permission(caller: Caller, entry: Entry) -> None:
    """Refuse to let anybody below leader change what others logged (raises ``Forbidden``)."""
    if entry.user.id != caller.user_id:
        caller.require_role("leader")


def refuse_uneditable(entry: Entry) -> None:
    """Refuse an entry that is approved, invoiced, or in an archived project; the first of them counts."""
    if entry.approved_at is not None:
        raise ValidationFailed.on_base("Entry", "approved_and_locked", "The Entry is locked because it is approved.")
    if entry.invoiced_at is not None:
        raise ValidationFailed.on_base("Entry", "invoiced", "The Entry cannot be changed because it is invoiced.")
    refuse_archived(entry)


def refuse_archived(entry: Entry) -> None:
    """Refuse an entry in an archived project."""
    if is_archived(entry):
        raise ValidationFailed.on_base("Entry", "archived_project", "The Entry belongs to an archived project.")


def is_archived(entry: Entry) -> bool:
    """Whether an entry is in an archived project."""
    return entry.project is not None and not entry.project.enabled
