"""Rules that forbid changing a user; each function raises ``ValidationFailed``."""

from sqlalchemy import bindparam, func, select

from hourhook.domain.callers import Caller
from hourhook.domain.users.representations import User
from hourhook.errors import ValidationFailed
from hourhook.store.schema import accounts, users
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


def refuse_deactivated(user: User) -> None:
    if user.state == "disabled":
        raise ValidationFailed.on_base("User", "deactivated", "The User is deactivated.")


def refuse_self(caller: Caller, id: int) -> None:
    """Refuse if the user is the caller."""
    if id == caller.user_id:
        raise ValidationFailed.on_base("User", "authenticated_user", "You cannot do this to your own account.")


def refuse_owner(tx: Transaction, caller: Caller, id: int) -> None:
    if is_owner(tx, caller, id):
        raise ValidationFailed.on_base("User", "account_owner", "The User is the owner of the account.")


def check_user_limit(tx: Transaction, caller: Caller) -> None:
    """Refuse another user if the account has reached its limit; active and pending users count."""
    if caller.max_users is None:
        return
    count: int = tx.value(_COUNT, account=caller.account_id, states=["active", "pending"])
    if count >= caller.max_users:
        raise ValidationFailed.on_base(
            "User", "reached_user_limit", "The account has reached its limit of active users."
        )


def is_owner(tx: Transaction, caller: Caller, id: int) -> bool:
    """Return whether the user owns the account."""
    return bool(tx.value(_OWNER, account=caller.account_id) == id)


_OWNER = Statement(select(accounts.c.owner_id).where(accounts.c.id == bindparam("account")))

_COUNT = Statement(
    select(func.count())
    .select_from(users)
    .where(users.c.account_id == bindparam("account"), any_of(users.c.state, "states"))
)
