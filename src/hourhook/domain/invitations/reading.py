"""Find an invitation by the token in its link."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import bindparam, select

from hourhook.domain.callers import hash_token
from hourhook.domain.invitations.mail import display_name
from hourhook.store.schema import accounts, invitations, users
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

# Tokens from `secrets.token_urlsafe` are shorter; a longer one needs no query.
MAX_TOKEN_LENGTH = 128


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation as its page shows it.

    ``accepted`` includes users who became active in another way; ``void`` means that the user is disabled or suspended;
    ``locked``, that the account is. ``inviter`` is None if it was issued on the command line.
    """

    account_id: int
    user_id: int
    account: str
    email: str
    first_name: str | None
    last_name: str | None
    inviter: str | None
    expires_at: int
    state: Literal["open", "accepted", "expired", "void", "locked"]


def find(tx: Transaction, token: str) -> Invitation | None:
    """Return the invitation with this token, or None."""
    if not token or len(token) > MAX_TOKEN_LENGTH or not token.isascii():
        return None
    row = tx.one(_BY_HASH, hash=hash_token(token))
    if row is None:
        return None
    return Invitation(
        account_id=row.account_id,
        user_id=row.user_id,
        account=row.account_name,
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        inviter=display_name(row.inviter_first_name, row.inviter_last_name, row.inviter_email),
        expires_at=row.expires_at,
        state=_state(row, tx.started_at),
    )


def _state(row: Row, now: int) -> Literal["open", "accepted", "expired", "void", "locked"]:
    if row.accepted_at is not None or row.state == "active":
        return "accepted"
    if row.state != "pending":
        return "void"
    if row.expires_at <= now:
        return "expired"
    return "locked" if row.is_locked else "open"


_inviters = users.alias()
_BY_HASH = Statement(
    select(
        invitations.c.account_id,
        invitations.c.user_id,
        invitations.c.expires_at,
        invitations.c.accepted_at,
        accounts.c.name.label("account_name"),
        accounts.c.is_locked,
        users.c.email,
        users.c.first_name,
        users.c.last_name,
        users.c.state,
        _inviters.c.first_name.label("inviter_first_name"),
        _inviters.c.last_name.label("inviter_last_name"),
        _inviters.c.email.label("inviter_email"),
    )
    .join_from(invitations, accounts, accounts.c.id == invitations.c.account_id)
    .join(users, (users.c.account_id == invitations.c.account_id) & (users.c.id == invitations.c.user_id))
    .outerjoin(
        _inviters,
        (_inviters.c.account_id == invitations.c.account_id) & (_inviters.c.id == invitations.c.invited_by_id),
    )
    .where(invitations.c.hash == bindparam("hash"))
)
