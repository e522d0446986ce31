"""What may not be done to which user (contract, users.md). Each function refuses by raising ``ValidationFailed``."""

from sqlalchemy import bindparam, func, select

from hourhook.domain.callers import Caller
from hourhook.domain.users.representations import User
from hourhook.errors import ValidationFailed
from hourhook.store.schema import accounts, users
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


def refuse_deactivated(user: User) -> None:
    """Refuse a user who is deactivated."""
    if user.state == "disabled":
        raise ValidationFailed.on_base("User", "deactivated", "The User is deactivated.")


def refuse_self(caller: Caller, id: int) -> None:
    """Refuse the caller himself."""
    if id == caller.user_id:
        raise ValidationFailed.on_base("User", "authenticated_user", "Nobody may do this to themselves.")


def refuse_owner(tx: Transaction, caller: Caller, id: int) -> None:
    """Refuse the owner of the account."""
    if is_owner(tx, caller, id):
        raise ValidationFailed.on_base("User", "account_owner", "The User is the owner of the account.")


def check_user_limit(tx: Transaction, caller: Caller) -> None:
    """Refuse one more active user than the account may have; pending ones count."""
    if caller.max_users is None:
        return
    seated: int = tx.value(_COUNT_SEATED, account=caller.account_id, states=["active", "pending"])
    if seated >= caller.max_users:
        raise ValidationFailed.on_base(
            "User", "reached_user_limit", "The account has as many active users as it may have."
        )


def is_owner(tx: Transaction, caller: Caller, id: int) -> bool:
    """Whether this user owns the account."""
    return bool(tx.value(_OWNER, account=caller.account_id) == id)


_OWNER = Statement(select(accounts.c.owner_id).where(accounts.c.id == bindparam("account")))

_COUNT_SEATED = Statement(
    select(func.count())
    .select_from(users)
    .where(users.c.account_id == bindparam("account"), any_of(users.c.state, "states"))
)
