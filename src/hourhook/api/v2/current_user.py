"""``/v2/current_user``: the caller's own user (``docs/api/current_user.md``)."""

from hourhook.api.endpoints import Call, Endpoints
from hourhook.domain import current_users
from hourhook.domain.current_users import CurrentUser, CurrentUserUpdate
from hourhook.domain.inputs import ValidationErrors

endpoints = Endpoints(
    "Current user",
    resource="User",
    description="The caller: their profile and preferences.",
    operation_resource="current_user",
)


@endpoints.get("/v2/current_user")
def show(call: Call) -> CurrentUser:
    """Show the caller's user."""
    return current_users.show(call.tx, call.caller)


@endpoints.put("/v2/current_user")
def edit(call: Call, params: CurrentUserUpdate, errors: ValidationErrors) -> CurrentUser:
    """Edit the caller's name and preferences.

    A new name raises `user.updated`; preferences raise no event.
    """
    return current_users.edit(call.tx, call.caller, params, errors)
