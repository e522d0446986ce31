"""``/v2/teams``: teams of users (``docs/api/teams.md``)."""

from hourhook.api.endpoints import Call, Created, Endpoints
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Page
from hourhook.domain.teams import editing, members, reading
from hourhook.domain.teams.editing import TeamCreate, TeamUpdate
from hourhook.domain.teams.members import UserIds
from hourhook.domain.teams.reading import TeamFilters
from hourhook.domain.teams.representations import Team
from hourhook.domain.users.representations import User

endpoints = Endpoints(
    "Teams",
    resource="Team",
    description="Groups of users.",
)


@endpoints.get("/v2/teams", role="coworker")
def index(call: Call, params: TeamFilters, errors: ValidationErrors) -> Page[Team]:
    """List teams by name."""
    return reading.list_page(call.tx, call.caller, params, errors, call.pagination)


@endpoints.get("/v2/teams/{team_id}", role="coworker")
def show(call: Call, team_id: int) -> Team:
    """Show a team."""
    return reading.show(call.tx, call.caller, team_id)


@endpoints.post("/v2/teams", role="supervisor")
def create(call: Call, params: TeamCreate, errors: ValidationErrors) -> Created[Team]:
    """Create a team.

    Raises `team.created`.
    """
    created = editing.create(call.tx, call.caller, params, errors)
    return Created(created, created.url)


@endpoints.put("/v2/teams/{team_id}", role="supervisor")
def rename(call: Call, team_id: int, params: TeamUpdate, errors: ValidationErrors) -> Team:
    """Rename a team.

    Raises `team.updated`.
    """
    return editing.rename(call.tx, call.caller, team_id, params, errors)


# Documented as POST; PUT is accepted too, as for the other membership actions.
@endpoints.put("/v2/teams/{team_id}/add_users", role="supervisor", operation_id="put_team_users")
@endpoints.post("/v2/teams/{team_id}/add_users", role="supervisor")
def add_users(call: Call, team_id: int, params: UserIds, errors: ValidationErrors) -> list[User]:
    """Add users to a team.

    Returns all members. Raises `team.updated` if any was added.
    """
    return members.add(call.tx, call.caller, team_id, params, errors)


@endpoints.put("/v2/teams/{team_id}/remove_users", role="supervisor")
def remove_users(call: Call, team_id: int, params: UserIds, errors: ValidationErrors) -> None:
    """Remove users from a team.

    Raises `team.updated` if any was removed.
    """
    members.remove(call.tx, call.caller, team_id, params, errors)


@endpoints.put("/v2/teams/{team_id}/remove_all_users", role="supervisor")
def remove_all_users(call: Call, team_id: int) -> None:
    """Remove all users from a team.

    Raises `team.updated` if any was removed.
    """
    members.remove_all(call.tx, call.caller, team_id)


@endpoints.delete("/v2/teams/{team_id}", role="supervisor")
def remove(call: Call, team_id: int) -> None:
    """Delete a team.

    Keeps its members. Raises `team.deleted`.
    """
    editing.remove(call.tx, call.caller, team_id)
