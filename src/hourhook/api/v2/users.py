"""``/v2/users``: users of the account, and the members of one team (``docs/api/users.md``)."""

from hourhook.api.endpoints import Call, Created, Endpoints
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Page
from hourhook.domain.projects.reading import ProjectIds
from hourhook.domain.users import access, editing, reading, states
from hourhook.domain.users.editing import UserCreate, UserUpdate
from hourhook.domain.users.reading import UserFilters
from hourhook.domain.users.representations import User

endpoints = Endpoints(
    "Users",
    resource="User",
    description="The people of the account: their roles, states and access to projects.",
)


@endpoints.get("/v2/users", role="coworker")
def index(call: Call, params: UserFilters, errors: ValidationErrors) -> Page[User]:
    """List users."""
    return reading.list_page(call.tx, call.caller, params, errors, call.pagination)


@endpoints.get("/v2/teams/{team_id}/users", role="coworker")
def index_of_team(call: Call, team_id: int, params: UserFilters, errors: ValidationErrors) -> Page[User]:
    """List the members of a team."""
    return reading.list_for_team(call.tx, call.caller, team_id, params, errors, call.pagination)


@endpoints.get("/v2/users/{user_id}")
def show(call: Call, user_id: int) -> User:
    """Show a user.

    Contractors see only themselves.
    """
    return reading.show(call.tx, call.caller, user_id)


@endpoints.post("/v2/users", role="supervisor", headers=("X-Hourhook-Invitation",))
def create(call: Call, params: UserCreate, errors: ValidationErrors) -> Created[User]:
    """Invite a user.

    The invitation link leads to a page on which the user chooses a password. It is sent by e-mail or, if the server has
    no mail server, returned in a response header for you to pass on. It works once, for 14 days. Raises `user.created`.
    """
    created, issued = editing.invite(call.tx, call.caller, call.dependencies, params, errors)
    return Created(created, created.url, {} if issued.is_mailed else {"X-Hourhook-Invitation": issued.link})


@endpoints.put("/v2/users/{user_id}", role="supervisor")
def edit(call: Call, user_id: int, params: UserUpdate, errors: ValidationErrors) -> User:
    """Edit a user's name and role.

    Raises `user.updated`.
    """
    return editing.edit(call.tx, call.caller, user_id, params, errors)


@endpoints.put("/v2/users/{user_id}/activate", role="supervisor")
def activate(call: Call, user_id: int) -> None:
    """Activate a deactivated user.

    Raises `user.updated` and `user.updated.activated`.
    """
    states.activate(call.tx, call.caller, user_id)


@endpoints.put("/v2/users/{user_id}/deactivate", role="supervisor")
def deactivate(call: Call, user_id: int) -> None:
    """Deactivate a user who has entries or expenses.

    Their tokens stop working; the time they logged stays. Raises `user.updated` and `user.updated.deactivated`.
    """
    states.deactivate(call.tx, call.caller, user_id)


@endpoints.put("/v2/users/{user_id}/give_access_to_projects", role="supervisor")
def give_access(call: Call, user_id: int, params: ProjectIds, errors: ValidationErrors) -> None:
    """Grant access to projects.

    Applies to coworkers and contractors; other roles see all projects.
    """
    access.grant(call.tx, call.caller, user_id, params, errors)


@endpoints.put("/v2/users/{user_id}/revoke_access_to_projects", role="supervisor")
def revoke_access(call: Call, user_id: int, params: ProjectIds, errors: ValidationErrors) -> None:
    """Revoke access to projects.

    Applies to coworkers and contractors. Entries they logged there remain, but they can no longer see them.
    """
    access.revoke(call.tx, call.caller, user_id, params, errors)


@endpoints.put("/v2/users/{user_id}/revoke_access_to_all_projects", role="supervisor")
def revoke_all_access(call: Call, user_id: int) -> None:
    """Revoke access to all projects."""
    access.revoke_all(call.tx, call.caller, user_id)


@endpoints.delete("/v2/users/{user_id}", role="supervisor")
def remove(call: Call, user_id: int) -> None:
    """Delete a user who has neither entries nor expenses.

    Raises `user.deleted`, after `entry.updated` for each entry that the user had approved.
    """
    editing.remove(call.tx, call.caller, user_id)
