"""Accepting an invitation: the user chooses a name and a password, and is active from then on."""

from typing import Annotated, ClassVar

from sqlalchemy import bindparam, update

from hourhook.domain import passwords
from hourhook.domain.callers import find_caller
from hourhook.domain.events import recording
from hourhook.domain.inputs import UNSET, Faults, Inputs, Name, UnsetType
from hourhook.domain.inputs.texts import Characters
from hourhook.domain.invitations import issuing, reading
from hourhook.domain.links import Links
from hourhook.domain.users import reading as users_reading
from hourhook.domain.users import storing
from hourhook.store.schema import invitations, users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


class Acceptance(Inputs):
    """What whoever accepts says of himself; a name that is left out is none."""

    required: ClassVar = ("password",)
    first_name: Name | UnsetType | None = UNSET
    last_name: Name | UnsetType | None = UNSET
    password: Annotated[str, Characters(passwords.LONGEST)] | UnsetType = UNSET


def hash_chosen(given: Acceptance, faults: Faults) -> str:
    """The hash of the password that was chosen, which takes its time: never call it inside a transaction.

    Raises ``Invalid`` with everything that is wrong with what was given.
    """
    if given.password and not passwords.can_be_chosen(given.password):
        faults.add("password", "invalid")
    faults.check()
    assert given.password
    return passwords.hash_password(given.password)


def accept(tx: Transaction, token: str, given: Acceptance, password_hash: str, links: Links) -> bool:
    """Let the user in whose invitation this is; False where it is not open any more."""
    invitation = reading.find(tx, token)
    if invitation is None or invitation.state != "open":
        return False
    # The user acts himself, by the link that only he has.
    caller = find_caller(tx, invitation.account_id, invitation.user_id, links)
    assert caller is not None
    before = users_reading.show(tx, caller, caller.user_id)
    first_name, last_name = given.first_name or None, given.last_name or None
    tx.run(
        _ENTER,
        account=tx.account_id,
        id=caller.user_id,
        first_name=first_name,
        last_name=last_name,
        name_key=storing.name_key(first_name, last_name),
        password_hash=password_hash,
        state="active",
        now=tx.now,
    )
    tx.run(_NOTE, account=tx.account_id, user=caller.user_id, now=tx.now)
    issuing.withdraw_mail(tx, caller.user_id)
    recording.record_update(tx, "user", before, users_reading.show(tx, caller, caller.user_id))
    return True


_ENTER = Statement(
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

_NOTE = Statement(
    update(invitations)
    .where(invitations.c.account_id == bindparam("account"), invitations.c.user_id == bindparam("user"))
    .values(accepted_at=bindparam("now"))
)
