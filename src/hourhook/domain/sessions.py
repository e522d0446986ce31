"""Sign-in sessions of the web pages.

A session has a random token, of which only the hash is stored. One person may have a user in several accounts; the
session then has a row for each account whose password was correct.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, null, select

from hourhook.clock import SECOND
from hourhook.domain.audit.recording import record
from hourhook.domain.callers import CALLER_COLUMNS, IS_USER_ENABLED, Caller, hash_token, make_caller
from hourhook.domain.links import Links
from hourhook.errors import NotFound
from hourhook.store.schema import accounts, sessions, users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

LIFETIME_SECONDS = 30 * 86_400
# Of the header that names the browser.
MAX_USER_AGENT_LENGTH = 255
# The newest of a user, who could not use a longer list.
MAX_LISTED = 100
_COLUMNS = ("account_id", "hash", "user_id", "created_at", "expires_at", "user_agent")


@dataclass(frozen=True, slots=True)
class SessionUser:
    """One user of a session."""

    account_id: int
    account_name: str
    user_id: int
    email: str
    first_name: str | None
    last_name: str | None

    @property
    def name(self) -> str:
        """The full name, or the e-mail address of a user without one."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.email


@dataclass(frozen=True, slots=True)
class SessionMember:
    """One user of a session as a caller, with the preferences that pages follow."""

    user: SessionUser
    caller: Caller
    time_format: str
    week_start: str


@dataclass(frozen=True, slots=True)
class OwnSession:
    """A session of the user who looks at it; ``id`` is its hash, which lets nobody in."""

    id: str
    created_at: int
    expires_at: int
    user_agent: str | None
    is_current: bool


def new_token() -> str:
    return secrets.token_hex(32)


def begin(tx: Transaction, token: str, user_id: int, user_agent: str = "") -> None:
    """Add a user of the transaction's account to the session with this token."""
    expires_at = tx.started_at + LIFETIME_SECONDS * SECOND
    browser = "".join(filter(str.isprintable, user_agent))[:MAX_USER_AGENT_LENGTH] or None
    row = (tx.account_id, hash_token(token), user_id, tx.event_time, expires_at, browser)
    tx.insert_many(sessions, _COLUMNS, [row])


def find(tx: Transaction, token: str) -> Sequence[SessionUser]:
    """Return the enabled users of a session, ordered by account; empty for an expired or unknown session."""
    rows = tx.all(_FIND, hash=hash_token(token), now=tx.started_at)
    return [
        SessionUser(row.account_id, row.account_name, row.user_id, row.email, row.first_name, row.last_name)
        for row in rows
    ]


def find_members(tx: Transaction, token: str, links: Links) -> Sequence[SessionMember]:
    """Return the enabled users of a session as callers, ordered by account; empty for an expired or unknown session."""
    members = []
    for row in tx.all(_FIND_MEMBERS, hash=hash_token(token), now=tx.started_at):
        user = SessionUser(row.account_id, row.account_name, row.user_id, row.email, row.first_name, row.last_name)
        caller = make_caller(row, links)
        assert caller is not None
        members.append(SessionMember(user, caller, row.time_format, row.week_start))
    return members


def list_own(tx: Transaction, caller: Caller, token: str) -> Sequence[OwnSession]:
    """Return the sessions of the caller, newest first; ``token`` is that of the current one."""
    rows = tx.all(_LIST, account=caller.account_id, me=caller.user_id, now=tx.started_at)
    current = hash_token(token)
    return [OwnSession(row.hash, row.created_at, row.expires_at, row.user_agent, row.hash == current) for row in rows]


def end_own(tx: Transaction, caller: Caller, id: str) -> None:
    """End a session of the caller, in all accounts that it holds; raises ``NotFound``."""
    if tx.one(_FIND_OWN, account=caller.account_id, me=caller.user_id, hash=id) is None:
        raise NotFound
    tx.execute(_END, hash=id)
    record(tx, caller, "User", caller.user_id, "session_ended")


def end_others(tx: Transaction, user_id: int, token: str) -> None:
    """End all sessions of a user of the transaction's account but the one with this token."""
    tx.execute(_END_OTHERS, account=tx.account_id, user=user_id, hash=hash_token(token))


def end(tx: Transaction, token: str) -> None:
    """End a session."""
    tx.execute(_END, hash=hash_token(token))


def end_all(tx: Transaction, user_id: int) -> None:
    """End all sessions of a user of the transaction's account."""
    tx.execute(_END_ALL, account=tx.account_id, user=user_id)


_FIND = Statement(
    select(
        sessions.c.account_id,
        accounts.c.name.label("account_name"),
        sessions.c.user_id,
        users.c.email,
        users.c.first_name,
        users.c.last_name,
    )
    .select_from(sessions)
    .join(users, (users.c.account_id == sessions.c.account_id) & (users.c.id == sessions.c.user_id))
    .join(accounts, accounts.c.id == sessions.c.account_id)
    .where(sessions.c.hash == bindparam("hash"), sessions.c.expires_at > bindparam("now"), IS_USER_ENABLED)
    .order_by(accounts.c.name)
)

_FIND_MEMBERS = Statement(
    select(
        *CALLER_COLUMNS,
        null().label("token_id"),
        null().label("last_used_at"),
        accounts.c.name.label("account_name"),
        users.c.email,
        users.c.first_name,
        users.c.last_name,
        users.c.time_format,
        users.c.week_start,
    )
    .select_from(sessions)
    .join(users, (users.c.account_id == sessions.c.account_id) & (users.c.id == sessions.c.user_id))
    .join(accounts, accounts.c.id == sessions.c.account_id)
    .where(sessions.c.hash == bindparam("hash"), sessions.c.expires_at > bindparam("now"), IS_USER_ENABLED)
    .order_by(accounts.c.name)
)

_OWN = (sessions.c.account_id == bindparam("account")) & (sessions.c.user_id == bindparam("me"))
_LIST = Statement(
    select(sessions.c.hash, sessions.c.created_at, sessions.c.expires_at, sessions.c.user_agent)
    .where(_OWN, sessions.c.expires_at > bindparam("now"))
    .order_by(sessions.c.created_at.desc(), sessions.c.hash)
    .limit(MAX_LISTED)
)
_FIND_OWN = Statement(select(sessions.c.hash).where(_OWN, sessions.c.hash == bindparam("hash")))

_END_OTHERS = Statement(
    delete(sessions).where(
        sessions.c.account_id == bindparam("account"),
        sessions.c.user_id == bindparam("user"),
        sessions.c.hash != bindparam("hash"),
    )
)

_END = Statement(delete(sessions).where(sessions.c.hash == bindparam("hash")))

_END_ALL = Statement(
    delete(sessions).where(sessions.c.account_id == bindparam("account"), sessions.c.user_id == bindparam("user"))
)
