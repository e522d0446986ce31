"""The JSON representation of a project group (`docs/api/project_groups.md`)."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from hourhook.clock import format_timestamp
from hourhook.domain.callers import Caller
from hourhook.domain.links import Links
from hourhook.domain.summaries import SimpleProject, Timestamp, Url, summarize_project
from hourhook.domain.visibility import scope_of, visible_projects
from hourhook.store.schema import project_group_members, project_groups, projects
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction


class ProjectGroup(msgspec.Struct, frozen=True):
    """A project group."""

    id: int
    name: str
    projects: list[SimpleProject]
    url: Url
    entries_url: Url
    invoices_url: Url
    projects_url: Url
    created_at: Timestamp
    updated_at: Timestamp
    add_projects_url: Url
    remove_projects_url: Url
    remove_all_projects_url: Url


# The columns that ``represent`` reads.
COLUMNS = (project_groups.c.id, project_groups.c.name, project_groups.c.created_at, project_groups.c.updated_at)


def represent(tx: Transaction, caller: Caller, rows: Sequence[Row]) -> list[ProjectGroup]:
    """Represent rows of ``COLUMNS``, with one statement for any number of them.

    Each group shows only the projects that the caller sees.
    """
    if not rows:
        return []
    ids = [row.id for row in rows]
    members: dict[int, list[SimpleProject]] = {}
    for member in tx.all(_members(scope_of(caller)), account=caller.account_id, me=caller.user_id, ids=ids):
        members.setdefault(member.project_group_id, []).append(summarize_project(caller.links, member))
    return [_represent(caller.links, row, members.get(row.id, [])) for row in rows]


def urls(links: Links, id: int) -> dict[str, Any]:
    """Return the URLs in the representation of a project group."""
    url = links.project_group(id)
    return {
        "url": url,
        "entries_url": f"{url}/entries",
        # The Noko v2 API keeps the key although it no longer has the action.
        "invoices_url": f"{url}/invoices",
        "projects_url": f"{url}/projects",
        "add_projects_url": f"{url}/add_projects",
        "remove_projects_url": f"{url}/remove_projects",
        "remove_all_projects_url": f"{url}/remove_all_projects",
    }


def _represent(links: Links, row: Row, members: list[SimpleProject]) -> ProjectGroup:
    return ProjectGroup(
        id=row.id,
        name=row.name,
        projects=members,
        **urls(links, row.id),
        created_at=format_timestamp(row.created_at),
        updated_at=format_timestamp(row.updated_at),
    )


@cache
def _members(scope: str) -> Statement:
    return Statement(
        select(
            project_group_members.c.project_group_id,
            projects.c.id,
            projects.c.name,
            projects.c.billing_increment,
            projects.c.enabled,
            projects.c.billable,
            projects.c.color,
        )
        .join_from(
            project_group_members,
            projects,
            (projects.c.account_id == project_group_members.c.account_id)
            & (projects.c.id == project_group_members.c.project_id),
        )
        .where(
            project_group_members.c.account_id == bindparam("account"),
            any_of(project_group_members.c.project_group_id, "ids"),
            visible_projects(scope),
        )
        .order_by(projects.c.name_key)
    )
