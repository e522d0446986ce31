"""Set up an empty server: create its first account from a browser.

From another machine this takes the set-up code, which ``hourhook serve`` prints while there is no account. It is
derived from the key, so all processes of a server have the same, also after a restart.
"""

import base64
import secrets
from typing import Annotated, ClassVar

from hourhook.crypto import Keyring
from hourhook.domain import accounts, passwords, sessions
from hourhook.domain.inputs import UNSET, Email, Inputs, Name, UnsetType, ValidationErrors
from hourhook.domain.inputs.texts import TextField
from hourhook.errors import NotFound
from hourhook.store.transaction import Transaction

_HALF = 4


class FirstAccount(Inputs):
    """The form of ``/welcome``."""

    required: ClassVar = ("account_name", "email", "password")
    account_name: Name | UnsetType = UNSET
    first_name: Name | UnsetType | None = UNSET
    last_name: Name | UnsetType | None = UNSET
    email: Email | UnsetType = UNSET
    password: Annotated[str, TextField(passwords.MAX_LENGTH)] | UnsetType = UNSET


def set_up_code(keyring: Keyring) -> str:
    """Return the set-up code, ``XXXX-XXXX``."""
    code = base64.b32encode(bytes.fromhex(keyring.sign("set-up code", "")))[: 2 * _HALF].decode()
    return f"{code[:_HALF]}-{code[_HALF:]}"


def is_set_up_code(keyring: Keyring, text: str) -> bool:
    """Return whether a text is the set-up code, in any case and with or without its hyphen."""
    typed = "".join(text.split()).replace("-", "").upper()
    return secrets.compare_digest(
        typed.encode("utf-8", "surrogatepass"), set_up_code(keyring).replace("-", "").encode()
    )


def validate_and_hash(params: FirstAccount, errors: ValidationErrors) -> str:
    """Validate the form and hash the password; slow by design, so never call it inside a transaction.

    Raises ``ValidationFailed`` with all errors.
    """
    if params.account_name and not accounts.is_valid_name(_name_of(params)):
        errors.add("account_name", "invalid")
    if params.password and not passwords.has_valid_length(params.password):
        errors.add("password", "invalid")
    errors.raise_if_any()
    assert params.password
    return passwords.hash_password(params.password)


def create(
    tx: Transaction, params: FirstAccount, password_hash: str, session_token: str, user_agent: str = ""
) -> accounts.CreatedAccount:
    """Create the first account and its owner, and sign them in; in a transaction that locks no account.

    Raises ``NotFound`` if there is an account already.
    """
    accounts.lock_all(tx)
    if accounts.any_exist(tx):
        raise NotFound
    created = accounts.create(
        tx,
        name=_name_of(params),
        email=params.email or "",
        first_name=params.first_name or None,
        last_name=params.last_name or None,
        password_hash=password_hash,
        with_token=False,
    )
    sessions.begin(tx, session_token, created.user_id, user_agent)
    return created


def _name_of(params: FirstAccount) -> str:
    """Return the name of the account, which is part of paths: spaces become hyphens."""
    return "-".join((params.account_name or "").split())
