"""Let users change their own password, which ends their other sessions."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from sqlalchemy import bindparam, select

from hourhook.domain import passwords, sessions
from hourhook.domain.audit.recording import record
from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, Inputs, UnsetType, ValidationErrors
from hourhook.domain.inputs.texts import TextField
from hourhook.store.schema import users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

_Password = Annotated[str, TextField(passwords.MAX_LENGTH)]


class PasswordChange(Inputs):
    """The form of ``/me/password``."""

    required: ClassVar = ("current_password", "new_password")
    current_password: _Password | UnsetType = UNSET
    new_password: _Password | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class VerifiedChange:
    """A change whose current password was right: the hashes before and after."""

    before: str
    after: str


def find_hash(tx: Transaction, caller: Caller) -> str | None:
    """Return the hash of the caller's password, if they have one."""
    found: str | None = tx.value(_FIND, account=caller.account_id, user=caller.user_id)
    return found


def verify_and_hash(stored: str | None, params: PasswordChange, errors: ValidationErrors) -> VerifiedChange:
    """Verify the current password and hash the new one; slow by design, so never call it inside a transaction.

    Raises ``ValidationFailed`` with all errors.
    """
    if params.new_password and not passwords.has_valid_length(params.new_password):
        errors.add("new_password", "invalid")
    if params.current_password and not passwords.verify_password(params.current_password, stored):
        errors.add("current_password", "invalid")
    errors.raise_if_any()
    assert stored is not None
    assert params.new_password
    return VerifiedChange(stored, passwords.hash_password(params.new_password))


def change(tx: Transaction, caller: Caller, verified: VerifiedChange, session_token: str) -> None:
    """Store the new password and end all sessions of the caller but the one with this token.

    Raises ``ValidationFailed`` if the password has changed since it was verified.
    """
    if find_hash(tx, caller) != verified.before:
        errors = ValidationErrors("User")
        errors.add("current_password", "invalid")
        errors.raise_if_any()
    sessions.end_others(tx, caller.user_id, session_token)
    passwords.set_hash(tx, caller.user_id, verified.after)
    record(tx, caller, "User", caller.user_id, "password_changed")


_FIND = Statement(
    select(users.c.password_hash).where(users.c.account_id == bindparam("account"), users.c.id == bindparam("user"))
)
