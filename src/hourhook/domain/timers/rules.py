"""Rules that forbid changing a timer."""

from hourhook.domain.timers.storing import StoredTimer
from hourhook.errors import ValidationFailed


def refuse_archived(timer: StoredTimer) -> None:
    """Raise ``ValidationFailed`` if the timer's project is archived."""
    if not timer.project.enabled:
        raise ValidationFailed.on_base("Timer", "archived_project", "The Timer belongs to an archived project.")
