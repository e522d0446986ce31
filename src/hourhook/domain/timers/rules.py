"""What stands against changing a timer (contract, timers.md)."""

from hourhook.domain.timers.storing import StoredTimer
from hourhook.errors import ValidationFailed


def refuse_archived(timer: StoredTimer) -> None:
    """Refuse a timer of an archived project."""
    if not timer.project.enabled:
        raise ValidationFailed.on_base("Timer", "archived_project", "The Timer belongs to an archived project.")
