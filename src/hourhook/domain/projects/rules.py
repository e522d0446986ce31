"""Rules that forbid changing a project."""

from hourhook.domain.projects.representations import Project
from hourhook.errors import ValidationFailed


def refuse_archived(project: Project) -> None:
    """Raise ``ValidationFailed`` if the project is archived."""
    if not project.enabled:
        raise ValidationFailed.on_base("Project", "archived_project", "The Project is archived.")


def is_used(project: Project) -> bool:
    """Return whether a project has entries, expenses or invoices: then it can be archived but not deleted."""
    return bool(project.entries or project.expenses or project.invoices)
