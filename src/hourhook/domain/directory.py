"""Accounts, users and webhooks of all accounts, for the administrator's command line."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import bindparam, func, select

from hourhook.clock import format_timestamp
from hourhook.domain.callers import Caller, find_caller
from hourhook.domain.links import Links
from hourhook.errors import OperatorError
from hourhook.store.schema import accounts, lanes, users, webhooks
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction


def list_accounts(tx: Transaction) -> Sequence[Row]:
    """Return all accounts: ``id``, ``name``, ``owner``, ``users_count``, ``is_locked`` and ``created_at``."""
    return tx.all(_ACCOUNTS)


def list_users(tx: Transaction, account_id: int | None) -> Sequence[Row]:
    """Return the users of an account, or of all accounts."""
    return tx.all(_USERS) if account_id is None else tx.all(_USERS_OF_ACCOUNT, account=account_id)


def list_webhooks(tx: Transaction, account_id: int | None) -> Sequence[Row]:
    """Return the webhooks of an account, or of all accounts, with the state of their lanes."""
    return tx.all(_WEBHOOKS) if account_id is None else tx.all(_WEBHOOKS_OF_ACCOUNT, account=account_id)


def find_webhook_account(tx: Transaction, webhook_id: int) -> int:
    """Return the id of a webhook's account; raises ``OperatorError`` if there is no such webhook."""
    account_id = tx.value(_ACCOUNT_OF_WEBHOOK, id=webhook_id)
    if account_id is None:
        raise OperatorError(f"there is no webhook with the id {webhook_id}: see `hourhook webhook list`")
    return int(account_id)


def find_only_account(tx: Transaction) -> int:
    """Return the id of the only account; raises ``OperatorError`` if there is none or there are several."""
    found = list_accounts(tx)
    if not found:
        raise OperatorError("there is no account yet: create one with `hourhook account create`")
    if len(found) > 1:
        names = ", ".join(row.name for row in found[:10])
        raise OperatorError(f"there are several accounts: choose one with --account ({names})")
    return int(found[0].id)


def account_created_at(tx: Transaction, account_id: int) -> str:
    """Return when an account was created, as the API shows it."""
    return format_timestamp(int(tx.value(_CREATED_AT, account=account_id)))


def act_as_owner(tx: Transaction, account_id: int, links: Links) -> Caller:
    """Return the owner of an account as the caller of rules."""
    return act_as(tx, account_id, int(tx.value(_OWNER, account=account_id)), links)


def act_as(tx: Transaction, account_id: int, user_id: int, links: Links) -> Caller:
    """Return a user as the caller of rules; raises ``OperatorError`` for a disabled or suspended one."""
    caller = find_caller(tx, account_id, user_id, links)
    if caller is None:
        raise OperatorError("this user is disabled or suspended: choose another with --email")
    return replace(caller, is_operator=True)


_OWNERS = users.alias("owners")
_ACCOUNTS = Statement(
    select(
        accounts.c.id,
        accounts.c.name,
        _OWNERS.c.email.label("owner"),
        select(func.count())
        .select_from(users)
        .where(users.c.account_id == accounts.c.id)
        .scalar_subquery()
        .label("users_count"),
        accounts.c.is_locked,
        accounts.c.created_at,
    )
    .join_from(
        accounts, _OWNERS, (_OWNERS.c.account_id == accounts.c.id) & (_OWNERS.c.id == accounts.c.owner_id), isouter=True
    )
    .order_by(accounts.c.name)
)
_OWNER = Statement(select(accounts.c.owner_id).where(accounts.c.id == bindparam("account")))

_CREATED_AT = Statement(select(accounts.c.created_at).where(accounts.c.id == bindparam("account")))

_ALL_USERS = (
    select(
        users.c.id,
        accounts.c.name.label("account"),
        users.c.email,
        users.c.first_name,
        users.c.last_name,
        users.c.role,
        users.c.state,
        users.c.time_zone,
        (accounts.c.owner_id == users.c.id).label("is_owner"),
    )
    .join_from(users, accounts, accounts.c.id == users.c.account_id)
    .order_by(accounts.c.name, users.c.email_key)
)
_USERS = Statement(_ALL_USERS)
_USERS_OF_ACCOUNT = Statement(_ALL_USERS.where(users.c.account_id == bindparam("account")))

_ALL_WEBHOOKS = (
    select(
        webhooks.c.id,
        accounts.c.name.label("account"),
        webhooks.c.name,
        webhooks.c.payload_uri,
        lanes.c.enabled,
        lanes.c.stalled,
        lanes.c.failing_since,
    )
    .join_from(webhooks, accounts, accounts.c.id == webhooks.c.account_id)
    .join(lanes, (lanes.c.account_id == webhooks.c.account_id) & (lanes.c.webhook_id == webhooks.c.id))
    .order_by(accounts.c.name, webhooks.c.id)
)
_WEBHOOKS = Statement(_ALL_WEBHOOKS)
_WEBHOOKS_OF_ACCOUNT = Statement(_ALL_WEBHOOKS.where(webhooks.c.account_id == bindparam("account")))
_ACCOUNT_OF_WEBHOOK = Statement(select(webhooks.c.account_id).where(webhooks.c.id == bindparam("id")))
