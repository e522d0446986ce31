"""Show, create and find accounts (``docs/api/account.md``)."""

import re
from dataclasses import dataclass

import msgspec
from sqlalchemy import bindparam, func, select, text, update

from hourhook.clock import format_timestamp
from hourhook.domain import tokens
from hourhook.domain.audit.recording import record
from hourhook.domain.callers import Caller
from hourhook.domain.inputs.base import FieldType
from hourhook.domain.inputs.texts import EmailField, TextField
from hourhook.domain.search_keys import search_key
from hourhook.domain.summaries import SimpleUser, Timestamp, Url, summarize_user
from hourhook.domain.users import storing
from hourhook.errors import AccountLocked, NotFound, OperatorError
from hourhook.store.schema import accounts, users
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

DEFAULT_BILLING_INCREMENT = 15
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,62}")


class Account(msgspec.Struct, frozen=True):
    """An account."""

    id: int
    name: str
    invoicing_enabled: bool
    owner: SimpleUser
    url: Url
    created_at: Timestamp
    updated_at: Timestamp


@dataclass(frozen=True, slots=True)
class CreatedAccount:
    """A new account, its owner, and the owner's first token, which is not stored in plain text; "" without one."""

    account_id: int
    user_id: int
    token: str


def show(tx: Transaction, caller: Caller) -> Account:
    row = tx.one(_SHOW, account=caller.account_id)
    if row is None:
        raise NotFound
    return Account(
        id=row.account_id,
        name=row.account_name,
        invoicing_enabled=row.invoicing_enabled,
        owner=summarize_user(caller.links, row),
        url=caller.links.account(),
        created_at=format_timestamp(row.created_at),
        updated_at=format_timestamp(row.updated_at),
    )


def require_unlocked(tx: Transaction) -> None:
    """Raise ``AccountLocked`` if an administrator has locked the transaction's account."""
    if tx.value(_IS_LOCKED, account=tx.account_id):
        raise AccountLocked


def create(
    tx: Transaction,
    *,
    name: str,
    email: str,
    first_name: str | None,
    last_name: str | None,
    password_hash: str | None,
    with_token: bool = True,
) -> CreatedAccount:
    """Create an account and its owner, in a transaction that locks no account (``Database.run``).

    Hash the password before the transaction (see ``passwords``). Raises ``OperatorError`` if the name is taken or not
    usable in a path, or if an input is not valid.
    """
    if not is_valid_name(name):
        raise OperatorError(
            f"{name!r} is not a valid account name: use 1 to 63 letters, digits, hyphens, dots, underscores or tildes, "
            "starting with a letter or digit"
        )
    lock_all(tx)
    if tx.one(_BY_NAME, name=name.lower()):
        raise OperatorError(
            f"an account named {name!r} already exists: choose another name, or create a token "
            "for one of its users with `hourhook token create`"
        )
    email = _parse(EmailField(), email, "a valid e-mail address")
    first_name, last_name = (
        part and _parse(TextField(255, is_single_line=True), part, "a valid name") for part in (first_name, last_name)
    )
    tx.account_id = tx.insert(
        accounts,
        name=name,
        owner_id=None,
        invoicing_enabled=True,
        approvals_enabled=True,
        max_users=None,
        max_projects=None,
        tag_creation_role="contractor",
        default_billing_increment=DEFAULT_BILLING_INCREMENT,
        is_locked=False,
        last_position=0,
        last_event_at=0,
        created_at=tx.event_time,
        updated_at=tx.event_time,
    )
    # No event: a new account has no webhooks yet.
    user_id = storing.insert(
        tx,
        tx.account_id,
        email=email,
        first_name=first_name,
        last_name=last_name,
        role="supervisor",
        state="active",
        password_hash=password_hash,
    )
    tx.execute(_SET_OWNER, account=tx.account_id, user=user_id)
    record(tx, None, "Account", tx.account_id, "created", {"name": name, "owner_id": user_id})
    return CreatedAccount(tx.account_id, user_id, tokens.create(tx, user_id, "first token") if with_token else "")


def is_valid_name(name: str) -> bool:
    """Return whether an account may have this name, which is part of paths."""
    return _NAME.fullmatch(name) is not None


def lock_all(tx: Transaction) -> None:
    """Let no other transaction create an account until this one ends."""
    tx.execute(_LOCK_ACCOUNTS)


def any_exist(tx: Transaction) -> bool:
    return tx.one(_ANY) is not None


def find(tx: Transaction, name: str) -> int:
    """Return the id of the account with this name; raises ``OperatorError`` if there is none."""
    row = tx.one(_BY_NAME, name=name.lower())
    if row is None:
        raise OperatorError(f"there is no account named {name!r} in this database: check the name and the database URL")
    return int(row.id)


def find_user(tx: Transaction, email: str, account: str | None = None) -> Row:
    """Return the user with this e-mail address: ``account_id``, ``id``, ``email``, ``state``.

    Raises ``OperatorError`` if there is none, or if several accounts have one and ``account`` is None.
    """
    found = [
        row
        for row in tx.all(_BY_EMAIL, email_key=search_key(email.strip()))
        if account is None or row.account_name.lower() == account.lower()
    ]
    if not found:
        where = "" if account is None else f" in the account {account!r}"
        raise OperatorError(
            f"there is no user with the e-mail address {email!r}{where}: check the address and the database URL"
        )
    if len(found) > 1:
        names = ", ".join(row.account_name for row in found)
        raise OperatorError(f"several accounts have a user {email!r}: choose one with --account ({names})")
    return found[0]


def _parse(field_type: FieldType, text: str, description: str) -> str:
    try:
        parsed = field_type.parse(text)
    except ValueError:
        parsed = None
    if parsed is None:
        raise OperatorError(f"{text!r} is not {description}: check the spelling")
    return str(parsed)


_SHOW = Statement(
    select(
        accounts.c.id.label("account_id"),
        accounts.c.name.label("account_name"),
        accounts.c.invoicing_enabled,
        accounts.c.created_at,
        accounts.c.updated_at,
        users.c.id,
        users.c.email,
        users.c.first_name,
        users.c.last_name,
        users.c.profile_image_url,
    )
    .join_from(accounts, users, (users.c.account_id == accounts.c.id) & (users.c.id == accounts.c.owner_id))
    .where(accounts.c.id == bindparam("account"))
)

_IS_LOCKED = Statement(select(accounts.c.is_locked).where(accounts.c.id == bindparam("account")))

_ANY = Statement(select(accounts.c.id).limit(1))

# Otherwise two concurrent transactions could both find the same name free. SQLite has one writer at a time anyway.
_LOCK_ACCOUNTS = Statement(text("SELECT 1"), text("LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE"))
_BY_NAME = Statement(select(accounts.c.id).where(func.lower(accounts.c.name) == bindparam("name")))

_BY_EMAIL = Statement(
    select(users.c.account_id, users.c.id, users.c.email, users.c.state, accounts.c.name.label("account_name"))
    .join_from(users, accounts, accounts.c.id == users.c.account_id)
    .where(users.c.email_key == bindparam("email_key"))
    .order_by(accounts.c.name)
)

_SET_OWNER = Statement(update(accounts).where(accounts.c.id == bindparam("account")).values(owner_id=bindparam("user")))
