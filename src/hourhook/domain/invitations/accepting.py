"""Accept an invitation, which sets the user's name and password and activates them."""

from typing import Annotated, ClassVar

from sqlalchemy import bindparam, update

from hourhook.domain import passwords
from hourhook.domain.audit.recording import record
from hourhook.domain.callers import find_caller
from hourhook.domain.events import recording
from hourhook.domain.inputs import UNSET, Inputs, Name, UnsetType, ValidationErrors
from hourhook.domain.inputs.texts import TextField
from hourhook.domain.invitations import issuing, reading
from hourhook.domain.links import Links
from hourhook.domain.users import reading as users_reading
from hourhook.domain.users import storing
from hourhook.store.schema import invitations, users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


class Acceptance(Inputs):
    """The form of the invitation page; an absent name is stored as null."""

    required: ClassVar = ("password",)
    first_name: Name | UnsetType | None = UNSET
    last_name: Name | UnsetType | None = UNSET
    password: Annotated[str, TextField(passwords.MAX_LENGTH)] | UnsetType = UNSET


def validate_and_hash(params: Acceptance, errors: ValidationErrors) -> str:
    """Validate the form and hash the chosen password; slow by design, so never call it inside a transaction.

    Raises ``ValidationFailed`` with all errors.
    """
    if params.password and not passwords.has_valid_length(params.password):
        errors.add(
            "password", "invalid", f"password must have {passwords.MIN_LENGTH} to {passwords.MAX_LENGTH} characters."
        )
    errors.raise_if_any()
    assert params.password
    return passwords.hash_password(params.password)


def accept(tx: Transaction, token: str, params: Acceptance, password_hash: str, links: Links) -> bool:
    """Activate the user of an open invitation; returns False if it is no longer open."""
    invitation = reading.find(tx, token)
    if invitation is None or invitation.state != "open":
        return False
    # The link authenticates its user, who is the caller of this change.
    caller = find_caller(tx, invitation.account_id, invitation.user_id, links)
    assert caller is not None
    before = users_reading.show(tx, caller, caller.user_id)
    first_name, last_name = params.first_name or None, params.last_name or None
    tx.execute(
        _ACTIVATE,
        account=tx.account_id,
        id=caller.user_id,
        first_name=first_name,
        last_name=last_name,
        name_key=storing.name_key(first_name, last_name),
        password_hash=password_hash,
        state="active",
        now=tx.event_time,
    )
    tx.execute(_SET_ACCEPTED, account=tx.account_id, user=caller.user_id, now=tx.event_time)
    issuing.cancel_mail(tx, caller.user_id)
    record(tx, caller, "User", caller.user_id, "joined")
    recording.record_update(tx, "user", before, users_reading.show(tx, caller, caller.user_id))
    return True


_ACTIVATE = Statement(
    update(users)
    .where(users.c.account_id == bindparam("account"), users.c.id == bindparam("id"))
    .values(
        first_name=bindparam("first_name"),
        last_name=bindparam("last_name"),
        name_key=bindparam("name_key"),
        password_hash=bindparam("password_hash"),
        state=bindparam("state"),
        updated_at=bindparam("now"),
    )
)

_SET_ACCEPTED = Statement(
    update(invitations)
    .where(invitations.c.account_id == bindparam("account"), invitations.c.user_id == bindparam("user"))
    .values(accepted_at=bindparam("now"))
)
