"""``/v2/current_user``: the caller (contract, current_user.md)."""

from hourhook.api.endpoints import Call, Endpoints
from hourhook.domain import current_users
from hourhook.domain.current_users import CurrentUser, Preferences
from hourhook.domain.inputs import ValidationErrors

endpoints = Endpoints("Current user", resource="User")


@endpoints.get("/v2/current_user")
def show(call: Call) -> CurrentUser:
    """Show the caller."""
    return current_users.show(call.tx, call.caller)


@endpoints.put("/v2/current_user")
def edit(call: Call, params: Preferences, errors: ValidationErrors) -> CurrentUser:
    """Change one's own name and preferences.

    A new name raises `user.updated`; preferences raise nothing.
    """
    return current_users.edit(call.tx, call.caller, params, errors)
