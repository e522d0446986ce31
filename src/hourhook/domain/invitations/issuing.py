"""Issue and withdraw invitations, and the mails with their links."""

import secrets
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select

from hourhook.clock import DAY
from hourhook.domain.audit.recording import record
from hourhook.domain.callers import Caller, hash_token
from hourhook.domain.invitations.mail import InvitationMail, display_name
from hourhook.domain.links import Links
from hourhook.errors import OperatorError
from hourhook.mail import outbox as mails
from hourhook.mail.outbox import Outbox
from hourhook.store.schema import accounts, invitations, users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

VALID_DAYS = 14
TOKEN_BYTES = 32
_KIND = "invitation"


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """A new invitation; its link is not stored, so it cannot be shown again."""

    link: str
    expires_at: int
    is_mailed: bool


def issue(
    tx: Transaction, user_id: int, *, links: Links, outbox: Outbox | None, invited_by_id: int | None = None
) -> IssuedInvitation:
    """Create an invitation for a pending user without one, and mail its link if there is an outbox."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    issued = IssuedInvitation(links.invitation(token), tx.event_time + VALID_DAYS * DAY, is_mailed=outbox is not None)
    columns = ("account_id", "user_id", "hash", "invited_by_id", "created_at", "expires_at", "accepted_at")
    row = (tx.account_id, user_id, hash_token(token), invited_by_id, tx.event_time, issued.expires_at, None)
    tx.insert_many(invitations, columns, [row])
    if outbox is not None:
        _mail(tx, user_id, invited_by_id, issued, outbox)
    return issued


def reissue(
    tx: Transaction, user_id: int, *, links: Links, outbox: Outbox | None, caller: Caller | None = None
) -> IssuedInvitation:
    """Replace the invitation of a pending user; earlier links stop working. ``caller`` is None on the command line.

    Raises ``OperatorError`` if the user is not pending.
    """
    state = tx.value(_STATE, account=tx.account_id, user=user_id)
    if state == "active":
        raise OperatorError(
            "this user is already active and needs no invitation: set a password with `hourhook user password`"
        )
    if state != "pending":
        raise OperatorError(f"this user is {state}, and only pending users can be invited: activate the user first")
    withdraw(tx, user_id)
    record(tx, caller, "User", user_id, "invited")
    return issue(tx, user_id, links=links, outbox=outbox)


def withdraw(tx: Transaction, user_id: int) -> None:
    """Delete the invitation of a user, so that its link stops working, and cancel its mail if not sent yet."""
    mails.cancel(tx, user_id, _KIND)
    tx.execute_later(_WITHDRAW, account=tx.account_id, user=user_id)


def cancel_mail(tx: Transaction, user_id: int) -> None:
    """Cancel the invitation mail of a user if not sent yet."""
    mails.cancel(tx, user_id, _KIND)


def _mail(tx: Transaction, user_id: int, invited_by_id: int | None, issued: IssuedInvitation, outbox: Outbox) -> None:
    row = tx.one(_MAIL_DATA, account=tx.account_id, user=user_id, inviter=invited_by_id)
    assert row is not None
    inviter = display_name(row.inviter_first_name, row.inviter_last_name, row.inviter_email)
    mail = InvitationMail(row.account_name, row.first_name, inviter, issued.link, issued.expires_at)
    outbox.enqueue(tx, user_id=user_id, kind=_KIND, recipient=row.email, subject=mail.subject, text=mail.text)


_STATE = Statement(
    select(users.c.state).where(users.c.account_id == bindparam("account"), users.c.id == bindparam("user"))
)

_inviters = users.alias()
_MAIL_DATA = Statement(
    select(
        accounts.c.name.label("account_name"),
        users.c.email,
        users.c.first_name,
        _inviters.c.first_name.label("inviter_first_name"),
        _inviters.c.last_name.label("inviter_last_name"),
        _inviters.c.email.label("inviter_email"),
    )
    .join_from(users, accounts, accounts.c.id == users.c.account_id)
    .outerjoin(_inviters, (_inviters.c.account_id == users.c.account_id) & (_inviters.c.id == bindparam("inviter")))
    .where(users.c.account_id == bindparam("account"), users.c.id == bindparam("user"))
)

_WITHDRAW = Statement(
    delete(invitations).where(
        invitations.c.account_id == bindparam("account"), invitations.c.user_id == bindparam("user")
    )
)
