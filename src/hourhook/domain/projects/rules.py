"""What stands against changing a project (contract, projects.md)."""

from hourhook.domain.projects.representations import Project
from hourhook.errors import ValidationFailed


def refuse_archived(project: Project) -> None:
    """Refuse a project that is archived."""
    if not project.enabled:
        raise ValidationFailed.on_base("Project", "archived_project", "The Project is archived.")


def is_used(project: Project) -> bool:
    """Whether anything hangs on a project, so that it can be archived and not deleted."""
    return bool(project.entries or project.expenses or project.invoices)
