"""``/v2/account``: the account of the caller (``docs/api/account.md``)."""

from hourhook.api.endpoints import Call, Endpoints
from hourhook.domain import accounts
from hourhook.domain.accounts import Account

endpoints = Endpoints(
    "Account",
    resource="Account",
    description="The account of the caller.",
)


@endpoints.get("/v2/account")
def show(call: Call) -> Account:
    """Show the account."""
    return accounts.show(call.tx, call.caller)
