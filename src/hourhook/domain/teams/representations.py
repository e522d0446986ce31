"""The JSON representation of a team (`docs/api/teams.md`)."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from hourhook.clock import format_timestamp
from hourhook.domain.links import Links
from hourhook.domain.summaries import SimpleUser, Timestamp, Url, summarize_user
from hourhook.store.schema import team_members, teams, users
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction


class Team(msgspec.Struct, frozen=True):
    """A team."""

    id: int
    name: str
    users: list[SimpleUser]
    url: Url
    entries_url: Url
    users_url: Url
    created_at: Timestamp
    updated_at: Timestamp
    add_users_url: Url
    remove_users_url: Url
    remove_all_users_url: Url


# The columns that ``represent`` reads.
COLUMNS = (teams.c.id, teams.c.name, teams.c.created_at, teams.c.updated_at)


def represent(tx: Transaction, account_id: int, links: Links, rows: Sequence[Row]) -> list[Team]:
    """Represent rows of ``COLUMNS``, with one statement for any number of them."""
    if not rows:
        return []
    members: dict[int, list[SimpleUser]] = {}
    for member in tx.all(_MEMBERS, account=account_id, ids=[row.id for row in rows]):
        members.setdefault(member.team_id, []).append(summarize_user(links, member))
    return [_represent(links, row, members.get(row.id, [])) for row in rows]


def urls(links: Links, id: int) -> dict[str, Any]:
    """Return the URLs in the representation of a team."""
    url = links.team(id)
    return {
        "url": url,
        "entries_url": f"{url}/entries",
        "users_url": f"{url}/users",
        "add_users_url": f"{url}/add_users",
        "remove_users_url": f"{url}/remove_users",
        "remove_all_users_url": f"{url}/remove_all_users",
    }


def _represent(links: Links, row: Row, members: list[SimpleUser]) -> Team:
    return Team(
        id=row.id,
        name=row.name,
        users=members,
        **urls(links, row.id),
        created_at=format_timestamp(row.created_at),
        updated_at=format_timestamp(row.updated_at),
    )


_MEMBERS = Statement(
    select(
        team_members.c.team_id,
        users.c.id,
        users.c.email,
        users.c.first_name,
        users.c.last_name,
        users.c.profile_image_url,
    )
    .join_from(
        team_members, users, (users.c.account_id == team_members.c.account_id) & (users.c.id == team_members.c.user_id)
    )
    .where(team_members.c.account_id == bindparam("account"), any_of(team_members.c.team_id, "ids"))
    .order_by(users.c.id)
)
