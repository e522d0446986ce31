"""Summaries of users and projects that a query has joined to another resource."""

from hourhook.domain.links import Links
from hourhook.domain.summaries import SimpleProject, SimpleUser
from hourhook.store.schema import projects, users
from hourhook.store.statements import Row

# The columns that ``summarize_joined_user`` needs.
USER_FIELDS = ("id", "email", "first_name", "last_name", "profile_image_url")
USER_COLUMNS = tuple(users.c[name].label(f"user_{name}") for name in USER_FIELDS)

# The columns that ``summarize_joined_project`` needs.
PROJECT_COLUMNS = tuple(
    projects.c[name].label(f"project_{name}")
    for name in ("id", "name", "billing_increment", "enabled", "billable", "color")
)


def summarize_joined_user(links: Links, row: Row) -> SimpleUser:
    """Return the user of a row that has ``USER_COLUMNS``."""
    return SimpleUser(
        row.user_id,
        row.user_email,
        row.user_first_name,
        row.user_last_name,
        row.user_profile_image_url or "",
        links.user(row.user_id),
    )


def summarize_joined_project(links: Links, row: Row) -> SimpleProject:
    """Return the project of a row that has ``PROJECT_COLUMNS``; the row must have a project."""
    return SimpleProject(
        row.project_id,
        row.project_name,
        row.project_billing_increment,
        row.project_enabled,
        row.project_billable,
        row.project_color,
        links.project(row.project_id),
    )
