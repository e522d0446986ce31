"""Users and projects inside what belongs to them: their columns in a joined row, and their short forms."""

from hourhook.domain.links import Links
from hourhook.domain.summaries import SimpleProject, SimpleUser
from hourhook.store.schema import projects, users
from hourhook.store.statements import Row

# What ``embedded_user`` wants to know of a user.
USER_FIELDS = ("id", "email", "first_name", "last_name", "profile_image_url")
USER_COLUMNS = tuple(users.c[name].label(f"user_{name}") for name in USER_FIELDS)

# What ``embedded_project`` wants to know of a project.
PROJECT_COLUMNS = tuple(
    projects.c[name].label(f"project_{name}")
    for name in ("id", "name", "billing_increment", "enabled", "billable", "color")
)


def summarise_joined_user(links: Links, row: Row) -> SimpleUser:
    """The user of a row that holds ``USER_COLUMNS``."""
    return SimpleUser(
        row.user_id,
        row.user_email,
        row.user_first_name,
        row.user_last_name,
        row.user_profile_image_url or "",
        links.user(row.user_id),
    )


def summarise_joined_project(links: Links, row: Row) -> SimpleProject:
    """The project of a row that holds ``PROJECT_COLUMNS``, where there is one."""
    return SimpleProject(
        row.project_id,
        row.project_name,
        row.project_billing_increment,
        row.project_enabled,
        row.project_billable,
        row.project_color,
        links.project(row.project_id),
    )
