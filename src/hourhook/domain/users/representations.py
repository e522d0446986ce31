"""The JSON representation of a user (`docs/api/users.md`)."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, select

from hourhook.clock import format_timestamp
from hourhook.domain.enums import Role, UserState
from hourhook.domain.links import Links
from hourhook.domain.summaries import SimpleTeam, Timestamp, Url, UrlOrBlank, summarize_team
from hourhook.store.schema import entry_sums, expense_sums, team_members, teams, users
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction


class User(msgspec.Struct, frozen=True):
    """A user."""

    id: int
    email: str
    first_name: str | None
    last_name: str | None
    profile_image_url: UrlOrBlank
    url: Url
    state: UserState
    role: Role
    teams: list[SimpleTeam]
    entries: int
    entries_url: Url
    expenses: int
    expenses_url: Url
    give_access_to_project_url: Url
    revoke_access_to_project_url: Url
    give_access_to_projects_url: Url
    revoke_access_to_projects_url: Url
    revoke_access_to_all_projects_url: Url
    activate_url: Url
    deactivate_url: Url
    created_at: Timestamp
    updated_at: Timestamp


# How many entries and expenses a user has.
COUNTS = tuple(
    select(func.coalesce(func.sum(count), 0))
    .where(count.table.c.account_id == users.c.account_id, count.table.c.user_id == users.c.id)
    .scalar_subquery()
    .label(count.name)
    for count in (entry_sums.c.entries_count, expense_sums.c.expenses_count)
)
# The columns that ``represent`` reads.
COLUMNS = (
    users.c.id,
    users.c.email,
    users.c.first_name,
    users.c.last_name,
    users.c.profile_image_url,
    users.c.state,
    users.c.role,
    users.c.created_at,
    users.c.updated_at,
    *COUNTS,
)


def represent(tx: Transaction, account_id: int, links: Links, rows: Sequence[Row]) -> list[User]:
    """Represent rows of ``COLUMNS``, with one statement for any number of them."""
    if not rows:
        return []
    teams_of: dict[int, list[SimpleTeam]] = {}
    for team in tx.all(_TEAMS, account=account_id, ids=[row.id for row in rows]):
        teams_of.setdefault(team.user_id, []).append(summarize_team(links, team))
    return [_represent(links, row, teams_of.get(row.id, [])) for row in rows]


def urls(links: Links, id: int) -> dict[str, Any]:
    """Return the URLs in the representation of a user."""
    url = links.user(id)
    return {
        "url": url,
        "entries_url": f"{url}/entries",
        "expenses_url": f"{url}/expenses",
        "give_access_to_project_url": f"{url}/give_access_to_projects",
        "revoke_access_to_project_url": f"{url}/revoke_access_to_projects",
        "give_access_to_projects_url": f"{url}/give_access_to_projects",
        "revoke_access_to_projects_url": f"{url}/revoke_access_to_projects",
        "revoke_access_to_all_projects_url": f"{url}/revoke_access_to_all_projects",
        "activate_url": f"{url}/activate",
        "deactivate_url": f"{url}/deactivate",
    }


def _represent(links: Links, row: Row, teams: list[SimpleTeam]) -> User:
    return User(
        id=row.id,
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        profile_image_url=row.profile_image_url or "",
        **urls(links, row.id),
        state=row.state,
        role=row.role,
        teams=teams,
        entries=row.entries_count,
        expenses=row.expenses_count,
        created_at=format_timestamp(row.created_at),
        updated_at=format_timestamp(row.updated_at),
    )


_TEAMS = Statement(
    select(team_members.c.user_id, teams.c.id, teams.c.name)
    .join_from(
        team_members, teams, (teams.c.account_id == team_members.c.account_id) & (teams.c.id == team_members.c.team_id)
    )
    .where(team_members.c.account_id == bindparam("account"), any_of(team_members.c.user_id, "ids"))
    .order_by(teams.c.name_key)
)
